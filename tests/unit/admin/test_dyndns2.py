"""dyndns2: what Dyn's specification of return codes says (`good`, `nochg`, ...), and what the zone is then."""

import ipaddress
from pathlib import Path

import pytest

from resolute.admin.compat.addresses import UnusableError, host_name, wanted
from resolute.admin.rights import Role, dyndns
from resolute.config.admin import Admin
from resolute.records import names
from tests.accounts import Limits
from tests.fakenode import FakeNode
from tests.updating import TEXT, Device, Setting, basic, with_device

HOME = names.from_text("home.example.org.")
UPDATE = "/nic/update?hostname="


def test_an_address_is_changed_once(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        first = await device.get(UPDATE + "home.example.org&myip=192.0.2.9")
        assert (first.status_code, first.text) == (200, "good 192.0.2.9\n")
        assert first.headers["content-type"].startswith("text/plain")
        assert "home.example.org. 300 A 192.0.2.9" in await device.lines()
        assert "home.example.org. 300 AAAA 2001:db8::2" in await device.lines()
        changes = (await device.world.client.get("/api/v1/zones/example.org./history", headers=device.owner)).json()
        again = await device.get(UPDATE + "home.example.org&myip=192.0.2.9")
        assert again.text == "nochg 192.0.2.9\n"
        later = (await device.world.client.get("/api/v1/zones/example.org./history", headers=device.owner)).json()
        assert later == changes
        assert (changes["items"][0]["author"], changes["items"][0]["reason"]) == ("device, token robot", "dyndns2")

    with_device(tmp_path, scenario, Setting(scope=dyndns([HOME])))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("home.example.org&myip=192.0.2.9,2001:db8::9", "good 192.0.2.9,2001:db8::9"),
        ("home.example.org&myip=192.0.2.9&myipv6=2001:db8::9", "good 192.0.2.9,2001:db8::9"),
        ("home.example.org&myip=2001:db8::9", "good 2001:db8::9"),
        ("home.example.org&myip=192.0.2.2,2001:db8::9", "good 192.0.2.2,2001:db8::9"),
        ("home.example.org&myip=192.0.2.9,", "good 192.0.2.9"),
        ("home.example.org&myip=&myipv6=", "good 192.0.2.77"),
        ("HOME.Example.ORG.&system=dyndns&wildcard=ON&mx=m.example&backmx=NO&offline=NO", "good 192.0.2.77"),
        ("home.example.org&myip=::ffff:192.0.2.9", "good 192.0.2.9"),
        ("home.example.org&myip=10.0.0.9,fd00::9", "good 10.0.0.9,fd00::9"),
        ("home.example.org,nobody.example.net,x,www.example.org", "good 192.0.2.77|nohost|notfqdn|dnserr"),
        ("new.example.org,new.example.com", "good 192.0.2.77|good 192.0.2.77"),
        ("", "notfqdn"),
        (",", "notfqdn"),
        (",".join(f"h{number}.example.org" for number in range(21)), "numhost"),
        ("home.example.org&myip=nonsense", "dnserr"),
        ("home.example.org&myip=192.0.2.9,192.0.2.10", "dnserr"),
    ],
)
def test_every_form_is_answered_as_the_protocol_says(tmp_path: Path, query: str, said: str) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.get(UPDATE + query)
        assert (answer.status_code, answer.text) == (200, said.replace("|", "\n") + "\n")

    with_device(tmp_path, scenario)


def test_a_new_host_has_the_ttl_of_the_setting(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        await device.get(UPDATE + "new.example.org")
        assert "new.example.org. 120 A 192.0.2.77" in await device.lines()

    with_device(tmp_path, scenario, Setting(admin=Admin(dyndns_ttl=120)))


def test_the_address_is_the_one_behind_the_proxy(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.get(UPDATE + "home.example.org", X_Forwarded_For="203.0.113.5, 198.51.100.4")
        assert answer.text == "good 198.51.100.4\n"

    with_device(tmp_path, scenario, Setting(admin=Admin(proxies=["192.0.2.77"])))


def test_a_token_of_one_host_changes_that_host_alone(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.get(UPDATE + "home.example.org,other.example.org,home.example.com&myip=192.0.2.9")
        assert answer.text == "good 192.0.2.9\nnohost\nnohost\n"
        audit = (await device.world.client.get("/api/v1/audit", headers=device.owner)).json()["items"]
        assert "records:write for A of home.example.com. in example.com." in audit[0]["detail"]

    with_device(tmp_path, scenario, Setting(scope=dyndns([HOME])))


@pytest.mark.parametrize("role", [Role.READER, Role.EDITOR])
def test_who_may_not_change_records_is_told_so(tmp_path: Path, role: Role) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.get(UPDATE + "home.example.com&myip=192.0.2.9")
        expected = (403, "badauth\n") if role is Role.READER else (200, "nohost\n")
        assert (answer.status_code, answer.text) == expected

    with_device(tmp_path, scenario, Setting(role=role))


def test_a_wrong_password_is_badauth(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        client = device.world.client
        for headers in ({}, basic("wrong"), basic(device.token[:-4] + "0000"), {"Authorization": "Basic !"}):
            answer = await client.get(UPDATE + "home.example.org", headers=headers)
            assert (answer.status_code, answer.text) == (401, "badauth\n")
            assert answer.headers["www-authenticate"] == 'Basic realm="resolute"'

    with_device(tmp_path, scenario)


def test_from_another_place_it_is_badauth_too(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.get(UPDATE + "home.example.org")
        assert (answer.status_code, answer.text) == (403, "badauth\n")

    with_device(tmp_path, scenario, Setting(limits=Limits(sources=["198.51.100.0/24"])))


def test_the_closest_zone_is_changed(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        assert (await device.get(UPDATE + "a.b.sub.example.org")).text == "good 192.0.2.77\n"
        assert "a.b.sub.example.org. 60 A 192.0.2.77" in await device.lines("sub.example.org.")
        assert not [line for line in await device.lines() if "a.b.sub" in line]

    with_device(tmp_path, scenario, Setting(zones=["example.org.", "sub.example.org."]))


@pytest.mark.parametrize(("said", "writable"), [("good 192.0.2.77", True), ("nohost", False)])
def test_a_zone_file_is_written_where_it_may_be(tmp_path: Path, said: str, *, writable: bool) -> None:
    file = tmp_path / "example.net.zone"
    file.write_text("; kept\n" + TEXT)
    zone = {"name": "example.net.", "file": str(file), "writable": writable, "serial": 7, "records": 6}
    node = FakeNode({"/status": {"zones": [zone]}, "/reread": {}})

    async def scenario(device: Device) -> None:
        async with node.at(tmp_path / "control.sock"):
            assert (await device.get(UPDATE + "home.example.net")).text == said + "\n"
        text = file.read_text()
        assert text.startswith("; kept\n")
        assert ("192.0.2.77" in text) == writable

    with_device(tmp_path, scenario)


def test_a_get_that_changes_things_is_not_for_pages_of_others(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        for page in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
            answer = await device.get(UPDATE + "home.example.org", **page)
            assert (answer.status_code, answer.text) == (403, "badagent\n")
        owner = await device.world.session(await device.world.user(Role.OWNER, "another"))
        cookie = {"Cookie": owner["Cookie"]}
        assert (await device.world.client.get(UPDATE + "home.example.org", headers=cookie)).status_code == 403
        assert "home.example.org. 300 A 192.0.2.2" in await device.lines()

    with_device(tmp_path, scenario)


@pytest.mark.parametrize("text", ["home", "home..example.org", "a b.example.org", "a\r\nb.example.org", "", "*"])
def test_what_is_no_host_name(text: str) -> None:
    assert host_name(text) is None


def test_host_names_of_other_scripts_and_wildcards() -> None:
    """RFC 5891: bücher is xn--bcher-kva."""
    assert host_name("bücher.example") == names.from_text("xn--bcher-kva.example.")
    assert host_name("*.Home.example") == names.from_text("*.home.example.")


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "ff02::1"]
)
def test_addresses_that_are_nobodys(text: str) -> None:
    with pytest.raises(UnusableError):
        wanted([text], ipaddress.ip_address("192.0.2.1"))
    with pytest.raises(UnusableError):
        wanted([], ipaddress.ip_address(text))

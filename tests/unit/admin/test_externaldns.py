"""ExternalDNS' webhook: requests as its client makes them, answers as it insists on them (its API's description)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resolute.admin.patterns import Pattern
from resolute.admin.rights import Role, Scope, Verb
from resolute.records import names
from tests.fakenode import FakeNode
from tests.updating import TEXT, Device, Setting, with_device

MEDIA_TYPE = "application/external.dns.webhook+json;version=1"
REGISTRY = '"heritage=external-dns,external-dns/owner=default,external-dns/resource=service/default/web"'
BASE = "/externaldns/"


def endpoint(name: str, rtype: str, *targets: str, ttl: int = 0) -> dict[str, Any]:
    """As Go writes it: what is empty is left out."""
    made: dict[str, Any] = {"dnsName": name, "targets": list(targets), "recordType": rtype}
    return made | ({"recordTTL": ttl} if ttl else {}) | {"labels": {"owner": "default"}}


async def change(device: Device, body: object, status: int = 204) -> str:
    """The client sends no Content-Type."""
    answer = await device.world.client.post(
        BASE + "records", json=body, headers={"Content-Type": "", "Authorization": f"Bearer {device.token}"}
    )
    assert answer.status_code == status, answer.text
    return answer.text


async def endpoints(device: Device) -> list[dict[str, Any]]:
    answer = await device.get(BASE + "records", Accept=MEDIA_TYPE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    found: list[dict[str, Any]] = answer.json()
    return found


def test_the_negotiation(tmp_path: Path) -> None:
    """Old clients compare Vary too; a new one reads the filter from `include`."""

    async def scenario(device: Device) -> None:
        for path in (BASE, "/externaldns"):
            answer = await device.get(path, Accept=MEDIA_TYPE)
            assert answer.status_code == 200
            assert (answer.headers["content-type"], answer.headers["vary"]) == (MEDIA_TYPE, "Content-Type")
            assert answer.json() == {"include": ["example.com", "example.org"]}
        assert (await device.world.client.get(BASE + "healthz")).status_code == 200

    with_device(tmp_path, scenario)


def test_the_filter_has_the_zones_of_the_token(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        assert (await device.get(BASE)).json() == {"include": ["example.org"]}
        assert {one["dnsName"] for one in await endpoints(device)} == {
            "example.org",
            "home.example.org",
            "www.example.org",
        }

    names_below = (Pattern.below(names.from_text("example.org.")), Pattern.of_name(names.from_text("example.org.")))
    scope = Scope(zones=(Pattern.parse("example.org."),), names=names_below)
    with_device(tmp_path, scenario, Setting(scope=scope))


def test_what_is_there_is_listed(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        assert await endpoints(device) == [
            {"dnsName": "example.org", "targets": ["ns1.example.net"], "recordType": "NS", "recordTTL": 3600},
            {"dnsName": "home.example.org", "targets": ["192.0.2.2"], "recordType": "A", "recordTTL": 300},
            {"dnsName": "home.example.org", "targets": ["2001:db8::2"], "recordType": "AAAA", "recordTTL": 300},
            {"dnsName": "www.example.org", "targets": ["home.example.org"], "recordType": "CNAME", "recordTTL": 3600},
        ]

    with_device(tmp_path, scenario, Setting(zones=["example.org."]))


@pytest.mark.parametrize("names_of_go", [str, str.capitalize])
def test_a_service_comes_moves_and_goes(tmp_path: Path, names_of_go: Callable[[str], str]) -> None:
    """Keys are `create` or, in older versions, `Create`; lists that are empty are null there."""

    def keys(**lists: object) -> dict[str, object]:
        words = {"create": None, "updateOld": None, "updateNew": None, "delete": None, **lists}
        return {names_of_go(word) if word in ("create", "delete") else word: value for word, value in words.items()}

    async def scenario(device: Device) -> None:
        before = await endpoints(device)
        web, txt = endpoint("web.example.org", "A", "192.0.2.10"), endpoint("a-web.example.org", "TXT", REGISTRY)
        await change(device, keys(create=[web, txt]))
        assert "web.example.org. 300 A 192.0.2.10" in await device.lines()
        assert f"a-web.example.org. 300 TXT {REGISTRY}" in await device.lines()
        shown = {(one["dnsName"], one["recordType"]): one for one in await endpoints(device)}
        assert shown["a-web.example.org", "TXT"]["targets"] == [REGISTRY]
        moved = endpoint("web.example.org", "A", "192.0.2.11", "192.0.2.12", ttl=60)
        await change(device, keys(updateOld=[shown["web.example.org", "A"]], updateNew=[moved]))
        found = [line for line in await device.lines() if line.startswith("web.")]
        assert found == ["web.example.org. 60 A 192.0.2.11", "web.example.org. 60 A 192.0.2.12"]
        await change(device, keys(delete=[moved, txt]))
        assert await endpoints(device) == before

    with_device(tmp_path, scenario)


def test_an_update_that_says_no_ttl_keeps_it(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        old, new = (
            endpoint("home.example.org", "A", "192.0.2.2", ttl=77),
            endpoint("home.example.org", "A", "192.0.2.3"),
        )
        await change(device, {"updateOld": [old], "updateNew": [new]})
        assert "home.example.org. 77 A 192.0.2.3" in await device.lines()

    with_device(tmp_path, scenario)


def test_what_says_no_ttl_takes_the_one_that_is_there(tmp_path: Path) -> None:
    """And is no change of the TTL of records that are somebody else's."""

    async def scenario(device: Device) -> None:
        zero = endpoint("home.example.com", "A", "192.0.2.4", ttl=7)
        await change(device, {"create": [zero, endpoint("short.example.org", "A", "192.0.2.4", ttl=60)]})
        wanted = [
            endpoint("short.example.org", "A", "192.0.2.5"),
            endpoint("www.example.com", "CNAME", "home.example.com"),
            endpoint("home.example.com", "AAAA", "2001:db8::3"),
            endpoint("home.example.com", "A", "192.0.2.5"),
            endpoint("new.example.org", "A", "192.0.2.5"),
        ]
        await change(device, {"create": wanted})
        found = [*await device.lines(), *await device.lines("example.com.")]
        for line in (
            "short.example.org. 60 A 192.0.2.4",
            "short.example.org. 60 A 192.0.2.5",
            "www.example.com. 3600 CNAME home.example.com.",
            "home.example.com. 300 AAAA 2001:db8::3",
            "home.example.com. 7 A 192.0.2.2",
            "home.example.com. 7 A 192.0.2.5",
            "new.example.org. 300 A 192.0.2.5",
        ):
            assert line in found
        old, new = endpoint("short.example.org", "A", "192.0.2.4"), endpoint("short.example.org", "A", "192.0.2.6")
        await change(device, {"updateOld": [old], "updateNew": [new]})
        assert "short.example.org. 60 A 192.0.2.6" in await device.lines()

    with_device(tmp_path, scenario)


def test_two_zones_are_one_revision(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        wanted = [endpoint(f"web.{zone}", "A", "192.0.2.1") for zone in ("example.org", "example.com")]
        await change(device, {"create": wanted})
        revisions = set()
        for zone in ("example.org.", "example.com."):
            history = await device.world.client.get(f"/api/v1/zones/{zone}/history", headers=device.owner)
            revisions.add(history.json()["items"][0]["revision"])
        assert len(revisions) == 1

    with_device(tmp_path, scenario)


@pytest.mark.parametrize(
    ("wrong", "status", "why"),
    [
        (endpoint("web.example.net", "A", "192.0.2.1"), 404, "web.example.net."),
        (endpoint("www.example.com", "A", "192.0.2.1"), 409, "CNAME"),
        (endpoint("web.example.com", "A", "not an address"), 422, "create[1].targets"),
        (endpoint("web.example.com", "SOA", "x"), 422, "create[1].recordType"),
        (endpoint("web.example.com", "DS", "1 8 2 00"), 422, "none of A,"),
        (endpoint("a..b", "A", "192.0.2.1"), 422, "create[1].dnsName"),
        (endpoint("", "A", "192.0.2.1"), 422, "create[1].dnsName"),
    ],
)
def test_all_or_none(tmp_path: Path, wrong: dict[str, Any], status: int, why: str) -> None:
    async def scenario(device: Device) -> None:
        before = await device.lines(), await device.lines("example.com.")
        said = await change(device, {"create": [endpoint("web.example.org", "A", "192.0.2.1"), wrong]}, status)
        assert why in said
        assert (await device.lines(), await device.lines("example.com.")) == before

    with_device(tmp_path, scenario)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"create": [7]}', b'{"create": {}}', b"[" * 30_000])
def test_what_is_no_list_of_changes(tmp_path: Path, body: bytes) -> None:
    async def scenario(device: Device) -> None:
        assert (await device.post(BASE + "records", body)).status_code in (400, 422)

    with_device(tmp_path, scenario)


def test_nothing_to_do_is_done(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        for body in ({}, {"create": None}):
            await change(device, body)
        answer = await device.post(BASE + "records", b"null")
        assert answer.status_code == 204

    with_device(tmp_path, scenario)


def test_endpoints_are_adjusted_to_what_will_be_shown(tmp_path: Path) -> None:
    """Else the client finds a difference each minute."""

    async def scenario(device: Device) -> None:
        wanted = endpoint("Web.Example.org", "TXT", "two words")
        wanted |= {"setIdentifier": "blue", "providerSpecific": [{"name": "aws/weight", "value": "7"}]}
        ports = endpoint("_http._tcp.example.org", "SRV", "0 5 80 web.example.org.")
        rubbish = endpoint("web.example.org", "A", "not an address")
        answer = await device.post(BASE + "adjustendpoints", [wanted, ports, rubbish])
        assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
        labels = {"owner": "default"}
        assert answer.json() == [
            {"dnsName": "web.example.org", "targets": ['"two words"'], "recordType": "TXT", "labels": labels},
            ports,
            rubbish,
        ]
        await change(device, {"create": answer.json()[:2]})
        shown = [one for one in await endpoints(device) if one["recordType"] in ("TXT", "SRV")]
        assert [one["targets"] for one in shown] == [ports["targets"], ['"two words"']]
        assert (await device.post(BASE + "adjustendpoints", b"null")).json() == []

    with_device(tmp_path, scenario)


def test_many_records_are_listed_in_pages(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        many = [endpoint(f"h{number}.example.org", "A", "192.0.2.1") for number in range(6_000)]
        await change(device, {"create": many})
        assert len(await endpoints(device)) == 6_000 + 4

    with_device(tmp_path, scenario, Setting(zones=["example.org."]))


def test_a_zone_file_is_changed_by_itself_alone(tmp_path: Path) -> None:
    file = tmp_path / "example.net.zone"
    file.write_text("; kept\n" + TEXT)
    node = FakeNode({"/status": {"zones": [{"name": "example.net.", "file": str(file)}]}, "/reread": {}})
    one, other = endpoint("web.example.net", "A", "192.0.2.1"), endpoint("web.example.org", "A", "192.0.2.1")

    async def scenario(device: Device) -> None:
        async with node.at(tmp_path / "control.sock"):
            assert (await device.get(BASE)).json()["include"] == ["example.com", "example.net", "example.org"]
            await change(device, {"create": [one]})
            assert "web 300 A 192.0.2.1" in " ".join(file.read_text().split()).replace("example.net.", "")
            assert "web.example.net" in {found["dnsName"] for found in await endpoints(device)}
            assert "cannot be changed together" in await change(device, {"delete": [one], "create": [other]}, 409)

    with_device(tmp_path, scenario)


@pytest.mark.parametrize(
    ("role", "scope"),
    [(Role.READER, None), (Role.OPERATOR, Scope(verbs=frozenset({Verb.RECORDS_READ})))],
)
def test_who_may_change_nothing_is_told_so(tmp_path: Path, role: Role, scope: Scope | None) -> None:
    async def scenario(device: Device) -> None:
        for method, path in (("GET", ""), ("GET", "records"), ("POST", "records"), ("POST", "adjustendpoints")):
            sent = {"Authorization": f"Bearer {device.token}"}
            answer = await device.world.client.request(method, BASE + path, headers=sent)
            assert (answer.status_code, "records:write" in answer.text) == (403, True)

    with_device(tmp_path, scenario, Setting(role=role, scope=scope))

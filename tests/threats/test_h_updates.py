"""The update protocols of devices, used by somebody hostile: guessing (H2), names and values that are more than that
(H8), more than there may be (H9), tokens for something else (H14), and the passwords that are handed out (H16)."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from resolute.admin.rights import acme, dyndns
from resolute.config.admin import Admin
from resolute.records import names
from tests.updating import Device, Setting, basic, with_device

UPDATE: Final = "/nic/update?myip=192.0.2.9&hostname="
HOME: Final = names.from_text("home.example.org.")
ORG: Final = names.from_text("example.org.")
HOSTILE: Final = [
    "\0",
    "\r\nSet-Cookie: a=b",
    '"',
    "<img src=x onerror=alert(1)>",
    "\x1b[31m",
    "'{{7*7}}",
    "\u202e",
    "\\",
    "$INCLUDE",
]


async def everything(device: Device) -> list[list[str]]:
    return [await device.lines(zone) for zone in ("example.org.", "example.com.")]


def test_h2_guessing_becomes_slow_and_the_right_token_does_not(tmp_path: Path) -> None:
    """Five are free; the tries of one network lock out no other one."""

    async def scenario(device: Device) -> None:
        client = device.world.client
        wrong = basic(device.token[:-4] + "0000")
        many = await asyncio.gather(*(device.get(UPDATE + "home.example.org") for _ in range(50)))
        assert {answer.status_code for answer in many} == {200}
        said = [(await client.get(UPDATE + "home.example.org", headers=wrong)) for _ in range(8)]
        assert [answer.text for answer in said] == ["badauth\n"] * 5 + ["abuse\n"] * 3
        assert [answer.status_code for answer in said] == [401] * 5 + [429] * 3
        assert int(said[-1].headers["retry-after"]) <= 3
        for path in ("/httpreq/present", "/externaldns/records", "/register", "/update"):
            assert (await client.post(path, headers=wrong)).status_code == 429, path
        elsewhere = {"X_Forwarded_For": "198.51.100.4"}
        assert (await device.get(UPDATE + "home.example.org", **elsewhere)).text == "nochg 192.0.2.9\n"

    with_device(tmp_path, scenario, Setting(admin=Admin(proxies=["192.0.2.77"])))


def test_h2_a_user_s_own_password_is_not_taken(tmp_path: Path) -> None:
    """It would come in the clear, and be kept in a router."""

    async def scenario(device: Device) -> None:
        headers = basic("four words nobody chose", "owner")
        assert (await device.world.client.get(UPDATE + "home.example.org", headers=headers)).status_code == 401
        assert (await device.world.client.get("/api/v1/zones", headers=basic(device.token))).status_code == 401

    with_device(tmp_path, scenario)


@pytest.mark.parametrize("text", HOSTILE)
def test_h8_hostile_host_names_are_none_and_are_not_repeated(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(device: Device) -> None:
        before = await everything(device)
        for host in (f"{text}.example.org", f"a{text}b.example.org", text):
            answer = await device.get(UPDATE + quote(host, safe=""))
            assert (answer.status_code, answer.text) == (200, "notfqdn\n")
            assert "set-cookie" not in answer.headers
        answer = await device.get("/nic/update?hostname=home.example.org&myip=192.0.2.9" + quote(text, safe=""))
        assert (answer.status_code, answer.text) == (200, "dnserr\n")
        assert await everything(device) == before

    with caplog.at_level(logging.INFO, "resolute"):
        with_device(tmp_path, scenario)
    assert all(record.getMessage().isprintable() for record in caplog.records if record.name.startswith("resolute"))


@pytest.mark.parametrize("text", HOSTILE)
def test_h8_hostile_values_are_text_and_nothing_else(tmp_path: Path, text: str) -> None:
    """What was sent is what stands in the record, and there is one (RFC 1035 5.1)."""

    async def scenario(device: Device) -> None:
        name = "_acme-challenge.example.org."
        sent: list[tuple[str, Any]] = [
            ("/httpreq/present", {"fqdn": name, "value": text}),
            (
                "/externaldns/records",
                {"create": [{"dnsName": "t.example.org", "recordType": "TXT", "targets": ["x" + text]}]},
            ),
        ]
        for path, body in sent:
            assert (await device.post(path, json.dumps(body).encode())).status_code in (200, 204)
        for owner, expected in ((name, text), ("t.example.org.", "x" + text)):
            path = f"/api/v1/zones/example.org./rrsets/{owner}/TXT?records=fields"
            (record,) = (await device.world.client.get(path, headers=device.owner)).json()["records"]
            assert record == {"strings": [expected]}

    with_device(tmp_path, scenario)


@pytest.mark.parametrize(
    "target", ["192.0.2.1\n192.0.2.2", "192.0.2.1\n$INCLUDE /etc/passwd", "192.0.2.1 ; x\n@ NS evil."]
)
def test_h8_a_target_is_one_record(tmp_path: Path, target: str) -> None:
    async def scenario(device: Device) -> None:
        before = await everything(device)
        body = {"create": [{"dnsName": "t.example.org", "recordType": "A", "targets": [target]}]}
        answer = await device.post("/externaldns/records", body)
        assert answer.status_code == 422
        assert answer.text.count("\n") == 1
        assert await everything(device) == before

    with_device(tmp_path, scenario)


def test_h9_more_hosts_than_there_may_be(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        before = await everything(device)
        answer = await device.get(UPDATE + ",".join(f"h{number}.example.org" for number in range(1_000)))
        assert answer.text == "numhost\n"
        assert await everything(device) == before

    with_device(tmp_path, scenario)


@pytest.mark.parametrize("path", ["/register", "/update", "/httpreq/present", "/externaldns/records"])
def test_h9_a_body_that_is_too_large(tmp_path: Path, path: str) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.post(path, b" " * (2 * 2**20 + 1))
        assert answer.status_code == 413
        assert ("error" in answer.json()) if path in ("/register", "/update") else answer.text.count("\n") == 1

    with_device(tmp_path, scenario)


def test_h9_a_list_that_is_too_long(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        one = {"dnsName": "a.example.org", "recordType": "A", "targets": ["192.0.2.1"]}
        body = json.dumps({"create": [one] * 10_001}, separators=(",", ":")).encode()
        assert (await device.post("/externaldns/records", body)).status_code == 422

    with_device(tmp_path, scenario)


@pytest.mark.parametrize("scope", [acme(ORG), dyndns([HOME])])
def test_h14_a_preset_does_its_own_work_by_every_protocol_and_no_other(tmp_path: Path, scope: Any) -> None:  # noqa: ANN401
    challenges = 16 in scope.types

    async def scenario(device: Device) -> None:
        txt = {"fqdn": "_acme-challenge.home.example.org.", "value": "x"}
        done = [
            (await device.get(UPDATE + "home.example.org")).text == "good 192.0.2.9\n",
            (await device.post("/externaldns/records", {"create": [_endpoint("home.example.org", "A")]})).is_success,
            (await device.post("/httpreq/present", txt)).is_success,
            (await device.post("/externaldns/records", {"create": [_endpoint(txt["fqdn"], "TXT")]})).is_success,
        ]
        assert done == [not challenges, not challenges, challenges, challenges]
        refused = [
            await device.post("/httpreq/present", {"fqdn": "home.example.org.", "value": "x"}),
            await device.post("/httpreq/present", {"fqdn": "_acme-challenge.example.com.", "value": "x"}),
            await device.post("/externaldns/records", {"create": [_endpoint("other.example.org", "A")]}),
            await device.post("/externaldns/records", {"delete": [_endpoint("www.example.org", "CNAME")]}),
            await device.post("/register"),
        ]
        assert [answer.status_code for answer in refused] == [403] * 5
        assert (await device.get(UPDATE + "other.example.org,home.example.com")).text == "nohost\nnohost\n"

    with_device(tmp_path, scenario, Setting(scope=scope, admin=Admin(acme_dns_zone="example.com.")))


def _endpoint(name: str, rtype: str) -> dict[str, Any]:
    target = {"A": "192.0.2.44", "TXT": "x", "CNAME": "home.example.org"}[rtype]
    return {"dnsName": name, "recordType": rtype, "targets": [target]}


def test_h16_the_password_of_a_registration_is_in_its_answer_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets: list[str] = []

    async def scenario(device: Device) -> None:
        made = (await device.post("/register")).json()
        secret = made["password"].split("_")[2]
        headers = {"X-Api-User": made["username"], "X-Api-Key": made["password"]}
        for txt in ("x" * 43, "no"):
            body = {"subdomain": made["subdomain"], "txt": txt}
            assert secret not in (await device.world.client.post("/update", json=body, headers=headers)).text
        for path in ("/api/v1/audit", "/api/v1/tokens?everybody=true", "/api/v1/zones/example.com./history"):
            assert secret not in (await device.world.client.get(path, headers=device.owner)).text
        secrets.append(secret)

    with caplog.at_level(logging.DEBUG):
        with_device(tmp_path, scenario, Setting(admin=Admin(acme_dns_zone="example.com.")))
    (secret,) = secrets
    assert secret not in caplog.text
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]

"""acme-dns: the answers and the status codes of its own documentation, and the TXT records of RFC 8555 8.4."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resolute.admin.compat.acmedns import next_values
from resolute.admin.rights import Role, Scope, Verb
from resolute.config.admin import Admin
from resolute.records import names
from tests.accounts import Limits
from tests.fakenode import FakeNode
from tests.updating import TEXT, Device, Setting, with_device

ZONE = "acme.example.org."
HERE = Setting(admin=Admin(acme_dns_zone=ZONE), zones=[ZONE, "example.org."])


def value(letter: str) -> str:
    """A challenge has 43 characters."""
    return letter * 43


async def registered(device: Device, body: object = None) -> dict[str, Any]:
    answer = await device.post("/register", body if body is not None else b"")
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def update(device: Device, made: dict[str, Any], txt: str, **other: str) -> tuple[int, Any]:
    """As a client does it: without any other credentials."""
    headers = {"X-Api-User": made["username"], "X-Api-Key": made["password"]}
    answer = await device.world.client.post(
        "/update", json={"subdomain": made["subdomain"], "txt": txt, **other}, headers=headers
    )
    return answer.status_code, answer.json()


def txt_line(made: dict[str, Any], letter: str) -> str:
    return f'{made["fulldomain"]}. 1 TXT "{value(letter)}"'


async def txt_lines(device: Device) -> list[str]:
    return [line for line in await device.lines(ZONE) if " TXT " in line]


def test_a_registration_is_a_name_and_a_password_for_it(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        made = await registered(device)
        assert sorted(made) == ["allowfrom", "fulldomain", "password", "subdomain", "username"]
        assert made["fulldomain"] == f"{made['subdomain']}.acme.example.org"
        assert made["allowfrom"] == []
        assert await update(device, made, value("a")) == (200, {"txt": value("a")})
        assert await txt_lines(device) == [txt_line(made, "a")]
        token = (await device.world.client.get(f"/api/v1/tokens/{made['username']}", headers=device.owner)).json()
        assert token["scope"] == {
            "verbs": ["records:write"],
            "zones": [ZONE],
            "names": [made["fulldomain"] + "."],
            "types": ["TXT"],
        }
        assert made["password"].encode() not in (tmp_path / "resolute.db").read_bytes()

    with_device(tmp_path, scenario, HERE)


def test_the_last_two_values_stay(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        made = await registered(device)
        for letters, left in (("zy", "yz"), ("a", "ay"), ("x", "ax"), ("b", "bx"), ("bb", "bx")):
            for letter in letters:
                assert (await update(device, made, value(letter)))[0] == 200
            assert sorted(await txt_lines(device)) == [txt_line(made, letter) for letter in left]

    with_device(tmp_path, scenario, HERE)


def test_two_values_that_come_at_once_are_both_there(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        made = await registered(device)
        await asyncio.gather(*(update(device, made, value(letter)) for letter in "xyz"))
        done = await asyncio.gather(update(device, made, value("a")), update(device, made, value("b")))
        assert [status for status, _ in done] == [200, 200]
        assert sorted(await txt_lines(device)) == [txt_line(made, letter) for letter in "ab"]

    with_device(tmp_path, scenario, HERE)


def test_a_key_is_for_its_own_name_alone(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        mine, other = await registered(device), await registered(device)
        forbidden = (401, {"error": "forbidden"})
        assert await update(device, mine, value("a"), subdomain=other["subdomain"]) == forbidden
        assert await update(device, {**mine, "username": other["username"]}, value("a")) == forbidden
        assert await update(device, {**mine, "password": mine["password"][:-2] + "00"}, value("a")) == forbidden
        headers = {"X-Api-Key": mine["password"]}
        zone = await device.world.client.get(f"/api/v1/zones/{ZONE}", headers=headers)
        assert zone.status_code == 403
        assert await txt_lines(device) == []

    with_device(tmp_path, scenario, HERE)


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"subdomain": "a.b"}, "bad_subdomain"),
        ({"subdomain": ""}, "bad_subdomain"),
        ({"subdomain": "x\r\ny"}, "bad_subdomain"),
        ({"subdomain": "a" * 64}, "bad_subdomain"),
        ({"txt": "short"}, "bad_txt"),
        ({"txt": '"' * 43}, "bad_txt"),
        ({"txt": ""}, "bad_txt"),
    ],
)
def test_what_does_not_hold_is_told_in_its_words(tmp_path: Path, other: dict[str, str], error: str) -> None:
    async def scenario(device: Device) -> None:
        made = await registered(device)
        sent = {"txt": value("a"), **other}
        assert await update(device, made, sent.pop("txt"), **sent) == (400, {"error": error})

    with_device(tmp_path, scenario, HERE)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "malformed_json_payload"),
        (b"[]", "malformed_json_payload"),
        (b'{"allowfrom": 7}', "malformed_json_payload"),
        (b'{"allowfrom": ["192.0.2.0/33"]}', "invalid_allowfrom_cidr"),
        (b'{"allowfrom": ["everybody"]}', "invalid_allowfrom_cidr"),
    ],
)
def test_a_registration_that_does_not_hold(tmp_path: Path, body: bytes, error: str) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.post("/register", body)
        assert (answer.status_code, answer.json()) == (400, {"error": error})

    with_device(tmp_path, scenario, HERE)


def test_updates_come_from_the_networks_that_were_registered(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        near = await registered(device, {"allowfrom": ["192.0.2.1/24", "2001:db8::/32"]})
        assert near["allowfrom"] == ["192.0.2.0/24", "2001:db8::/32"]
        far = await registered(device, {"allowfrom": ["198.51.100.0/24"]})
        assert (await update(device, near, value("a")))[0] == 200
        assert await update(device, far, value("a")) == (401, {"error": "forbidden"})
        assert (await registered(device, {"allowfrom": None}))["allowfrom"] == []

    with_device(tmp_path, scenario, HERE)


def test_strangers_do_not_register(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.world.client.post("/register")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="resolute"'
        assert "who asks is not said" in answer.json()["error"]
        assert (await device.world.client.get("/health")).status_code == 200

    with_device(tmp_path, scenario, HERE)


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (Role.READER, None, 403),
        (Role.EDITOR, None, 403),  # of another zone
        (Role.OPERATOR, Scope(verbs=frozenset({Verb.RECORDS_READ})), 403),
        (Role.OPERATOR, Scope(types=frozenset({1})), 403),
        (Role.OPERATOR, Scope(verbs=frozenset({Verb.RECORDS_WRITE}), types=frozenset({16})), 201),
    ],
)
def test_who_may_register(tmp_path: Path, role: Role, scope: Scope | None, status: int) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.post("/register")
        assert answer.status_code == status
        assert ("error" in answer.json()) == (status != 201)

    with_device(tmp_path, scenario, Setting(role=role, scope=scope, admin=HERE.admin, zones=HERE.zones))


def test_what_a_token_registers_ends_with_it_and_is_for_no_more_places(tmp_path: Path) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)

    async def scenario(device: Device) -> None:
        made = await registered(device)
        assert made["allowfrom"] == ["192.0.2.0/24"]
        token = (await device.world.client.get(f"/api/v1/tokens/{made['username']}", headers=device.owner)).json()
        assert datetime.fromisoformat(token["expires"]) == ends
        assert (await device.post("/register", {"allowfrom": ["0.0.0.0/0"]})).status_code == 403

    limits = Limits(ends, ["192.0.2.0/24"])
    with_device(tmp_path, scenario, Setting(limits=limits, admin=HERE.admin, zones=HERE.zones))


def test_a_registration_is_over_when_the_token_that_made_it_is_removed(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        made, mine = await registered(device), device.token.split("_")[1]
        others = await device.world.client.post("/register", headers=device.owner)  # with a token of the owner
        assert (await update(device, made, value("a")))[0] == 200
        removed = await device.world.client.delete(f"/api/v1/tokens/{mine}", headers=device.owner)
        assert removed.status_code == 204
        assert await update(device, made, value("b")) == (401, {"error": "forbidden"})
        assert await txt_lines(device) == [txt_line(made, "a")]
        gone = await device.world.client.get(f"/api/v1/tokens/{made['username']}", headers=device.owner)
        assert gone.status_code == 404
        assert (await update(device, others.json(), value("c")))[0] == 200

    with_device(tmp_path, scenario, HERE)


@pytest.mark.parametrize(
    ("zone", "status", "why"),
    [(None, 404, "admin.acme_dns_zone"), ("nowhere.example.", 404, "no zone"), ("file.example.", 409, "is read from")],
)
def test_without_a_zone_of_the_store_it_says_why(tmp_path: Path, zone: str | None, status: int, why: str) -> None:
    file = tmp_path / "file.example.zone"
    file.write_text(TEXT)
    node = FakeNode({"/status": {"zones": [{"name": "file.example.", "file": str(file)}]}})

    async def scenario(device: Device) -> None:
        async with node.at(tmp_path / "control.sock"):
            answer = await device.post("/register")
            assert answer.status_code == status
            assert why in answer.json()["error"]

    with_device(tmp_path, scenario, Setting(admin=Admin(acme_dns_zone=zone)))


def test_which_values_stay() -> None:
    assert next_values([], [], b"c") == [b"c"]
    assert next_values([b"a"], [b"a"], b"c") == [b"a", b"c"]
    assert next_values([b"a", b"b"], [b"a"], b"c") == [b"a", b"c"]
    assert next_values([b"a", b"b"], [b"b"], b"c") == [b"b", b"c"]
    assert len(next_values([b"a", b"b", b"x"], [], b"c")) == 2


def test_the_zone_is_named_as_people_name_it() -> None:
    assert Admin(acme_dns_zone="acme.example.org").acme_dns_zone == names.to_text(names.from_text(ZONE))

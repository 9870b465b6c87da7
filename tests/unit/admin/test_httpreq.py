"""lego's httpreq: what its documentation says is sent, in both modes, and the TXT records of RFC 8555 8.4."""

from pathlib import Path

import pytest

from resolute.admin.rights import Role, acme
from resolute.records import names
from tests.updating import Device, Setting, with_device

FQDN = "_acme-challenge.www.example.org."
VALUE = "LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM"
"""Of the example in lego's documentation of httpreq."""
LINE = f'{FQDN} 1 TXT "{VALUE}"'


def test_a_challenge_comes_and_goes(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        before = await device.lines()
        assert (await device.post("/httpreq/present", {"fqdn": FQDN, "value": VALUE})).status_code == 200
        assert (await device.post("/httpreq/present", {"fqdn": FQDN, "value": "x" * 43})).status_code == 200
        assert {line for line in await device.lines() if " TXT " in line} == {LINE, LINE.replace(VALUE, "x" * 43)}
        for value in (VALUE, "x" * 43, "x" * 43):
            assert (await device.post("/httpreq/cleanup", {"fqdn": FQDN, "value": value})).status_code == 200
        assert await device.lines() == before

    with_device(tmp_path, scenario, Setting(scope=acme(names.from_text("example.org."))))


def test_mode_raw(tmp_path: Path) -> None:
    """RFC 8555 8.1, 8.4: the digest of `token.thumbprint` of RFC 7638 3.1's key, computed with openssl."""
    key_authorization = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
    sent = {"domain": "www.example.org", "token": "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"}

    async def scenario(device: Device) -> None:
        answer = await device.post("/httpreq/present", sent | {"keyAuth": key_authorization})
        assert answer.status_code == 200
        assert f'{FQDN} 1 TXT "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo"' in await device.lines()
        await device.post("/httpreq/cleanup", sent | {"keyAuth": key_authorization})
        assert not [line for line in await device.lines() if " TXT " in line]

    with_device(tmp_path, scenario)


@pytest.mark.parametrize(
    "other", [{"fqdn": "home.example.org."}, {"fqdn": FQDN}, {"value": VALUE}], ids=["another name", "name", "value"]
)
def test_half_of_a_form_does_not_count(tmp_path: Path, other: dict[str, str]) -> None:
    """No challenge without a text, and none at another name. The digest is openssl's."""

    async def scenario(device: Device) -> None:
        before = await device.lines()
        raw = {"domain": "www.example.org", "keyAuth": "x.y"}
        assert (await device.post("/httpreq/present", raw | other)).status_code == 200
        digest = "skypt163t1d1tf3UHg71z7ttIz_PMF3509WzR7s7jKg"
        assert sorted(set(await device.lines()) - set(before)) == [f'{FQDN} 1 TXT "{digest}"']
        assert (await device.post("/httpreq/cleanup", raw | other)).status_code == 200
        assert await device.lines() == before

    with_device(tmp_path, scenario)


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"{", 400, "not JSON"),
        ({}, 422, "expected fqdn and value"),
        ({"fqdn": FQDN}, 422, "expected fqdn and value"),
        ({"fqdn": FQDN, "domain": "b", "keyAuth": ""}, 422, "expected fqdn and value"),
        ({"fqdn": "a..b", "value": "x"}, 422, "fqdn"),
        ({"fqdn": FQDN, "value": "x" * 256}, 422, "value"),
        ({"fqdn": "_acme-challenge.example.net.", "value": "x"}, 404, "no zone of this server has the name"),
        (
            {"fqdn": "_acme-challenge.example.com.", "value": "x"},
            403,
            "records:write for TXT of _acme-challenge.example",
        ),
        ({"fqdn": "www.example.org.", "value": "x"}, 403, "records:write for TXT of www.example.org."),
    ],
)
def test_a_refusal_says_why_in_a_line(tmp_path: Path, body: object, status: int, why: str) -> None:
    async def scenario(device: Device) -> None:
        answer = await device.post("/httpreq/present", body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        assert why in answer.text
        assert answer.text.count("\n") == 1

    with_device(tmp_path, scenario, Setting(scope=acme(names.from_text("example.org."))))


def test_nobody_and_a_reader(tmp_path: Path) -> None:
    async def scenario(device: Device) -> None:
        stranger = await device.world.client.post("/httpreq/present", json={"fqdn": FQDN, "value": VALUE})
        assert stranger.status_code == 401
        assert stranger.headers["www-authenticate"] == 'Basic realm="resolute"'
        assert (await device.post("/httpreq/present", {"fqdn": FQDN, "value": VALUE})).status_code == 403

    with_device(tmp_path, scenario, Setting(role=Role.READER))

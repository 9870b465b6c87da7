"""Methods that a path does not have (RFC 9110 15.5.6), and bodies that are nearly right."""

from pathlib import Path

import pytest

from resolute.admin.rights import Role
from tests.accounts import World, with_world


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/users", {"GET", "POST"}),
        ("OPTIONS", "/zones/example.org.", {"GET", "PATCH", "DELETE"}),
        ("PATCH", "/zones/example.org./check", {"GET"}),  # not a zone with the name of `example.org./check`
        ("DELETE", "/zones/0/25.2.0.192.in-addr.arpa./rrsets", {"GET"}),
        ("POST", "/zones/example.org./rrsets/www/A", {"GET", "PUT", "PATCH", "DELETE"}),
    ],
)
def test_allow_names_every_method_of_the_path(tmp_path: Path, method: str, path: str, allowed: set[str]) -> None:
    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        answer = await world.client.request(method, f"/api/v1{path}", headers=owner)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == allowed
        assert answer.json()["detail"].startswith(f"{method} is not possible here")

    with_world(tmp_path, scenario)


def test_what_is_nearly_a_truth_value_or_a_number_is_refused(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        for body in ({"disabled": 0}, {"disabled": "no"}):
            answer = await world.client.patch("/api/v1/users/owner", json=body, headers=owner)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "disabled")
        new = {"name": "example.org.", "nameservers": ["ns.example.net."], "ttl": "300"}
        answer = await world.client.post("/api/v1/zones", json=new, headers=owner)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "ttl")

    with_world(tmp_path, scenario)


def test_a_body_that_is_no_text_says_so(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        headers = {**owner, "Content-Type": "application/json"}
        answer = await world.client.post("/api/v1/users", content=b'{"name": "\xff"}', headers=headers)
        assert (answer.status_code, answer.json()["detail"]) == (400, "the body is not text in UTF-8")

    with_world(tmp_path, scenario)


@pytest.mark.parametrize(
    "path", ["export?revision=250427323504422813696", "diff?from=9223372036854775808", f"history/{2**64}"]
)
def test_a_number_that_no_store_can_count_to(tmp_path: Path, path: str) -> None:
    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        answer = await world.client.get(f"/api/v1/zones/example.org./{path}", headers=owner)
        assert answer.status_code == 422

    with_world(tmp_path, scenario)

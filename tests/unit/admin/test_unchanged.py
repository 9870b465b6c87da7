"""A change that changes nothing: no serial, no revision, no entry in the history, whichever way it comes in."""

from pathlib import Path
from typing import Any

import pytest

from resolute.admin.rights import Role
from tests.accounts import World, with_world

API = "/api/v1"
ZONE = API + "/zones/example.org."
TEXT = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.7\nwww A 192.0.2.8\n"
WWW = {"name": "www", "type": "A"}
BATCH = {
    "changes": [
        {
            "zone": "example.org",
            "edits": [
                WWW | {"action": "replace", "ttl": 60, "records": ["192.0.2.8", "192.0.2.7"]},
                WWW | {"action": "add", "records": ["192.0.2.7"]},
                WWW | {"action": "remove", "records": ["192.0.2.99"]},
                {"action": "delete", "name": "nobody", "type": "A"},
                {"action": "add", "name": "there.and.back", "type": "TXT", "records": ["x"]},
                {"action": "delete", "name": "there.and.back", "type": "TXT"},
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", ZONE + "/rrsets/WWW/A", {"ttl": 60, "records": ["192.0.2.8", {"address": "192.0.2.7"}]}),
        ("PATCH", ZONE + "/rrsets/www/A", {"add": ["192.0.2.7"], "remove": ["192.0.2.99"]}),
        ("PATCH", ZONE + "/rrsets/www/A", {"ttl": 60}),
        ("PUT", ZONE + "/rrsets/@/SOA", {"ttl": 60, "records": ["ns1 H 5 7200 3600 1209600 300"]}),
        ("POST", API + "/batches", BATCH),
        ("POST", ZONE + "/import", TEXT),
        ("POST", ZONE + "/import", TEXT.replace("h 5 ", "H.EXAMPLE.ORG. 4 ")),
        ("POST", ZONE + "/revert", {"revision": 2}),
    ],
)
def test_no_trace_is_left(tmp_path: Path, method: str, path: str, body: object) -> None:
    async def scenario(world: World) -> None:
        before = await prepared(world)
        given: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
        said = await world.client.request(method, path, **given)
        assert said.status_code == 200, said.text
        answer = said.json()
        assert (answer["planned"], answer["revision"], answer["served"]) == (False, None, True)
        zone = answer.get("zones", [answer])[0]
        assert (zone["serial_before"], zone["serial_after"], zone["added"], zone["changes"]) == (5, 5, 0, [])
        assert await state(world) == before

    with_world(tmp_path, scenario)


def test_a_policy_and_a_local_record_that_are_there(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        before = await prepared(world)
        policy = await world.client.patch(ZONE, json={"serial_policy": "increment"})
        assert (policy.status_code, policy.json()["revision"]) == (200, 1)
        put = await world.client.put(API + "/local-records/a.test", json={"address": "192.0.2.1"})
        assert (put.status_code, put.json()["planned"]) == (200, False)
        old = await world.client.post("/records", json={"domain": "a.test", "ip": "192.0.2.1"})
        assert old.status_code == 200
        assert (await world.client.delete(API + "/local-records/b.test")).status_code == 404
        assert await state(world) == before

    with_world(tmp_path, scenario)


async def prepared(world: World) -> list[Any]:
    world.client.headers.update(await world.token(await world.user(Role.OPERATOR)))
    await world.client.post(ZONE + "/import", content=TEXT)
    await world.client.put(API + "/local-records/a.test", json={"address": "192.0.2.1"})
    return await state(world)


async def state(world: World) -> list[Any]:
    """All that a change would leave a trace in."""
    paths = (ZONE, ZONE + "/export", ZONE + "/history", API + "/local-records")
    found: list[Any] = [(await world.client.get(path)).text for path in paths]
    return [*found, world.services.store.revision()]

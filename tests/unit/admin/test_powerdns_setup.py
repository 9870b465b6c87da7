"""A zone that is set up by the API of PowerDNS while somebody else changes it: one transaction, upon what is there."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from resolute.admin.rights import Role
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store.store import Store
from resolute.zones import importing
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit
from tests.accounts import World, with_world

ORIGIN: Final = names.from_text("example.org.")
BY: Final = Author("somebody else")
ZONE: Final = "/api/v1/servers/localhost/zones/example.org."
TEXT: Final = b"$TTL 60\n@ SOA ns1 hostmaster 7 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"
NS: Final = {"name": "example.org.", "type": "NS", "ttl": 60, "records": [{"content": "ns.example.net."}]}


def with_zone(folder: Path, scenario: Callable[[World], Awaitable[None]]) -> None:
    async def run(world: World) -> None:
        importing.create(world.services.store, importing.NewZone(ORIGIN, TEXT, BY))
        world.client.headers.update(await world.token(await world.user(Role.OPERATOR)))
        await scenario(world)

    with_world(folder, run)


async def after(
    world: World, work: Callable[[Store], Any], request: Coroutine[Any, Any, httpx.Response]
) -> httpx.Response:
    """The answer to a request that has looked at the store before this work, and whose change comes after it."""
    go, writer = threading.Event(), world.services.writer

    def other(at: Store) -> tuple[None, None]:
        assert go.wait(30)
        work(at)
        return None, None

    first = asyncio.create_task(writer.alone(other))
    asked = asyncio.create_task(request)
    async with asyncio.timeout(30):
        while not (asked.done() or (writer._waiting and writer._working)):  # noqa: ASYNC110, SLF001  it waits its turn
            await asyncio.sleep(0.01)
        if not asked.done():
            go.set()
        answer = await asked
    go.set()
    await first
    return answer


async def lines(world: World) -> list[str]:
    return (await world.client.get("/api/v1/zones/example.org./export")).text.splitlines()


@pytest.mark.parametrize("body", [{"rrsets": [NS], "account": "me"}, {"rrsets": [NS]}, {"account": "me"}])
def test_a_zone_that_is_deleted_meanwhile_does_not_come_back(tmp_path: Path, body: object) -> None:
    async def scenario(world: World) -> None:
        said = await after(world, lambda at: importing.delete(at, ORIGIN, BY), world.client.put(ZONE, json=body))
        assert said.status_code == 404
        assert (await world.client.get(ZONE)).status_code == 404

    with_zone(tmp_path, scenario)


def test_the_soa_that_stays_is_the_one_that_is_there_by_then(tmp_path: Path) -> None:
    rtype = rdata.type_from_text("SOA")
    soa = RRset.parse(ORIGIN, rtype, 60, ["ns9.example.org. h.example.org. 20 1 2 3 4"])

    async def scenario(world: World) -> None:
        change = ZoneChange(ORIGIN, (Edit(Action.REPLACE, soa),), BY)
        put = world.client.put(ZONE, json={"rrsets": [NS]})
        assert (await after(world, lambda at: commit(at, change), put)).status_code == 204
        assert await lines(world) == [
            "example.org. 60 NS ns.example.net.",
            "example.org. 60 SOA ns9.example.org. h.example.org. 21 1 2 3 4",
        ]

    with_zone(tmp_path, scenario)


def test_records_and_the_rest_are_changed_both_or_neither(tmp_path: Path) -> None:
    """A store that takes the records and then no metadata."""

    async def scenario(world: World) -> None:
        before = await lines(world)
        refusing = "CREATE TRIGGER refusing BEFORE INSERT ON zone_metadata BEGIN SELECT RAISE(ABORT, 'no'); END"
        with world.services.store.writing() as connection:
            connection.exec_driver_sql(refusing)
        assert (await world.client.put(ZONE, json={"rrsets": [NS], "account": "me"})).status_code == 503
        assert await lines(world) == before

    with_zone(tmp_path, scenario)


def test_notes_that_are_added_at_once_are_all_there(tmp_path: Path) -> None:
    async def add(world: World, *texts: str) -> httpx.Response:
        return await world.client.post(f"{ZONE}/metadata", json={"kind": "X-OWNER", "metadata": texts})

    async def scenario(world: World) -> None:
        said = await asyncio.gather(*(add(world, f"text {number}") for number in range(20)))
        assert {one.status_code for one in said} == {201}
        found = (await world.client.get(f"{ZONE}/metadata/X-OWNER")).json()["metadata"]
        assert sorted(found) == sorted(f"text {number}" for number in range(20))
        assert (await add(world, *(f"more {number}" for number in range(80)))).status_code == 201
        assert (await add(world, "text 7", "more 7")).status_code == 201  # they are there
        refused = await add(world, "one too many")
        assert (refused.status_code, "100 texts at most" in refused.json()["error"]) == (422, True)
        assert len((await world.client.get(f"{ZONE}/metadata/X-OWNER")).json()["metadata"]) == 100

    with_zone(tmp_path, scenario)

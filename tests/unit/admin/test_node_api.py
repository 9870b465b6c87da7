"""What is asked of the node over HTTP, local records, events, and the API's own description."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from resolute.admin.api import events
from resolute.admin.api.problems import MEANING
from resolute.admin.app import application
from resolute.admin.compat import protocols
from resolute.admin.feed import LISTENERS
from resolute.admin.rights import Kind, Principal, Role
from resolute.errors import UnavailableError
from resolute.store.records import Put
from tests.accounts import World, with_world
from tests.fakenode import FakeNode

API = "/api/v1"
STATUS: dict[str, Any] = {
    "zones": [],
    "hosts": [{"file": "/etc/hosts", "names": 3, "problems": []}],
    "store": {"revision": 0},
    "problems": [],
}
CACHE = """\
; www.example.org. A (source 1, view default, 30 s left)
www.example.org. 30 IN A 192.0.2.1
; a.www.example.org. A (source 1, view default, 30 s left)
; NXDOMAIN
"""


def with_node(folder: Path, answers: dict[str, Any], scenario: Callable[[World, FakeNode], Awaitable[None]]) -> None:
    async def run(world: World) -> None:
        world.client.headers.update(await world.token(await world.user(Role.OPERATOR)))
        async with FakeNode(answers).at(folder / "control.sock") as node:
            await scenario(world, node)

    with_world(folder, run)


def test_cache_explain_nodes_and_hosts(tmp_path: Path) -> None:
    explained = {"steps": [{"stage": "zones", "text": "hello."}], "answer": {"rcode": "NOERROR", "answer": ["x"]}}

    async def scenario(world: World, node: FakeNode) -> None:
        get, post = world.client.get, world.client.post
        assert (await get(API + "/cache?name=Example.org")).text == CACHE
        assert node.asked.pop()[0] == "/cache?name=example.org."
        planned = await post(API + "/cache/flush?plan=true", json={"name": "WWW.example.org"})
        assert planned.json() == {"planned": True, "flushed": 1}
        planned = await post(API + "/cache/flush?plan=true", json={"name": "WWW.example.org", "subtree": True})
        assert planned.json() == {"planned": True, "flushed": 2}
        flushed = await post(API + "/cache/flush", json={"name": "www.example.org", "subtree": True})
        assert flushed.json() == {"planned": False, "flushed": 2}
        assert node.asked.pop() == ("/cache/flush", {"name": "www.example.org.", "subtree": True})
        assert (await get(API + "/explain?name=www.hello&type=a")).json()["steps"] == explained["steps"]
        assert node.asked.pop()[0] == "/explain?name=www.hello.&type=A&client=127.0.0.1"
        assert (await get(API + "/explain?name=x&client=y")).json()["errors"][0]["field"] == "client"
        (shown,) = (await get(API + "/nodes")).json()
        assert (shown["answers"], shown["behind"], shown["status"]["zones"]) == (True, 0, 0)
        assert (await get(API + "/nodes/local/statistics")).json() == {"waiting": 0}
        assert (await get(API + "/nodes/other/statistics")).status_code == 404
        assert (await post(API + "/nodes/local/reload")).json() == {"problems": ["x"], "restart_needed": []}
        assert (await get(API + "/hosts")).json() == STATUS["hosts"]

    answers = {
        "/status": STATUS,
        "/cache": CACHE,
        "/cache/flush": {"flushed": 2},
        "/explain": explained,
        "/statistics": {"waiting": 0},
        "/reload": {"problems": ["x"], "restart_needed": []},
    }
    with_node(tmp_path, answers, scenario)


def test_a_node_that_refuses_or_is_gone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.client.headers.update(await world.token(await world.user(Role.OPERATOR)))
        assert (await world.client.get(API + "/explain?name=x")).status_code == 503
        (shown,) = (await world.client.get(API + "/nodes")).json()
        assert (shown["answers"], shown["status"]) == (False, None)
        put = await world.client.put(API + "/local-records/a.test", json={"address": "192.0.2.1"})
        assert put.json()["served"] is False
        assert "durable" in put.headers["resolute-unconfirmed"]
        refusing = {"/explain": (409, "no"), "/reload": (422, "bad"), "/statistics": (500, "?")}
        async with FakeNode(refusing).at(tmp_path / "control.sock"):
            assert (await world.client.get(API + "/explain?name=x")).status_code == 409
            assert (await world.client.post(API + "/nodes/local/reload")).status_code == 422
            assert (await world.client.get(API + "/nodes/local/statistics")).status_code == 503

    with_world(tmp_path, scenario)


def test_a_change_waits_for_the_node(tmp_path: Path) -> None:
    async def scenario(world: World, node: FakeNode) -> None:
        put = await world.client.put(API + "/local-records/a.test", json={"address": "192.0.2.1"})
        assert (put.status_code, put.json()["served"]) == (201, True)
        assert "resolute-unconfirmed" not in put.headers
        assert node.asked == [("/follow", {"revision": 1})]

    with_node(tmp_path, {"/follow": {"revision": 1}}, scenario)


def test_of_two_who_have_seen_the_same_local_record_one_is_let_in(tmp_path: Path) -> None:
    """If-Match holds in the change's own transaction (RFC 9110 13.1.1), and so does If-None-Match."""

    async def scenario(world: World, _: FakeNode) -> None:
        one = API + "/local-records/a.test"

        async def put(number: int, condition: dict[str, str]) -> int:
            body = {"address": f"192.0.2.{number}"}
            return (await world.client.put(one, json=body, headers=condition)).status_code

        made = await asyncio.gather(*(put(number, {"If-None-Match": "*"}) for number in range(1, 9)))
        assert sorted(made) == [201, *[412] * 7]
        tag = {"If-Match": (await world.client.get(one)).headers["etag"]}
        changed = await asyncio.gather(*(put(number, tag) for number in range(11, 19)))
        assert sorted(changed) == [200, *[412] * 7]

    with_node(tmp_path, {"/follow": {}}, scenario)


def test_local_records_are_listed_put_and_removed(tmp_path: Path) -> None:
    async def scenario(world: World, _: FakeNode) -> None:
        one, client = API + "/local-records/App.test.", world.client
        assert (await client.put(one + "?plan=true", json={"address": "2001:DB8::1"})).json()["planned"] is True
        assert (await client.get(one)).status_code == 404
        made = await client.put(one, json={"address": "2001:DB8::1"}, headers={"If-None-Match": "*"})
        assert (made.status_code, made.json()["after"]) == (201, "2001:db8::1")
        tag = {"If-Match": made.headers["etag"]}
        assert (await client.put(one, json={"address": "192.0.2.1"}, headers=tag)).json()["before"] == "2001:db8::1"
        assert (await client.put(one, json={"address": "192.0.2.2"}, headers=tag)).status_code == 412
        refused = await client.put(one, json={"address": "x"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "address")
        await client.put(API + "/local-records/b.test", json={"address": "192.0.2.3"})
        page = (await client.get(API + "/local-records?limit=1")).json()
        rest = (await client.get(API + f"/local-records?cursor={page['next']}")).json()
        assert [one["name"] for one in page["items"] + rest["items"]] == ["app.test.", "b.test."]
        assert (await client.delete(one + "?plan=true")).json()["after"] is None
        assert (await client.delete(one)).status_code == 200
        assert (await client.delete(one)).status_code == 404

    with_node(tmp_path, {"/follow": {}}, scenario)


def test_events_tell_each_change_from_where_the_reader_has_stopped(tmp_path: Path) -> None:
    reader = Principal("reader", Kind.USER, Role.READER)

    async def scenario(world: World) -> None:
        feed = world.services.feed
        for name in ("a", "b"):
            await world.services.writer.change(Put(f"{name}.test", "192.0.2.1", "alice"))
        stream = events.stream(feed, reader, 1)
        assert await anext(stream) == "retry: 2000\n\n"
        second = (await anext(stream)).split("\n")
        assert second[:2] == ["id: 2", "event: change"]
        assert json.loads(second[2].removeprefix("data: "))["summary"] == "put b.test 192.0.2.1"
        following = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await world.services.writer.change(Put("c.test", "192.0.2.1", "alice"))
        assert "put c.test" in await asyncio.wait_for(following, 5)
        await stream.aclose()

    with_world(tmp_path, scenario)


def test_listeners_are_bounded_and_kept_alive(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        feed = world.services.feed
        streams = [feed.follow(keepalive_s=0.01) for _ in range(LISTENERS)]
        assert [await anext(stream) for stream in streams] == [None] * LISTENERS
        with pytest.raises(UnavailableError, match="listeners"):
            await anext(feed.follow())
        for stream in streams:
            await stream.aclose()
        feed.require_room()

    with_world(tmp_path, scenario)


def test_every_operation_is_described(tmp_path: Path) -> None:
    """OpenAPI 3.1: an id, a summary, what is answered, and problem details for every refusal."""

    async def scenario(world: World) -> None:
        document = application(world.services).openapi()
        assert document["openapi"].startswith("3.1")
        seen = set()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                where = f"{method} {path}"
                assert operation["operationId"] not in seen, where
                seen.add(operation["operationId"])
                assert operation["summary"], where
                assert operation["description"], where
                for status, answer in operation["responses"].items():
                    if int(status) >= 400:
                        other = {"text/plain", "application/json"} if protocols.of(path) else set()
                        assert set(answer["content"]) <= other or {"application/problem+json"}, where
                        assert int(status) in MEANING
        wanted = {
            "listZones",
            "replaceRRset",
            "makeBatch",
            "search",
            "followChanges",
            "diffZone",
            "revertZone",
            "explain",
        }
        assert wanted <= seen
        references: set[str] = set()
        _references(document, references)
        assert references <= set(document["components"]["schemas"])

    with_world(tmp_path, scenario)


def _references(node: object, found: set[str]) -> None:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            found.add(reference.removeprefix("#/components/schemas/"))
        for value in node.values():
            _references(value, found)
    elif isinstance(node, list):
        for value in node:
            _references(value, found)

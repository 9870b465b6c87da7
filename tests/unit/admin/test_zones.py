"""Zones over HTTP: made, listed, set up, removed; in and out as zone text; their past; batches and search."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from resolute.admin import bodies, filesearch
from resolute.admin.rights import Role
from tests.accounts import World, with_world
from tests.fakenode import FakeNode

Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]
API = "/api/v1"
ZONE = API + "/zones/example.org."
NEW: dict[str, Any] = {
    "name": "Example.org",
    "nameservers": [{"name": "ns1", "addresses": ["192.0.2.1", "2001:db8::1"]}, "ns.example.net"],
    "hostmaster": "jane.doe@example.org",
}
TEXT = '$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\nwww TXT "hello world"\n'


def with_client(folder: Path, scenario: Scenario, *, role: Role = Role.OPERATOR, zones: tuple[str, ...] = ()) -> None:
    async def run(world: World) -> None:
        world.client.headers.update(await world.token(await world.user(role, zones=zones)))
        await scenario(world.client)

    with_world(folder, run)


def test_a_zone_from_nothing(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        planned = await client.post(API + "/zones?plan=true", json=NEW)
        assert (planned.status_code, planned.json()["planned"], planned.json()["added"]) == (200, True, 5)
        assert (await client.get(ZONE)).status_code == 404
        made = await client.post(API + "/zones", json=NEW)
        assert (made.status_code, made.headers["location"]) == (201, ZONE)
        assert (await client.get(ZONE + "/export")).text.splitlines() == [
            "example.org. 3600 NS ns.example.net.",
            "example.org. 3600 NS ns1.example.org.",
            r"example.org. 3600 SOA ns1.example.org. jane\.doe.example.org. 1 7200 3600 1209600 300",
            "ns1.example.org. 3600 A 192.0.2.1",
            "ns1.example.org. 3600 AAAA 2001:db8::1",
        ]
        shown = (await client.get(API + "/zones/EXAMPLE.org")).json()
        assert (shown["name"], shown["source"], shown["serial"], shown["records"]) == ("example.org.", "store", 1, 5)
        again = await client.post(API + "/zones", json=NEW)
        assert (again.status_code, again.json()["type"]) == (409, "urn:problem-type:resolute:conflict")

    with_client(tmp_path, scenario)


def test_the_serial_of_a_new_zone_is_the_policys(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post(API + "/zones", json=NEW | {"serial_policy": "date"})
        assert (await client.get(ZONE)).json()["serial"] > 2_026_010_100
        given = NEW | {"name": "other.test", "soa": {"serial": 77, "minimum": 60}}
        await client.post(API + "/zones", json=given)
        soa = (await client.get(API + "/zones/other.test/rrsets/@/SOA?records=fields")).json()["records"][0]
        assert (soa["serial"], soa["minimum"], soa["refresh"]) == (77, 60, 7200)

    with_client(tmp_path, scenario)


@pytest.mark.parametrize(
    ("change", "status", "field", "reason"),
    [
        ({"name": "a..b"}, 422, "name", "dots"),
        ({"nameservers": []}, 422, "nameservers", "at least one"),
        ({"nameservers": ["a..b"]}, 422, "nameservers[0]", "dots"),
        ({"nameservers": [{"name": "ns1", "addresses": ["x"]}]}, 422, "nameservers[0].addresses[0]", "not an IP"),
        ({"hostmaster": "@x"}, 422, "hostmaster", "mail address"),
        ({"serial_policy": "random"}, 422, "serial_policy", "increment"),
        ({"soa": {"serial": 2**32}}, 422, "soa.serial", "less than"),
        ({"text": "@ A 192.0.2.1\n"}, 409, "", "SOA"),
        ({"text": "$INCLUDE /etc/passwd\n"}, 409, "", "INCLUDE"),
    ],
)
def test_what_is_no_zone_is_refused(
    tmp_path: Path, change: dict[str, Any], status: int, field: str, reason: str
) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        refused = await client.post(API + "/zones", json=NEW | change)
        assert refused.status_code == status
        errors = refused.json()["errors"]
        assert field in {one["field"] for one in errors}
        assert reason in " ".join(one["reason"] for one in errors)
        assert (await client.get(API + "/zones")).json()["items"] == []

    with_client(tmp_path, scenario)


def test_import_replaces_all_and_export_gives_it_back(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        made = await client.post(ZONE + "/import", content=TEXT)
        assert (made.json()["serial_before"], made.json()["serial_after"], made.json()["added"]) == (None, 5, 4)
        exported = await client.get(ZONE + "/export")
        assert exported.headers["content-type"].startswith("text/dns")
        planned = await client.post(ZONE + "/import?plan=true", content=TEXT.replace("hello", "bye"))
        assert (planned.json()["serial_before"], planned.json()["serial_after"]) == (5, 6)
        assert planned.json()["changes"][-1]["after"] == {"ttl": 60, "records": ['"bye world"']}
        assert (await client.get(ZONE + "/export")).text == exported.text
        again = (await client.post(ZONE + "/import", content=exported.content)).json()
        assert (again["revision"], again["serial_after"], again["changes"]) == (None, 5, [])
        stale = await client.post(ZONE + "/import", content=TEXT, headers={"If-Match": '"4-increment"'})
        assert stale.status_code == 412
        new = await client.post(ZONE + "/import", content=TEXT, headers={"If-None-Match": "*"})
        assert new.status_code == 412
        broken = await client.post(ZONE + "/import", content=TEXT + "x A 1\ny MX z\n")
        assert broken.status_code == 409
        assert [one["reason"][:14] for one in broken.json()["errors"]] == ["zone text:6:5:", "zone text:7:6:"]

    with_client(tmp_path, scenario)


def test_bodies_have_the_bounds_of_their_routes(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post(ZONE + "/import", content=TEXT + "; " + "x" * 3_000_000 + "\n")
        assert (await client.get(ZONE)).json()["records"] == 4
        json_type = {"Content-Type": "application/json"}
        many = b'{"records": ["x"]}' + b" " * 1_000_000
        assert (await client.put(ZONE + "/rrsets/many/TXT", content=many, headers=json_type)).status_code == 201
        assert (await client.put(ZONE + "/rrsets/many/TXT", content=b" " * 2_200_000)).status_code == 413
        assert (await client.post(API + "/cache/flush", content=b" " * 70_000)).status_code == 413
        too_large = {"Content-Length": str(bodies.ZONE_TEXT.octets + 1)}
        assert (await client.post(ZONE + "/import", content=b"x", headers=too_large)).status_code == 413

    with_client(tmp_path, scenario)


def test_policy_and_removal_and_return(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post(ZONE + "/import", content=TEXT)
        tag = (await client.get(ZONE)).headers["etag"]
        planned = await client.patch(ZONE + "?plan=true", json={"serial_policy": "unixtime"})
        assert (planned.json()["serial_policy"], (await client.get(ZONE)).headers["etag"]) == ("unixtime", tag)
        patched = await client.patch(ZONE, json={"serial_policy": "unixtime"}, headers={"If-Match": tag})
        assert (patched.json()["serial_policy"], patched.json()["serial"]) == ("unixtime", 5)
        await client.delete(ZONE + "/rrsets/www/TXT")
        assert (await client.get(ZONE)).json()["serial"] > 1_700_000_000
        assert (await client.delete(ZONE, headers={"If-Match": tag})).status_code == 412
        assert (await client.delete(ZONE + "?plan=true")).json()["removed"] == 3
        gone = (await client.delete(ZONE)).json()
        assert (gone["serial_after"], gone["removed"]) == (None, 3)
        assert (await client.get(ZONE)).status_code == 404
        history = (await client.get(ZONE + "/history")).json()["items"]
        assert [one["kind"] for one in history] == ["delete", "change", "policy", "create"]
        back = await client.post(ZONE + "/revert", json={"revision": history[2]["revision"], "reason": "too early"})
        assert back.status_code == 200
        assert (await client.get(ZONE + "/rrsets/www/TXT")).json()["records"] == ['"hello world"']

    with_client(tmp_path, scenario)


def test_history_diff_and_revert(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        first = (await client.post(ZONE + "/import", content=TEXT)).json()["revision"]
        put = await client.put(ZONE + "/rrsets/a/A", json={"records": ["192.0.2.7"], "reason": "a new host"})
        second = put.json()["revision"]
        await client.delete(ZONE + "/rrsets/www/TXT")
        diff = (await client.get(ZONE + f"/diff?from={first}&to={second}")).json()
        assert [(one["name"], one["type"]) for one in diff["changes"]] == [
            ("example.org.", "SOA"),
            ("a.example.org.", "A"),
        ]
        now = (await client.get(ZONE + f"/diff?from={first}&records=fields")).json()["changes"]
        assert now[-1]["before"]["records"] == [{"strings": ["hello world"]}]
        then = (await client.get(ZONE + f"/export?revision={second}")).text
        assert "a.example.org." in then
        assert "hello world" in then
        planned = await client.post(ZONE + "/revert?plan=true", json={"revision": first})
        done = await client.post(ZONE + "/revert", json={"revision": first})
        assert planned.json()["changes"] == done.json()["changes"]
        assert [one["name"] for one in done.json()["changes"]][1:] == ["a.example.org.", "www.example.org."]
        page = (await client.get(ZONE + "/history?limit=2")).json()
        rest = (await client.get(ZONE + f"/history?cursor={page['next']}")).json()
        assert [one["kind"] for one in page["items"] + rest["items"]] == ["revert", "change", "change", "create"]
        change = rest["items"][0]
        assert (change["reason"], change["author"]) == ("a new host", "operator, token robot")
        full = (await client.get(ZONE + f"/history/{change['id']}")).json()
        assert full["changes"][-1]["after"] == {"ttl": 3600, "records": ["192.0.2.7"]}
        assert (await client.get(ZONE + "/history/999")).status_code == 404
        assert (await client.get(API + "/zones/never.test/history")).status_code == 404
        assert (await client.post(ZONE + "/revert", json={"revision": 0})).status_code == 404

    with_client(tmp_path, scenario)


def test_check_finds_what_the_linter_finds(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post(ZONE + "/import", content=TEXT + "m MX 10 nowhere\n")
        checked = (await client.get(ZONE + "/check")).json()
        assert checked["errors"] == 1
        assert any("nowhere.example.org." in one["message"] for one in checked["findings"])
        assert all(one["mend"] for one in checked["findings"])

    with_client(tmp_path, scenario)


def test_a_batch_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for name in ("example.org.", "example.net."):
            await client.post(f"{API}/zones/{name}/import", content=TEXT)
        edits = [
            {"action": "replace", "name": "a", "type": "A", "ttl": 60, "records": ["192.0.2.7"]},
            {"action": "add", "name": "www", "type": "TXT", "records": [{"strings": ["two"]}]},
            {"action": "remove", "name": "www", "type": "TXT", "records": ['"hello world"']},
        ]
        gone = [{"action": "delete", "name": "www.example.net.", "type": "TXT"}]
        batch = {"changes": [{"zone": "example.org.", "edits": edits}, {"zone": "example.net", "edits": gone}]}
        planned = (await client.post(API + "/batches?plan=true", json=batch)).json()
        made = (await client.post(API + "/batches", json=batch)).json()
        assert [zone["changes"] for zone in planned["zones"]] == [zone["changes"] for zone in made["zones"]]
        assert {zone["revision"] for zone in made["zones"]} == {made["revision"]}
        assert (await client.get(ZONE + "/rrsets/www/TXT")).json() == {
            "name": "www.example.org.",
            "type": "TXT",
            "ttl": 60,
            "records": ['"two"'],
        }
        bad = [{"action": "replace", "name": "ns1", "type": "CNAME", "records": ["x"]}]
        batch = {"changes": [{"zone": "example.net.", "edits": edits}, {"zone": "example.org.", "edits": bad}]}
        assert (await client.post(API + "/batches", json=batch)).status_code == 409
        assert (await client.get(f"{API}/zones/example.net./rrsets/a/A")).status_code == 404
        stale = {"changes": [{"zone": "example.net.", "edits": edits, "expected_serial": 5}]}
        assert (await client.post(API + "/batches", json=stale)).status_code == 412

    with_client(tmp_path, scenario)


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"action": "add", "name": "a", "type": "A", "records": ["x"]}, "changes[0].edits[0].records[0]"),
        ({"action": "add", "name": "a", "type": "MX", "records": [{}]}, "changes[0].edits[0].records[0].preference"),
        ({"action": "add", "name": "a", "type": "A"}, "changes[0].edits[0].records"),
        ({"action": "delete", "name": "a", "type": "A", "records": ["192.0.2.1"]}, "changes[0].edits[0].records"),
        ({"action": "fly", "name": "a", "type": "A"}, "changes[0].edits[0].action"),
        ({"action": "delete", "name": "a..b", "type": "A"}, "changes[0].edits[0].name"),
    ],
)
def test_a_batch_says_where_it_is_wrong(tmp_path: Path, edit: dict[str, Any], field: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post(ZONE + "/import", content=TEXT)
        refused = await client.post(API + "/batches", json={"changes": [{"zone": "example.org.", "edits": [edit]}]})
        assert refused.status_code == 422
        assert field in {one["field"] for one in refused.json()["errors"]}

    with_client(tmp_path, scenario)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=www", ["www.example.net.", "www.example.org."]),
        ("q=WWW.*", ["www.example.net.", "www.example.org."]),
        ("q=www.example.org", ["www.example.org."]),
        ("q=*.example.org&type=A", ["ns1.example.org."]),
        ("q=192.0.2.?", ["app.test.", "ns1.example.net.", "ns1.example.org."]),
        ("q=hello world", ["www.example.net.", "www.example.org."]),
        ("q=*hello*&zone=example.net", ["www.example.net."]),
        ("q=ns?.example.org.&type=A", ["ns1.example.org."]),
        ("q=ns_.example.org.", []),
        ("q=100%25", []),
        ("q=192.0.2.9", ["app.test."]),
        ("q=*.test&type=A", ["app.test."]),
    ],
)
def test_search_over_names_and_data(tmp_path: Path, query: str, names: list[str]) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for name in ("example.org.", "example.net."):
            await client.post(f"{API}/zones/{name}/import", content=TEXT)
        await client.put(API + "/local-records/app.test", json={"address": "192.0.2.9"})
        found, cursor = [], ""
        for _ in range(20):
            page = (await client.get(f"{API}/search?limit=2&{query}{cursor}")).json()
            found += [one["name"] for one in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert sorted(set(found)) == names

    with_client(tmp_path, scenario)


def test_an_editor_finds_and_lists_what_is_theirs(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner = await world.token(await world.user(Role.OWNER))
        for name in ("example.org.", "example.net."):
            await world.client.post(f"{API}/zones/{name}/import", content=TEXT, headers=owner)
        editor = await world.token(await world.user(Role.EDITOR, zones=["example.net."]))
        found = (await world.client.get(API + "/search?q=www", headers=editor)).json()["items"]
        assert [one["zone"] for one in found] == ["example.net."]
        listed = (await world.client.get(API + "/zones", headers=editor)).json()["items"]
        assert [one["name"] for one in listed] == ["example.net."]
        assert (await world.client.get(ZONE + "/export", headers=editor)).status_code == 403
        assert (await world.client.post(ZONE + "/import", content=TEXT, headers=editor)).status_code == 403
        new = await world.client.post(f"{API}/zones/example.com/import", content=TEXT, headers=editor)
        assert new.status_code == 403

    with_world(tmp_path, scenario)


def test_search_goes_on_in_zones_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesearch, "AT_MOST", 30)  # a page looks into one file and no further
    described: list[dict[str, object]] = []
    for name in ("b.", "example.org.", "a."):
        file = tmp_path / f"{name}zone"
        file.write_text(TEXT)
        described.append({"name": name, "file": str(file), "state": "serving", "serial": 5, "records": 4})
    described.append({"name": "gone.", "file": str(tmp_path / "gone.zone"), "state": "not served", "serial": None})

    async def scenario(client: httpx.AsyncClient) -> None:
        async def found(query: str, limit: int) -> list[tuple[str | None, str, str]]:
            every, cursor = [], ""
            while True:
                page = (await client.get(f"{API}/search?{query}&limit={limit}{cursor}")).json()
                every += [(one["zone"], one["name"], one["type"]) for one in page["items"]]
                if page["next"] is None:
                    return every
                cursor = f"&cursor={page['next']}"

        assert await found("q=www", 1) == [
            ("example.org.", "www.example.org.", "TXT"),
            ("a.", "www.a.", "TXT"),
            ("b.", "www.b.", "TXT"),
            (None, "www.", "A"),
        ]
        in_b = [("b.", "b.", "NS"), ("b.", "b.", "SOA"), ("b.", "ns1.b.", "A"), ("b.", "www.b.", "TXT")]
        assert await found("q=*&zone=b", 3) == in_b
        assert await found("q=*&zone=b", 1) == in_b
        assert await found("q=192.0.2.1&type=A&zone=a.", 10) == [("a.", "ns1.a.", "A")]
        assert (await client.get(f"{API}/search?zone=none.")).status_code == 404

    async def with_node(client: httpx.AsyncClient) -> None:
        await client.post(f"{API}/zones/example.org./import", content=TEXT)
        await client.put(API + "/local-records/www", json={"address": "192.0.2.9"})
        async with FakeNode({"/status": {"zones": described}}).at(tmp_path / "control.sock"):
            await scenario(client)

    with_client(tmp_path, with_node)


def test_zones_of_files_are_shown_and_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "hello.zone"
    file.write_text(TEXT)
    zone = {"name": "hello.", "file": str(file), "state": "serving", "serial": 5, "records": 4, "problems": []}
    zone["writable"] = False

    async def scenario(world: World) -> None:
        world.client.headers.update(await world.token(await world.user(Role.OPERATOR)))
        await world.client.post(ZONE + "/import", content=TEXT)
        async with FakeNode({"/status": {"zones": [zone]}}).at(tmp_path / "control.sock"):
            listed = (await world.client.get(API + "/zones")).json()["items"]
            assert [(one["name"], one["source"]) for one in listed] == [("example.org.", "store"), ("hello.", "file")]
            first = (await world.client.get(API + "/zones?limit=1")).json()
            second = (await world.client.get(API + f"/zones?limit=1&cursor={first['next']}")).json()
            assert ([one["name"] for one in second["items"]], second["next"]) == (["hello."], None)
            hello = API + "/zones/hello."
            assert (await world.client.get(hello)).json()["file"] == str(file)
            assert (await world.client.get(hello + "/rrsets/www/TXT")).json()["records"] == ['"hello world"']
            rrsets = (await world.client.get(hello + "/rrsets?limit=2")).json()
            more = (await world.client.get(hello + f"/rrsets?cursor={rrsets['next']}")).json()
            assert [one["type"] for one in rrsets["items"] + more["items"]] == ["NS", "SOA", "A", "TXT"]
            assert len((await world.client.get(hello + "/export")).text.splitlines()) == 4
            assert (await world.client.get(hello + "/check")).json()["errors"] == 0
            batch = {"changes": [{"zone": "hello.", "edits": [{"action": "delete", "name": "www", "type": "TXT"}]}]}
            for change in (
                world.client.put(hello + "/rrsets/www/TXT", json={"records": ["x"]}),
                world.client.patch(hello + "/rrsets/www/TXT", json={"add": ["x"]}),
                world.client.delete(hello + "/rrsets/www/TXT"),
                world.client.patch(hello, json={"serial_policy": "date"}),
                world.client.delete(hello),
                world.client.post(hello + "/import", content=TEXT),
                world.client.post(API + "/zones", json=NEW | {"name": "hello"}),
                world.client.post(API + "/batches", json=batch),
            ):
                refused = await change
                assert refused.status_code == 409
                assert f"is read from the file {file}" in refused.json()["detail"]

    with_world(tmp_path, scenario)


def test_the_zone_that_a_name_is_in(tmp_path: Path) -> None:
    """RFC 1034 4.3.2: the closest at or above it."""

    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        for name in ("example.org", "sub.example.org"):
            body = {"name": name, "nameservers": ["ns.example.net."]}
            assert (await world.client.post("/api/v1/zones", json=body, headers=owner)).status_code == 201

        async def holding(name: str, headers: dict[str, str]) -> list[str]:
            answer = await world.client.get("/api/v1/zones", params={"holding": name}, headers=headers)
            assert answer.status_code == 200, answer.text
            return [zone["name"] for zone in answer.json()["items"]]

        assert await holding("www.Example.ORG", owner) == ["example.org."]
        assert await holding("example.org.", owner) == ["example.org."]
        assert await holding("a.b.sub.example.org", owner) == ["sub.example.org."]
        assert await holding("notexample.org", owner) == []
        assert await holding("org", owner) == []
        assert await holding(".", owner) == []
        editor = await world.session(await world.user(Role.EDITOR, zones=["example.org."]))
        assert await holding("www.example.org", editor) == ["example.org."]
        assert await holding("www.sub.example.org", editor) == []
        bad = await world.client.get("/api/v1/zones", params={"holding": "a..b"}, headers=owner)
        assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "holding")

    with_world(tmp_path, scenario)


@pytest.mark.parametrize(
    ("sent", "kept"), [("größer".encode(), "größer"), ("größer".encode("latin-1"), "größer"), (b"plain", "plain")]
)
def test_a_reason_in_a_header_is_utf_8_where_it_can_be(sent: bytes, kept: str, tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        body = {"name": "example.org", "nameservers": ["ns.example.net."]}
        headers = {**{name.encode(): value.encode() for name, value in owner.items()}, b"X-Change-Reason": sent}
        assert (await world.client.post("/api/v1/zones", json=body, headers=headers)).status_code == 201
        history = await world.client.get("/api/v1/zones/example.org/history", headers=owner)
        assert history.json()["items"][0]["reason"] == kept

    with_world(tmp_path, scenario)

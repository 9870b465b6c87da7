"""RRsets over HTTP: what is asked, what is answered, what the zone is then."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from resolute.admin.rights import Role, Scope, Verb, acme
from resolute.records import names
from resolute.zones import importing
from resolute.zones.change import Author
from tests.accounts import World, with_world

ZONE = "/api/v1/zones/example.org."
WWW = ZONE + "/rrsets/www/A"
TEXT = b"""\
$TTL 3600
@ SOA ns1 hostmaster 7 7200 3600 1209600 300
@ NS ns1
@ MX 10 mail
ns1 A 192.0.2.1
www 300 A 192.0.2.2
www 300 A 192.0.2.3
alias CNAME www
0/25 A 192.0.2.9
"""
Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]


def with_zone(folder: Path, scenario: Scenario, *, role: Role = Role.OPERATOR, scope: Scope | None = None) -> None:
    async def run(world: World) -> None:
        new = importing.NewZone(names.from_text("example.org."), TEXT, Author("maker"))
        importing.create(world.services.store, new)
        user = await world.user(role, zones=["example.org."] if role is Role.EDITOR else [])
        world.client.headers.update(await world.token(user, scope))
        await scenario(world.client)

    with_world(folder, run)


async def lines(client: httpx.AsyncClient) -> list[str]:
    """The zone without its SOA."""
    text = (await client.get(ZONE + "/export")).text
    return [line for line in text.splitlines() if " SOA " not in line]


def test_an_rrset_is_shown_as_text_and_as_fields(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        expected: dict[str, Any] = {"name": "www.example.org.", "type": "A", "ttl": 300}
        for name in ("www", "WWW.example.org", "www.example.org.", "www.EXAMPLE.org."):
            shown = await client.get(f"/api/v1/zones/Example.ORG/rrsets/{name}/a")
            assert shown.json() == expected | {"records": ["192.0.2.2", "192.0.2.3"]}
        fields = await client.get(WWW + "?records=fields")
        assert fields.json()["records"] == [{"address": "192.0.2.2"}, {"address": "192.0.2.3"}]
        apex = (await client.get(ZONE + "/rrsets/@/MX?records=fields")).json()
        assert apex["records"] == [{"preference": 10, "exchange": "mail.example.org."}]
        assert (await client.get(ZONE + "/rrsets/0%2F25/A")).json()["records"] == ["192.0.2.9"]
        assert (await client.get(ZONE + "/rrsets/www/AAAA")).status_code == 404
        assert (await client.get("/api/v1/zones/example.net./rrsets/www/A")).status_code == 404

    with_zone(tmp_path, scenario)


def test_put_makes_and_replaces(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        made = await client.put(ZONE + "/rrsets/new/MX", json={"records": [{"preference": 5, "exchange": "mail"}]})
        assert made.status_code == 201
        body = made.json()
        assert (body["serial_before"], body["serial_after"], body["planned"]) == (7, 8, False)
        assert body["changes"][-1] == {
            "name": "new.example.org.",
            "type": "MX",
            "before": None,
            "after": {"ttl": 3600, "records": ["5 mail.example.org."]},
        }
        assert made.headers["etag"] == (await client.get(ZONE + "/rrsets/new/MX")).headers["etag"]
        put = await client.put(WWW, json={"ttl": 60, "records": ["192.0.2.7"], "name": "www", "type": "A"})
        assert put.status_code == 200
        assert "www.example.org. 60 A 192.0.2.7" in await lines(client)
        assert (put.json()["added"], put.json()["removed"]) == (2, 3)  # the SOA record is another too
        again = await client.put(WWW, json={"records": ["192.0.2.7"]})
        assert (again.status_code, again.json()["changes"], again.json()["revision"]) == (200, [], None)

    with_zone(tmp_path, scenario)


def test_patch_adds_and_removes_single_records(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        patch = {"add": [{"address": "192.0.2.10"}], "remove": ["192.0.2.2", "192.0.2.99"]}
        assert (await client.patch(WWW, json=patch)).status_code == 200
        assert (await client.get(WWW)).json()["records"] == ["192.0.2.3", "192.0.2.10"]
        assert (await client.patch(WWW, json={"ttl": 60})).status_code == 200
        assert (await client.get(WWW)).json()["ttl"] == 60
        gone = await client.patch(WWW, json={"remove": ["192.0.2.3", "192.0.2.10"]})
        assert gone.json()["changes"][-1]["after"] is None
        assert (await client.get(WWW)).status_code == 404
        assert (await client.patch(WWW, json={"remove": ["192.0.2.3"]})).status_code == 404
        assert (await client.patch(WWW, json={"add": ["192.0.2.3"]})).status_code == 200

    with_zone(tmp_path, scenario)


def test_delete_removes(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        headers = {"X-Change-Reason": "moved"}
        assert (await client.delete(WWW, headers=headers)).status_code == 200
        assert (await client.delete(WWW)).status_code == 404
        (last,) = (await client.get(ZONE + "/history?limit=1")).json()["items"]
        assert (last["reason"], last["author"], last["removed"]) == ("moved", "operator, token robot", 3)

    with_zone(tmp_path, scenario)


@pytest.mark.parametrize(
    ("name", "rtype", "body", "status", "field", "reason"),
    [
        ("www", "A", {"records": ["192.0.2.1", "x"]}, 422, "records[1]", "malformed"),
        ("www", "A", {"records": [{"address": "::1"}]}, 422, "records[0].address", "IPv4"),
        ("m", "MX", {"records": ["1 a", "1 b", {"preference": 1, "exchange": ""}]}, 422, "records[2].exchange", "name"),
        ("m", "MX", {"records": [{"preference": 1}]}, 422, "records[0].exchange", "missing"),
        ("www", "A", {"records": []}, 422, "records", "at least 1"),
        ("www", "A", {"records": ["192.0.2.1"], "ttl": -1}, 422, "ttl", "greater than or equal"),
        ("www", "A", {"records": ["192.0.2.1"], "tll": 1}, 422, "tll", "not permitted"),
        ("www", "A", {"records": ["192.0.2.1"], "name": "else"}, 422, "name", "another"),
        ("www", "A", {"records": ["192.0.2.1"], "type": "AAAA"}, 422, "type", "another"),
        ("www", "NONSENSE", {"records": ["x"]}, 422, "type", "record type"),
        ("www", "ANY", {"records": ["x"]}, 422, "type", "questions"),
        ("a..b", "A", {"records": ["192.0.2.1"]}, 422, "name", "dots"),
        ("www.example.net.", "A", {"records": ["192.0.2.1"]}, 422, "name", "not in the zone"),
        ("alias", "A", {"records": ["192.0.2.1"]}, 409, "", "CNAME"),
        ("@", "SOA", {"records": ["a. b. 6 1 2 3 4"]}, 409, "", "not newer"),
    ],
)
def test_what_does_not_hold_is_refused_with_its_reason(
    tmp_path: Path, name: str, rtype: str, body: dict[str, Any], status: int, field: str, reason: str
) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        before = await lines(client)
        refused = await client.put(f"{ZONE}/rrsets/{name}/{rtype}", json=body)
        assert refused.status_code == status
        problem = refused.json()
        assert refused.headers["content-type"] == "application/problem+json"
        assert field in {one["field"] for one in problem["errors"]}
        assert reason in " ".join(one["reason"] for one in problem["errors"])
        assert await lines(client) == before

    with_zone(tmp_path, scenario)


def test_a_plan_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        before = await lines(client)
        calls: list[tuple[str, dict[str, Any] | None]] = [
            ("PUT", {"records": ["192.0.2.7"]}),
            ("PATCH", {"add": ["192.0.2.8"]}),
            ("DELETE", None),
        ]
        for method, body in calls:
            planned = await client.request(method, WWW + "?plan=true", json=body)
            assert planned.status_code == 200
            assert await lines(client) == before
            done = await client.request(method, WWW, json=body)
            told = {"planned": True, "revision": None, "served": None}
            assert planned.json() == done.json() | told
            assert done.json()["revision"] is not None
            before = await lines(client)
        assert (
            await client.put(ZONE + "/rrsets/alias/A?plan=true", json={"records": ["192.0.2.1"]})
        ).status_code == 409

    with_zone(tmp_path, scenario)


def test_conditions_guard_against_lost_updates(tmp_path: Path) -> None:
    """RFC 9110 13.1.1, 13.1.2."""

    async def scenario(client: httpx.AsyncClient) -> None:
        tag = (await client.get(WWW)).headers["etag"]
        put = {"records": ["192.0.2.7"]}
        assert (await client.put(WWW, json=put, headers={"If-Match": '"other"'})).status_code == 412
        assert (await client.put(WWW, json=put, headers={"If-None-Match": "*"})).status_code == 412
        assert (await client.put(ZONE + "/rrsets/n/A", json=put, headers={"If-Match": "*"})).status_code == 412
        changed = await client.put(WWW, json=put, headers={"If-Match": f'"other", {tag}'})
        assert changed.status_code == 200
        assert (await client.delete(WWW, headers={"If-Match": tag})).status_code == 412
        assert (await client.get(WWW, headers={"If-None-Match": changed.headers["etag"]})).status_code == 304
        zone = (await client.get(ZONE)).headers["etag"]
        assert (await client.put(ZONE + "/rrsets/n/A", json=put, headers={"If-Match": zone})).status_code == 201
        stale = await client.put(ZONE + "/rrsets/n/A", json=put, headers={"If-Match": zone})
        assert stale.status_code == 412
        assert stale.json()["type"] == "urn:problem-type:resolute:condition"
        new = {"If-None-Match": "*"}
        assert (await client.put(ZONE + "/rrsets/fresh/A", json=put, headers=new)).status_code == 201

    with_zone(tmp_path, scenario)


def test_of_many_that_saw_the_same_one_wins(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        tag = {"If-Match": (await client.get(WWW)).headers["etag"]}
        puts = (client.put(WWW, json={"records": [f"192.0.2.{n}"]}, headers=tag) for n in range(50, 70))
        statuses = [answer.status_code for answer in await asyncio.gather(*puts)]
        assert sorted(statuses) == [200] + [412] * 19

    with_zone(tmp_path, scenario)


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        puts = (client.patch(WWW, json={"add": [f"198.51.100.{n}"]}) for n in range(60))
        assert {answer.status_code for answer in await asyncio.gather(*puts)} == {200}
        assert len((await client.get(WWW)).json()["records"]) == 62

    with_zone(tmp_path, scenario)


def test_the_list_is_canonical_and_paged(tmp_path: Path) -> None:
    """RFC 4034 6.1."""

    async def scenario(client: httpx.AsyncClient) -> None:
        listed, cursor = [], ""
        for _ in range(10):
            page = (await client.get(f"{ZONE}/rrsets?limit=3{cursor}")).json()
            listed += [(one["name"].removesuffix("example.org."), one["type"]) for one in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert listed == [
            ("", "NS"),
            ("", "SOA"),
            ("", "MX"),
            ("0/25.", "A"),
            ("alias.", "CNAME"),
            ("ns1.", "A"),
            ("www.", "A"),
        ]
        below = (await client.get(f"{ZONE}/rrsets?below=www")).json()
        assert [one["name"] for one in below["items"]] == ["www.example.org."]
        assert (await client.get(f"{ZONE}/rrsets?cursor=x")).status_code == 422

    with_zone(tmp_path, scenario)


def test_an_idempotency_key_makes_a_repetition_no_second_change(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        key = {"Idempotency-Key": "k1"}
        patch = {"add": ["192.0.2.20"]}
        first = await client.patch(WWW, json=patch, headers=key)
        await client.patch(WWW, json={"remove": ["192.0.2.20"]})
        second = await client.patch(WWW, json=patch, headers=key)
        assert (second.status_code, second.json()) == (first.status_code, first.json())
        assert second.headers["idempotency-replayed"] == "true"
        assert second.headers["etag"] == first.headers["etag"]
        assert "192.0.2.20" not in (await client.get(WWW)).json()["records"]
        other = await client.patch(WWW, json={"add": ["192.0.2.21"]}, headers=key)
        assert other.status_code == 422
        assert other.json()["errors"][0]["field"] == "Idempotency-Key"
        refused = {"Idempotency-Key": "k2"}
        assert (await client.patch(WWW, json={"add": ["x"]}, headers=refused)).status_code == 422
        assert (await client.patch(WWW, json={"add": ["192.0.2.30"]}, headers=refused)).status_code == 200

    with_zone(tmp_path, scenario)


def test_of_two_at_once_with_one_key_one_is_made(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        put = {"records": ["192.0.2.20"]}
        both = (client.put(ZONE + "/rrsets/n/A", json=put, headers={"Idempotency-Key": "k"}) for _ in range(8))
        statuses = {answer.status_code for answer in await asyncio.gather(*both)}
        assert statuses <= {201, 409}
        assert 201 in statuses
        assert len((await client.get(ZONE + "/history")).json()["items"]) == 2

    with_zone(tmp_path, scenario)


def test_a_token_for_a_certificate_writes_its_challenge_and_nothing_else(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        put = {"records": [{"strings": ["token"]}]}
        assert (await client.put(ZONE + "/rrsets/_acme-challenge.www/TXT", json=put)).status_code == 201
        denied = await client.put(ZONE + "/rrsets/www/TXT", json=put)
        assert denied.status_code == 403
        assert "records:write for TXT of www.example.org." in denied.json()["detail"]
        listed = (await client.get(ZONE + "/rrsets")).json()["items"]
        assert [one["name"] for one in listed] == ["_acme-challenge.www.example.org."]
        batch = {"changes": [{"zone": "example.org.", "edits": [{"action": "delete", "name": "www", "type": "A"}]}]}
        assert (await client.post("/api/v1/batches", json=batch)).status_code == 403

    with_zone(tmp_path, scenario, role=Role.EDITOR, scope=acme(names.from_text("example.org.")))


def test_a_reader_reads(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get(WWW)).status_code == 200
        for change in (
            client.put(WWW, json={"records": ["192.0.2.1"]}),
            client.patch(WWW, json={"ttl": 1}),
            client.delete(WWW),
            client.delete(ZONE),
            client.post(ZONE + "/import", content=TEXT),
            client.post(ZONE + "/revert", json={"revision": 1}),
            client.patch(ZONE, json={"serial_policy": "date"}),
            client.post("/api/v1/zones", json={"name": "x.test", "nameservers": ["a.b."]}),
            client.put("/api/v1/local-records/a.test", json={"address": "192.0.2.1"}),
            client.post("/api/v1/cache/flush", json={}),
            client.post("/api/v1/nodes/local/reload"),
        ):
            assert (await change).status_code == 403

    with_zone(tmp_path, scenario, role=Role.READER)


def test_a_scope_of_one_verb_gives_no_other(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get(WWW)).status_code == 200
        assert (await client.delete(WWW)).status_code == 403

    with_zone(tmp_path, scenario, scope=Scope(verbs=frozenset({Verb.RECORDS_READ})))

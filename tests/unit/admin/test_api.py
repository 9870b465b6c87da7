"""The REST API's resources: what they take, what they answer, and what a refusal says."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resolute.admin.rights import Role, Scope, Verb
from resolute.config.admin import Admin
from resolute.store import audit
from tests.accounts import HERE, PASSWORD, Limits, World, with_world

NEW = "another four words entirely"


def test_users_are_added_shown_changed_and_removed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        bob: dict[str, Any] = {"name": "bob", "password": PASSWORD, "role": "editor", "zones": ["Example.ORG"]}
        added = await world.client.post("/api/v1/users", json=bob, headers=owner)
        assert added.status_code == 201
        assert {**added.json(), "created": ""} == {
            "name": "bob",
            "role": "editor",
            "zones": ["example.org."],
            "disabled": False,
            "created": "",
        }
        assert (await world.client.post("/api/v1/users", json=bob, headers=owner)).status_code == 409
        assert (await world.client.get("/api/v1/users/bob", headers=owner)).json() == added.json()
        listed = (await world.client.get("/api/v1/users?limit=1", headers=owner)).json()
        assert [user["name"] for user in listed["items"]] == ["bob"]
        rest = (await world.client.get(f"/api/v1/users?cursor={listed['next']}", headers=owner)).json()
        assert ([user["name"] for user in rest["items"]], rest["next"]) == (["owner"], None)
        changed = await world.client.patch("/api/v1/users/bob", json={"role": "reader"}, headers=owner)
        assert (changed.json()["role"], changed.json()["zones"]) == ("reader", [])
        assert (await world.client.delete("/api/v1/users/bob", headers=owner)).status_code == 204
        assert (await world.client.get("/api/v1/users/bob", headers=owner)).status_code == 404
        assert (await world.client.delete("/api/v1/users/owner", headers=owner)).status_code == 409

    with_world(tmp_path, scenario)


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "reason"),
    [
        ("POST", "/users", {"name": "x y", "password": PASSWORD, "role": "reader"}, "name", "match pattern"),
        ("POST", "/users", {"name": "x", "password": "short", "role": "reader"}, "password", "shorter than 10"),
        ("POST", "/users", {"name": "xenia", "password": "xenia12345", "role": "reader"}, "password", "user's name"),
        ("POST", "/users", {"name": "x", "password": "aaaaaaaaaaaa", "role": "reader"}, "password", "same few"),
        ("POST", "/users", {"name": "x", "password": PASSWORD, "role": "king"}, "role", "owner"),
        ("POST", "/users", {"name": "x", "password": PASSWORD, "role": "editor"}, "zones", "name one at least"),
        (
            "POST",
            "/users",
            {"name": "x", "password": PASSWORD, "role": "owner", "zones": ["a."]},
            "zones",
            "leave them",
        ),
        (
            "POST",
            "/users",
            {"name": "x", "password": PASSWORD, "role": "editor", "zones": ["a..b"]},
            "zones[0]",
            "dots",
        ),
        ("POST", "/users", {"name": "x", "password": PASSWORD, "role": "owner", "age": 7}, "age", "not permitted"),
        ("POST", "/users", [], "body", "object"),
        ("PATCH", "/users/owner", {"zones": ["a."]}, "zones", "leave them"),
        ("PUT", "/users/owner/password", {"password": NEW}, "current", "current one"),
        ("PUT", "/users/owner/password", {"password": NEW, "current": "wrong"}, "current", "not the current"),
        ("POST", "/tokens", {"name": "t"}, "scope", "one of them"),
        ("POST", "/tokens", {"name": "t", "scope": {}, "expires": "2020-01-01T00:00:00Z"}, "expires", "past"),
        ("POST", "/tokens", {"name": "t", "scope": {}, "expires": "2020-01-01T00:00:00"}, "expires", "timezone"),
        ("POST", "/tokens", {"name": "t", "scope": {"types": ["TXT", "NONSENSE"]}}, "scope.types[1]", "record type"),
        ("POST", "/tokens", {"name": "t", "scope": {"verbs": ["fly"]}}, "scope.verbs[0]", "zones:read"),
        ("POST", "/tokens", {"name": "t", "scope": {}, "sources": ["192.0.2.1/24"]}, "sources[0]", "host bits"),
        ("GET", "/audit?cursor=WyJ1c2VycyIsICJhIl0", None, "cursor", "list of audit"),
        ("GET", "/audit?limit=0", None, "limit", "greater than or equal to 1"),
        ("GET", "/users/a%00b", None, "name", "match pattern"),
    ],
)
def test_a_refusal_names_the_field_and_the_reason(
    tmp_path: Path, method: str, path: str, body: object, field: str, reason: str
) -> None:
    """RFC 9457 3.1: type, title, status, detail, instance."""

    async def scenario(world: World) -> None:
        owner = await world.session(await world.user(Role.OWNER))
        answer = await world.client.request(method, f"/api/v1{path}", json=body, headers=owner)
        problem = answer.json()
        assert answer.status_code == problem["status"] == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(problem) == {"type", "title", "status", "detail", "instance", "errors"}
        (error,) = problem["errors"]
        assert error["field"] == field
        assert reason in error["reason"]
        assert "wrong" not in answer.text.replace("is wrong", "")
        assert PASSWORD not in answer.text

    with_world(tmp_path, scenario)


def test_a_token_is_shown_once_and_used(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        reader = await world.session(await world.user(Role.READER))
        preset = {"name": "certbot", "preset": {"preset": "acme", "zone": "Example.org"}, "expires": None}
        made = (await world.client.post("/api/v1/tokens", json=preset, headers=reader)).json()
        assert re.fullmatch(f"rsl_{made['id']}_[0-9a-f]{{64}}", made["token"])
        for headers in ({"Authorization": f"Bearer {made['token']}"}, {"X-API-Key": made["token"]}):
            session = (await world.client.get("/api/v1/session", headers=headers)).json()
            assert (session["user"], session["token"], session["expires"]) == ("reader", made["id"], None)
            assert session["verbs"] == ["records:read", "zones:read"]
        shown = await world.client.get(f"/api/v1/tokens/{made['id']}", headers=reader)
        assert made["token"].split("_")[2] not in shown.text
        assert (shown.json()["last_address"], shown.json()["scope"]["types"]) == ("127.0.0.1", ["TXT"])
        assert shown.json()["last_used"]
        assert (await world.client.delete(f"/api/v1/tokens/{made['id']}", headers=reader)).status_code == 204
        gone = await world.client.get("/api/v1/session", headers={"X-API-Key": made["token"]})
        assert gone.status_code == 401
        assert gone.headers["www-authenticate"].startswith("Bearer")

    with_world(tmp_path, scenario)


def test_ones_own_tokens_and_those_of_others(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        reader, operator = await world.user(Role.READER), await world.user(Role.OPERATOR)
        await world.token(reader)
        await world.token(operator)
        mine, theirs = await world.session(reader), await world.session(operator)
        listed = (await world.client.get("/api/v1/tokens", headers=mine)).json()["items"]
        assert [token["user"] for token in listed] == ["reader"]
        assert (await world.client.get("/api/v1/tokens?everybody=true", headers=mine)).status_code == 403
        everybody = (await world.client.get("/api/v1/tokens?everybody=true", headers=theirs)).json()["items"]
        assert sorted(token["user"] for token in everybody) == ["operator", "reader"]
        other = next(token["id"] for token in everybody if token["user"] == "operator")
        for token_id in (other, "0123456789ab"):
            assert (await world.client.delete(f"/api/v1/tokens/{token_id}", headers=mine)).status_code == 403

    with_world(tmp_path, scenario)


def test_a_token_makes_no_token_that_is_more_than_itself(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner = await world.user(Role.OWNER)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        scope = Scope(verbs=frozenset({Verb.TOKENS_WRITE, Verb.ZONES_READ}))
        maker = await world.token(owner, scope, Limits(tomorrow, ["127.0.0.0/8"]))
        inside = {"name": "t", "scope": {"verbs": ["zones:read"]}, "sources": ["127.0.0.1"], "expires": f"{tomorrow}"}
        assert (await world.client.post("/api/v1/tokens", json=inside, headers=maker)).status_code == 201
        for more in list[dict[str, Any]](
            (
                {"scope": {}},
                {"scope": {"verbs": ["users:write"]}},
                {"sources": []},
                {"sources": ["0.0.0.0/0"]},
                {"expires": None},
                {"expires": f"{tomorrow + timedelta(hours=1)}"},
            )
        ):
            answer = await world.client.post("/api/v1/tokens", json={**inside, **more}, headers=maker)
            assert answer.status_code == 403, more
            assert "no more than itself" in answer.json()["detail"]

    with_world(tmp_path, scenario)


def test_a_new_password_ends_the_sessions_and_keeps_the_tokens(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        user = await world.user(Role.READER)
        first, second, token = await world.session(user), await world.session(user), await world.token(user)
        body = {"password": NEW, "current": PASSWORD}
        assert (await world.client.put("/api/v1/users/reader/password", json=body, headers=first)).status_code == 204
        for headers in (first, second):
            assert (await world.client.get("/api/v1/session", headers=headers)).status_code == 401
        assert (await world.client.get("/api/v1/session", headers=token)).status_code == 200
        for password, status in ((PASSWORD, 401), (NEW, 200)):
            login = await world.client.post("/api/v1/login", json={"user": "reader", "password": password})
            assert login.status_code == status

    with_world(tmp_path, scenario)


def test_logging_out_ends_the_session(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        user = await world.user(Role.READER)
        session, token = await world.session(user), await world.token(user)
        done = await world.client.post("/api/v1/logout", headers=session)
        assert done.status_code == 204
        assert "Max-Age=0" in done.headers["set-cookie"]
        assert (await world.client.get("/api/v1/session", headers=session)).status_code == 401
        assert (await world.client.post("/api/v1/logout", headers=token)).status_code == 409

    with_world(tmp_path, scenario)


def test_what_is_done_and_what_is_denied_is_written_down(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner, reader = await world.session(await world.user(Role.OWNER)), await world.user(Role.READER)
        await world.client.patch("/api/v1/users/reader", json={"role": "operator"}, headers=owner)
        await world.client.get("/api/v1/users", headers=await world.token(reader))
        await world.client.get("/api/v1/users")
        await world.client.post("/api/v1/login", json={"user": "reader", "password": "wrong"})
        await world.client.post("/api/v1/login", json={"user": "my password", "password": "wrong"})
        entries = (await world.client.get("/api/v1/audit", headers=owner)).json()["items"]
        told = [(entry["actor"], entry["verb"], entry["target"], entry["outcome"]) for entry in entries]
        assert told == [
            ("an unknown user", "login", "session", "failed"),
            ("reader", "login", "session", "failed"),
            ("a stranger", "GET", "/api/v1/users", "denied"),
            ("reader, token robot", "GET", "/api/v1/users", "denied"),
            ("owner", "users:write", "user reader", "done"),
        ]
        assert "users:read" in entries[3]["detail"]
        mine = await world.client.get("/api/v1/audit?actor=owner", headers=owner)
        assert len(mine.json()["items"]) == 1

    with_world(tmp_path, scenario)


def test_a_flood_of_strangers_does_not_fill_the_store(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.user(Role.OWNER)
        for _ in range(200):
            assert (await world.client.get("/api/v1/users")).status_code == 401
        entries = await world.services.accounts.read(lambda c: audit.read(c, before=None, limit=1000))
        assert 60 <= len(entries) < 100

    with_world(tmp_path, scenario)


def test_the_description_is_openapi_and_complete(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        api = (await world.client.get("/api/v1/openapi.json")).json()
        assert api["openapi"].startswith("3.1")
        operations = [operation for item in api["paths"].values() for operation in item.values()]
        names = [operation["operationId"] for operation in operations]
        assert len(names) == len(set(names)) >= 15
        assert all(operation["description"] and operation["tags"] for operation in operations)
        assert set(api["components"]["securitySchemes"]) == {"token", "key", "session", "basic"}
        references = set(
            re.findall(r'"#/components/schemas/([^"]+)"', (await world.client.get("/api/v1/openapi.json")).text)
        )
        assert references <= set(api["components"]["schemas"])
        ours = [one for path, item in api["paths"].items() if path.startswith("/api/") for one in item.values()]
        for operation in ours:
            form = "application/json" if operation["tags"] == ["powerdns"] else "application/problem+json"
            for status, response in operation["responses"].items():
                assert int(status) < 400 or list(response["content"]) == [form]

    with_world(tmp_path, scenario)


def test_the_interactive_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        page = await world.client.get("/api/v1/docs")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script>|<style|\son[a-z]+=|style=|https?://", page.text)
        for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert (await world.client.get(path)).status_code == 200, path
        script = (await world.client.get("/api/v1/docs/page.js")).text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?://", script)

    with_world(tmp_path, scenario)


@pytest.mark.parametrize(
    ("settings", "address", "url", "status"),
    [
        (Admin(), "127.0.0.1", HERE, 200),
        (Admin(open_records=False), "127.0.0.1", HERE, 401),
        (Admin(), "192.0.2.9", "http://192.0.2.1:5380", 401),
        (Admin(hosts=["dns.example.net"]), "127.0.0.1", "http://dns.example.net", 401),
        (Admin(), "192.0.2.9", HERE, 401),
    ],
)
def test_local_records_need_a_token_from_elsewhere(
    tmp_path: Path, settings: Admin, address: str, url: str, status: int
) -> None:
    async def scenario(world: World) -> None:
        assert (await world.client.get("/records")).status_code == status
        record = {"domain": "a.test", "ip": "192.0.2.1"}
        assert (await world.client.post("/records", json=record)).status_code == status
        forwarded = await world.client.get("/records", headers={"X-Forwarded-For": "127.0.0.1"})
        assert forwarded.status_code == 401
        operator = await world.token(await world.user(Role.OPERATOR))
        assert (await world.client.post("/records", json=record, headers=operator)).status_code == 200
        reader = await world.token(await world.user(Role.READER))
        assert (await world.client.get("/records", headers=reader)).json() == {"a.test": "192.0.2.1"}
        denied = await world.client.delete("/records/a.test", headers=reader)
        assert (denied.status_code, denied.headers["content-type"]) == (403, "text/plain; charset=utf-8")
        assert "does not have the right hosts:write" in denied.text

    with_world(tmp_path, scenario, settings=settings, address=address, url=url)

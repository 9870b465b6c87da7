"""The owner of the server's machine, who comes over the admin socket: without an account and a token, and before there
is anybody."""

import os
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from resolute.admin import peers
from resolute.admin.app import assemble
from resolute.admin.clients import Clients
from resolute.admin.peers import Peer
from resolute.admin.rights import Role, Verb
from resolute.admin.rights import Scope as TokenScope
from resolute.store import audit
from tests.accounts import HERE, PASSWORD, World, with_world

OWNER = {"name": "alice", "password": PASSWORD, "role": "owner"}


class Over:
    """The admin socket's side: what its protocol leaves in the state of each request."""

    def __init__(self, app: ASGIApp, peer: Peer) -> None:
        self._app, self._peer = app, peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "client": None, "state": {peers.STATE: self._peer}}, receive, send)


def over_the_socket(world: World, peer: Peer | None = None) -> httpx.AsyncClient:
    app = Over(assemble(world.services), peer or Peer(os.geteuid()))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://localhost"
    )


def test_the_first_user_is_an_owner_and_ends_the_set_up(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.services.setup.start()
        async with over_the_socket(world) as local:
            token = {"name": "robot", "scope": {}}
            early = await local.post("/api/v1/tokens", json=token)
            assert early.status_code == 409
            assert "resolute user create NAME --role owner" in early.json()["detail"]
            reader = await local.post("/api/v1/users", json={**OWNER, "role": "reader"})
            assert (reader.status_code, reader.json()["errors"][0]["field"]) == (422, "role")
            assert (await local.post("/api/v1/users", json=OWNER)).status_code == 201
            made = await local.post("/api/v1/tokens", json=token)
            assert (made.status_code, made.json()["user"]) == (201, "alice")
            assert [one["name"] for one in (await local.get("/api/v1/tokens")).json()["items"]] == ["robot"]
        late = await world.client.post("/api/v1/setup", json={"token": "x", "user": "eve", "password": PASSWORD})
        assert late.status_code == 409
        with_it = {"Authorization": f"Bearer {made.json()['token']}"}
        assert (await world.client.get("/api/v1/users", headers=with_it)).status_code == 200

    with_world(tmp_path, scenario)


def test_a_token_is_for_the_one_owner_or_the_user_that_is_named(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.user(Role.OWNER)
        await world.user(Role.READER)
        async with over_the_socket(world) as local:
            body: dict[str, Any] = {"name": "t", "scope": {}}
            assert (await local.post("/api/v1/tokens", json=body)).json()["user"] == "owner"
            assert (await local.post("/api/v1/tokens", json={**body, "user": "reader"})).json()["user"] == "reader"
            none = await local.post("/api/v1/tokens", json={**body, "user": "nobody"})
            assert (none.status_code, none.json()["errors"][0]["field"]) == (422, "user")
            await world.user(Role.OWNER, "second")
            which = await local.post("/api/v1/tokens", json=body)
            assert (which.status_code, which.json()["errors"][0]["field"]) == (422, "user")
            await local.patch("/api/v1/users/second", json={"disabled": True})
            assert (await local.post("/api/v1/tokens", json=body)).json()["user"] == "owner"

    with_world(tmp_path, scenario)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.EDITOR, Role.READER])
def test_nobody_but_an_owner_makes_tokens_for_others(role: Role, tmp_path: Path) -> None:
    """Whoever could would be an owner in two steps."""

    async def scenario(world: World) -> None:
        await world.user(Role.OWNER)
        user = await world.user(role, zones=["example.org."] if role is Role.EDITOR else [])
        for headers in (await world.session(user), await world.token(user)):
            body: dict[str, Any] = {"name": "t", "scope": {}, "user": "owner"}
            refused = await world.client.post("/api/v1/tokens", json=body, headers=headers)
            assert refused.status_code == 403
            assert "users:write" in refused.json()["detail"]
        own = {"name": "t", "scope": {}, "user": role.value}
        made = await world.client.post("/api/v1/tokens", json=own, headers=await world.session(user))
        assert made.status_code == 201

    with_world(tmp_path, scenario)


def test_a_token_for_another_is_no_more_than_the_one_that_makes_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        owner = await world.user(Role.OWNER)
        await world.user(Role.OWNER, "other")
        scope = TokenScope(verbs=frozenset({Verb.TOKENS_WRITE, Verb.USERS_WRITE}))
        headers = await world.token(owner, scope)
        body = {"name": "t", "scope": {}, "user": "other"}
        assert (await world.client.post("/api/v1/tokens", json=body, headers=headers)).status_code == 403

    with_world(tmp_path, scenario)


def test_a_token_or_a_cookie_counts_in_its_place(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        reader = await world.user(Role.READER)
        async with over_the_socket(world) as local:
            assert (await local.get("/api/v1/session")).json()["role"] == "owner"
            with_token = await local.get("/api/v1/session", headers=await world.token(reader))
            assert (with_token.json()["user"], with_token.json()["role"]) == ("reader", "reader")
            cookie = {"Cookie": (await world.session(reader))["Cookie"]}
            assert (await local.get("/api/v1/session", headers=cookie)).json()["role"] == "reader"
            assert (await local.get("/api/v1/session", headers={"X-API-Key": "no"})).status_code == 401

    with_world(tmp_path, scenario)


def test_nobody_else_is_let_in_there(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async with over_the_socket(world, Peer(54_321)) as other:
            for path in ("/api/v1/health", "/api/v1/zones", "/records", "/"):
                answer = await other.get(path)
                assert answer.status_code == 403
                assert "not for user 54321 (local)" in answer.text
        entries = await world.services.accounts.read(lambda c: audit.read(c, before=None, limit=9))
        assert [entry.event.outcome for entry in entries] == ["denied"] * 4

    with_world(tmp_path, scenario)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "", "unix", "192.0.2.1"])
def test_no_client_without_the_protocol_s_word_is_the_owner(address: str, tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        for client in ((address, 1), None):
            transport = httpx.ASGITransport(assemble(world.services), client=client)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=HERE) as there:
                assert (await there.get("/api/v1/session")).status_code == 401

    with_world(tmp_path, scenario)


def test_the_peer_of_a_connection_is_the_kernel_s_word() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = Peer.of(ours)
    assert (peer.uid, peer.is_owner) == (os.geteuid(), True)
    assert peer.name.endswith(" (local)")
    assert Peer(0).name == "root (local)"
    assert not Peer(54_321).is_owner


def test_what_comes_over_it_is_local_unless_somebody_forwards_it() -> None:
    def client(*headers: tuple[bytes, bytes]) -> Any:  # noqa: ANN401
        scope = {"type": "http", "scheme": "http", "client": None, "headers": [(b"host", b"localhost"), *headers]}
        return Clients(["127.0.0.0/8"]).of({**scope, "state": {peers.STATE: Peer(0)}})

    assert client().local
    assert client().private
    assert not client((b"x-forwarded-for", b"192.0.2.1")).local
    assert not client((b"x-forwarded-proto", b"https")).private

"""Webhooks (H10): nothing of this machine or behind it is called, whatever a URL or the DNS says; deliveries are
signed, come in order, and come again until they were taken."""

import asyncio
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resolute.admin import outward
from resolute.admin.app import _event
from resolute.admin.deliveries import Deliveries
from resolute.admin.rights import Role
from resolute.config.admin import Admin
from resolute.errors import PeerError, PresentationError
from resolute.store import webhooks
from resolute.store.records import Put
from tests.accounts import World, with_world

HOOKS = "/api/v1/webhooks"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
    ],
)
def test_what_is_not_on_the_internet(address: str) -> None:
    assert not outward.is_outside(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "64:ff9b::909:909", "::ffff:9.9.9.9"])
def test_what_is_on_the_internet(address: str) -> None:
    assert outward.is_outside(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example.net/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//hooks.example.net/",
        "hooks.example.net",
        "http://",
        "http://user:secret@hooks.example.net/",
        "http://hooks.example.net:99999/",
        "http://hooks.example.net/\r\nX: y",
        "http://hooks.example.net/ x",
        "http://ü.example/",
        "http://[::1/",
    ],
)
def test_what_is_no_url_of_ours(url: str) -> None:
    with pytest.raises(PresentationError):
        outward.parse(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "[::ffff:10.0.0.1]", "0.0.0.0"])
def test_a_webhook_to_an_address_of_ours_is_refused_at_once(tmp_path: Path, host: str) -> None:
    async def scenario(world: World) -> None:
        headers = await world.token(await world.user(Role.OPERATOR))
        refused = await world.client.post(HOOKS, json={"url": f"http://{host}/"}, headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")

    with_world(tmp_path, scenario)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "127.0.0.1"])
def test_every_spelling_of_this_machine_is_refused_when_it_is_called(host: str) -> None:
    async def run() -> None:
        async with receiver(lambda _: 200) as (port, got):
            with pytest.raises(PeerError, match="not on the internet"):
                await outward.post(outward.parse(f"http://{host}:{port}/"), {}, b"", private=False)
            assert got == []

    asyncio.run(run())


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is of the internet, the second is of this machine. It is asked once."""
    asked = []

    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        asked.append(1)
        address = "192.88.99.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    called = []

    async def connect(address: str, port: int, **_: object) -> None:
        called.append((address, port))
        raise OSError("unreachable")

    async def run() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        with pytest.raises(PeerError, match="unreachable"):
            await outward.post(outward.parse("http://rebind.example/"), {}, b"", private=False)

    monkeypatch.setattr(outward, "is_outside", lambda address: str(address) != "127.0.0.1")
    monkeypatch.setattr(asyncio, "open_connection", connect)
    asyncio.run(run())
    assert (asked, called) == ([1], [("192.88.99.1", 80)])


def test_deliveries_are_signed_and_in_order_and_come_again(tmp_path: Path) -> None:
    statuses = iter([500, 302, 204, 204])

    async def scenario(world: World) -> None:
        world.client.headers.update(await world.token(await world.user(Role.OPERATOR)))
        deliveries = Deliveries(world.services.writer, _event, private=True)
        async with receiver(lambda _: next(statuses)) as (port, got):
            made = (await world.client.post(HOOKS, json={"url": f"http://127.0.0.1:{port}/x?y=1"})).json()
            for name in ("a", "b"):
                await world.services.writer.change(Put(f"{name}.test", "192.0.2.1", "alice"))
            for failures in (1, 2):
                await deliveries.look()
                shown = (await world.client.get(f"{HOOKS}/{made['id']}")).json()
                assert (shown["failures"], shown["position"]) == (failures, 0)
                assert "secret" not in shown
                assert str({1: 500, 2: 302}[failures]) in shown["last_error"]
                await deliveries.look()  # not yet
                assert len(got) == failures
                await _now(world, made["id"])
            await deliveries.look()
            shown = (await world.client.get(f"{HOOKS}/{made['id']}")).json()
            assert (shown["failures"], shown["position"], shown["last_error"]) == (0, 2, "")
        head, body = got[-1]
        assert head.startswith("POST /x?y=1 HTTP/1.1\r\n")
        signature = next(line for line in head.split("\r\n") if line.startswith("Resolute-Signature: "))
        stamp, mac = signature.removeprefix("Resolute-Signature: t=").split(",v1=")
        wanted = hmac.new(made["secret"].encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert mac == wanted
        assert [one["summary"] for one in json.loads(body)["changes"]] == [
            "put a.test 192.0.2.1",
            "put b.test 192.0.2.1",
        ]
        assert (await world.client.delete(f"{HOOKS}/{made['id']}")).status_code == 204
        assert (await world.client.get(HOOKS)).json() == []

    with_world(tmp_path, scenario, settings=Admin(private_webhooks=True))


def test_a_webhook_for_a_zone_hears_of_no_other(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.client.headers.update(await world.token(await world.user(Role.OPERATOR)))
        deliveries = Deliveries(world.services.writer, _event, private=True)
        async with receiver(lambda _: 200) as (port, got):
            await world.client.post(HOOKS, json={"url": f"http://127.0.0.1:{port}/", "zones": ["Example.org"]})
            for name in ("example.net", "example.org"):
                new = {"name": name, "nameservers": ["ns.example.com."]}
                assert (await world.client.post("/api/v1/zones", json=new)).status_code == 201
            await deliveries.look()
            await deliveries.look()
        ((_, body),) = got
        assert [one["zone"] for one in json.loads(body)["changes"]] == ["example.org."]

    with_world(tmp_path, scenario, settings=Admin(private_webhooks=True))


async def _now(world: World, hook_id: str) -> None:
    """As if the pause were over."""

    def work(connection: Any) -> None:  # noqa: ANN401
        hook = webhooks.find(connection, hook_id)
        assert hook is not None
        assert webhooks.claim(connection, hook, datetime.now(UTC))

    await world.services.accounts.write(work)


@asynccontextmanager
async def receiver(status: Callable[[int], int]) -> AsyncIterator[tuple[int, list[tuple[str, bytes]]]]:
    """A program that takes deliveries: its port, and what it got."""
    got: list[tuple[str, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[16:]) for line in head.split("\r\n") if line.startswith("Content-Length: "))
        got.append((head, await reader.readexactly(length)))
        writer.write(f"HTTP/1.1 {status(len(got))} X\r\nLocation: http://127.0.0.1/\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], got
    finally:
        server.close()

"""The record routes over a real store, as simple tools use them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from resolute.admin.app import build
from resolute.store import records
from resolute.store.store import Store

Scenario = Callable[[httpx.AsyncClient], Awaitable[None]]


def with_client(directory: Path, scenario: Scenario) -> None:
    async def run() -> None:
        app = build(Store(f"sqlite:///{directory / 'resolute.db'}"), directory / "control.sock")
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:5380") as client:
            await scenario(client)

    asyncio.run(run())


def stored(directory: Path) -> dict[str, str]:
    return dict(records.read(Store(f"sqlite:///{directory / 'resolute.db'}")).addresses)


def test_add_list_replace_remove(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/records")).json() == {}
        added = await client.post("/records", json={"domain": "App.test.", "ip": "192.0.2.7"})
        assert (added.status_code, added.text) == (200, "Record added successfully")
        assert added.headers["content-type"].startswith("text/plain")
        await client.post("/records", json={"domain": "six.test", "ip": "2001:DB8::7"})
        assert (await client.get("/records")).json() == {"app.test": "192.0.2.7", "six.test": "2001:db8::7"}
        await client.post("/records", json={"domain": "app.test", "ip": "192.0.2.8"})
        assert (await client.get("/records")).json()["app.test"] == "192.0.2.8"
        assert (await client.delete("/records/APP.test.")).status_code == 200
        gone = await client.delete("/records/app.test")
        assert (gone.status_code, gone.text) == (404, "there is no record for app.test\n")

    with_client(tmp_path, scenario)
    assert stored(tmp_path) == {"six.test": "2001:db8::7"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"domain": "a.test"}',
        b'{"ip": "192.0.2.1"}',
        b'{"domain": "", "ip": "192.0.2.1"}',
        b'{"domain": null, "ip": "192.0.2.1"}',
        b'{"domain": 7, "ip": "192.0.2.1"}',
        b'{"domain": ["a.test"], "ip": "192.0.2.1"}',
        b'{"domain": "a.test", "ip": "nonsense"}',
        b'{"domain": "a.test", "ip": 3221225985}',
        b'{"domain": "a.test", "ip": "192.0.2.256"}',
        b'{"domain": "a..test", "ip": "192.0.2.1"}',
        b'{"domain": "' + b"a" * 64 + b'.test", "ip": "192.0.2.1"}',
        b'{"domain": "' + b".".join([b"a" * 60] * 5) + b'", "ip": "192.0.2.1"}',
        b'{"domain": "\\ud800.test", "ip": "192.0.2.1"}',
        b"\xff\xfe{}",
        b"[" * 30000,
    ],
)
def test_what_does_not_hold_gets_400_and_one_line(tmp_path: Path, body: bytes) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/records", content=body)
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.count("\n") == 1
        assert answer.text.strip()
        assert (await client.get("/records")).json() == {}

    with_client(tmp_path, scenario)


def test_a_body_beyond_64_kib_gets_413_announced_or_not(tmp_path: Path) -> None:
    async def parts() -> "httpx._types.AsyncByteStream":  # type: ignore[misc]
        for _ in range(70):
            yield b" " * 1024

    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.post("/records", content=b" " * 65_537)).status_code == 413
        assert (await client.post("/records", content=parts())).status_code == 413
        padded = b" " * 65_000 + b'{"domain": "a.test", "ip": "192.0.2.1"}'
        assert (await client.post("/records", content=padded)).status_code == 200

    with_client(tmp_path, scenario)


@pytest.mark.parametrize(
    "path", ["/records/a.test", "//records//a.test", "/records/a.test/", "/records/%61%2Etest", "/records/a%2etest."]
)
def test_paths_have_one_meaning(tmp_path: Path, path: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await client.post("http://127.0.0.1:5380//records/", json={"domain": "a.test", "ip": "192.0.2.1"})
        assert (await client.delete("http://127.0.0.1:5380" + path)).status_code == 200

    with_client(tmp_path, scenario)


def test_a_name_with_a_slash_in_it(tmp_path: Path) -> None:
    """RFC 2317 4: such names are in use."""

    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.post("/records", json={"domain": "0/25.test", "ip": "192.0.2.1"})).status_code == 200
        assert (await client.delete("/records/0%2F25.test")).status_code == 200

    with_client(tmp_path, scenario)


def test_a_hundred_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            *(client.post("/records", json={"domain": f"n{n}.test", "ip": f"192.0.2.{n}"}) for n in range(100))
        )
        assert {answer.status_code for answer in answers} == {200}

    with_client(tmp_path, scenario)
    assert stored(tmp_path) == {f"n{n}.test": f"192.0.2.{n}" for n in range(100)}


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:5380", "127.0.0.1.evil.test", "192.0.2.1", "", "localhost.evil"]
)
def test_a_host_that_is_not_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/records", headers={"Host": host})).status_code == 403

    with_client(tmp_path, scenario)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:5380", "127.0.0.1:5380", "[::1]:5380", "127.9.9.9"])
def test_every_name_of_this_machine_is_let_in(tmp_path: Path, host: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/records", headers={"Host": host})).status_code == 200

    with_client(tmp_path, scenario)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_changes_from_pages_elsewhere_are_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        record = {"domain": "a.test", "ip": "192.0.2.1"}
        assert (await client.post("/records", json=record, headers=headers)).status_code == 403
        assert (await client.delete("/records/a.test", headers=headers)).status_code == 403
        own = {"Origin": "http://127.0.0.1:5380", "Sec-Fetch-Site": "same-origin"}
        assert (await client.post("/records", json=record, headers=own)).status_code == 200

    with_client(tmp_path, scenario)


def test_a_store_that_is_gone_gets_503_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "resolute.db").write_bytes(b"rubbish" * 1000)

    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/records", json={"domain": "a.test", "ip": "192.0.2.1"})
        assert answer.status_code == 503
        assert "is not a SQLite database" in answer.text
        assert answer.text.count("\n") == 1
        assert (await client.get("/records")).status_code == 503

    with_client(tmp_path, scenario)


def test_what_is_not_there_and_what_is_not_possible(tmp_path: Path) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/nothing")).status_code == 404
        refused = await client.put("/records")
        assert refused.status_code == 405
        assert "POST" in refused.headers["allow"] or "GET" in refused.headers["allow"]
        assert (await client.get("/docs")).status_code == 404

    with_client(tmp_path, scenario)

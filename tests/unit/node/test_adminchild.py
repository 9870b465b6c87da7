"""The admin process as a child: instructed, restarted, ended."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from resolute.node.adminchild import AdminChild, Instructions
from resolute.node.listening import AdminSockets, bound


def with_child(directory: Path, scenario: Callable[[AdminChild, str], Awaitable[None]]) -> None:
    sockets = AdminSockets.bind("127.0.0.1:0", directory)
    assert sockets is not None

    async def run(port: socket.socket, local: socket.socket) -> None:
        url = f"sqlite:///{directory / 'resolute.db'}"
        control = str(directory / "control.sock")
        child = AdminChild(Instructions(port.fileno(), local.fileno(), url, control, "info", "text"))
        task = asyncio.create_task(child.run())
        try:
            async with asyncio.timeout(20):
                await scenario(child, f"http://{bound(port)}/records")
        finally:
            pid = child.pid
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert pid is None or not Path(f"/proc/{pid}").exists()  # noqa: ASYNC240

    try:
        asyncio.run(run(sockets.port, sockets.local))
    finally:
        sockets.close()


def test_it_serves_and_ends_with_the_node(tmp_path: Path) -> None:
    async def scenario(child: AdminChild, url: str) -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.post(url, json={"domain": "a.test", "ip": "192.0.2.1"})
            assert (answer.status_code, answer.text) == (200, "Record added successfully")
            assert (await client.get(url)).json() == {"a.test": "192.0.2.1"}
        assert child.restarts == 0

    with_child(tmp_path, scenario)


def test_one_that_is_killed_is_started_again_and_no_connection_is_refused(tmp_path: Path) -> None:
    async def scenario(child: AdminChild, url: str) -> None:
        async with httpx.AsyncClient(timeout=15) as client:
            assert (await client.get(url)).json() == {}
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
        async with httpx.AsyncClient(timeout=15) as client:
            assert (await client.get(url)).json() == {}
        assert child.restarts == 1

    with_child(tmp_path, scenario)


def test_an_interrupt_at_the_terminal_is_not_for_the_child(tmp_path: Path) -> None:
    async def scenario(child: AdminChild, url: str) -> None:
        async with httpx.AsyncClient(timeout=15) as client:
            assert (await client.get(url)).json() == {}
            assert child.pid is not None
            os.kill(child.pid, signal.SIGINT)
            assert (await client.get(url)).json() == {}
        assert child.restarts == 0

    with_child(tmp_path, scenario)

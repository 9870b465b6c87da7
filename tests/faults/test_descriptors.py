"""Few file descriptors and ten thousand connections: UDP is answered, upstreams are asked, commands work."""

import socket
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.faults.kit.asking import addresses, ask, rcode, wait_for
from tests.faults.kit.load import Load
from tests.faults.kit.upstream import Asked, Upstream, reply, rrset

DESCRIPTORS = 256
CONNECTIONS = 10_000
AT_ONCE = 600


class FewDescriptors(Resolute):
    """Resolute with a low limit."""

    command = "prlimit"

    def arguments(self) -> Sequence[str]:
        return [f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", Resolute.command, *super().arguments()]


def everything(asked: Asked) -> Sequence[bytes]:
    return [reply(asked, rrset(f"{asked.name} 300 IN A 192.0.2.1"))]


@pytest.fixture
def server() -> Iterator[Resolute]:
    extra = "[limits]\ntcp_clients = 1024\ntcp_per_client = 1024\n"
    with Upstream(everything) as upstream, FewDescriptors(Service(forward=upstream.endpoint, extra=extra)) as running:
        yield running


@pytest.mark.slow
def test_ten_thousand_connections(server: Resolute) -> None:
    assert addresses(server.endpoint, "known.example.") == ["192.0.2.1"]
    control = ControlClient(server.data)
    held: deque[socket.socket] = deque()
    missed = 0
    try:
        with Load(server.endpoint, [("known.example.", "A")], sockets=2, window=4, pause_s=0.002) as load:
            for number in range(CONNECTIONS):
                held.append(connecting(server, number))
                if len(held) > AT_ONCE:
                    held.popleft().close()
                if number % 100 == 99:
                    missed += rcode(ask(server.endpoint, f"n{number}.example.")) != "NOERROR"
                if number % 1_000 == 999:
                    assert control.status()["upstreams"][0]["state"] == "alive"
                    assert control.reload()["problems"] == []
            assert descriptors(server) <= DESCRIPTORS - 32, "some are always kept"
            tally = load.stop()
    finally:
        for one in held:
            one.close()
    assert (tally.lost, tally.strange, set(tally.rcodes)) == (0, 0, {0})
    assert missed == 0
    assert "Too many open files" not in server.log_text()
    wait_for(lambda: control.statistics()["tcp_connections"] == 0)
    wait_for(lambda: descriptors(server) < 64, what="they are all given back")


def connecting(server: Resolute, number: int) -> socket.socket:
    """A connection from one of many addresses, over which nothing is ever asked."""
    one = socket.socket()
    one.settimeout(0)
    one.bind((f"127.0.1.{number % 250 + 1}", 0))
    one.connect_ex((server.endpoint.host, server.endpoint.port))
    return one


def descriptors(server: Resolute) -> int:
    return sum(1 for _ in Path(f"/proc/{server.process.pid}/fd").iterdir())

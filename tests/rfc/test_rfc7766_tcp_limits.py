"""Bounds on TCP clients (RFC 7766 6.2.2, 6.2.3 and 10; RFC 9210 4): in number, in time, in what they leave behind."""

import contextlib
import secrets
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.peers import Resolute, Service
from tests.asking import (
    RD,
    TIMEOUT_S,
    closed,
    numbered,
    parse,
    query,
    rcode_of,
    receive_framed,
    send_framed,
    sockets,
    tcp_socket,
    udp,
    wait_for,
)
from tests.faults.kit.upstream import Asked, Upstream, answering, reply, rrset

ZONE = """\
$ORIGIN rfc.test.
@ 60 SOA ns1 h 1 1 1 1 1
  60 NS ns1
ns1 60 A 192.0.2.1
www 60 A 192.0.2.1
""" + "".join(f'big 60 TXT "{"x" * 240}{number}"\n' for number in range(200))
WWW = query("www.rfc.test.")
BIG = query("big.rfc.test.", 16)
LIMITS = 'tcp_idle = "1s"\ntcp_first = "1s"\n'
TOTAL, PER_CLIENT, IN_FLIGHT = 12, 5, 32


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("zones") / "rfc.test.zone"
    file.write_text(ZONE)
    return file


@pytest.fixture(scope="module")
def server(zone: Path) -> Iterator[Resolute]:
    """It waits a second for its clients, and takes as many as it does by default."""
    extra = f'[resolver]\nmode = "off"\n[limits]\n{LIMITS}'
    with Resolute(Service(zones={"rfc.test.": zone}, extra=extra)) as resolute:
        yield resolute


@pytest.fixture
def capped(zone: Path) -> Iterator[Resolute]:
    extra = f'[resolver]\nmode = "off"\n[limits]\ntcp_clients = {TOTAL}\ntcp_per_client = {PER_CLIENT}\n'
    with Resolute(Service(zones={"rfc.test.": zone}, extra=extra)) as resolute:
        yield resolute


# --------------------------------------------------------------------------------------------------- how many


def connect(server: Resolute, source: str) -> socket.socket:
    endpoint = (server.endpoint.host, server.endpoint.port)
    return socket.create_connection(endpoint, timeout=TIMEOUT_S, source_address=(source, 0))


def served(sock: socket.socket) -> bool:
    """Whether a connection gets a reply, not its end."""
    try:
        send_framed(sock, WWW)
        return receive_framed(sock)[:2] == WWW[:2]
    except (EOFError, ConnectionError):
        return False


def open_at_once(server: Resolute, stack: contextlib.ExitStack, sources: Sequence[str]) -> list[str]:
    """The sources of the connections that are served, after all were opened."""
    socks = [(source, stack.enter_context(connect(server, source))) for source in sources]
    for _, sock in socks:
        served(sock)
    return [source for source, sock in socks if served(sock)]


def test_connections_of_one_client_are_bounded(capped: Resolute) -> None:
    with contextlib.ExitStack() as stack:
        assert len(open_at_once(capped, stack, ["127.0.0.9"] * (PER_CLIENT + 3))) == PER_CLIENT
        assert len(open_at_once(capped, stack, ["127.0.0.10"])) == 1


def test_connections_of_all_clients_are_bounded(capped: Resolute) -> None:
    sources = [f"127.0.1.{number % 8 + 1}" for number in range(TOTAL * 2)]  # three of each, which each may have
    with contextlib.ExitStack() as stack:
        assert len(open_at_once(capped, stack, sources)) == TOTAL
        assert rcode_of(udp(capped.endpoint, WWW)) == 0  # UDP does not notice


@pytest.mark.parametrize("sources", [["127.0.0.9"] * PER_CLIENT, [f"127.0.2.{n}" for n in range(1, TOTAL + 1)]])
def test_a_place_is_free_again_when_its_connection_ends(capped: Resolute, sources: list[str]) -> None:
    for _ in range(5):
        with contextlib.ExitStack() as stack:
            free = len(sources)
            assert wait_for(lambda: len(open_and_close(capped, sources[:1])) == 1)
            assert len(open_at_once(capped, stack, sources)) == free


def open_and_close(server: Resolute, sources: Sequence[str]) -> list[str]:
    with contextlib.ExitStack() as stack:
        return open_at_once(server, stack, sources)


# ----------------------------------------------------------------------------------------- how many at once in one


def slow_name(number: int) -> str:
    return f"n{number}.slow.test."


def forwarding(zone: Path, upstream: Upstream) -> Resolute:
    return Resolute(Service(zones={"rfc.test.": zone}, forward=upstream.endpoint))


def test_slow_questions_of_one_connection_are_bounded_and_all_answered(zone: Path) -> None:
    """32 are with the upstream, the next ones wait; none is lost, and each gets its own answer."""
    gate = threading.Event()
    count = IN_FLIGHT * 3

    def respond(asked: Asked) -> list[bytes]:
        if asked.name.endswith(".slow.test."):
            gate.wait(TIMEOUT_S)
            return [reply(asked, rrset(f"{asked.name} 60 IN A 192.0.2.{asked.name[1:].partition('.')[0]}"))]
        return [reply(asked)]

    with Upstream(respond) as upstream, forwarding(zone, upstream) as server, tcp_socket(server.endpoint) as sock:

        def held() -> int:
            return len({asked.name for asked in list(upstream.asked) if asked.name.endswith(".slow.test.")})

        send_framed(sock, *(numbered(number, query(slow_name(number), flags=RD)) for number in range(count)))
        assert wait_for(lambda: held() >= IN_FLIGHT, 2)
        time.sleep(0.2)
        held_before = held()
        gate.set()
        for _ in range(count):
            message = parse(receive_framed(sock))
            assert message.answer[0].to_text() == f"{slow_name(message.id)} 60 IN A 192.0.2.{message.id}"
        assert held_before == IN_FLIGHT


def test_replies_come_as_they_are_there(zone: Path) -> None:
    """RFC 7766 7: the upstream is the slower the earlier the question; an answer of our own overtakes all."""

    def respond(asked: Asked) -> list[bytes]:
        if asked.name.endswith(".slow.test."):
            time.sleep(0.05 * (9 - int(asked.name[1:].partition(".")[0])))
        return [reply(asked, rrset(f"{asked.name} 60 IN A 192.0.2.1"))]

    with Upstream(respond) as upstream, forwarding(zone, upstream) as server, tcp_socket(server.endpoint) as sock:
        wires = [numbered(number, query(slow_name(number), flags=RD)) for number in range(8)]
        send_framed(sock, *wires, numbered(100, WWW))
        order = [int.from_bytes(receive_framed(sock)[:2]) for _ in range(9)]
    assert sorted(order) == [*range(8), 100]
    assert order[0] == 100
    assert order.index(7) < order.index(0)


def test_a_client_that_leaves_before_its_replies_harms_nobody(zone: Path) -> None:
    with (
        Upstream(answering("x.slow.test. 60 IN A 192.0.2.1", delay_s=0.1)) as upstream,
        forwarding(zone, upstream) as server,
    ):
        udp(server.endpoint, WWW)
        before = sockets(server)
        for _ in range(20):
            with tcp_socket(server.endpoint) as sock:
                send_framed(sock, *(query(f"{secrets.token_hex(4)}.slow.test.", flags=RD) for _ in range(IN_FLIGHT)))
        assert wait_for(lambda: sockets(server) <= before + 16)  # sockets to the upstream may be kept
        assert rcode_of(udp(server.endpoint, WWW)) == 0


# --------------------------------------------------------------------------------------------------- how long


def test_idle_is_counted_from_the_last_query(server: Resolute) -> None:
    with tcp_socket(server.endpoint) as sock:
        for _ in range(8):  # 2.4 seconds, of which none is idle for as long as a second
            assert served(sock)
            time.sleep(0.3)
        assert served(sock)
        began = time.monotonic()
        assert closed(sock)
        assert 0.8 <= time.monotonic() - began <= 10


def test_a_slow_reader_is_closed(server: Resolute) -> None:
    """One that asks for much and reads nothing is not kept, and costs nobody else anything."""
    before = settled(server)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with sock:
        sock.settimeout(0.5)
        sock.connect((server.endpoint.host, server.endpoint.port))
        with contextlib.suppress(OSError):
            for _ in range(2_000):
                send_framed(sock, BIG)
        began = time.monotonic()
        assert rcode_of(udp(server.endpoint, WWW)) == 0
        assert time.monotonic() - began < 5
        assert wait_for(lambda: sockets(server) <= before, 10)


def test_a_reader_that_takes_a_byte_at_a_time_is_closed(server: Resolute) -> None:
    """A reader that is alive but holds the connection with replies that it hardly takes."""
    before = settled(server)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with sock:
        sock.settimeout(0.3)
        sock.connect((server.endpoint.host, server.endpoint.port))
        with contextlib.suppress(OSError):
            for _ in range(2_000):
                send_framed(sock, BIG)
        until = time.monotonic() + 12
        with contextlib.suppress(OSError):
            while sockets(server) > before and time.monotonic() < until:
                sock.recv(1)
                time.sleep(0.05)
        assert sockets(server) <= before


# --------------------------------------------------------------------------------------------------- what is left


def settled(server: Resolute) -> int:
    """The number of sockets when no client is there any more."""
    least = sockets(server)
    for _ in range(30):  # longer than the second that an idle one is kept
        time.sleep(0.05)
        least = min(least, sockets(server))
    return least


def leave(sock: socket.socket, how: int) -> None:
    """Ends a connection in one of the ways that clients have."""
    if how == 1:
        assert served(sock)
    elif how == 2:
        sock.sendall(b"\0")
    elif how == 3:
        send_framed(sock, WWW)
    elif how == 4:  # with a reset
        send_framed(sock, WWW)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == 5:
        sock.shutdown(socket.SHUT_WR)


def test_a_thousand_connections_leave_nothing_behind(server: Resolute) -> None:
    before = settled(server)
    for number in range(1_000):
        with tcp_socket(server.endpoint) as sock:
            leave(sock, number % 6)
    assert wait_for(lambda: sockets(server) <= before)
    with tcp_socket(server.endpoint) as sock:
        assert served(sock)

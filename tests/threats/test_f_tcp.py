"""TCP under attack: F1 to F5 of the catalogue. Those of one connection are in tests/rfc/test_rfc7766_tcp_limits."""

import contextlib
import resource
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.asking import (
    RD,
    TIMEOUT_S,
    numbered,
    parse,
    query,
    rcode_of,
    receive_framed,
    send_framed,
    tcp_socket,
    udp,
    wait_for,
)
from tests.faults.kit.upstream import Upstream, answering
from tests.threats.conftest import ZONE

WWW = query("www.victim.test.")
SLOW = 10_000
QUERIES = 1_000_000


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("tcp") / "victim.zone"
    large = "".join(f'large TXT "{"l" * 250}{number}"\n' for number in range(40))
    file.write_text(ZONE + large)
    return file


@pytest.fixture
def server(zone: Path) -> Iterator[Resolute]:
    with Resolute(Service(zones={"victim.test.": zone}, extra='[resolver]\nmode = "off"\n')) as resolute:
        yield resolute


@pytest.fixture(autouse=True)
def enough_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < SLOW + 1_000:
        pytest.skip(f"needs {SLOW + 1_000} open files, may have {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Crowd:
    """Connections from some addresses, as fast as they can be opened, that send a little and then nothing more."""

    def __init__(self, server: Resolute, addresses: Sequence[str], beginning: bytes = b"\0") -> None:
        self.opened = 0
        self._beginning = beginning
        self._target = (server.endpoint.host, server.endpoint.port)
        self._addresses = addresses
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            self._close(key)
        self._selector.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self.opened < SLOW:
                for _ in range(50):
                    self._open()
            for key, _ in self._selector.select(0.01):
                self._close(key)

    def _open(self) -> None:
        sock = socket.socket()
        sock.settimeout(0)
        with contextlib.suppress(OSError):
            sock.bind((self._addresses[self.opened % len(self._addresses)], 0))
            with contextlib.suppress(BlockingIOError):
                sock.connect(self._target)
            self._selector.register(sock, selectors.EVENT_READ)
            with contextlib.suppress(BlockingIOError):
                sock.send(self._beginning)
        self.opened += 1

    def _close(self, key: selectors.SelectorKey) -> None:
        self._selector.unregister(key.fileobj)
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.close()


def answered(server: Resolute, source: str) -> bool:
    """Whether a new connection gets its answer."""
    address = (server.endpoint.host, server.endpoint.port)
    try:
        with socket.create_connection(address, timeout=TIMEOUT_S, source_address=(source, 0)) as sock:
            send_framed(sock, WWW)
            return bool(parse(receive_framed(sock)).answer)
    except (OSError, EOFError):
        return False


@pytest.mark.parametrize("addresses", [1, 100])
def test_f1_f2_slow_connections_keep_nobody_out(server: Resolute, addresses: int) -> None:
    """10,000 of them; a client of another address gets its answers on new connections and on an old one."""
    crowd = Crowd(server, [f"127.0.9.{number + 1}" for number in range(addresses)])
    with tcp_socket(server.endpoint) as kept, crowd:
        new, old, asked = 0, 0, 0
        while crowd.opened < SLOW or asked < 100:
            new += answered(server, "127.0.8.1")
            send_framed(kept, numbered(asked % 65_536, WWW))
            old += bool(parse(receive_framed(kept)).answer)
            assert rcode_of(udp(server.endpoint, WWW)) == 0
            asked += 1
        assert new >= 0.99 * asked
        assert old == asked
    assert wait_for(lambda: ControlClient(server.data).statistics()["tcp_connections"] == 0)


def client_hello() -> bytes:
    """What a client of DNS over TLS (RFC 7858) sends first, by another's word: OpenSSL's."""
    context, sent = ssl.create_default_context(), ssl.MemoryBIO()
    session = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="victim.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return sent.read()


def test_f5_handshakes_where_no_tls_is_spoken(server: Resolute) -> None:
    """5,000 that begin TLS on the port of plain DNS and go no further: nobody waits for them, and all are closed."""
    hello = client_hello()
    assert hello[:2] == b"\x16\x03"
    with Crowd(server, [f"127.0.9.{number + 1}" for number in range(100)], hello) as crowd:
        answers, asked = 0, 0
        while crowd.opened < 5_000 or asked < 100:
            answers += answered(server, "127.0.8.1")
            asked += 1
        assert answers >= 0.99 * asked
    assert wait_for(lambda: ControlClient(server.data).statistics()["tcp_connections"] == 0)


NO_DNS = {
    "a byte of TLS": client_hello()[:1],
    "half of TLS": client_hello()[:40],
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "one byte again and again": b"\x16" * 70_000,
}


@pytest.mark.parametrize("kind", NO_DNS)
def test_f5_what_is_no_dns_is_closed(server: Resolute, kind: str) -> None:
    """Within the time of a first message; nothing is answered but FORMERR or NOTIMP to what has a header."""
    with tcp_socket(server.endpoint) as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(NO_DNS[kind])
        reply = b""
        with contextlib.suppress(ConnectionResetError):
            while part := sock.recv(65_537):
                reply += part
    assert reply == b"" or reply[5] & 15 in (1, 4)
    assert answered(server, "127.0.8.1")


def test_f3_very_many_queries_in_one_connection(server: Resolute) -> None:
    """Sent without a pause; each is answered once, with its own ID and its own answer."""
    kinds = [WWW, query("www.victim.test.", 28), query("missing.victim.test."), query("x.wild.victim.test.", 16)]
    # what tells the answers apart: rcode and the type of the first record, which is the question's
    expected = [(0, 1), (0, 28), (3, 1), (0, 16)]
    block = b"".join(
        struct.pack("!H", len(wire)) + numbered(ident, wire)
        for ident, wire in ((ident, kinds[ident % 4]) for ident in range(50_000))
    )
    with tcp_socket(server.endpoint) as sock:
        sender = threading.Thread(target=sock.sendall, args=(block * (QUERIES // 50_000),))
        sender.start()
        seen = [0] * 50_000
        for reply in framed(sock, QUERIES):
            ident = int.from_bytes(reply[:2])
            seen[ident] += 1
            end = reply.index(0, 12)
            assert (reply[3] & 15, int.from_bytes(reply[end + 1 : end + 3])) == expected[ident % 4]
        sender.join()
        assert set(seen) == {QUERIES // 50_000}


def framed(sock: socket.socket, count: int) -> Iterator[bytes]:
    """So many messages, read in large pieces."""
    data = bytearray()
    at = 0
    while count:
        while len(data) - at < 2 or len(data) - at < 2 + int.from_bytes(data[at : at + 2]):
            del data[:at]
            at = 0
            part = sock.recv(1 << 18)
            assert part
            data += part
        length = int.from_bytes(data[at : at + 2])
        yield bytes(data[at + 2 : at + 2 + length])
        at += 2 + length
        count -= 1


def private_bytes(server: Resolute) -> int:
    """Memory of the process that is its own."""
    lines = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text().splitlines()
    sizes = (line.split() for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))
    return sum(int(fields[1]) << 10 for fields in sizes)


def test_f4_who_never_reads_costs_little_memory(server: Resolute) -> None:
    """300 connections, each asking for far more than it takes: at most 64 KB each are kept for them."""
    wire = query("large.victim.test.", 16)
    block = b"".join(struct.pack("!H", len(wire)) + wire for _ in range(2_000))
    reply = 40 * 263
    count, most = 300, 0
    before = private_bytes(server)
    with contextlib.ExitStack() as stack:
        for number in range(count):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.bind((f"127.0.7.{number % 100 + 1}", 0))
            sock.connect((server.endpoint.host, server.endpoint.port))
            sock.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                sock.send(block)
            most = max(most, private_bytes(server))
        assert 2_000 * reply > 64 << 10
        assert rcode_of(udp(server.endpoint, WWW)) == 0
        assert answered(server, "127.0.8.1")
        most = max(most, private_bytes(server))
    assert most - before <= count * (64 << 10) + (8 << 20)


# ------------------------------------------------------------------------------------------------ the end


def test_replies_that_are_ready_are_written_before_the_end(zone: Path) -> None:
    """No message is cut when the server ends, however many wait for a client that begins to read late."""
    with (
        Resolute(Service(zones={"victim.test.": zone}, extra='[resolver]\nmode = "off"\n')) as server,
        socket.socket() as sock,
    ):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(TIMEOUT_S)
        sock.connect((server.endpoint.host, server.endpoint.port))
        send_framed(sock, *[query("large.victim.test.", 16)] * 500)
        time.sleep(0.2)  # the server has answered as many as it does without being read
        ending = threading.Thread(target=server.process.terminate)
        ending.start()
        lengths = []
        with contextlib.suppress(EOFError):
            while True:
                lengths.append(len(receive_framed(sock)))
        ending.join()
        assert len(lengths) > 1
        assert set(lengths) == {lengths[0]}
        assert wait_for(lambda: server.process.poll() == 0)


def test_who_waits_is_answered_before_the_end(zone: Path) -> None:
    """What is in flight may end; every client gets its answer, and then the end of the connection."""
    with (
        Upstream(answering("slow.test. 60 IN A 192.0.2.99", delay_s=0.5)) as upstream,
        Resolute(Service(zones={"victim.test.": zone}, forward=upstream.endpoint)) as server,
        tcp_socket(server.endpoint) as sock,
    ):
        send_framed(sock, *(numbered(number, query("slow.test.", flags=RD)) for number in range(20)))
        assert wait_for(lambda: bool(upstream.questions("slow.test.")))
        server.process.terminate()
        messages = [parse(receive_framed(sock)) for _ in range(20)]
        assert sorted(message.id for message in messages) == list(range(20))
        assert all(message.answer for message in messages)
        assert sock.recv(1) == b""
        assert wait_for(lambda: server.process.poll() == 0)

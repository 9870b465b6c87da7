"""Who a client is: E10 of the catalogue (a header from a stranger changes nothing), and what proxies may say.

The server gives recursion (RA) to 192.0.2.0/24 and 2001:db8:77::/48, so RA tells for whom it takes the client.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers import Endpoint, Resolute, Service
from resolute.node.client import ControlClient
from tests import proxied
from tests.asking import (
    RA,
    RD,
    TC,
    TIMEOUT_S,
    closed,
    flags_of,
    numbered,
    parse,
    query,
    rcode_of,
    receive_framed,
    send_framed,
    tcp_socket,
    udp,
    udp_socket,
    wait_for,
)
from tests.faults.kit.upstream import Upstream, answering
from tests.threats.conftest import ZONE

CHAPTERS = """\
[listen]
proxied = ["127.0.0.1:0"]
proxy_from = ["127.0.0.1/32"]
[resolver]
mode = "forward"
[allow]
recursion = ["192.0.2.0/24", "2001:db8:77::/48"]
"""
WWW = query("www.victim.test.", flags=RD)
INSIDER, OUTSIDER = "192.0.2.7", "203.0.113.7"
FENCE = numbered(0xFFFF, WWW)


def served(zone: Path, chapters: str = CHAPTERS, forward: Endpoint | None = None) -> Resolute:
    return Resolute(Service(zones={"victim.test.": zone}, forward=forward, extra=chapters))


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("proxied") / "victim.zone"
    file.write_text(ZONE)
    return file


@pytest.fixture(scope="module")
def server(zone: Path) -> Iterator[Resolute]:
    with served(zone, forward=Endpoint("127.0.0.1", 9)) as resolute:
        yield resolute


@pytest.fixture(scope="module")
def door(server: Resolute) -> Endpoint:
    return door_of(server)


def door_of(server: Resolute) -> Endpoint:
    """Where proxies come in."""
    (address,) = ControlClient(server.data).status()["listen"]["proxied"]
    host, port = address.rsplit(":", 1)
    return Endpoint(host, int(port))


def counter(server: Resolute, name: str) -> int:
    return int(ControlClient(server.data).statistics()["plane"][name])


def replies_to(door: Endpoint, packet: bytes) -> list[bytes]:
    """What comes for a packet, which may be nothing: all before the reply to a question that is answered."""
    with udp_socket(door) as sock:
        sock.send(packet)
        sock.send(proxied.header(OUTSIDER) + FENCE)
        return list(iter(lambda: sock.recv(65_535), reply_to_fence(door)))


def reply_to_fence(door: Endpoint) -> bytes:
    return udp(door, proxied.header(OUTSIDER) + FENCE)


def tcp_after(endpoint: Endpoint, header: bytes, *wires: bytes) -> list[bytes]:
    """The replies to messages sent in one segment with what comes before them."""
    with tcp_socket(endpoint) as sock:
        framed = b"".join(struct.pack("!H", len(wire)) + wire for wire in wires)
        sock.sendall(header + framed)
        return [receive_framed(sock) for _ in wires]


# ------------------------------------------------------------------------------------------------ what is believed


@pytest.mark.parametrize("tlvs", [b"", b"\xe0\0\3abc", b"\4\0\x40" + bytes(64)])
@pytest.mark.parametrize("transport", [proxied.STREAM, proxied.DGRAM])
@pytest.mark.parametrize(
    ("client", "recursion"),
    [(INSIDER, True), (OUTSIDER, False), ("127.0.0.1", False), ("2001:db8:77::1", True), ("2001:db8:78::1", False)],
)
def test_the_client_is_the_one_that_the_proxy_names(
    door: Endpoint, client: str, *, recursion: bool, transport: int, tlvs: bytes
) -> None:
    header = proxied.header(client, transport=transport, tlvs=tlvs)
    for reply in (udp(door, header + WWW), *tcp_after(door, header, WWW, WWW)):
        assert parse(reply).answer
        assert bool(flags_of(reply) & RA) == recursion


def test_a_proxy_that_speaks_for_itself(door: Endpoint) -> None:
    """LOCAL: "the receiver must accept this connection as valid and must use the real connection endpoints"."""
    for reply in (udp(door, proxied.local() + WWW), *tcp_after(door, proxied.local(), WWW)):
        assert parse(reply).answer
        assert not flags_of(reply) & RA


def test_the_longest_header(door: Endpoint) -> None:
    """2.2: a header of up to 536 bytes is sent whole; one byte more is nobody's."""
    room = proxied.LONGEST - len(proxied.header(INSIDER)) - 3
    longest = proxied.header(INSIDER, tlvs=struct.pack("!BH", 4, room) + bytes(room))
    assert len(longest) == proxied.LONGEST
    assert flags_of(udp(door, longest + WWW)) & RA
    assert flags_of(tcp_after(door, longest, WWW)[0]) & RA
    longer = proxied.header(INSIDER, tlvs=struct.pack("!BH", 4, room + 1) + bytes(room + 1))
    assert replies_to(door, longer + WWW) == []


def test_a_header_in_pieces_over_tcp(door: Endpoint) -> None:
    with tcp_socket(door) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in proxied.header(INSIDER, tlvs=b"\4\0\1x"):
            sock.sendall(bytes([byte]))
        send_framed(sock, WWW)
        assert flags_of(receive_framed(sock)) & RA


def test_who_waits_is_answered_through_the_proxy(zone: Path) -> None:
    """The answer comes later, from an upstream; the proxy gets it, and the client's rights decided."""
    with (
        Upstream(answering("www.elsewhere.test. 60 IN A 192.0.2.99", delay_s=0.2)) as upstream,
        served(zone, forward=upstream.endpoint) as server,
    ):
        door = door_of(server)
        asked = query("www.elsewhere.test.", flags=RD)
        reply = parse(udp(door, proxied.header(INSIDER) + asked))
        assert reply.answer[0].to_text() == "www.elsewhere.test. 60 IN A 192.0.2.99"
        assert rcode_of(udp(door, proxied.header(OUTSIDER) + asked)) == 5


# ------------------------------------------------------------------------------------------------ what is not

MALFORMED = {
    "no header": WWW,
    "version 1": b"PROXY UDP4 192.0.2.7 198.51.100.1 40000 53\r\n" + WWW,
    "another version": proxied.raw(0x12, bytes(12), command=0x11) + WWW,
    "an unknown command": proxied.raw(0x12, bytes(12), command=0x22) + WWW,
    "AF_UNSPEC": proxied.raw(0x00, b"") + WWW,
    "AF_UNIX": proxied.raw(0x31, bytes(216)) + WWW,
    "no transport": proxied.raw(0x10, bytes(12)) + WWW,
    "addresses too short": proxied.raw(0x12, bytes(11)) + WWW,
    "addresses of IPv4 for IPv6": proxied.raw(0x22, bytes(12)) + WWW,
    "a length of nothing": proxied.raw(0x12, bytes(12), length=0) + WWW,
    "a length beyond all": proxied.raw(0x12, bytes(12), length=0xFFFF) + WWW,
    "a header alone": proxied.header(INSIDER),
    "half a header": proxied.header(INSIDER)[:20],
    "two headers": proxied.header(INSIDER) * 2 + WWW,
}


@pytest.mark.parametrize("kind", sorted(set(MALFORMED) - {"two headers"}))
def test_what_is_malformed_is_dropped(server: Resolute, door: Endpoint, kind: str) -> None:
    before = counter(server, "dropped_proxy") + counter(server, "dropped_ignored")
    assert replies_to(door, MALFORMED[kind]) == []
    assert counter(server, "dropped_proxy") + counter(server, "dropped_ignored") == before + 1


@pytest.mark.parametrize("kind", sorted(set(MALFORMED) - {"a header alone", "half a header", "two headers"}))
def test_a_connection_that_begins_malformed_is_closed(door: Endpoint, kind: str) -> None:
    with tcp_socket(door) as sock:
        sock.sendall(MALFORMED[kind] + bytes(64))
        assert closed(sock)


def test_only_one_header_is_read(door: Endpoint) -> None:
    """What stands behind it is the query, whoever wrote it: a second header is none, and its client gets nothing."""
    twice = proxied.header(OUTSIDER) + proxied.header(INSIDER) + WWW
    assert not any(flags_of(reply) & RA for reply in replies_to(door, twice))


def test_a_connection_that_says_nothing_is_closed(door: Endpoint) -> None:
    """F1: the header and the first query must be there within two seconds."""
    for begin in (b"", proxied.header(INSIDER)[:20], proxied.header(INSIDER), proxied.header(INSIDER) + b"\0"):
        with tcp_socket(door) as sock:
            sock.sendall(begin)
            assert closed(sock)


# ------------------------------------------------------------------------------------------------ strangers


def test_e10_on_a_listener_for_clients_a_header_is_no_header(server: Resolute) -> None:
    """RFC 1035 4.1.1: those bytes are a message of an opcode that is not ours."""
    assert not flags_of(udp(server.endpoint, proxied.header(INSIDER) + WWW)) & RA
    assert rcode_of(udp(server.endpoint, proxied.header(INSIDER) + WWW)) == 4


def test_e10_a_stranger_is_not_heard_on_a_listener_for_proxies(server: Resolute, door: Endpoint) -> None:
    before = counter(server, "dropped_proxy")
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.connect((door.host, door.port))
        for header in (proxied.header(INSIDER), proxied.local(), b""):
            stranger.send(header + WWW)
        assert wait_for(lambda: counter(server, "dropped_proxy") == before + 3)
        stranger.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            pytest.fail(f"a reply: {stranger.recv(4096)!r}")
    address = (door.host, door.port)
    with socket.create_connection(address, timeout=TIMEOUT_S, source_address=("127.0.0.2", 0)) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(proxied.header(INSIDER) + struct.pack("!H", len(WWW)) + WWW)
        assert closed(connection)


# ------------------------------------------------------------------------------------------------ limits


def test_the_rate_is_that_of_the_client(zone: Path) -> None:
    limit = '[rate_limit]\nrate = 1\ntotal = 1\nburst = "5s"\nslip = 1\nexempt = ["none"]\n'
    with served(zone, CHAPTERS + limit, Endpoint("127.0.0.1", 9)) as server:
        door = door_of(server)
        flooded = [udp(door, proxied.header("203.0.113.7") + WWW) for _ in range(50)]
        assert sum(not flags_of(reply) & TC for reply in flooded) < 50
        assert not flags_of(udp(door, proxied.header("198.51.100.7") + WWW)) & TC


def test_connections_are_counted_for_the_client(zone: Path) -> None:
    """F2 behind a proxy: the proxy may have more than one client may; each of its clients has its own places."""
    with (
        served(zone, CHAPTERS + "[limits]\ntcp_per_client = 3\n", Endpoint("127.0.0.1", 9)) as server,
        contextlib.ExitStack() as stack,
    ):
        door = door_of(server)

        def answered(client: str) -> bool:
            sock = stack.enter_context(tcp_socket(door))
            try:
                sock.sendall(proxied.header(client))
                send_framed(sock, WWW)
                return bool(receive_framed(sock))
            except (EOFError, ConnectionError):
                return False

        assert [answered("203.0.113.7") for _ in range(5)] == [True] * 3 + [False] * 2
        assert [answered(f"198.51.100.{number}") for number in range(8)] == [True] * 8

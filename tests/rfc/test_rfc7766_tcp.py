"""DNS over TCP: RFC 7766, RFC 1035 4.2.2, RFC 9210."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from bench.peers.server import free_port
from tests.asking import (
    RD,
    closed,
    flags_of,
    header,
    numbered,
    opt,
    parse,
    query,
    rcode_of,
    receive_framed,
    send_framed,
    tcp,
    tcp_socket,
    udp,
)

WWW = query("www.rfc.test.")
LIMITS = '[resolver]\nmode = "off"\n[limits]\ntcp_idle = "1s"\ntcp_first = "1s"\ntcp_per_client = 5\n'


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A server that waits a second for a client, and takes five connections of one address."""
    file = tmp_path_factory.mktemp("zones") / "rfc.test.zone"
    file.write_text("$ORIGIN rfc.test.\n@ 60 SOA ns1 h 1 1 1 1 1\n 60 NS ns1\nns1 60 A 192.0.2.1\nwww 60 A 192.0.2.1\n")
    with Resolute(Service(zones={"rfc.test.": file}, extra=LIMITS)) as resolute:
        yield resolute.endpoint


@pytest.fixture
def black_hole() -> Iterator[socket.socket]:
    """An upstream that takes questions and does not answer by itself."""
    with socket.socket(type=socket.SOCK_DGRAM) as upstream:
        upstream.bind(("127.0.0.1", 0))
        upstream.settimeout(5)
        yield upstream


def test_many_queries_on_one_connection(server: Endpoint) -> None:
    """RFC 7766 6.2.1: a client sends its queries over one connection; the server keeps it open."""
    with tcp_socket(server) as sock:
        for ident in range(1000):
            send_framed(sock, numbered(ident, WWW))
            assert receive_framed(sock)[:2] == ident.to_bytes(2)


def test_pipelining(server: Endpoint) -> None:
    """RFC 7766 6.2.1.1: clients send queries without waiting for replies; each gets its reply, in any order."""
    with tcp_socket(server) as sock:
        send_framed(sock, *(numbered(ident, WWW) for ident in range(500)))
        replies = sorted(receive_framed(sock)[:2] for _ in range(500))
    assert replies == [ident.to_bytes(2) for ident in range(500)]


def test_a_client_that_does_not_read_while_it_writes(server: Endpoint) -> None:
    """2,000 pipelined questions with replies of 13 kilobytes each fill every buffer: none is lost, none is mixed up."""
    wire = query("big.rfc.test.", 16)
    with tcp_socket(server) as sock:
        for ident in range(200):
            send_framed(sock, numbered(ident, wire))
        replies = {receive_framed(sock)[:2] for _ in range(200)}
    assert len(replies) == 200


def test_replies_overtake_one_that_waits(black_hole: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> None:
    """RFC 7766 6.2.1.1 and 7: queries of one connection are worked on at once, and each reply is sent when it is there,
    in any order."""
    file = tmp_path_factory.mktemp("zones") / "rfc.test.zone"
    file.write_text("$ORIGIN rfc.test.\n@ 60 SOA ns1 h 1 1 1 1 1\n 60 NS ns1\nns1 60 A 192.0.2.1\nwww 60 A 192.0.2.1\n")
    upstream = Endpoint("127.0.0.1", black_hole.getsockname()[1])
    with (
        Resolute(Service(zones={"rfc.test.": file}, forward=upstream)) as resolute,
        tcp_socket(resolute.endpoint) as sock,
    ):
        send_framed(sock, numbered(1, query("slow.elsewhere.invalid.", flags=RD)))
        send_framed(sock, numbered(2, WWW))
        assert receive_framed(sock)[:2] == b"\0\2"
        asked, server = black_hole.recvfrom(4096)
        answer = dns.message.make_response(dns.message.from_wire(asked))
        answer.set_rcode(dns.rcode.NXDOMAIN)
        black_hole.sendto(answer.to_wire(), server)
        assert receive_framed(sock)[:2] == b"\0\1"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_query_in_pieces(server: Endpoint, size: int) -> None:
    """RFC 7766 8: the length and the message need not come in one segment."""
    wire = struct.pack("!H", len(WWW)) + WWW
    with tcp_socket(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(wire), size):
            sock.sendall(wire[start : start + size])
        assert receive_framed(sock)[:2] == WWW[:2]


def test_half_closed(server: Endpoint) -> None:
    """The client that has said all it wants to say still gets its replies."""
    with tcp_socket(server) as sock:
        send_framed(sock, numbered(1, WWW), numbered(2, WWW))
        sock.shutdown(socket.SHUT_WR)
        assert {receive_framed(sock)[:2] for _ in range(2)} == {b"\0\1", b"\0\2"}
        assert closed(sock)


@pytest.mark.parametrize("size", [512, 1232, 4096])
@pytest.mark.parametrize("qname", ["medium.rfc.test.", "big.rfc.test.", "huge.rfc.test."])
def test_truncated_and_asked_again(server: Endpoint, size: int, qname: str) -> None:
    """RFC 7766 5: a client that gets TC asks again over TCP; RFC 1035 4.2.2: the message may have 65,535 bytes."""
    asked = query(qname, 16, extra=opt(size=size))
    reply = udp(server, asked)
    assert len(reply) <= size
    assert parse(reply).flags & dns.flags.TC
    whole = parse(tcp(server, asked))
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == {"medium.rfc.test.": 40, "big.rfc.test.": 200, "huge.rfc.test.": 255}[qname]


def test_more_than_65535_bytes_is_truncated_over_tcp_too(server: Endpoint) -> None:
    reply = tcp(server, query("overflow.rfc.test.", 16))
    message = parse(reply)
    assert message.rcode() == dns.rcode.SERVFAIL or message.flags & dns.flags.TC


def test_edns_size_means_nothing_over_tcp(server: Endpoint) -> None:
    """RFC 6891 6.2.3 speaks of UDP alone."""
    reply = tcp(server, query("big.rfc.test.", 16, extra=opt(size=512)))
    assert len(reply) > 4096
    assert not parse(reply).flags & dns.flags.TC


@pytest.mark.parametrize("wire", [b"", b"\0", b"\0" * 11])
def test_a_message_without_a_header_ends_the_connection_or_is_skipped(server: Endpoint, wire: bytes) -> None:
    with tcp_socket(server) as sock:
        send_framed(sock, wire, WWW)
        with contextlib.suppress(EOFError, ConnectionResetError):
            assert receive_framed(sock)[:2] == WWW[:2]


def test_a_malformed_message_does_not_end_the_connection(server: Endpoint) -> None:
    with tcp_socket(server) as sock:
        send_framed(sock, header() + b"\xc0\x0c\0\1\0\1")
        assert rcode_of(receive_framed(sock)) == dns.rcode.FORMERR
        send_framed(sock, WWW)
        assert rcode_of(receive_framed(sock)) == dns.rcode.NOERROR


def test_a_silent_client_is_closed(impatient: Endpoint) -> None:
    """RFC 7766 6.2.3: servers may close idle connections; RFC 9210 4.5: limits on idle clients are wanted."""
    with tcp_socket(impatient) as sock:
        assert closed(sock)


def test_an_idle_client_is_closed_after_its_time_and_not_before(impatient: Endpoint) -> None:
    with tcp_socket(impatient) as sock:
        began = time.monotonic()
        send_framed(sock, WWW)
        assert receive_framed(sock)[:2] == WWW[:2]
        assert closed(sock)
        assert time.monotonic() - began >= 0.9


def test_a_client_that_sends_a_byte_at_a_time_is_closed(impatient: Endpoint) -> None:
    """RFC 9210 4.5 with RFC 7766 10: a client that trickles holds a connection no longer than an idle one."""
    with tcp_socket(impatient) as sock:
        began = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.settimeout(0.2)
            for byte in struct.pack("!H", 60_000) + bytes(100):
                sock.send(bytes([byte]))
                with contextlib.suppress(TimeoutError):
                    if sock.recv(1) == b"":
                        break
        assert time.monotonic() - began < 5


def test_connections_per_client_are_bounded(impatient: Endpoint) -> None:
    """RFC 7766 6.2.2: a server may limit how many connections an address has at once; the others are still served."""
    with contextlib.ExitStack() as stack:
        served = 0
        for _ in range(12):
            sock = stack.enter_context(tcp_socket(impatient))
            with contextlib.suppress(EOFError, ConnectionResetError, BrokenPipeError):
                send_framed(sock, WWW)
                served += receive_framed(sock)[:2] == WWW[:2]
        assert 5 <= served < 12
        other = stack.enter_context(
            socket.create_connection((impatient.host, impatient.port), timeout=5, source_address=("127.0.0.9", 0))
        )
        send_framed(other, WWW)
        assert receive_framed(other)[:2] == WWW[:2]
        assert rcode_of(udp(impatient, WWW)) == dns.rcode.NOERROR


def test_the_bound_is_on_connections_at_once(impatient: Endpoint) -> None:
    for _ in range(40):
        assert rcode_of(tcp(impatient, WWW)) == dns.rcode.NOERROR


def test_a_port_that_nobody_listens_on_is_none_of_ours(server: Endpoint) -> None:
    # guards the fixture: TCP and UDP have the same port
    assert free_port() != server.port
    assert flags_of(tcp(server, WWW)) == flags_of(udp(server, WWW))

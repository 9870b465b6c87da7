"""edns-tcp-keepalive: RFC 7828."""

from collections.abc import Iterator

import dns.edns
import dns.message
import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import opt, option, parse, query, receive_framed, send_framed, tcp, tcp_socket, udp
from tests.rfc.conftest import ZONES

WWW = "www.rfc.test."
KEEPALIVE = 11
ASKED = query(WWW, extra=opt(options=option(KEEPALIVE)))


@pytest.fixture(scope="module", params=[("7.2s", 72), ("7000s", 65_535)])
def patient(request: pytest.FixtureRequest) -> Iterator[tuple[Endpoint, int]]:
    """A server that waits for so long, and what that is in units of 100 ms."""
    idle, units = request.param
    extra = f'[resolver]\nmode = "off"\n[limits]\ntcp_idle = "{idle}"\n'
    with Resolute(Service(zones=ZONES, extra=extra)) as resolute:
        yield resolute.endpoint, units


def timeouts(reply: dns.message.Message) -> list[int]:
    found = [o.to_wire() or b"" for o in reply.options if o.otype == KEEPALIVE]
    assert all(len(data) == 2 for data in found)
    return [int.from_bytes(data) for data in found]


def test_over_tcp_the_idle_time_is_told(server: Endpoint) -> None:
    """3.1, 3.3.2: in units of 100 milliseconds; the setting's default is ten seconds."""
    reply = parse(tcp(server, ASKED))
    assert timeouts(reply) == [100]
    assert len(reply.answer) == 1


def test_it_is_the_setting(patient: tuple[Endpoint, int]) -> None:
    assert timeouts(parse(tcp(patient[0], ASKED))) == [patient[1]]


@pytest.mark.parametrize(
    "qname", ["missing.rfc.test.", "x.ns-like.rfc.test.", "elsewhere.invalid.", "hundred.rfc.test."]
)
def test_whatever_the_reply(server: Endpoint, qname: str) -> None:
    assert timeouts(parse(tcp(server, query(qname, 16, extra=opt(options=option(KEEPALIVE)))))) == [100]


def test_it_shrinks_as_connections_grow_many() -> None:
    """3.4, RFC 7766 6.2.3: what is told is what holds just now."""
    extra = '[resolver]\nmode = "off"\n[limits]\ntcp_clients = 8\ntcp_per_client = 8\ntcp_idle = "8s"\n'
    with Resolute(Service(zones=ZONES, extra=extra)) as server:
        connections, told = [], []
        try:
            for _ in range(7):
                connections.append(tcp_socket(server.endpoint))
                send_framed(connections[-1], ASKED)
                told += timeouts(parse(receive_framed(connections[-1])))
        finally:
            for connection in connections:
                connection.close()
    assert told[0] == 80
    assert told == sorted(told, reverse=True)
    assert told[-1] == 20


def test_who_does_not_ask_is_not_told(server: Endpoint) -> None:
    """3.3.2: a reply to a query without EDNS never has it; with EDNS it may, and here it has not."""
    assert parse(tcp(server, query(WWW))).edns == -1
    assert timeouts(parse(tcp(server, query(WWW, extra=opt())))) == []


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0", b"\0\x64", b"x" * 40])
def test_over_udp_it_is_ignored(server: Endpoint, data: bytes) -> None:
    """3.3.1: a server that receives the option over UDP ignores it."""
    reply = parse(udp(server, query(WWW, extra=opt(options=option(KEEPALIVE, data)))))
    assert reply.rcode() == dns.rcode.NOERROR
    assert len(reply.answer) == 1
    assert timeouts(reply) == []


@pytest.mark.parametrize("data", [b"\0", b"\0\0", b"\0\x64", b"\0\0\0", b"x" * 40])
def test_a_client_sends_it_empty(server: Endpoint, data: bytes) -> None:
    """3.2.1: a client's option has length 0; anything else is malformed. The connection goes on."""
    with tcp_socket(server) as sock:
        send_framed(sock, query(WWW, extra=opt(options=option(KEEPALIVE, data))))
        reply = parse(receive_framed(sock))
        assert reply.rcode() == dns.rcode.FORMERR
        assert not reply.answer
        send_framed(sock, ASKED)
        assert timeouts(parse(receive_framed(sock))) == [100]

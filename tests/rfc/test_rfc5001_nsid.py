"""The name server identifier: RFC 5001."""

from collections.abc import Iterator

import dns.edns
import dns.message
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import AA, TC, flags_of, opt, option, parse, query, tcp, udp
from tests.rfc.conftest import ZONES

WWW = "www.rfc.test."
NSID = 3


@pytest.fixture(scope="module", params=["ns7 köln", "0x00ff2e41"])
def named(request: pytest.FixtureRequest) -> Iterator[tuple[Endpoint, bytes]]:
    """A server with a name in text, and one with a name in hexadecimal digits; and what the name is in bytes."""
    nsid = request.param
    expected = b"\0\xff.A" if nsid.startswith("0x") else nsid.encode()
    with Resolute(Service(zones=ZONES, extra=f'[resolver]\nmode = "off"\n[identity]\nnsid = "{nsid}"\n')) as resolute:
        yield resolute.endpoint, expected


def nsids(reply: dns.message.Message) -> list[bytes]:
    return [o.to_wire() or b"" for o in reply.options if o.otype == dns.edns.OptionType.NSID]


@pytest.mark.parametrize("qname", [WWW, "missing.rfc.test.", "x.ns-like.rfc.test.", "elsewhere.invalid."])
def test_it_is_sent_to_who_asks(named: tuple[Endpoint, bytes], qname: str) -> None:
    """2.2: a server that understands the option and is told to puts its identifier into the reply."""
    server, expected = named
    for ask in (udp, tcp):
        assert nsids(parse(ask(server, query(qname, extra=opt(options=option(NSID)))))) == [expected]


def test_it_is_sent_to_nobody_else(named: tuple[Endpoint, bytes]) -> None:
    """2.2: a reply to a query without the option does not have it."""
    for wire in (query(WWW), query(WWW, extra=opt()), query(WWW, extra=opt(options=option(10, b"12345678")))):
        assert nsids(parse(udp(named[0], wire))) == []


@pytest.mark.parametrize("payload", [b"x", b"x" * 300])
def test_what_the_query_has_in_it_is_ignored(named: tuple[Endpoint, bytes], payload: bytes) -> None:
    """2.1: the server ignores any payload of the query's option."""
    server, expected = named
    reply = parse(udp(server, query(WWW, extra=opt(options=option(NSID, payload)))))
    assert nsids(reply) == [expected]
    assert len(reply.answer) == 1


def test_one_is_enough(named: tuple[Endpoint, bytes]) -> None:
    server, expected = named
    assert nsids(parse(udp(server, query(WWW, extra=opt(options=option(NSID) * 5))))) == [expected]


@pytest.mark.parametrize("qname", ["big.rfc.test.", "medium.rfc.test.", "hundred.rfc.test."])
def test_it_keeps_its_place_in_a_full_reply(named: tuple[Endpoint, bytes], qname: str) -> None:
    server, expected = named
    for size in range(512, 1233, 80):
        reply = udp(server, query(qname, 16, extra=opt(size=size, options=option(NSID) + option(10, b"12345678"))))
        assert len(reply) <= size
        assert nsids(parse(reply)) == [expected]
        assert flags_of(reply) & (TC | AA)


def test_by_default_there_is_none(server: Endpoint) -> None:
    """3.1: what the identifier is, and whether there is one, is the operator's choice."""
    reply = parse(udp(server, query(WWW, extra=opt(options=option(NSID)))))
    assert nsids(reply) == []
    assert len(reply.answer) == 1

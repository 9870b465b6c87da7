"""EDNS(0): RFC 6891."""

import struct

import dns.edns
import dns.rcode
import pytest

from bench.peers import Endpoint
from tests.asking import (
    AA,
    TC,
    flags_of,
    header,
    opt,
    option,
    parse,
    query,
    question,
    rcode_of,
    record,
    tcp,
    texts,
    udp,
)

WWW = "www.rfc.test."
DO = 0x8000


def test_no_opt_without_opt(server: Endpoint) -> None:
    """7: whoever sends no OPT does not know EDNS, and gets none in the reply."""
    for qname in (WWW, "missing.rfc.test.", "x.ns-like.rfc.test.", "elsewhere.invalid.", "big.rfc.test."):
        assert parse(udp(server, query(qname, 16))).edns == -1


@pytest.mark.parametrize(
    "qname", [WWW, "missing.rfc.test.", "x.ns-like.rfc.test.", "elsewhere.invalid.", "big.rfc.test."]
)
def test_opt_with_opt(server: Endpoint, qname: str) -> None:
    """6.1.1: whoever sends OPT gets one in the reply, whatever the reply is."""
    for ask in (udp, tcp):
        reply = parse(ask(server, query(qname, 16, extra=opt())))
        assert reply.edns == 0
        assert reply.ednsflags & 0x7FFF == 0


def test_our_payload_size_is_1232(server: Endpoint) -> None:
    """6.2.5 proposes to begin with 4096 bytes, which is older than the DNS flag day of 2020, which chose 1232."""
    assert parse(udp(server, query(WWW, extra=opt(size=4096)))).payload == 1232


@pytest.mark.parametrize("size", [0, 1, 256, 511, 512])
def test_sizes_below_512_mean_512(server: Endpoint, size: int) -> None:
    """6.2.3: a size below 512 means 512."""
    reply = udp(server, query("six.rfc.test.", 16, extra=opt(size=size)))
    assert len(reply) <= 512
    assert len(reply) > 400  # an answer of 512 bytes, not of fewer
    assert flags_of(reply) & TC == 0


@pytest.mark.parametrize("size", [512, 513, 600, 700, 1000, 1231, 1232, 1233, 4096, 65_535])
@pytest.mark.parametrize("qname", ["big.rfc.test.", "medium.rfc.test.", "manyns.rfc.test.", "hundred.rfc.test."])
@pytest.mark.parametrize("rdtype", [16, 2, 15])
def test_no_reply_is_longer_than_the_client_takes_or_than_1232(
    server: Endpoint, size: int, qname: str, rdtype: int
) -> None:
    """6.2.3: the size is the longest UDP payload that the client can take. Whatever is left out is announced by TC
    (RFC 2181 9), and what is there is whole."""
    reply = udp(server, query(qname, rdtype, extra=opt(size=size)))
    assert len(reply) <= min(size, 1232)
    message = parse(reply)
    assert message.edns == 0
    whole = parse(tcp(server, query(qname, rdtype, extra=opt(size=size))))
    if not flags_of(reply) & TC:
        assert texts(message.answer) == texts(whole.answer)
        assert texts(message.authority) == texts(whole.authority)


@pytest.mark.parametrize("version", [1, 2, 255])
def test_a_higher_version_gets_badvers(server: Endpoint, version: int) -> None:
    """6.1.3: a VERSION that the server does not have gets BADVERS, in a reply whose own VERSION is the highest that the
    server has."""
    for ask in (udp, tcp):
        reply = parse(ask(server, query(WWW, extra=opt(ttl=version << 16))))
        assert reply.rcode() == dns.rcode.BADVERS
        assert reply.edns == 0
        assert not reply.answer
        assert not reply.flags & AA


def test_a_higher_version_with_a_broken_rest_is_not_answered_with_data(server: Endpoint) -> None:
    reply = parse(udp(server, query(WWW, extra=opt(ttl=1 << 16, options=b"\xff\xff\xff"))))
    assert reply.rcode() in {dns.rcode.BADVERS, dns.rcode.FORMERR}


@pytest.mark.parametrize("bit", range(15))
def test_reserved_flags_are_ignored(server: Endpoint, bit: int) -> None:
    """6.1.4: whoever receives the flags of Z ignores them."""
    reply = parse(udp(server, query(WWW, extra=opt(ttl=1 << bit))))
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.ednsflags == 0


@pytest.mark.parametrize("extended_rcode", [1, 0x10, 0xFF])
def test_the_extended_rcode_of_a_query_is_ignored(server: Endpoint, extended_rcode: int) -> None:
    reply = parse(udp(server, query(WWW, extra=opt(ttl=extended_rcode << 24))))
    assert reply.rcode() == dns.rcode.NOERROR


def test_do_is_copied(server: Endpoint) -> None:
    """RFC 3225 3: the reply has the DO bit of the query."""
    for qname in (WWW, "missing.rfc.test.", "x.ns-like.rfc.test.", "elsewhere.invalid."):
        for flags in (0, DO):
            assert parse(udp(server, query(qname, extra=opt(ttl=flags)))).ednsflags == flags


# without 8 (client subnet) and 11 (TCP keepalive), whose form may be checked
@pytest.mark.parametrize("code", [0, 1, 2, 4, 5, 6, 7, 9, 12, 13, 14, 15, 16, 17, 18, 100, 20_292, 65_001, 65_535])
@pytest.mark.parametrize("data", [b"", b"x", b"x" * 300])
def test_options_that_we_do_not_know_are_ignored(server: Endpoint, code: int, data: bytes) -> None:
    """6.1.2: an option whose code is not known is ignored."""
    reply = parse(udp(server, query(WWW, extra=opt(options=option(code, data)))))
    assert reply.rcode() == dns.rcode.NOERROR
    assert len(reply.answer) == 1


def test_client_subnet_is_not_answered(server: Endpoint) -> None:
    """RFC 7871 7.2.1: a server without it, or without an answer made for the subnet, does not send the option."""
    subnet = option(8, struct.pack("!HBB", 1, 24, 0) + b"\xc0\0\2")
    reply = parse(udp(server, query(WWW, extra=opt(options=subnet))))
    assert reply.rcode() == dns.rcode.NOERROR
    assert not [o for o in reply.options if o.otype == dns.edns.OptionType.ECS]


def test_opt_may_stand_anywhere_in_the_additional_section(server: Endpoint) -> None:
    """6.1.1: OPT may stand anywhere in the additional section."""
    other = record(b"\xc0\x0c", 1, b"\xc0\0\2\1")
    for extra in (opt() + other, other + opt(), other + opt() + other):
        count = 2 if extra.count(other) == 1 else 3
        reply = parse(udp(server, header(counts=(1, 0, 0, count)) + question(WWW) + extra))
        assert reply.rcode() == dns.rcode.NOERROR
        assert reply.edns == 0


def test_two_opt_records_are_a_format_error(server: Endpoint) -> None:
    """6.1.1: a query with more than one OPT gets FORMERR."""
    for second in (opt(), opt(size=512), opt(ttl=1 << 16)):
        reply = udp(server, header(counts=(1, 0, 0, 2)) + question(WWW) + opt() + second)
        assert rcode_of(reply) == dns.rcode.FORMERR


@pytest.mark.parametrize("owner", [b"\1a\0", b"\xc0\x0c"])
def test_an_opt_record_has_the_root_as_owner(server: Endpoint, owner: bytes) -> None:
    """6.1.2: the owner of OPT is the root."""
    assert rcode_of(udp(server, query(WWW, extra=opt(owner=owner)))) == dns.rcode.FORMERR

"""The header of every reply (RFC 1035 4.1.1, RFC 2181 5.1, RFC 4035 3.1.6, RFC 6895 2)."""

import dns.flags
import dns.rcode
import pytest

from bench.peers import Endpoint
from tests.asking import (
    AA,
    AD,
    CD,
    QR,
    RA,
    RD,
    TC,
    Z,
    flags_of,
    header,
    opcode_of,
    opt,
    parse,
    query,
    question,
    rcode_of,
    silent,
    tcp,
    udp,
)

WWW = "www.rfc.test."
OURS = query(WWW)
CASES = {
    "an answer": OURS,
    "no data": query(WWW, 28),
    "no such name": query("missing.rfc.test."),
    "a referral": query("x.ns-like.rfc.test."),
    "refused": query("www.elsewhere.invalid."),
    "an odd class": query(WWW, rdclass=3),
    "a format error": header() + b"\xc0\x0c\0\1\0\1",
    "not implemented": query(WWW, opcode=9),
    "with EDNS": query(WWW, extra=opt()),
}
ALL = [QR, AA, TC, RD, RA, Z, AD, CD]
each_case = pytest.mark.parametrize("wire", CASES.values(), ids=CASES)


@each_case
@pytest.mark.parametrize("ident", [0, 1, 0x8000, 0xFFFF])
def test_id_is_copied(server: Endpoint, wire: bytes, ident: int) -> None:
    """ID: the reply has that of the query."""
    sent = ident.to_bytes(2) + wire[2:]
    assert udp(server, sent)[:2] == sent[:2]
    assert tcp(server, sent)[:2] == sent[:2]


@pytest.mark.parametrize("opcode", range(16))
def test_opcode_is_copied(server: Endpoint, opcode: int) -> None:
    """OPCODE: the reply has that of the query."""
    assert opcode_of(udp(server, query(WWW, opcode=opcode))) == opcode


@pytest.mark.parametrize("opcode", [1, 2, 3, *range(6, 16)])
def test_an_opcode_that_is_not_implemented(server: Endpoint, opcode: int) -> None:
    """RCODE 4, Not Implemented: a kind of query that the server does not have."""
    assert rcode_of(udp(server, query(WWW, opcode=opcode))) == dns.rcode.NOTIMP


@pytest.mark.parametrize("opcode", [1, 2, 3, 6, 15])
def test_edns_is_answered_whatever_the_opcode(server: Endpoint, opcode: int) -> None:
    """RFC 6891 6.1.1: an OPT in the request asks for one in the response."""
    reply = parse(udp(server, query(WWW, opcode=opcode, extra=opt())))
    assert reply.edns == 0
    assert parse(udp(server, query(WWW, opcode=opcode))).edns == -1


@each_case
def test_rd_is_copied(server: Endpoint, wire: bytes) -> None:
    """RD: the reply has that of the query."""
    for flags in (0, RD):
        sent = wire[:2] + (int.from_bytes(wire[2:4]) | flags).to_bytes(2) + wire[4:]
        assert flags_of(udp(server, sent)) & RD == flags


@each_case
@pytest.mark.parametrize("flags", [AA, TC, RA, Z, AD, CD, AA | TC | RA | Z | AD | CD])
def test_bits_that_a_query_should_not_have_change_nothing(server: Endpoint, wire: bytes, flags: int) -> None:
    """Z is zero in every message; AA, TC and RA have a meaning in replies alone."""
    sent = wire[:2] + (int.from_bytes(wire[2:4]) | flags).to_bytes(2) + wire[4:]
    reply, without = udp(server, sent), udp(server, wire)
    assert flags_of(reply) & ~CD == flags_of(without) & ~CD
    assert flags_of(reply) & Z == 0
    assert rcode_of(reply) == rcode_of(without)


@pytest.mark.parametrize("rcode", range(1, 16))
def test_the_rcode_of_a_query_means_nothing(server: Endpoint, rcode: int) -> None:
    """RCODE: the server sets it; that of the query means nothing."""
    assert rcode_of(udp(server, query(WWW, flags=rcode))) == dns.rcode.NOERROR


@pytest.mark.parametrize("case", ["an answer", "no data", "no such name"])
def test_aa_for_what_is_in_our_zones(server: Endpoint, case: str) -> None:
    """AA: the server has authority for the name in the question section."""
    assert flags_of(udp(server, CASES[case])) & AA


@pytest.mark.parametrize("case", ["a referral", "refused", "an odd class", "a format error", "not implemented"])
def test_no_aa_elsewhere(server: Endpoint, case: str) -> None:
    assert not flags_of(udp(server, CASES[case])) & AA


def test_an_alias_that_leaves_our_zones_has_aa(server: Endpoint) -> None:
    """AA speaks of the name that was asked, or of the first owner in the answer section."""
    assert flags_of(udp(server, query("x.out.dname.test."))) & AA


@each_case
def test_no_ra_when_recursion_is_off(server: Endpoint, wire: bytes) -> None:
    """RA: whether the client can have recursion here."""
    assert not flags_of(udp(server, wire)) & RA


@each_case
def test_tc_only_when_truncated(server: Endpoint, wire: bytes) -> None:
    """TC: the message was cut because it is longer than the way there permits."""
    assert not flags_of(udp(server, wire)) & TC


@pytest.mark.parametrize("flags", [0, CD, AD, AD | CD])
def test_ad_and_cd_in_an_authoritative_answer(server: Endpoint, flags: int) -> None:
    """RFC 4035 3.1.6: an authoritative reply has CD clear, and AD only where the server holds all its RRsets to be
    authentic."""
    for extra in (b"", opt(ttl=0x8000)):
        assert flags_of(udp(server, query(WWW, flags=flags, extra=extra))) & (AD | CD) == 0


def test_names_that_are_not_ours_are_refused(server: Endpoint) -> None:
    """RCODE 5, Refused: the server does not do this by its policy."""
    for flags in (0, RD):
        reply = udp(server, query("www.elsewhere.invalid.", flags=flags))
        assert rcode_of(reply) == dns.rcode.REFUSED
        assert reply[6:12] == b"\0" * 6


@each_case
@pytest.mark.parametrize("flags", [QR, QR | AA | RD | RA, *(QR | rcode for rcode in range(1, 11))])
def test_a_response_is_not_answered(server: Endpoint, wire: bytes, flags: int) -> None:
    """QR is 0 in a query and 1 in a response: what is no query has no reply."""
    assert silent(server, [b"\0\1" + (int.from_bytes(wire[2:4]) | flags).to_bytes(2) + wire[4:]], OURS) == []


@pytest.mark.parametrize("length", range(12))
def test_a_packet_without_a_whole_header_is_not_answered(server: Endpoint, length: int) -> None:
    assert silent(server, [(b"\0\1" + OURS[2:])[:length]], OURS) == []


@pytest.mark.parametrize("length", range(12, len(OURS)))
def test_a_query_that_is_cut_short_is_a_format_error(server: Endpoint, length: int) -> None:
    """RCODE 1, Format error: the server cannot read the query."""
    reply = udp(server, OURS[:length])
    assert rcode_of(reply) == dns.rcode.FORMERR
    assert reply[:2] == OURS[:2]


def test_a_header_alone_with_random_bits_never_gets_more_than_a_header(server: Endpoint) -> None:
    for word in range(0, 0x8000, 0x111):
        reply = udp(server, header(flags=word))
        assert len(reply) == 12
        assert flags_of(reply) & (QR | AA | Z | TC) == QR


def test_the_question_is_copied(server: Endpoint) -> None:
    """RFC 1035 4.1.2 with 7.3: the question section is how a reply is matched to its query."""
    for case in ("an answer", "no data", "no such name", "a referral", "refused", "an odd class"):
        asked = CASES[case]
        reply = udp(server, asked)
        assert reply[4:6] == b"\0\1"
        assert reply[12 : len(asked)] == asked[12:]


def test_flags_are_what_dnspython_thinks() -> None:
    # guards the constants of these tests
    named = [dns.flags.QR, dns.flags.AA, dns.flags.TC, dns.flags.RD, dns.flags.RA, 0x40, dns.flags.AD, dns.flags.CD]
    assert named == ALL
    assert question(".") == b"\0\0\1\0\1"

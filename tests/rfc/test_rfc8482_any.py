"""QTYPE=ANY: RFC 8482."""

import dns.flags
import dns.rcode
import pytest

from bench.peers import Endpoint
from tests.asking import opt, parse, query, tcp, udp

ANY = 255


@pytest.mark.parametrize("qname", ["any.rfc.test.", "rfc.test.", "www.rfc.test.", "big.rfc.test.", "huge.rfc.test."])
@pytest.mark.parametrize("extra", [b"", opt(), opt(size=4096), opt(size=4096, ttl=0x8000)])
def test_at_most_512_bytes_over_udp(server: Endpoint, qname: str, extra: bytes) -> None:
    """1: ANY is used to amplify attacks; 4.1: one RRset of the name is enough."""
    reply = udp(server, query(qname, ANY, extra=extra))
    assert len(reply) <= 512
    assert parse(reply).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("qname", ["any.rfc.test.", "rfc.test.", "www.rfc.test."])
def test_what_comes_is_there(server: Endpoint, qname: str) -> None:
    """4.1: in place of all RRsets of the name one of them is sent, or some."""
    for transport in (udp, tcp):
        reply = parse(transport(server, query(qname, ANY)))
        assert reply.flags & dns.flags.AA
        assert reply.answer
        for rrset in reply.answer:
            whole = parse(tcp(server, query(qname, int(rrset.rdtype))))
            assert rrset in whole.answer or rrset.rdtype.name == "HINFO"


def test_a_name_that_is_not_there(server: Endpoint) -> None:
    """4: a name that does not exist gets what it gets for every other type."""
    reply = parse(udp(server, query("missing.rfc.test.", ANY)))
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.authority


def test_an_alias_is_one_rrset(server: Endpoint) -> None:
    """4.1 with RFC 1034 4.3.2 step 3a: ANY matches CNAME, so it is not followed."""
    reply = parse(udp(server, query("alias.rfc.test.", ANY)))
    assert [rrset.rdtype.name for rrset in reply.answer] == ["CNAME"]


def test_a_referral(server: Endpoint) -> None:
    reply = parse(udp(server, query("x.ns-like.rfc.test.", ANY)))
    assert not reply.answer
    assert [rrset.rdtype.name for rrset in reply.authority] == ["NS"]

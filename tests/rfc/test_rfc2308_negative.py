"""Negative answers: RFC 2308, RFC 8020, RFC 9077."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from tests.asking import opt, texts
from tests.rfc.conftest import Ask

SOA = "rfc.test. 120 soa ns1.rfc.test. hostmaster.rfc.test. 2026010101 7200 3600 1209600 120"


@pytest.mark.parametrize(
    ("qname", "rdtype", "rcode"),
    [
        ("missing.rfc.test.", 1, dns.rcode.NXDOMAIN),
        ("a.b.c.missing.rfc.test.", 1, dns.rcode.NXDOMAIN),
        ("missing.www.rfc.test.", 1, dns.rcode.NXDOMAIN),
        ("www.rfc.test.", 28, dns.rcode.NOERROR),
        ("rfc.test.", 1, dns.rcode.NOERROR),
        ("rfc.test.", 43, dns.rcode.NOERROR),
        ("www.rfc.test.", 65_280, dns.rcode.NOERROR),
    ],
)
@pytest.mark.parametrize("extra", [b"", opt(), opt(ttl=0x8000)])
def test_the_soa_has_the_negative_ttl(ask: Ask, qname: str, rdtype: int, rcode: dns.rcode.Rcode, extra: bytes) -> None:
    """3: NXDOMAIN and NODATA have the SOA of the zone in the authority section, whose TTL is the smaller one of its own
    and of its MINIMUM field."""
    reply = ask(qname, rdtype, extra=extra)
    assert reply.rcode() == rcode
    assert reply.flags & dns.flags.AA
    assert not reply.answer
    assert texts(reply.authority) == {SOA}
    assert not reply.additional


def test_the_soa_as_an_answer_has_its_own_ttl(ask: Ask) -> None:
    assert [rrset.ttl for rrset in ask("rfc.test.", 6).answer] == [3600]


@pytest.mark.parametrize("qname", ["below.empty.rfc.test.", "empty.rfc.test.", "of.rfc.test."])
@pytest.mark.parametrize("rdtype", [1, 2, 6, 16, 43, 255])
def test_an_empty_non_terminal_exists(ask: Ask, qname: str, rdtype: int) -> None:
    """RFC 8020 2: NXDOMAIN denies a name and all names under it, so a name with names under it gets no error
    (RFC 4592 2.2.2)."""
    reply = ask(qname, rdtype)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer
    assert texts(reply.authority) == {SOA}


def test_the_end_of_an_alias_that_is_missing(ask: Ask) -> None:
    """2.1: an NXDOMAIN reply may have aliases in its answer section, and the last of them leads to the missing name."""
    missing = ask("missing.rfc.test.root.dname.test.", 1)
    assert missing.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.rdtype for rrset in missing.answer] == [dns.rdatatype.DNAME, dns.rdatatype.CNAME]
    assert texts(missing.authority) == {SOA}

"""Wildcards: the zone of RFC 4592 2.2.1, and each answer that the RFC says follows from it."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from tests.asking import texts
from tests.rfc.conftest import Ask

TXT, MX, A, SRV, NS, SOA, DS = 16, 15, 1, 33, 2, 6, 43


@pytest.mark.parametrize(
    ("qname", "rdtype", "expected"),
    [
        # host3.example. does not exist
        ("host3.example.", MX, "host3.example. 3600 mx 10 host1.example."),
        # bar.example. does not exist either: the closest ancestor that does has the wildcard
        ("foo.bar.example.", TXT, 'foo.bar.example. 3600 txt "this is a wildcard"'),
        # 2.3: an asterisk label in a QNAME has no special meaning: the name is there
        ("*.example.", TXT, '*.example. 3600 txt "this is a wildcard"'),
        ("*.example.", MX, "*.example. 3600 mx 10 host1.example."),
        ("sub.*.example.", TXT, 'sub.*.example. 3600 txt "this is not a wildcard"'),
        ("host1.example.", A, "host1.example. 3600 a 192.0.2.1"),
    ],
)
def test_synthesized(ask: Ask, qname: str, rdtype: int, expected: str) -> None:
    """2.2.1: the responses that come from one of the wildcards in the zone."""
    reply = ask(qname, rdtype)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert texts(reply.answer) == {expected}


@pytest.mark.parametrize(
    ("qname", "rdtype"),
    [
        # *.example. has no A
        ("host3.example.", A),
        # host1.example. exists
        ("host1.example.", MX),
        # sub.*.example. exists
        ("sub.*.example.", MX),
        # 2.2.2: a name with nothing but names below it, such as _tcp.host1.example., exists.
        ("_tcp.host1.example.", TXT),
        ("host2.example.", TXT),
        ("_tcp.host2.example.", MX),
        ("example.", A),
        ("*.example.", A),
    ],
)
def test_no_data(ask: Ask, qname: str, rdtype: int) -> None:
    reply = ask(qname, rdtype)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert not reply.answer
    assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]


@pytest.mark.parametrize(
    ("qname", "rdtype"),
    [
        # _tcp.host1.example. exists, without data
        ("_telnet._tcp.host1.example.", SRV),
        # *.example. exists
        ("ghost.*.example.", MX),
        ("x.host1.example.", TXT),
        ("x.host2.example.", TXT),
        ("x.sub.*.example.", TXT),
        ("*.*.example.", TXT),
        ("*.host1.example.", TXT),
    ],
)
def test_the_closest_encloser_has_no_wildcard(ask: Ask, qname: str, rdtype: int) -> None:
    """3.3.1: the wildcard directly below the closest encloser is the source; no other wildcard counts."""
    reply = ask(qname, rdtype)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert reply.flags & dns.flags.AA
    assert not reply.answer
    assert [str(rrset.name) for rrset in reply.authority] == ["example."]


def test_a_zone_cut_stops_the_wildcard(ask: Ask) -> None:
    """2.2.1: host.subdel.example. gets nothing from a wildcard: subdel.example. exists and is a zone cut."""
    reply = ask("host.subdel.example.", A)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
    assert texts(reply.authority) == {
        "subdel.example. 3600 ns ns.example.com.",
        "subdel.example. 3600 ns ns.example.net.",
    }


def test_the_owner_of_a_synthesized_record_is_the_name_asked(ask: Ask) -> None:
    """RFC 1034 4.3.3: the owner of the record that is made is the name that was asked, in its own letter case."""
    reply = ask("FoO.bAr.Example.", TXT)
    assert [str(rrset.name).lower() for rrset in reply.answer] == ["foo.bar.example."]


def test_a_wildcard_matches_many_labels_and_long_names(ask: Ask) -> None:
    """3.3.1: the closest encloser is the longest existing ancestor, however many labels lie between."""
    for qname in ("a.b.c.d.e.f.g.h.example.", ("x." * 120) + "example.", "a" * 63 + ".example."):
        reply = ask(qname, TXT)
        assert reply.rcode() == dns.rcode.NOERROR
        assert len(reply.answer) == 1

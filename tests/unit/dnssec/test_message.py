"""Bytes to sections: names without compression, RRsets together, RRSIGs by what they cover."""

import dns.flags
import dns.message
import dns.rrset
import pytest

from resolute.dnssec.message import parse
from resolute.errors import PeerError
from resolute.records import names
from resolute.records.types import MX, RRSIG, SOA, A
from tests.signing import wire


def made(*texts: str, rcode: int = 0) -> bytes:
    message = dns.message.Message(id=0)
    message.flags = dns.flags.QR | rcode
    for text in texts:
        owner, ttl, rtype, data = text.split(maxsplit=3)
        message.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", rtype, data))
        message.authority.append(dns.rrset.from_text("example.", 60, "IN", "SOA", "ns.example. h.example. 1 2 3 4 5"))
    return message.to_wire()


def test_sections() -> None:
    message = parse(
        made("WWW.Example. 300 A 192.0.2.1", "www.EXAMPLE. 200 A 192.0.2.2", "www.example. 9 MX 1 M.Other.", rcode=3)
    )
    assert message.rcode == 3
    assert [(rrset.key, rrset.ttl, len(rrset.rdatas)) for rrset in message.answer] == [
        ((wire("www.example."), A), 200, 2),
        ((wire("www.example."), MX), 9, 1),
    ]
    assert message.answer[1].rdatas == (b"\0\1" + names.from_text("M.Other."),), "letter case is kept, pointers are not"
    (soa,) = message.authority
    assert soa.rtype == SOA
    assert soa.rdatas[0].lower().startswith(wire("ns.example."))


def test_signatures_by_what_they_cover() -> None:
    """Their TTL is that of the covered RRset (RFC 4034 3), so they are no RRset in the usual sense."""
    message = parse(
        made(
            "a.example. 300 RRSIG A 13 2 300 20300101000000 20200101000000 7 example. AAAA",
            "a.example. 60 RRSIG NSEC 13 2 60 20300101000000 20200101000000 7 example. AAAA",
        )
    )
    assert [(rrset.rtype, rrset.ttl) for rrset in message.answer] == [(RRSIG, 300), (RRSIG, 60)]


def test_ttl_with_the_highest_bit_is_nothing() -> None:
    """RFC 2181 8."""
    octets = made("a.example. 300 A 192.0.2.1").replace((300).to_bytes(4), b"\x80\x00\x00\x01")
    assert parse(octets).answer[0].ttl == 0


@pytest.mark.parametrize("cut", [0, 1, 11, 13, 20, -1])
def test_what_is_cut_is_refused(cut: int) -> None:
    with pytest.raises(PeerError):
        parse(made("a.example. 300 A 192.0.2.1")[:cut])

"""Type bit maps (RFC 4034 4.1.2): what dnspython reads, and what is refused."""

import dns.exception
import dns.rdtypes.util
import dns.wire
import pytest

from resolute.dnssec import bitmap
from resolute.dnssec.keys import MalformedError
from resolute.records import names, rdata
from resolute.records.types import NSEC


@pytest.mark.parametrize(
    "types", ["A", "A RRSIG NSEC", "NS SOA MX TXT AAAA RRSIG NSEC DNSKEY CAA TYPE65534", "TYPE1234"]
)
def test_read(types: str) -> None:
    wire = rdata.to_wire(NSEC, f". {types}", b"\0")[1:]
    assert bitmap.read(wire) == {rdata.type_from_text(word) for word in types.split()}


def test_empty() -> None:
    """An empty non-terminal's NSEC3 has no types (RFC 5155 7.1)."""
    assert bitmap.read(b"") == frozenset()


@pytest.mark.parametrize(
    "octets",
    [
        b"\0",
        b"\0\0",
        b"\0\1",
        b"\0\x21" + bytes(33),
        b"\0\2\x40",
        b"\1\1\x40\0\1\x40",
        b"\0\1\x40\0\1\x40",
        names.from_text("a."),
    ],
)
def test_malformed(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        bitmap.read(octets)
    with pytest.raises((dns.exception.FormError, ValueError)):
        dns.rdtypes.util.Bitmap.from_wire_parser(dns.wire.Parser(octets))

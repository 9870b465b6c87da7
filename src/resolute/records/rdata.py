r"""Record data: presentation form to wire and back, through dnspython.

Every type that dnspython knows, those of RFC 1035 that are written as one that it knows, and every other type in the
generic form `\# LENGTH HEX` (RFC 3597 5).
"""

import socket
from functools import lru_cache
from typing import Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer

from resolute.errors import PresentationError

_IN = dns.rdataclass.IN
_NOBODYS = 65_280
"""A type of private use (RFC 6895 3.1): its rdata may be anything."""
_INVALID_KEY = 65_535
_LONGEST = 65_535
_REMEMBERED = 512
"""Conversions that are not made again: one change needs the same one several times."""
_ADDRESSES: Final = {1: socket.AF_INET, 28: socket.AF_INET6}
"""Most records are addresses, and need not wait for the general way."""
_NAMED_TYPES = "NS MD MF CNAME SOA MB MG MR PTR MINFO MX RP AFSDB RT SIG PX NXT NAPTR KX SRV DNAME RRSIG"
_GENERIC = "\\#"
_ALIKE = {
    int(dns.rdatatype.from_text(one)): dns.rdatatype.from_text(other)
    for one, other in {"MD": "NS", "MF": "NS", "MB": "NS", "MG": "NS", "MR": "NS", "MINFO": "RP", "TA": "DS"}.items()
}
"""Types that dnspython does not know, and one that has the same form (RFC 1035 3.3)."""
_WITH_NAMES = frozenset(int(dns.rdatatype.from_text(name)) for name in _NAMED_TYPES.split())


@lru_cache(_REMEMBERED)
def to_wire(rtype: int, text: str, origin: bytes) -> bytes:
    """The uncompressed wire rdata of `text`; relative names in it are completed by `origin` (a wire name).

    Class IN. Raises PresentationError that says what dnspython expected.
    """
    if (family := _ADDRESSES.get(rtype)) is not None:
        try:
            return socket.inet_pton(family, text)
        except (OSError, ValueError):
            pass  # blanks around it, a comment, or a mistake: dnspython knows
    try:
        name = dns.name.from_wire(origin, 0)[0]
        tokens = dns.tokenizer.Tokenizer(text)
        rdata = dns.rdata.from_text(_IN, _form(rtype), tokens, origin=name, relativize=False)
        if not tokens.get().is_eof():
            raise ValueError("expected one record, there is another line")
        if _INVALID_KEY in getattr(rdata, "params", ()):
            raise ValueError("key65535 is reserved as an invalid key (RFC 9460 14.3.2)")
        return _bounded(rdata.to_wire(origin=name) or b"")
    except (dns.exception.DNSException, ValueError, OverflowError, IndexError, KeyError) as error:
        raise PresentationError(f"{type_to_text(rtype)} rdata does not parse: {_reason(error)}") from error


def from_our_text(rtype: int, text: str) -> bytes:
    """The wire rdata of what `to_text` has written. Raises PresentationError."""
    try:
        return to_wire(rtype, text, b"\0")
    except PresentationError:
        if not text.startswith(_GENERIC):
            raise
        return to_wire(_NOBODYS, text, b"\0")  # dnspython reads such rdata no more than it writes it


@lru_cache(_REMEMBERED)
def to_text(rtype: int, rdata: bytes, *, origin: bytes | None = None) -> str:
    """The presentation form of wire rdata; the generic form (RFC 3597 5) where the type is unknown or the rdata is not
    well-formed for it. Never raises for any bytes. Names at and below `origin` (a wire name) are written relative."""
    if (family := _ADDRESSES.get(rtype)) is not None and _is_plain(family, rdata):
        return socket.inet_ntop(family, rdata)
    name = None if origin is None else dns.name.from_wire(origin, 0)[0]
    try:
        text = dns.rdata.from_wire(_IN, _form(rtype), rdata, 0, len(rdata)).to_text(name)
    except (dns.exception.DNSException, ValueError, OverflowError, IndexError, KeyError, UnicodeError):
        text = ""
    return text or to_generic(rtype, rdata)


def to_generic(rtype: int, rdata: bytes) -> str:
    r"""The generic form of wire rdata (RFC 3597 5), `\# LENGTH HEX`."""
    return dns.rdata.GenericRdata(_IN, _type(rtype), rdata).to_text()


@lru_cache(_REMEMBERED)
def canonical(rtype: int, rdata: bytes) -> bytes:
    """The form in which equal rdatas are equal octets: names of the types that RFC 4034 6.2 and RFC 6840 5.1 list in
    lower case. Rdata that is not well-formed stays as it is."""
    if rtype not in _WITH_NAMES or rdata == rdata.lower():
        return rdata
    try:
        return dns.rdata.from_wire(_IN, _form(rtype), rdata, 0, len(rdata)).to_digestable()
    except (dns.exception.DNSException, ValueError, IndexError):
        return rdata


@lru_cache(_REMEMBERED)
def type_from_text(text: str) -> int:
    """The number of a type: a mnemonic in any case, or `TYPE123` (RFC 3597 5). Raises PresentationError."""
    try:
        return int(dns.rdatatype.from_text(text))
    except (dns.exception.DNSException, ValueError) as error:
        raise PresentationError(f"{text!r} is not a record type: expected A, AAAA, MX, ... or TYPE<number>") from error


@lru_cache(_REMEMBERED)
def type_to_text(rtype: int) -> str:
    """The mnemonic of a type, or `TYPE123`."""
    return dns.rdatatype.to_text(_type(rtype))


def _is_plain(family: socket.AddressFamily, rdata: bytes) -> bool:
    """Whether it is an address that the platform writes as dnspython does: of IPv4 within IPv6 that is not sure."""
    return len(rdata) == 4 if family is socket.AF_INET else len(rdata) == 16 and any(rdata[:10])


def _type(rtype: int) -> dns.rdatatype.RdataType:
    return dns.rdatatype.RdataType.make(rtype)


def _bounded(rdata: bytes) -> bytes:
    if len(rdata) > _LONGEST:
        raise ValueError(f"it has {len(rdata)} octets: expected {_LONGEST} at most (RFC 1035 3.2.1)")
    return rdata


def _form(rtype: int) -> dns.rdatatype.RdataType:
    """The type that tells dnspython what the rdata looks like."""
    return _ALIKE.get(rtype) or _type(rtype)


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")

"""Questions about zones: at every name that is there, above it, below it, beside it, and where its records lead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.rdatatype

from tests.interop.differential import labels
from tests.interop.differential.draw import Draw
from tests.interop.differential.names import LONGEST, Name, ancestors, length, text, wire
from tests.interop.differential.zones import Record, Zone

TYPES = "A AAAA TXT NS DS CNAME DNAME SOA MX SRV HTTPS SVCB PTR CAA NAPTR ANY RRSIG NSEC DNSKEY TYPE65280 TYPE65281"
CODES = {word: int(dns.rdatatype.from_text(word)) for word in (*TYPES.split(), "AFSDB", "HINFO", "TYPE300")}
COMMON = {"A": 8, "TXT": 3, "NS": 3, "DS": 3, "CNAME": 3, "DNAME": 2, "SOA": 2, "MX": 2, "ANY": 2, "AAAA": 2}
SIZES = {None: 4, 512: 1, 1232: 3, 4096: 4}
"""Offered UDP sizes (RFC 6891 6.2.3); None: without EDNS."""


@dataclass(frozen=True)
class Question:
    """One question, and how it is asked."""

    qname: Name
    qtype: int
    recursion_desired: bool = False
    size: int | None = 4096
    dnssec_ok: bool = False

    def __str__(self) -> str:
        edns = "no EDNS" if self.size is None else f"EDNS {self.size}"
        flags = " RD" * self.recursion_desired + " DO" * self.dnssec_ok
        return f"{text(self.qname)} {dns.rdatatype.to_text(dns.rdatatype.RdataType.make(self.qtype))} ({edns}{flags})"

    def wire(self, ident: int) -> bytes:
        """The message (RFC 1035 4.1, RFC 6891 6.1.2)."""
        head = ident.to_bytes(2) + bytes((self.recursion_desired, 0, 0, 1, 0, 0, 0, 0, 0, self.size is not None))
        asked = wire(self.qname) + self.qtype.to_bytes(2) + b"\0\1"
        if self.size is None:
            return head + asked
        flags = b"\x80\0" if self.dnssec_ok else b"\0\0"
        return head + asked + b"\0\0\x29" + self.size.to_bytes(2) + b"\0\0" + flags + b"\0\0"


def questions(draw: Draw, zones: Sequence[Zone], count: int, *, dnssec: bool = False) -> Iterator[Question]:
    """So many questions, of which no two are equal; fewer when the zones give no more."""
    places = [_Places(zone) for zone in zones]
    seen: set[Question] = set()
    for _ in range(4 * count):
        question = _question(draw, draw.pick(places), dnssec=dnssec)
        if question not in seen:
            seen.add(question)
            yield question
        if len(seen) == count:
            return


class _Places:
    """The names of a zone that questions start from."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.records = zone.records
        depth = len(zone.origin)
        owners = {record.owner for record in zone.records}
        self.empty = [up for owner in sorted(owners) for up in ancestors(owner) if len(up) > depth and up not in owners]
        self.led_to = [record.target for record in zone.records if record.target is not None] or [zone.origin]
        self.dnames = [record for record in zone.records if record.rtype == "DNAME"]


def _question(draw: Draw, places: _Places, *, dnssec: bool) -> Question:
    record = draw.pick(places.records)
    qname = _qname(draw, places, record)
    if draw.chance(10):
        qname = tuple(label.upper() if draw.chance(50) else label for label in qname)
    size = 4096 if dnssec else draw.weighted(SIZES)
    return Question(qname, _qtype(draw, record), draw.chance(10), size, dnssec and draw.chance(80))


KINDS = {"owner": 8, "below": 8, "beside": 5, "empty": 3, "led": 2, "below-led": 1, "dname": 4, "out": 1}


def _qname(draw: Draw, places: _Places, record: Record) -> Name:
    match draw.weighted(KINDS):
        case "below":
            name = labels.below(draw, record.owner, deepest=3)
        case "beside":
            name = labels.below(draw, record.owner[1:], deepest=2)
        case "empty" if places.empty:
            name = draw.pick(places.empty)
        case "led":
            name = draw.pick(places.led_to)
        case "below-led":
            name = labels.below(draw, draw.pick(places.led_to))
        case "dname" if places.dnames:
            name = _below_dname(draw, draw.pick(places.dnames))
        case "out":
            name = labels.below(draw, places.zone.origin[1:])
        case _:
            name = record.owner
    return name if length(name) <= LONGEST else record.owner


def _below_dname(draw: Draw, record: Record) -> Name:
    """A name that the DNAME leads to one of its target's neighbours, or to a name at the limit of its length."""
    assert record.target is not None
    if draw.chance(70):
        return labels.below(draw, record.owner)
    room = LONGEST - length(record.target) + length(record.owner)
    return labels.padded(draw, record.owner, min(LONGEST, room + draw.pick((-1, 0, 1, 2))))


def _qtype(draw: Draw, record: Record) -> int:
    if draw.chance(45):
        return CODES[record.rtype]
    if draw.chance(15):
        return draw.pick(tuple(CODES.values()))
    return CODES[draw.weighted(COMMON)]

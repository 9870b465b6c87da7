"""Replies read into what is compared: header bits and sections of records, names without compression or case.

Names in rdata lose their case with compression (RFC 1035 4.1.4, RFC 4343 4.1), so they are compared without it.
"""

import struct
from dataclasses import dataclass, field

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype

from tests.interop.differential.questions import Question

QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
HEADER = struct.Struct("!HHHHHH")
FIXED = struct.Struct("!HHIH")
NAMES_AFTER = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 18: (2, 1), 33: (6, 1), 39: (0, 1), 47: (0, 1)}
"""Type: octets before the names in its rdata, and how many names (RFC 1035 3.3, RFC 2782, RFC 6672, RFC 4034)."""
NAMES_AFTER |= {64: (2, 1), 65: (2, 1), 46: (18, 1)}
NAPTR, OPT = 35, 41


class MalformedError(Exception):
    """A reply that does not answer the question that was asked, or does not parse; the text says where."""


@dataclass(frozen=True, slots=True)
class Rr:
    """A record as it is compared."""

    owner: bytes
    rtype: int
    rdclass: int
    ttl: int
    rdata: bytes

    def __str__(self) -> str:
        text = _presentation(self.rtype, self.rdata)
        owner = dns.name.from_wire(self.owner, 0)[0]
        return f"{owner} {self.ttl} IN {dns.rdatatype.to_text(dns.rdatatype.RdataType.make(self.rtype))} {text}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said."""

    rcode: int
    flags: int
    answer: frozenset[Rr]
    authority: frozenset[Rr]
    additional: frozenset[Rr]
    size: int = field(compare=False)
    edns: bool = False
    repeated: bool = False
    """A record stands twice in a section (RFC 2181 5 has no such RRset)."""

    @property
    def aa(self) -> bool:
        """Authoritative answer (RFC 1035 4.1.1)."""
        return bool(self.flags & AA)

    @property
    def tc(self) -> bool:
        """Truncated (RFC 2181 9)."""
        return bool(self.flags & TC)

    def types(self) -> frozenset[int]:
        """The types in its answer section."""
        return frozenset(record.rtype for record in self.answer)


def read(octets: bytes, question: Question, ident: int) -> Reply:
    """The reply to a question. Raises MalformedError."""
    try:
        return _Reader(octets).reply(question, ident)
    except (IndexError, struct.error) as error:
        raise MalformedError(f"does not parse: {error}; {octets.hex()}") from error


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = HEADER.size
        self._names: dict[int, tuple[bytes, int]] = {}
        self._repeated = False
        self._opt: Rr | None = None

    def reply(self, question: Question, ident: int) -> Reply:
        got_id, flags, asked, answer, authority, additional = HEADER.unpack_from(self._octets)
        expected = question.wire(ident)
        self._at += len(expected) - HEADER.size - 11 * (question.size is not None)
        if got_id != ident or not flags & QR or asked != 1 or self._octets[12 : self._at] != expected[12 : self._at]:
            raise MalformedError(f"not a reply to this question: {self._octets.hex()}")
        sections = (self._section(answer), self._section(authority), self._section(additional))
        if self._at != len(self._octets):
            raise MalformedError(f"{len(self._octets) - self._at} octets after its end")
        opt = self._opt
        rcode = flags & 15 | (opt.ttl >> 24 << 4 if opt else 0)
        return Reply(rcode, flags & ~15, *sections, len(self._octets), edns=opt is not None, repeated=self._repeated)

    def _section(self, count: int) -> frozenset[Rr]:
        records = [self._record() for _ in range(count)]
        self._opt = next((record for record in records if record.rtype == OPT), self._opt)
        as_set = frozenset(record for record in records if record.rtype != OPT)
        self._repeated |= len(as_set) + (self._opt in records) != count
        return as_set

    def _record(self) -> Rr:
        owner = self._name()
        rtype, rdclass, ttl, size = FIXED.unpack_from(self._octets, self._at)
        self._at += FIXED.size
        end = self._at + size
        rdata = self._rdata(rtype, end)
        if self._at != end or end > len(self._octets):
            raise MalformedError(f"rdata of type {rtype} has another length than it says")
        return Rr(owner, rtype, rdclass, ttl, rdata)

    def _rdata(self, rtype: int, end: int) -> bytes:
        start = self._at
        before, names = NAMES_AFTER.get(rtype, (end - start, 0))
        if rtype == NAPTR:
            before, names = self._naptr(start), 1
        self._at += before
        expanded = b"".join(self._name() for _ in range(names))
        rest = self._octets[self._at : end]
        self._at = max(end, self._at)
        return self._octets[start : start + before] + expanded + rest

    def _naptr(self, start: int) -> int:
        """Octets of order, preference and three strings (RFC 3403 4.1)."""
        at = start + 4
        for _ in range(3):
            at += 1 + self._octets[at]
        return at - start

    def _name(self) -> bytes:
        found, self._at = self._name_at(self._at)
        return found

    def _name_at(self, start: int) -> tuple[bytes, int]:
        """A name in lower case, and where it ends. A pointer leads back only, so this ends."""
        if start not in self._names:
            self._names[start] = self._read_name(start)
        return self._names[start]

    def _read_name(self, start: int) -> tuple[bytes, int]:
        at, labels = start, bytearray()
        while (size := self._octets[at]) and size < 0xC0:
            labels += self._octets[at : at + 1 + size].lower()
            at += 1 + size
        if not size:
            return bytes(labels) + b"\0", at + 1
        pointed = (size & 0x3F) << 8 | self._octets[at + 1]
        if pointed >= start:
            raise MalformedError("a compression pointer that does not lead back")
        return bytes(labels) + self._name_at(pointed)[0], at + 2


def _presentation(rtype: int, rdata: bytes) -> str:
    try:
        return str(dns.rdata.from_wire("IN", dns.rdatatype.RdataType.make(rtype), rdata, 0, len(rdata)))
    except dns.exception.DNSException:
        return f"\\# {len(rdata)} {rdata.hex()}"

"""A zone on its way to a zone file: takes the records that every server loads, refuses what one of them would not.

What one server refuses cannot be compared. So none of these is made: a CNAME beside other data (RFC 2181 10.1), a
second CNAME or DNAME at a name, a DNAME at a zone cut (RFC 6672 2.3), an NS record at a wildcard (RFC 4592 4.2 leaves
its meaning open; BIND refuses the zone), a zone without NS at its apex. Data below a DNAME (RFC 6672 2.4) is made for
BIND alone, the only one of the three that loads it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.interop.differential.names import LONGEST, Name, ancestors, is_at_or_below, length, lower, text

SINGLE = frozenset({"CNAME", "DNAME", "SOA"})


@dataclass(frozen=True)
class Record:
    """One line of a zone file."""

    owner: Name
    ttl: int
    rtype: str
    rdata: str
    target: Name | None = None
    """The name in its rdata that a server may follow."""

    def __str__(self) -> str:
        return f"{text(self.owner)} {self.ttl} IN {self.rtype} {self.rdata}"


@dataclass(frozen=True)
class Zone:
    """A finished zone."""

    origin: Name
    records: tuple[Record, ...]

    @property
    def name(self) -> str:
        """Its origin in presentation form."""
        return text(self.origin)

    @property
    def file(self) -> str:
        """The zone file: one line a record, every name absolute, the SOA first."""
        return "".join(f"{record}\n" for record in self.records)

    def keeping(self, records: Iterable[Record]) -> "Zone":
        """The same zone with some of its records alone."""
        return Zone(self.origin, tuple(records))


@dataclass
class Known:
    """What zones that are served together know of each other: NSD refuses one for another's data below a DNAME."""

    below_dname: bool = False
    """Data below DNAMEs is wanted."""
    longest: int = LONGEST
    """Octets of a name at most: `dnssec-signzone` hashes the wildcard below each name, which has to be a name too."""
    dnames: set[Name] = field(default_factory=set)
    above: set[Name] = field(default_factory=set)
    """Names that have others below them."""


class Draft:
    """A zone that grows. Names are compared without their case; the spelling of the first record stays."""

    def __init__(self, origin: Name, known: Known) -> None:
        self.origin = origin
        self._known = known
        self._sets: dict[Name, dict[str, list[Record]]] = {}

    def add(self, record: Record) -> bool:
        """Takes a record, or returns False when it would not fit in with the others."""
        key = lower(record.owner)
        if not self._fits(key, record):
            return False
        rrset = self._sets.setdefault(key, {}).setdefault(record.rtype, [])
        spelling = next(iter(self._at(key)), record).owner
        rrset.append(Record(spelling, (rrset or [record])[0].ttl, record.rtype, record.rdata, record.target))
        self._known.above.update(ancestors(key))
        if record.rtype == "DNAME":
            self._known.dnames.add(key)
        return True

    def names(self) -> list[Name]:
        """The owners, in the order in which they came."""
        return list(self._sets)

    def owners(self, rtype: str) -> list[Name]:
        """The owners of a type."""
        return [owner for owner, types in self._sets.items() if rtype in types]

    def finish(self) -> Zone:
        """The zone, its apex first."""
        return Zone(self.origin, tuple(self._records()))

    def _records(self) -> Iterator[Record]:
        for types in self._sets.values():
            for rrset in types.values():
                yield from rrset

    def _at(self, key: Name) -> Iterator[Record]:
        return (record for rrset in self._sets.get(key, {}).values() for record in rrset)

    def _fits(self, key: Name, record: Record) -> bool:
        there = self._sets.get(key, {})
        if (
            length(key) > self._known.longest
            or length(record.target or ()) > LONGEST
            or not is_at_or_below(key, self.origin)
        ):
            return False
        if record.rtype in SINGLE and record.rtype in there:
            return False
        if any(known.rdata == record.rdata for known in there.get(record.rtype, [])):
            return False
        return self._may_stand_beside(key, record, frozenset(there)) and self._may_stand_below(key, record)

    def _may_stand_beside(self, key: Name, record: Record, there: frozenset[str]) -> bool:
        together = there | {record.rtype}
        if there and "CNAME" in together:
            return False
        if key != self.origin and {"NS", "DNAME"} <= together:
            return False
        if record.rtype == "NS" and key[:1] == (b"*",):
            return False
        return record.rtype != "DS" or "NS" in there

    def _may_stand_below(self, key: Name, record: Record) -> bool:
        if self._known.below_dname:
            return record.rtype != "DNAME" or key != self.origin  # or the apex's name servers are below it
        if record.rtype == "DNAME" and key in self._known.above:
            return False
        return self._known.dnames.isdisjoint(ancestors(key))

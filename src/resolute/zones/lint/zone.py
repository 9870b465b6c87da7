"""A zone as the checks see it: records in canonical order and a look at any name; little of it is in memory here.

look(name) ─► OUTSIDE · CUT (at or below a delegation) · BELOW_DNAME · RECORDS · EMPTY · WILDCARD · MISSING
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from resolute import plane
from resolute.records.names import is_within, parent
from resolute.records.types import CNAME, DNAME, NS, SOA
from resolute.zones.lint.records import ADDRESSES, Record, above

_BATCH = 4_096
_REMEMBERED = 16_384


class Where(Enum):
    """Where a name stands in a zone (RFC 1034 4.3.2)."""

    OUTSIDE = "outside"
    CUT = "cut"
    BELOW_DNAME = "below-dname"
    RECORDS = "records"
    EMPTY = "empty"
    WILDCARD = "wildcard"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of a name: its records (the wildcard's, the glue below a cut), the cut or DNAME above it."""

    where: Where
    records: tuple[Record, ...] = ()
    at: bytes = b""

    def has(self, *rtypes: int) -> bool:
        """Whether one of the types is there."""
        return any(record.rtype in rtypes for record in self.records)

    @property
    def has_address(self) -> bool:
        """Whether there is an A or AAAA."""
        return any(record.rtype in ADDRESSES for record in self.records)


class Zone:
    """The records of one scanned zone."""

    def __init__(self, origin: bytes, listing: "plane.ZoneListing") -> None:
        self.origin = origin.lower()
        self._listing = listing
        self.look = lru_cache(_REMEMBERED)(self._look)
        self.records = lru_cache(_REMEMBERED // 16)(self._records)
        self.apex = self.records(self.origin)
        self.soa = next((record for record in self.apex if record.rtype == SOA), None)

    def __len__(self) -> int:
        return len(self._listing)

    def __iter__(self) -> Iterator[Record]:
        """All records in canonical order of their names."""
        for start in range(0, len(self._listing), _BATCH):
            yield from map(Record._make, self._listing.records(start, start + _BATCH))

    def _records(self, owner: bytes) -> tuple[Record, ...]:
        """The records at a name."""
        return tuple(map(Record._make, self._listing.records(*self._listing.find(owner))))

    def before(self, owner: bytes) -> Iterator[Record]:
        """The records before a name's place in canonical order, the nearest first."""
        at, _ = self._listing.find(owner)
        while at > 0:
            at -= 1
            yield from map(Record._make, self._listing.records(at, at + 1))

    def exists(self, name: bytes) -> bool:
        """Whether the name or one below it has records."""
        start, end = self._listing.find(name, subtree=True)
        return end > start

    def _look(self, name: bytes) -> Look:
        if not is_within(name, self.origin):
            return Look(Where.OUTSIDE)
        for ancestor in above(name, self.origin):
            records = self.records(ancestor)
            types = {record.rtype for record in records}
            if NS in types:
                return Look(Where.CUT, records if ancestor == name else self.records(name), ancestor)
            if DNAME in types and ancestor != name:
                return Look(Where.BELOW_DNAME, (), ancestor)
            if ancestor == name and records:
                return Look(Where.RECORDS, records)
        if name == self.origin:
            return Look(Where.RECORDS, self.apex)
        return Look(Where.EMPTY) if self.exists(name) else self._wildcard(name)

    def _wildcard(self, name: bytes) -> Look:
        """RFC 4592 3.3.1: the wildcard just below the closest encloser."""
        encloser = parent(name)
        while encloser != self.origin and not self.exists(encloser):
            encloser = parent(encloser)
        records = self.records(b"\x01*" + encloser) if len(encloser) < 254 else ()
        return Look(Where.WILDCARD, records) if records else Look(Where.MISSING)

    def follow(self, name: bytes) -> Look:
        """A look at a name or, through CNAMEs of this zone, at what stands for it; at most 16 of them."""
        look = self.look(name)
        for _ in range(16):
            alias = next((record for record in look.records if record.rtype == CNAME), None)
            if alias is None or look.where not in {Where.RECORDS, Where.WILDCARD}:
                break
            look = self.look(alias.rdata.lower())
        return look

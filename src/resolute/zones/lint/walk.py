"""Goes through a zone name by name, in canonical order: what is below a cut or a DNAME follows it.

apex ─► names ─► cut (NS) ─► what is below it: glue, or occluded ─► names ─► ...
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from resolute.records.names import is_within
from resolute.records.types import DNAME, NS
from resolute.zones.lint.records import Record
from resolute.zones.lint.zone import Zone


@dataclass(frozen=True, slots=True)
class Node:
    """A name and its records, sorted by type and place."""

    owner: bytes
    records: tuple[Record, ...]
    types: frozenset[int]
    is_apex: bool
    cut: bytes | None
    """The zone cut at or above the name."""
    dname: bytes | None
    """The DNAME above the name."""

    @property
    def is_cut(self) -> bool:
        """Whether it is delegated here."""
        return self.cut == self.owner

    @property
    def is_occluded(self) -> bool:
        """Whether a cut or a DNAME above hides it."""
        return self.dname is not None or (self.cut is not None and self.cut != self.owner)

    def of(self, rtype: int) -> list[Record]:
        """The records of a type."""
        return [record for record in self.records if record.rtype == rtype]

    def sets(self) -> Iterator["RRset"]:
        """Its RRsets."""
        for rtype, records in groupby(self.records, key=attrgetter("rtype")):
            yield RRset(self, rtype, tuple(records))


@dataclass(frozen=True, slots=True)
class RRset:
    """The records of one type at a name, duplicates too; never empty."""

    node: Node
    rtype: int
    records: tuple[Record, ...]

    @property
    def owner(self) -> bytes:
        """Its name."""
        return self.node.owner

    @property
    def first(self) -> Record:
        """The record that stands first in the file."""
        return self.records[0]


def walk(zone: Zone) -> Iterator[Node]:
    """The names of the zone, each with what is above it. Names outside the zone are left out."""
    cut: bytes | None = None
    dname: bytes | None = None
    for owner, found in groupby(zone, key=attrgetter("owner")):
        records = tuple(found)
        if not is_within(owner, zone.origin):
            continue
        cut = cut if cut is not None and is_within(owner, cut) else None
        dname = dname if dname is not None and is_within(owner, dname) else None
        types = frozenset(record.rtype for record in records)
        is_apex = owner == zone.origin
        if cut is None and dname is None and NS in types and not is_apex:
            cut = owner
        yield Node(owner, records, types, is_apex, cut, dname)
        if DNAME in types and cut is None and dname is None:
            dname = owner

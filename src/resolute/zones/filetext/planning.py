"""What becomes of each entry of a text, so that some RRsets are as they are wanted: stay, change, go; what is added."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from resolute.errors import RuleError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.zones.filetext.adding import Addition, anchor
from resolute.zones.filetext.layout import Layout
from resolute.zones.filetext.listing import Listed, Record
from resolute.zones.filetext.spelling import Data

Key = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """Entries by their index; those that are not named stay as they are."""

    ttls: Mapping[int, int]
    """The TTL that an entry is to have."""
    changes: Mapping[int, tuple[Data, Data]]
    """The data that an entry has, and that it is to have."""
    gone: frozenset[int]
    added: Mapping[int, Sequence[Addition]]
    """What comes after an entry."""

    @property
    def touched(self) -> frozenset[int]:
        """The entries at which something happens."""
        return frozenset((*self.ttls, *self.changes, *self.gone, *self.added))


def make_plan(layout: Layout, listed: Listed, wanted: Mapping[Key, RRset]) -> Plan:
    """The plan for RRsets that are different from what they are. Raises RuleError for what cannot be edited."""
    ttls, changes, gone = dict[int, int](), dict[int, tuple[Data, Data]](), set[int]()
    added = defaultdict[int, list[Addition]](list)
    for rrset in wanted.values():
        old = listed.rrset(rrset.owner, rrset.rtype)
        fixed = _fixed(layout, old)
        keep, free, missing = _sorted_out(old, rrset, fixed)
        if stuck := [record for record in old if record in fixed and (record in free or record.ttl != rrset.ttl)]:
            raise _uneditable(layout, listed, stuck[0])
        editable = [layout.at_line(record.line) for record in free]
        ttls |= {layout.at_line(record.line): rrset.ttl for record in keep if record not in fixed}
        for index, record, data in zip(editable, free, missing, strict=False):
            ttls[index] = rrset.ttl
            changes[index] = Data(record.rtype, record.rdata), Data(record.rtype, data)
        gone |= set(editable[len(missing) :])
        if fresh := missing[len(editable) :]:
            added[anchor(layout, listed, rrset)] += [_addition(rrset, data) for data in fresh]
    return Plan(ttls, changes, frozenset(gone), added)


def _sorted_out(
    old: Sequence[Record], rrset: RRset, fixed: Sequence[Record]
) -> tuple[list[Record], list[Record], list[bytes]]:
    """The records that stay, those that are not wanted, and the data of those that are missing."""
    keep, free, left = list[Record](), list[Record](), dict.fromkeys(rrset.rdatas)
    for record in sorted(old, key=lambda record: record not in fixed):
        if record.rdata in left:
            del left[record.rdata]
            keep.append(record)
        else:
            free.append(record)
    return keep, free, list(left)


def _fixed(layout: Layout, records: Iterable[Record]) -> list[Record]:
    """Those that do not stand in the text as records."""
    return [record for record in records if record.file or not layout[layout.at_line(record.line)].is_record]


def _uneditable(layout: Layout, listed: Listed, record: Record) -> RuleError:
    """Where a record comes from that does not stand in the text as such."""
    file, what = listed.files[0], f"{names.to_text(record.owner)} {rdata.type_to_text(record.rtype)} cannot be edited"
    if record.file:
        return RuleError(
            f"{file}: {what}: it stands in {listed.files[record.file]}:{record.line}: edit that file by hand"
        )
    index = layout.at_line(record.line)
    line = layout.line(index)
    return RuleError(f"{layout.place(index)}: {what}: it is made by $GENERATE in line {line}: edit the file by hand")


def _addition(rrset: RRset, data: bytes) -> Addition:
    return Addition(rrset.owner, rrset.rtype, rrset.ttl, data)

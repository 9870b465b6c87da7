"""Whole zones into the store, and out of it: created, replaced by other contents, deleted.

    zone text -> scan, check (native) -> in canonical order -> beside what is there -> what differs is written, in pages

A million records take bounded memory: both sides are read in the same order, a page at a time. An import that changes
nothing raises neither serial nor revision.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import merge
from itertools import chain
from typing import Final

from sqlalchemy import Connection

from resolute import plane
from resolute.errors import RuleError, ZoneDataError
from resolute.records import names, rdata
from resolute.records.foreign import convert_all
from resolute.store import history, metadata, zones
from resolute.store.history import Change, ChangedRRset
from resolute.store.pages import pages
from resolute.store.store import Store, raise_revision
from resolute.store.zones import PAGE, RRsetRow, ZoneRow
from resolute.zones import serial
from resolute.zones.change import Author
from resolute.zones.commit import find_zone
from resolute.zones.decide import Difference, refuse_other_serial
from resolute.zones.files import problem_lines
from resolute.zones.rows import none_of, refuse_too_large, row_of, rrset_of, rrsets_of

_SOA: Final = rdata.type_from_text("SOA")
SHOWN: Final = 1_000
"""RRsets that an import says it has changed; of more it says how many."""
_STEP_BY_STEP: Final = 10_000
"""A change of more RRsets has nodes read the zone whole."""

Progress = Callable[[int, int], None]
"""Called with how many records are done, and of how many."""


def _silent(done: int, total: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class NewZone:
    """A zone that is to be, or to be replaced: its zone text (RFC 1035 5), whose `$INCLUDE` is refused."""

    origin: bytes
    text: bytes
    by: Author
    policy: serial.Policy | None = None
    """None: the policy that it has, or else one more at each change."""
    file: str = "zone text"
    expected_serial: int | None = None
    """Of the zone that is replaced: refused when it has another by then."""
    planned: bool = False
    """Only to say what would become of it: nothing changes."""
    progress: Progress = field(default=_silent)
    metadata: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of a zone that is created: kept beside its records (`resolute.store.metadata`)."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What has become of it."""

    revision: int
    serial: int
    records: int
    added: int
    removed: int
    serial_before: int | None = None
    """None for a zone that was not there."""
    differences: tuple[Difference, ...] = ()
    """The first of what differs from the zone that was there."""

    @property
    def unchanged(self) -> bool:
        """Whether the zone was all this already: it has the serial and the revision that it had."""
        return self.serial_before is not None and not (self.added or self.removed or self.differences)


@dataclass(slots=True)
class _Counts:
    added: int = 0
    removed: int = 0
    rrsets: int = 0
    first: list[ChangedRRset] = field(default_factory=list)

    def add(self, changed: Sequence[ChangedRRset]) -> None:
        self.rrsets += len(changed)
        self.first += changed[: SHOWN - len(self.first)]
        for one in changed:
            before, after = _forms(one.before), _forms(one.after)
            self.added += len(after - before)
            self.removed += len(before - after)


def create(store: Store, new: NewZone) -> Imported:
    """Makes a zone. Raises RuleError when there is one of that name, ZoneDataError for text that is no zone."""
    contents = _Contents(new)
    with store.changing(keep=not new.planned) as connection:
        name = names.to_text(names.fold(new.origin))
        if zones.find(connection, name) is not None:
            raise RuleError(f"there is a zone {name} already: import into it, or delete it first")
        return _create(connection, name, new, contents)


def replace(store: Store, new: NewZone) -> Imported:
    """Makes a zone's contents exactly these, and the zone if it is not there. A newer serial in the text counts; an
    older one is no difference.

    Raises ZoneDataError for text that is no zone, and ConflictError.
    """
    contents = _Contents(new)
    with store.changing(keep=not new.planned) as connection:
        name = names.to_text(names.fold(new.origin))
        zone = zones.find(connection, name)
        if zone is None:
            return _create(connection, name, new, contents)
        refuse_other_serial(zone, new.expected_serial)
        return _replace(connection, zone, new, contents)


def replace_in(connection: Connection, zone: ZoneRow, new: NewZone) -> Imported:
    """The same to a zone that is there, in the transaction of the caller."""
    return _replace(connection, zone, new, _Contents(new))


def delete(
    store: Store, origin: bytes, by: Author, *, expected_serial: int | None = None, planned: bool = False
) -> Imported:
    """Takes a zone away; its history stays, and can bring it back. Raises NotFoundError and ConflictError."""
    with store.changing(keep=not planned) as connection:
        zone = find_zone(connection, origin)
        refuse_other_serial(zone, expected_serial)
        revision = raise_revision(connection)
        change = Change(
            revision=revision,
            time=datetime.now(UTC),
            author=by.name,
            kind="delete",
            what=f"deleted, with {zone.records} records",
            reason=by.reason,
            zone=zone.name,
            serial_before=zone.serial,
            removed=zone.records,
        )
        zones.copy_into_history(connection, zone.id, history.note(connection, change), before=True)
        zones.delete_zone(connection, zone.id)
        return Imported(revision, zone.serial, 0, 0, zone.records, zone.serial)


class _Contents:
    """Zone text that has been checked, as rows in canonical order."""

    def __init__(self, new: NewZone) -> None:
        """Raises ZoneDataError, with a line for each thing that is wrong."""
        try:
            self.records = _scan(new).compile().records
        except plane.ZoneFileError as error:
            lines = problem_lines(error.problems)
            raise ZoneDataError(lines[0], lines) from error
        # Compiled and let go: what is kept of a large zone is its text and this scan.
        self._scan = _scan(new)
        self._listing = self._scan.listing()
        start, stop = self._listing.find(new.origin)
        apex = ((owner, rtype, ttl, data) for owner, rtype, ttl, data, *_ in self._listing.records(start, stop))
        (self.soa,) = [rrset for rrset in rrsets_of(apex) if rrset.rtype == _SOA]

    def rows(self, progress: Progress) -> Iterator[RRsetRow]:
        """Every RRset. Raises ZoneDataError for one that nobody could be answered with."""
        for rrset in rrsets_of(self._stream(progress)):
            refuse_too_large(rrset)
            yield row_of(rrset)

    def _stream(self, progress: Progress) -> Iterator[tuple[bytes, int, int, bytes]]:
        total = len(self._listing)
        for start in range(0, total, PAGE):
            for owner, rtype, ttl, data, *_ in self._listing.records(start, min(start + PAGE, total)):
                yield owner, rtype, ttl, data
            progress(min(start + PAGE, total), total)


def _scan(new: NewZone) -> "plane.ZoneScan":
    scan = plane.scan_zone_text(new.text, new.origin, file=new.file)
    convert_all(scan)
    return scan


def _create(connection: Connection, name: str, new: NewZone, contents: _Contents) -> Imported:
    revision, now, policy = raise_revision(connection), datetime.now(UTC), new.policy or serial.Policy.INCREMENT
    first = _first_serial(connection, name, serial.of_soa(contents.soa), policy)
    soa = row_of(serial.with_serial(contents.soa, first))
    row = {"name": name, "serial": first, "serial_policy": policy.value, "records": contents.records}
    zone_id = zones.insert_zone(connection, {**row, "created": now, "revision": revision, "whole_revision": revision})
    rows = (soa if _place(row) == _place(soa) else row for row in contents.rows(new.progress))
    zones.write(connection, zone_id, rows, over=False)
    metadata.put(connection, zone_id, new.metadata)
    change = Change(
        revision=revision,
        time=now,
        author=new.by.name,
        kind="create",
        what=f"created, with {contents.records} records",
        reason=new.by.reason,
        zone=name,
        serial_after=first,
        added=contents.records,
    )
    zones.copy_into_history(connection, zone_id, history.note(connection, change), before=False)
    return Imported(revision, first, contents.records, contents.records, 0)


def _first_serial(connection: Connection, name: str, given: int, policy: serial.Policy) -> int:
    """The serial given, unless the zone was there before and had one that is not older: serials never go back."""
    past = history.of_zone(connection, name, limit=1)
    last = past[0].serial_before if past else None  # of the change that has removed it
    if last is None or serial.is_newer(given, last):
        return given
    return serial.following(last, policy, datetime.now(UTC))


def _replace(connection: Connection, zone: ZoneRow, new: NewZone, contents: _Contents) -> Imported:
    """Nothing is written before something is found that differs."""
    policy, given, now = new.policy or serial.Policy(zone.serial_policy), serial.of_soa(contents.soa), datetime.now(UTC)
    newer = serial.is_newer(given, zone.serial)
    same = row_of(serial.with_serial(contents.soa, given if newer else zone.serial))
    rows = (same if _place(row) == _place(same) else row for row in contents.rows(new.progress))
    differences = _beside(zones.everything(connection, zone.id), rows)
    first = next(differences, None)
    if first is None and policy.value == zone.serial_policy:
        return Imported(zone.revision, zone.serial, contents.records, 0, 0, zone.serial)
    after = given if newer else serial.following(zone.serial, policy, now)
    raised = _soa_raised(connection, zone, row_of(serial.with_serial(contents.soa, after)))
    others = (one for one in chain([first] if first else [], differences) if _place(one.after) != _place(same))
    revision = raise_revision(connection)
    change = Change(
        revision=revision,
        time=now,
        author=new.by.name,
        kind="import",
        what=f"imported, {contents.records} records",
        reason=new.by.reason,
        zone=zone.name,
        serial_before=zone.serial,
        serial_after=after,
    )
    change_id = history.note(connection, change)
    counts = _write(connection, zone.id, change_id, merge([raised], others, key=lambda one: _place(one.after)))
    history.amend(connection, change_id, added=counts.added, removed=counts.removed)
    values = {"serial": after, "serial_policy": policy.value, "records": contents.records, "revision": revision}
    if counts.rrsets > _STEP_BY_STEP:
        values["whole_revision"] = revision
    zones.update_zone(connection, zone.id, values)
    shown = tuple(Difference(rrset_of(one.before), rrset_of(one.after)) for one in counts.first)
    return Imported(revision, after, contents.records, counts.added, counts.removed, zone.serial, shown)


def _soa_raised(connection: Connection, zone: ZoneRow, after: RRsetRow) -> ChangedRRset:
    (before,) = [row for row in zones.at_names(connection, zone.id, [after.sort_key]) if row.rtype == _SOA]
    return ChangedRRset(before, after)


def _write(connection: Connection, zone_id: int, change_id: int, changed: Iterator[ChangedRRset]) -> _Counts:
    counts = _Counts()
    for some in pages(changed, PAGE):
        zones.erase(connection, zone_id, [(one.before.sort_key, one.before.rtype) for one in some if one.before.data])
        zones.write(connection, zone_id, [one.after for one in some if one.after.data], over=False)
        history.note_rrsets(connection, ((change_id, one) for one in some))
        counts.add(some)
    return counts


def _beside(old: Iterator[RRsetRow], new: Iterator[RRsetRow]) -> Iterator[ChangedRRset]:
    """What differs between two zones in canonical order."""
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        first = min(_place(row) for row in (before, after) if row is not None)
        left = before if before is not None and _place(before) == first else None
        right = after if after is not None and _place(after) == first else None
        if left is None and right is not None:
            yield ChangedRRset(none_of(right), right)
        elif right is None and left is not None:
            yield ChangedRRset(left, none_of(left))
        elif left is not None and right is not None and _differs(left, right):
            yield ChangedRRset(left, right)
        before = next(old, None) if left is not None else before
        after = next(new, None) if right is not None else after


def _place(row: RRsetRow) -> tuple[bytes, int]:
    return row.sort_key, row.rtype


def _differs(left: RRsetRow, right: RRsetRow) -> bool:
    """Text that is equal needs no closer look."""
    return (left.ttl, left.data) != (right.ttl, right.data) and not rrset_of(left).equals(rrset_of(right))


def _forms(row: RRsetRow) -> frozenset[bytes]:
    return rrset_of(row).forms

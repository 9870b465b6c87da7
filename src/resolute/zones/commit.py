"""The one way in which a zone of the store changes, whoever asks.

    ZoneChange -> what is there -> what is to be -> does it hold? -- no --> refused, nothing has changed
                                                        |
                                                        yes -> serial -> records, history, revision: one transaction

A group of changes is made whole or not at all. Many groups share one transaction, and so one fsync: what one of them
breaks is taken back alone. When `commit` returns, what it says is durable.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from resolute import plane
from resolute.errors import ConflictError, NotFoundError, ResoluteError, UnavailableError, ZoneDataError
from resolute.records import names, rdata
from resolute.records.foreign import convert_all
from resolute.records.rrset import RRset
from resolute.store import history, zones
from resolute.store.history import Change, ChangedRRset
from resolute.store.order import sort_key
from resolute.store.store import Store, raise_revision
from resolute.store.zones import ZoneRow
from resolute.zones import serial
from resolute.zones.change import Action, Edit, ZoneChange
from resolute.zones.rows import as_zone_text, none_of, refuse_foreign, refuse_too_large, row_of, rrset_of
from resolute.zones.serial import Policy

_SOA: Final = rdata.type_from_text("SOA")
_NAMED: Final = 3
"""RRsets that the summary of a change names."""

Key = tuple[bytes, int]
Group = Sequence[ZoneChange]


@dataclass(frozen=True, slots=True)
class Difference:
    """An RRset before and after; without rdatas it was, or is, not there."""

    before: RRset
    after: RRset

    @property
    def removed(self) -> int:
        """Records that are gone."""
        return len(self.before.forms - self.after.forms)

    @property
    def added(self) -> int:
        """Records that are new."""
        return len(self.after.forms - self.before.forms)


@dataclass(frozen=True, slots=True)
class Committed:
    """What has become of a change. Without differences nothing has changed, and nothing was written."""

    zone: bytes
    revision: int
    serial_before: int
    serial_after: int
    differences: tuple[Difference, ...] = field(default=())


def commit(store: Store, *changes: ZoneChange) -> list[Committed]:
    """Makes these changes, all or none. Raises what `commit_groups` gives, and UnavailableError."""
    (outcome,) = commit_groups(store, [changes])
    if isinstance(outcome, ResoluteError):
        raise outcome
    return outcome


def plan(store: Store, *changes: ZoneChange) -> list[Committed]:
    """What `commit` would do; nothing changes. Raises as it does."""
    try:
        with store.writing() as connection:
            raise _PlannedError(_group(connection, changes))
    except _PlannedError as planned:
        return planned.outcome


def commit_groups(store: Store, groups: Sequence[Group]) -> list[list[Committed] | ResoluteError]:
    """Makes each group of changes whole or not at all, in their order, in one transaction; durable when it returns.

    A group's outcome may be NotFoundError (no such zone), ConflictError (the zone has another serial than expected) or
    ZoneDataError (it would break a rule). Raises UnavailableError when the store cannot be used: nothing has changed.
    """
    with store.writing() as connection:
        return [_attempt(connection, group) for group in groups]


class _PlannedError(Exception):
    """Takes a transaction back whose outcome is known."""

    def __init__(self, outcome: list[Committed]) -> None:
        self.outcome = outcome
        super().__init__()


def _attempt(connection: Connection, group: Group) -> list[Committed] | ResoluteError:
    try:
        with connection.begin_nested() as savepoint:
            made = _group(connection, group)
            if not any(one.differences for one in made):
                savepoint.rollback()  # the revision too
            return made
    except UnavailableError:
        raise
    except ResoluteError as error:
        return error


def _group(connection: Connection, group: Group) -> list[Committed]:
    revision = raise_revision(connection)
    return [apply(connection, change, revision) for change in group]


def apply(connection: Connection, change: ZoneChange, revision: int) -> Committed:
    """Makes one change within the caller's transaction, which has raised the revision."""
    zone = find_zone(connection, change.zone)
    there = _there(connection, zone, owners_of(change))
    standing = Standing(zone.name, zone.serial, Policy(zone.serial_policy), zone.revision)
    made = replace(decide(change, standing, there), revision=revision)
    if not made.differences:
        return replace(made, revision=zone.revision)
    _record(connection, zone, change, made)
    return made


@dataclass(frozen=True, slots=True)
class Standing:
    """A zone before a change."""

    name: str
    serial: int
    policy: Policy
    revision: int = 0


def owners_of(change: ZoneChange) -> set[bytes]:
    """The names whose RRsets decide about a change: those that it touches, and the apex."""
    return {change.zone, *(edit.rrset.owner for edit in change.edits), *(rrset.owner for rrset in change.expected)}


def decide(change: ZoneChange, standing: Standing, there: Mapping[Key, RRset]) -> Committed:
    """What a change makes of a zone; `there` has all RRsets of `owners_of`. Nothing is read or written.

    Raises ConflictError and ZoneDataError.
    """
    refuse_other_serial(standing, change.expected_serial)
    for owner in owners_of(change):
        refuse_foreign(owner, change.zone)
    _refuse_unexpected(there, change.expected)
    wanted = _edited(there, change.edits)
    if not _differences(there, wanted):
        return Committed(change.zone, standing.revision, standing.serial, standing.serial)
    wanted = _with_next_serial(standing, change.zone, there, wanted)
    check(change.zone, wanted.values())
    after = serial.of_soa(wanted[change.zone, _SOA])
    return Committed(change.zone, standing.revision, standing.serial, after, _differences(there, wanted))


def find_zone(connection: Connection, origin: bytes) -> ZoneRow:
    """The zone in the store. Raises NotFoundError."""
    name = names.to_text(names.fold(origin))
    zone = zones.find(connection, name)
    if zone is None:
        raise NotFoundError(f"there is no zone {name} in the store")
    return zone


def refuse_other_serial(zone: ZoneRow | Standing, expected: int | None) -> None:
    """Raises ConflictError when the zone has another serial than somebody expects."""
    if expected is not None and zone.serial != expected:
        raise ConflictError(
            f"the zone {zone.name} has serial {zone.serial} now, not {expected}: "
            "look at what has changed, then try again"
        )


def check(origin: bytes, rrsets: Iterable[RRset]) -> None:
    """Whether RRsets that are all of their names, the apex among them, hold in a zone: the rules of the zone checker.

    They are rules about single names, so the rest of the zone need not be looked at. They are held against what a node
    will read: the text that is kept, so that nothing is kept that cannot be served. Raises ZoneDataError.
    """
    some = [rrset for rrset in rrsets if rrset.rdatas]
    for rrset in some:
        refuse_too_large(rrset)
    scan = plane.scan_zone_text(as_zone_text(map(row_of, some)), origin, file="change")
    convert_all(scan)
    listing = scan.listing()
    read = {(owner, rtype, ttl, data) for owner, rtype, ttl, data, *_ in listing.records(0, len(listing))}
    try:
        scan.compile()
    except plane.ZoneFileError as error:
        lines = [problem.message for problem in error.problems if problem.severity == "error"]
        raise ZoneDataError(lines[0], lines) from error
    for rrset in some:
        if not read.issuperset((rrset.owner, rrset.rtype, rrset.ttl, data) for data in rrset.rdatas):
            what = f"{names.to_text(rrset.owner)} {rdata.type_to_text(rrset.rtype)}"
            raise ZoneDataError(
                f"{what} would not be read as it is written: give its records in the form \\# LENGTH HEX"
            )


def _there(connection: Connection, zone: ZoneRow, owners: Iterable[bytes]) -> dict[Key, RRset]:
    rows = zones.at_names(connection, zone.id, sorted({sort_key(owner) for owner in owners}))
    return {rrset.key: rrset for rrset in map(rrset_of, rows)}


def _refuse_unexpected(there: Mapping[Key, RRset], expected: Iterable[RRset]) -> None:
    for rrset in expected:
        if not there.get(rrset.key, _nothing(rrset)).equals(rrset):
            raise ConflictError(
                f"{names.to_text(rrset.owner)} {rdata.type_to_text(rrset.rtype)} is not what it was: "
                "look at what has changed, then try again"
            )


def _edited(there: Mapping[Key, RRset], edits: Iterable[Edit]) -> dict[Key, RRset]:
    wanted = dict(there)
    for edit in edits:
        rrset = edit.rrset
        old = wanted.get(rrset.key, _nothing(rrset))
        wanted[rrset.key] = _step(old, edit)
    return wanted


def _step(old: RRset, edit: Edit) -> RRset:
    rrset = edit.rrset
    if edit.action is Action.REPLACE:
        return RRset.of(rrset.owner, rrset.rtype, rrset.ttl, rrset.rdatas)
    if edit.action is Action.ADD:
        return RRset.of(rrset.owner, rrset.rtype, rrset.ttl, (*old.rdatas, *rrset.rdatas))
    gone = rrset.forms
    kept = [data for data in old.rdatas if rdata.canonical(old.rtype, data) not in gone]
    return RRset.of(rrset.owner, rrset.rtype, old.ttl, kept)


def _with_next_serial(
    zone: Standing, origin: bytes, there: Mapping[Key, RRset], wanted: Mapping[Key, RRset]
) -> dict[Key, RRset]:
    """The serial is the policy's, unless the change itself gives a newer one."""
    soa = wanted.get((origin, _SOA), there[origin, _SOA])
    if len(soa.rdatas) != 1:
        return dict(wanted)  # the check says what is wrong with it
    given = serial.of_soa(soa)
    if given != zone.serial and not serial.is_newer(given, zone.serial):
        raise ZoneDataError(f"serial {given} is not newer than {zone.serial} (RFC 1982): secondaries would not follow")
    if given == zone.serial:
        following = serial.following(zone.serial, zone.policy, datetime.now(UTC))
        soa = serial.with_serial(soa, following)
    return {**wanted, soa.key: soa}


def _differences(there: Mapping[Key, RRset], wanted: Mapping[Key, RRset]) -> tuple[Difference, ...]:
    """In canonical order."""
    ordered = sorted(wanted.items(), key=lambda item: (sort_key(item[0][0]), item[0][1]))
    pairs = ((there.get(key, _nothing(after)), after) for key, after in ordered)
    return tuple(Difference(before, after) for before, after in pairs if not before.equals(after))


def _record(connection: Connection, zone: ZoneRow, change: ZoneChange, made: Committed) -> None:
    rows = [ChangedRRset(row_of(one.before), row_of(one.after)) for one in made.differences]
    added = sum(one.added for one in made.differences)
    removed = sum(one.removed for one in made.differences)
    zones.erase(connection, zone.id, [(row.before.sort_key, row.before.rtype) for row in rows if row.before.data])
    zones.write(connection, zone.id, [row.after for row in rows if row.after.data], over=False)
    values = {"serial": made.serial_after, "revision": made.revision, "records": zone.records + added - removed}
    zones.update_zone(connection, zone.id, values)
    change_id = history.note(
        connection,
        Change(
            revision=made.revision,
            time=datetime.now(UTC),
            author=change.by.name,
            kind=change.kind,
            what=summary(made.differences),
            reason=change.by.reason,
            zone=zone.name,
            serial_before=made.serial_before,
            serial_after=made.serial_after,
            added=added,
            removed=removed,
        ),
    )
    empty = [ChangedRRset(_or_none(row.before), _or_none(row.after)) for row in rows]
    history.note_rrsets(connection, change_id, empty)


def summary(differences: Sequence[Difference]) -> str:
    """A change in one line, for people."""
    chosen = [one for one in differences if one.after.rtype != _SOA] or list(differences)
    words = [f"{names.to_text(one.after.owner)} {rdata.type_to_text(one.after.rtype)}" for one in chosen[:_NAMED]]
    more = len(chosen) - len(words)
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")


def _or_none(row: zones.RRsetRow) -> zones.RRsetRow:
    return row if row.data else none_of(row)


def _nothing(rrset: RRset) -> RRset:
    return RRset(rrset.owner, rrset.rtype, 0, ())

"""What a change makes of a zone: does it hold, which serial follows, what is different. Nothing is read or written.

ZoneChange + what is there -> what is to be -> does it hold? -- no --> ConflictError, ZoneDataError
                                                    |
                                                    yes -> serial -> differences
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from resolute import plane
from resolute.errors import ConflictError, ZoneDataError
from resolute.records import names, rdata
from resolute.records.foreign import convert_all
from resolute.records.rrset import RRset
from resolute.store.order import sort_key
from resolute.store.zones import ZoneRow
from resolute.zones import serial
from resolute.zones.change import Action, Edit, ZoneChange
from resolute.zones.rows import as_zone_text, refuse_foreign, refuse_too_large, row_of
from resolute.zones.serial import Policy

SOA: Final = rdata.type_from_text("SOA")

Key = tuple[bytes, int]


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
    after = serial.of_soa(wanted[change.zone, SOA])
    return Committed(change.zone, standing.revision, standing.serial, after, _differences(there, wanted))


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
    soa = wanted.get((origin, SOA), there[origin, SOA])
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


def _nothing(rrset: RRset) -> RRset:
    return RRset(rrset.owner, rrset.rtype, 0, ())

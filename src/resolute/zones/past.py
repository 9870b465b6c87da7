"""The past of a zone: what it was at a revision, what differs between two, and the way back.

Each change has written down its RRsets before and after, so the zone at any revision is what it is now with the later
changes taken back.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection

from resolute.errors import NotFoundError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store import history, zones
from resolute.store.history import Change, ChangedRRset
from resolute.store.store import Store
from resolute.store.zones import RRsetRow
from resolute.zones import importing, serial
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit, plan
from resolute.zones.decide import Committed, Difference
from resolute.zones.rows import as_zone_text, rrset_of

_SOA: Final = rdata.type_from_text("SOA")


def differences(store: Store, origin: bytes, since: int, until: int | None = None) -> list[Difference]:
    """What differs between a zone at revision `since` and at `until`, or now; in canonical order.

    Raises NotFoundError when the zone was never there.
    """
    name = names.to_text(names.fold(origin))
    with store.reading() as connection:
        _must_have_been(connection, name)
        changed = _folded(connection, history.of_zone_after(connection, name, since), until)
    pairs = (Difference(rrset_of(one.before), rrset_of(one.after)) for one in changed)
    return [pair for pair in pairs if not pair.before.equals(pair.after)]


def text_at(store: Store, origin: bytes, revision: int) -> bytes:
    """The zone as it was at a revision, as zone text. Raises NotFoundError when it was not there then."""
    name = names.to_text(names.fold(origin))
    with store.reading() as connection:
        _must_have_been(connection, name)
        rows = list(_rows_at(connection, name, revision))
    if not rows:
        raise NotFoundError(f"there was no zone {name} at revision {revision}")
    return as_zone_text(rows)


def revert(store: Store, origin: bytes, revision: int, by: Author) -> int:
    """Makes a zone what it was at a revision, also one that was deleted since; its serial goes on. Returns the revision
    of the change. Raises NotFoundError, and what `commit` raises."""
    if not _is_there(store, origin):
        text = text_at(store, origin, revision)
        return importing.create(store, importing.NewZone(origin, text, by, file=f"revision {revision}")).revision
    (made,) = commit(store, way_back(store, origin, revision, by))
    return made.revision


def plan_revert(store: Store, origin: bytes, revision: int, by: Author) -> Committed:
    """What `revert` would do to a zone that is there; nothing changes. Raises as it does."""
    (planned,) = plan(store, way_back(store, origin, revision, by))
    return planned


def changes_of(store: Store, origin: bytes, *, before_id: int | None = None, limit: int = 100) -> list[Change]:
    """The changes of a zone, the latest first. Raises NotFoundError when it was never there."""
    name = names.to_text(names.fold(origin))
    with store.reading() as connection:
        _must_have_been(connection, name)
        return history.of_zone(connection, name, before_id=before_id, limit=limit)


def way_back(store: Store, origin: bytes, revision: int, by: Author) -> ZoneChange:
    """The change that makes a zone that is there what it was at a revision. Raises NotFoundError."""
    with store.reading() as connection:
        zone = zones.find(connection, names.to_text(names.fold(origin)))
    if zone is None:
        raise NotFoundError(f"there is no zone {names.to_text(origin)}")
    changed = differences(store, origin, revision)  # looked for after the serial: who comes in between is noticed
    if any(one.before.rtype == _SOA and not one.before.rdatas for one in changed):
        raise NotFoundError(f"there was no zone {zone.name} at revision {revision}")
    edits = [Edit(Action.REPLACE, _with_serial_of_now(one.before, zone.serial)) for one in changed]
    return ZoneChange(origin, tuple(edits), by, expected_serial=zone.serial, kind="revert")


def _with_serial_of_now(rrset: RRset, now: int) -> RRset:
    return serial.with_serial(rrset, now) if rrset.rtype == _SOA and rrset.rdatas else rrset


def _folded(connection: Connection, changes: Iterable[Change], until: int | None) -> list[ChangedRRset]:
    """Each RRset before the first of some changes (the latest comes first) and after the last."""
    first: dict[tuple[bytes, int], RRsetRow] = {}
    last: dict[tuple[bytes, int], RRsetRow] = {}
    for change in changes:
        if until is not None and change.revision > until:
            continue
        for one in history.rrsets_of(connection, change.id):
            key = one.after.sort_key, one.after.rtype
            first[key] = one.before
            last.setdefault(key, one.after)
    return [ChangedRRset(first[key], last[key]) for key in sorted(first)]


def _rows_at(connection: Connection, name: str, revision: int) -> Iterator[RRsetRow]:
    """The zone of now with the later changes taken back, in canonical order."""
    later = _folded(connection, history.of_zone_after(connection, name, revision), None)
    old = {(one.before.sort_key, one.before.rtype): one.before for one in later}
    zone = zones.find(connection, name)
    now = zones.everything(connection, zone.id) if zone is not None else iter(())
    kept = [row for row in now if (row.sort_key, row.rtype) not in old]
    back = [row for row in old.values() if row.data]
    yield from sorted([*kept, *back], key=lambda row: (row.sort_key, row.rtype))


def _must_have_been(connection: Connection, name: str) -> None:
    if not history.of_zone(connection, name, limit=1):
        raise NotFoundError(f"there is no zone {name} in the store, and there never was")


def _is_there(store: Store, origin: bytes) -> bool:
    with store.reading() as connection:
        return zones.find(connection, names.to_text(names.fold(origin))) is not None

"""The one way in which a zone of the store changes, whoever asks.

    lock the revision -> read what the changes are about -> decide one after the other (`zones.decide`), each upon what
    those before it have made -> records, history, revision -> commit

A group of changes is made whole or not at all. Many groups share one transaction, and so its statements and its fsync:
nothing is written before all is decided, so what does not hold in one of them leaves nothing to be taken back. When
`commit` returns, what it says is durable.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from resolute.errors import NotFoundError, ResoluteError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store import history, zones
from resolute.store.history import Change, ChangedRRset
from resolute.store.order import sort_key
from resolute.store.store import Store, raise_revision, read_revision
from resolute.store.zones import RRsetRow, ZoneRow
from resolute.zones.change import ZoneChange
from resolute.zones.decide import SOA, Committed, Difference, Key, Standing, decide, owners_of
from resolute.zones.rows import none_of, row_of, rrset_of
from resolute.zones.serial import Policy

_NAMED: Final = 3
"""RRsets that the summary of a change names."""

Group = Sequence[ZoneChange]


def commit(store: Store, *changes: ZoneChange) -> list[Committed]:
    """Makes these changes, all or none. Raises what `commit_groups` gives, and UnavailableError."""
    (outcome,) = commit_groups(store, [changes])
    return _made(outcome)


def plan(store: Store, *changes: ZoneChange) -> list[Committed]:
    """What `commit` would do; nothing changes, and no writer is waited for. Raises as it does."""
    with store.reading() as connection:
        return _made(_Work(connection, changes).attempt(changes, read_revision(connection) + 1))


def commit_groups(store: Store, groups: Sequence[Group]) -> list[list[Committed] | ResoluteError]:
    """Makes each group of changes whole or not at all, in their order, in one transaction; durable when it returns.

    A group's outcome may be NotFoundError (no such zone), ConflictError (the zone has another serial than expected) or
    ZoneDataError (it would break a rule). Raises UnavailableError when the store cannot be used: nothing has changed.
    """
    with store.changing() as connection:
        revision = read_revision(connection)
        work = _Work(connection, (change for group in groups for change in group))
        outcomes = [work.attempt(group, max(revision, work.last_revision) + 1) for group in groups]
        if work.last_revision:
            work.write()
            raise_revision(connection, by=work.last_revision - revision)
    return outcomes


def find_zone(connection: Connection, origin: bytes) -> ZoneRow:
    """The zone in the store. Raises NotFoundError."""
    name = _name(origin)
    zone = zones.find(connection, name)
    if zone is None:
        raise _no_zone(name)
    return zone


def summary(differences: Sequence[Difference]) -> str:
    """A change in one line, for people."""
    chosen = [one for one in differences if one.after.rtype != SOA] or list(differences)
    words = [f"{names.to_text(one.after.owner)} {rdata.type_to_text(one.after.rtype)}" for one in chosen[:_NAMED]]
    more = len(chosen) - len(words)
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")


class _Zone:
    """A zone that changes are about: its row, and the names that they touch, after those that are decided."""

    def __init__(self, row: ZoneRow, rrsets: Iterable[RRset]) -> None:
        self.row = row
        self._names: dict[bytes, dict[int, RRset]] = defaultdict(dict)
        self._put(rrsets)

    def there(self, owners: Iterable[bytes]) -> dict[Key, RRset]:
        """All RRsets of some names."""
        return {rrset.key: rrset for owner in owners for rrset in self._names[owner].values()}

    def take(self, made: Committed) -> None:
        """It is what a change makes of it."""
        records = self.row.records + sum(one.added - one.removed for one in made.differences)
        self.row = replace(self.row, serial=made.serial_after, revision=made.revision, records=records)
        self._put(one.after for one in made.differences)

    def take_back(self, made: Committed, row: ZoneRow) -> None:
        """It is what it was before, with the row that it had."""
        self.row = row
        self._put(one.before for one in made.differences)

    def _put(self, rrsets: Iterable[RRset]) -> None:
        for rrset in rrsets:
            if rrset.rdatas:
                self._names[rrset.owner][rrset.rtype] = rrset
            else:
                self._names[rrset.owner].pop(rrset.rtype, None)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A change that is to be written."""

    zone: _Zone
    before: ZoneRow
    change: ZoneChange
    made: Committed
    rows: tuple[ChangedRRset, ...]


class _Work:
    """What is read, decided and written in one transaction."""

    def __init__(self, connection: Connection, changes: Iterable[ZoneChange]) -> None:
        """Reads all that these changes are about."""
        self._connection = connection
        self._decided: list[_Decided] = []
        owners: dict[str, set[bytes]] = defaultdict(set)
        for change in changes:
            owners[_name(change.zone)] |= owners_of(change)
        self._zones = {row.name: self._read(row, owners[row.name]) for row in zones.find_all(connection, owners)}

    @property
    def last_revision(self) -> int:
        """Of the changes that are to be written; 0 when there are none."""
        return self._decided[-1].made.revision if self._decided else 0

    def attempt(self, group: Group, revision: int) -> list[Committed] | ResoluteError:
        """Decides a group whole, or not at all."""
        mark = len(self._decided)
        try:
            return [self._decide(change, revision) for change in group]
        except ResoluteError as error:
            for one in reversed(self._decided[mark:]):
                one.zone.take_back(one.made, one.before)
            del self._decided[mark:]
            return error

    def write(self) -> None:
        """Writes what was decided: each RRset as it is in the end, each change as it was."""
        of_zone: dict[int, list[ChangedRRset]] = defaultdict(list)
        for one in self._decided:
            of_zone[one.before.id] += one.rows
        for zone_id, rows in of_zone.items():
            _write_last(self._connection, zone_id, rows)
        for zone in {id(one.zone): one.zone.row for one in self._decided}.values():
            values = {"serial": zone.serial, "revision": zone.revision, "records": zone.records}
            zones.update_zone(self._connection, zone.id, values)
        noted = [(history.note(self._connection, _noted(one)), one.rows) for one in self._decided]
        history.note_rrsets(self._connection, ((number, row) for number, rows in noted for row in rows))

    def _read(self, row: ZoneRow, owners: Iterable[bytes]) -> _Zone:
        rows = zones.at_names(self._connection, row.id, sorted(map(sort_key, owners)))
        return _Zone(row, map(rrset_of, rows))

    def _decide(self, change: ZoneChange, revision: int) -> Committed:
        name = _name(change.zone)
        zone = self._zones.get(name)
        if zone is None:
            raise _no_zone(name)
        row = zone.row
        standing = Standing(row.name, row.serial, Policy(row.serial_policy), row.revision)
        made = decide(change, standing, zone.there(owners_of(change)))
        if made.differences:
            made = replace(made, revision=revision)
            zone.take(made)
            self._decided.append(_Decided(zone, row, change, made, tuple(map(_changed, made.differences))))
        return made


def _write_last(connection: Connection, zone_id: int, rows: Iterable[ChangedRRset]) -> None:
    """Of an RRset that was changed more than once the first `before` is there, and the last `after` is to be."""
    first: dict[tuple[bytes, int], RRsetRow] = {}
    last: dict[tuple[bytes, int], RRsetRow] = {}
    for row in rows:
        key = row.before.sort_key, row.before.rtype
        first.setdefault(key, row.before)
        last[key] = row.after
    zones.erase(connection, zone_id, [key for key, row in first.items() if row.data])
    zones.write(connection, zone_id, [row for row in last.values() if row.data], over=False)


def _changed(difference: Difference) -> ChangedRRset:
    return ChangedRRset(_or_none(row_of(difference.before)), _or_none(row_of(difference.after)))


def _or_none(row: RRsetRow) -> RRsetRow:
    return row if row.data else none_of(row)


def _noted(one: _Decided) -> Change:
    made, by = one.made, one.change.by
    return Change(
        revision=made.revision,
        time=datetime.now(UTC),
        author=by.name,
        kind=one.change.kind,
        what=summary(made.differences),
        reason=by.reason,
        zone=one.before.name,
        serial_before=made.serial_before,
        serial_after=made.serial_after,
        added=sum(difference.added for difference in made.differences),
        removed=sum(difference.removed for difference in made.differences),
    )


def _made(outcome: list[Committed] | ResoluteError) -> list[Committed]:
    if isinstance(outcome, ResoluteError):
        raise outcome
    return outcome


def _name(origin: bytes) -> str:
    return names.to_text(names.fold(origin))


def _no_zone(name: str) -> NotFoundError:
    return NotFoundError(f"there is no zone {name} in the store")

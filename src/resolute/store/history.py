"""What was changed, by whom, when and why: written in the transaction of each change, and never altered."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from resolute.store.pages import pages
from resolute.store.schema import changed_rrsets, changes
from resolute.store.texts import fitting
from resolute.store.zones import PAGE, RRsetRow

WORDS: Final = 2_000
"""Characters of the summary of a change, and of its reason."""
RESTORE: Final = "restore"
"""The kind of change that makes all of the store anew, from a backup."""
LATEST: Final = 1_000
"""Changes of a zone among which the last one of an RRset is looked for."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change, as it is written down."""

    revision: int
    time: datetime
    author: str
    kind: str
    """Of a zone `create`, `change`, `import`, `revert`, `policy`, `metadata` or `delete`; of local records `local`; of
    all `restore`."""
    what: str
    reason: str = ""
    zone: str | None = None
    serial_before: int | None = None
    serial_after: int | None = None
    added: int = 0
    removed: int = 0
    id: int = 0
    """Given by the store."""


@dataclass(frozen=True, slots=True)
class ChangedRRset:
    """An RRset before and after a change; empty data says that there was, or is, none."""

    before: RRsetRow
    after: RRsetRow


def note(connection: Connection, change: Change) -> int:
    """Writes a change down; returns its id."""
    values = {name: getattr(change, name) for name in _COLUMNS}
    values |= {"what": fitting(change.what, WORDS), "reason": fitting(change.reason, WORDS)}
    return int(connection.execute(_NOTE, values).scalar_one())


def amend(connection: Connection, change_id: int, *, added: int, removed: int) -> None:
    """Says how much a change is when it has been made, in the transaction that has noted it."""
    connection.execute(update(changes).where(changes.c.id == change_id).values(added=added, removed=removed))


def note_rrsets(connection: Connection, changed: Iterable[tuple[int, ChangedRRset]]) -> None:
    """Writes down the RRsets of changes, each with its change's id."""
    for some in pages(changed, PAGE):
        connection.execute(_NOTE_RRSETS, [_values(change_id, one) for change_id, one in some])


def of_zone(connection: Connection, zone: str, *, before_id: int | None = None, limit: int = 100) -> list[Change]:
    """The changes of a zone, the latest first."""
    query = select(changes).where(changes.c.zone == zone).order_by(changes.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(changes.c.id < before_id)
    return [_change(row) for row in connection.execute(query)]


def after(connection: Connection, change_id: int, *, limit: int = 100) -> list[Change]:
    """The changes that came after one of them, the first one first."""
    query = select(changes).where(changes.c.id > change_id).order_by(changes.c.id).limit(limit)
    return [_change(row) for row in connection.execute(query)]


def last_id(connection: Connection) -> int:
    """Of the last change; 0 when there was none."""
    return int(connection.execute(select(func.coalesce(func.max(changes.c.id), 0))).scalar_one())


def find(connection: Connection, zone: str, change_id: int) -> Change | None:
    """A change of a zone, by its id."""
    query = select(changes).where(changes.c.id == change_id, changes.c.zone == zone)
    row = connection.execute(query).one_or_none()
    return None if row is None else _change(row)


def of_zone_after(connection: Connection, zone: str, revision: int) -> list[Change]:
    """The changes of a zone that came after a revision, the latest first."""
    later = (changes.c.zone == zone, changes.c.revision > revision)
    return [_change(row) for row in connection.execute(select(changes).where(*later).order_by(changes.c.id.desc()))]


def zones_after(connection: Connection, revision: int) -> set[str]:
    """The zones that were made, changed or deleted after a revision."""
    query = select(changes.c.zone).distinct().where(changes.c.revision > revision, changes.c.zone.is_not(None))
    return {str(name) for name in connection.execute(query).scalars()}


def local_after(connection: Connection, revision: int) -> bool:
    """Whether local records were changed after a revision."""
    query = select(changes.c.id).where(changes.c.revision > revision, changes.c.zone.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def restored_after(connection: Connection, revision: int) -> bool:
    """Whether the store was made anew after a revision: then its history does not tell what has changed since."""
    query = select(changes.c.id).where(changes.c.revision > revision, changes.c.kind == RESTORE).limit(1)
    return connection.execute(query).first() is not None


def rrsets_of(connection: Connection, change_id: int) -> Iterator[ChangedRRset]:
    """The RRsets of a change, in canonical order."""
    last: tuple[bytes, int] | None = None
    while rows := _page(connection, change_id, last):
        yield from rows
        last = rows[-1].after.sort_key, rows[-1].after.rtype


def changed_since(connection: Connection, zone: str, revision: int) -> dict[tuple[bytes, int], RRsetRow]:
    """What the RRsets that were changed after a revision are now; empty data: gone."""
    query = (
        select(changed_rrsets)
        .join(changes, changes.c.id == changed_rrsets.c.change_id)
        .where(changes.c.zone == zone, changes.c.revision > revision)
        .order_by(changes.c.id)
    )
    found = (_changed(row) for row in connection.execute(query))
    return {(one.after.sort_key, one.after.rtype): one.after for one in found}


def last_of_rrset(connection: Connection, zone: str, key: bytes, rtype: int) -> ChangedRRset | None:
    """The last change of an RRset, if it is among the last changes of its zone."""
    table = changed_rrsets.c
    latest = select(changes.c.id).where(changes.c.zone == zone).order_by(changes.c.id.desc()).limit(LATEST).subquery()
    query = (
        select(changed_rrsets)
        .where(table.change_id.in_(select(latest.c.id)), table.sort_key == key, table.rtype == rtype)
        .order_by(table.change_id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _changed(row)


def _page(connection: Connection, change_id: int, last: tuple[bytes, int] | None) -> Sequence[ChangedRRset]:
    table = changed_rrsets.c
    query = select(changed_rrsets).where(table.change_id == change_id).order_by(table.sort_key, table.rtype).limit(PAGE)
    if last is not None:
        key, rtype = last
        query = query.where((table.sort_key > key) | ((table.sort_key == key) & (table.rtype > rtype)))
    return [_changed(row) for row in connection.execute(query)]


_NOTE: Final = insert(changes).returning(changes.c.id)
_NOTE_RRSETS: Final = insert(changed_rrsets)
_COLUMNS: Final = tuple(column.name for column in changes.columns if column.name != "id")


def _change(row: Row[Any]) -> Change:
    return Change(**row._mapping)  # noqa: SLF001  SQLAlchemy's documented way


def _changed(row: Row[Any]) -> ChangedRRset:
    key = bytes(row.sort_key)
    before = RRsetRow(key, row.rtype, row.name, row.ttl_before, row.data_before)
    return ChangedRRset(before, RRsetRow(key, row.rtype, row.name, row.ttl_after, row.data_after))


def _values(change_id: int, one: ChangedRRset) -> dict[str, Any]:
    return {
        "change_id": change_id,
        "sort_key": one.after.sort_key,
        "rtype": one.after.rtype,
        "name": one.after.name,
        "ttl_before": one.before.ttl,
        "data_before": one.before.data,
        "ttl_after": one.after.ttl,
        "data_after": one.after.data,
    }

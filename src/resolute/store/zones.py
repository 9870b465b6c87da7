"""Zones and their RRsets in the store. What may be changed, and how, is not known here: see `resolute.zones.commit`.

Names and data are presentation form; `sort_key` orders names canonically (`resolute.store.order`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from resolute.store.order import after_subtree
from resolute.store.pages import pages
from resolute.store.schema import changed_rrsets, rrsets, zones

PAGE: Final = 5_000
"""Rows that are read or written at a time."""
_KEYS: Final = 400
"""Keys in one statement."""


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A zone, without its records."""

    id: int
    name: str
    serial: int
    serial_policy: str
    records: int
    created: datetime
    revision: int
    """Of its last change."""
    whole_revision: int
    """Of the last change that is not written down RRset by RRset: who knows less reads the zone whole."""


@dataclass(frozen=True, slots=True)
class RRsetRow:
    """An RRset; `data` has a record a line."""

    sort_key: bytes
    rtype: int
    name: str
    ttl: int
    data: str


def find(connection: Connection, name: str) -> ZoneRow | None:
    """The zone of this name (lower case, with the trailing dot)."""
    row = connection.execute(_FIND, {"wanted": name}).one_or_none()
    return None if row is None else _zone(row)


def find_all(connection: Connection, wanted: Iterable[str]) -> list[ZoneRow]:
    """The zones of these names, of those that are there."""
    found: list[ZoneRow] = []
    for some in pages(wanted, _KEYS):
        found += [_zone(row) for row in connection.execute(_FIND_ALL, {"wanted": some})]
    return found


def page(connection: Connection, after: str = "", limit: int = PAGE) -> list[ZoneRow]:
    """Zones in the order of their names' text."""
    rows = connection.execute(select(zones).where(zones.c.name > after).order_by(zones.c.name).limit(limit))
    return [_zone(row) for row in rows]


def every(connection: Connection) -> Iterator[ZoneRow]:
    """All zones."""
    after = ""
    while rows := page(connection, after):
        yield from rows
        after = rows[-1].name


def insert_zone(connection: Connection, zone: Mapping[str, Any]) -> int:
    """Adds a zone without records; returns its id."""
    return int(connection.execute(insert(zones).values(**zone).returning(zones.c.id)).scalar_one())


def update_zone(connection: Connection, zone_id: int, values: Mapping[str, Any]) -> None:
    """Changes columns of a zone."""
    connection.execute(update(zones).where(zones.c.id == bindparam("zone")), {"zone": zone_id, **values})


def delete_zone(connection: Connection, zone_id: int) -> None:
    """Takes a zone away, with its records."""
    connection.execute(delete(rrsets).where(rrsets.c.zone_id == zone_id))
    connection.execute(delete(zones).where(zones.c.id == zone_id))


def at_names(connection: Connection, zone_id: int, keys: Iterable[bytes]) -> list[RRsetRow]:
    """All RRsets of some names, by their sort keys."""
    found: list[RRsetRow] = []
    for some in pages(keys, _KEYS):
        found += [_rrset(row) for row in connection.execute(_AT_NAMES, {"zone": zone_id, "keys": some})]
    return found


def after(
    connection: Connection,
    zone_id: int,
    last: tuple[bytes, int] | None,
    *,
    limit: int = PAGE,
    subtree: bytes | None = None,
) -> list[RRsetRow]:
    """The RRsets of a zone after one of them in canonical order; `subtree` (a sort key): at and below it alone."""
    query = _of_zone(zone_id).order_by(rrsets.c.sort_key, rrsets.c.rtype).limit(limit)
    if last is not None:
        query = query.where(tuple_(rrsets.c.sort_key, rrsets.c.rtype) > tuple_(literal(last[0]), literal(last[1])))
    if subtree is not None:
        query = query.where(rrsets.c.sort_key >= subtree, rrsets.c.sort_key < after_subtree(subtree))
    return [_rrset(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: a pattern in SQL's form (`%`, `_`, escaped by a backslash) that a name or a record must
    match, letter case ignored; of one type, or in one zone, where they are given."""

    like: str
    rtype: int | None = None
    zone_id: int | None = None


def search(
    connection: Connection, sought: Sought, last: tuple[int, bytes, int] | None, *, limit: int
) -> list[tuple[str, int, RRsetRow]]:
    """RRsets (zone's name and id, row) after one of them, zone after zone in canonical order.

    The pattern is held against the name, and against all records of the RRset as one text, each between line feeds: who
    asks looks closer, record by record.
    """
    key = (rrsets.c.zone_id, rrsets.c.sort_key, rrsets.c.rtype)
    lines = literal("\n") + rrsets.c.data + literal("\n")
    query = (
        select(zones.c.name.label("zone"), *key, rrsets.c.name, rrsets.c.ttl, rrsets.c.data)
        .join(zones, zones.c.id == rrsets.c.zone_id)
        .where(
            rrsets.c.name.ilike(sought.like, escape="\\")
            | rrsets.c.name.ilike(sought.like + ".", escape="\\")
            | lines.ilike(f"%\n{sought.like}\n%", escape="\\")
        )
        .order_by(*key)
        .limit(limit)
    )
    if sought.rtype is not None:
        query = query.where(rrsets.c.rtype == sought.rtype)
    if sought.zone_id is not None:
        query = query.where(rrsets.c.zone_id == sought.zone_id)
    if last is not None:
        query = query.where(tuple_(*key) > tuple_(*map(literal, last)))
    found: Iterable[Any] = connection.execute(query)
    return [(str(row.zone), int(row.zone_id), _rrset(row)) for row in found]


def everything(connection: Connection, zone_id: int) -> Iterator[RRsetRow]:
    """All RRsets of a zone in canonical order, read in pages: rows may be written between them."""
    last = None
    while rows := after(connection, zone_id, last):
        yield from rows
        last = (rows[-1].sort_key, rows[-1].rtype)


def everything_of_all(connection: Connection) -> Iterator[tuple[int, RRsetRow]]:
    """All RRsets of all zones with the zones' ids, zone after zone, each in canonical order."""
    key = (rrsets.c.zone_id, rrsets.c.sort_key, rrsets.c.rtype)
    query = select(*key, rrsets.c.name, rrsets.c.ttl, rrsets.c.data).order_by(*key).limit(PAGE)
    found = connection.execute(query).all()
    while found:
        yield from (
            (row.zone_id, RRsetRow(bytes(row.sort_key), row.rtype, row.name, row.ttl, row.data)) for row in found
        )
        last = [literal(value) for value in found[-1][:3]]
        found = connection.execute(query.where(tuple_(*key) > tuple_(*last))).all()


def write(connection: Connection, zone_id: int, rows: Iterable[RRsetRow], *, over: bool = True) -> None:
    """Puts RRsets in; `over`: in the place of those that are there."""
    for some in pages(rows, PAGE):
        if over:
            erase(connection, zone_id, [(row.sort_key, row.rtype) for row in some])
        connection.execute(_INSERT, [{"zone_id": zone_id, **_values(row)} for row in some])


def erase(connection: Connection, zone_id: int, keys: Iterable[tuple[bytes, int]]) -> None:
    """Takes RRsets out."""
    for some in pages(keys, _KEYS):
        connection.execute(_ERASE, [{"zone": zone_id, "key": key, "type": rtype} for key, rtype in some])


def copy_into_history(connection: Connection, zone_id: int, change_id: int, *, before: bool) -> None:
    """Writes down all records of a zone as what was there `before` a change that leaves none, or after one that made
    them all."""
    data, nothing = [rrsets.c.ttl, rrsets.c.data], [literal(0), literal("")]
    sides = [*data, *nothing] if before else [*nothing, *data]
    key = (rrsets.c.sort_key, rrsets.c.rtype, rrsets.c.name)
    source = select(literal(change_id), *key, *sides).where(rrsets.c.zone_id == zone_id)
    columns = ["change_id", "sort_key", "rtype", "name", "ttl_before", "data_before", "ttl_after", "data_after"]
    connection.execute(insert(changed_rrsets).from_select(columns, source))


def count(connection: Connection) -> int:
    """How many zones."""
    return int(connection.execute(select(func.count()).select_from(zones)).scalar_one())


_FIND: Final = select(zones).where(zones.c.name == bindparam("wanted"))
_FIND_ALL: Final = select(zones).where(zones.c.name.in_(bindparam("wanted", expanding=True)))
_INSERT: Final = insert(rrsets)
_ERASE: Final = delete(rrsets).where(
    rrsets.c.zone_id == bindparam("zone"), rrsets.c.sort_key == bindparam("key"), rrsets.c.rtype == bindparam("type")
)


def _of_zone(zone_id: int | BindParameter[int]) -> Select[Any]:
    columns = (rrsets.c.sort_key, rrsets.c.rtype, rrsets.c.name, rrsets.c.ttl, rrsets.c.data)
    return select(*columns).where(rrsets.c.zone_id == zone_id)


_AT_NAMES: Final = _of_zone(bindparam("zone")).where(rrsets.c.sort_key.in_(bindparam("keys", expanding=True)))


def _rrset(row: Row[Any]) -> RRsetRow:
    return RRsetRow(bytes(row.sort_key), row.rtype, row.name, row.ttl, row.data)


def _values(row: RRsetRow) -> dict[str, Any]:
    return {"sort_key": row.sort_key, "rtype": row.rtype, "name": row.name, "ttl": row.ttl, "data": row.data}


def _zone(row: Row[Any]) -> ZoneRow:
    return ZoneRow(**row._mapping)  # noqa: SLF001  SQLAlchemy's documented way

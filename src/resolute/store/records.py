"""Local records in the store: name -> address, one address a name.

A change is a value; `apply` makes many of them in one transaction, so that a crowd of writers shares one fsync.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select, update

from resolute.store.schema import changes, local_records, seeded_names
from resolute.store.store import Store, raise_revision, read_revision


@dataclass(frozen=True, slots=True)
class Put:
    """Adds a name, or replaces its address."""

    name: str
    address: str
    author: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Takes a name away."""

    name: str
    author: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` has done: the store's revision now, and for each change whether there was something to change."""

    revision: int
    found: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class LocalRecords:
    """All local records as they were at one revision."""

    revision: int
    addresses: Mapping[str, str]


def read(store: Store) -> LocalRecords:
    """Every local record. Names are lower case and have no trailing dot."""
    with store.reading() as connection:
        return LocalRecords(read_revision(connection), addresses(connection))


def addresses(connection: Connection) -> dict[str, str]:
    """The same within a transaction."""
    rows = connection.execute(select(local_records.c.name, local_records.c.address).order_by(local_records.c.name))
    return {str(name): str(address) for name, address in rows}


def apply(store: Store, wanted: Sequence[Put | Remove]) -> Applied:
    """Makes the changes, all or none, in their order; durable when it returns.

    A name to be removed that is not there is no error: `found` says so. Raises UnavailableError.
    """
    with store.writing() as connection:
        revision = raise_revision(connection)
        found = tuple(_apply_one(connection, change, revision) for change in wanted)
    return Applied(revision, found)


def seed(store: Store, addresses: Mapping[str, str], *, author: str) -> int:
    """Adds the names that were never seeded before, and leaves alone those that somebody has set already.

    A name that was seeded once and removed later stays away. Returns how many names were new.
    """
    if not addresses or not _unseeded(store, addresses):
        return 0
    with store.writing() as connection:
        revision = raise_revision(connection)
        seeded = set(connection.execute(select(seeded_names.c.name)).scalars())
        present = set(connection.execute(select(local_records.c.name)).scalars())
        fresh = [name for name in addresses if name not in seeded]
        for name in fresh:
            connection.execute(insert(seeded_names).values(name=name, revision=revision))
            if name not in present:
                _put(connection, Put(name, addresses[name], author), revision)
    return len(fresh)


def _unseeded(store: Store, addresses: Mapping[str, str]) -> bool:
    """Looked at before anything is written, so that a start that seeds nothing leaves the revision alone."""
    with store.reading() as connection:
        seeded = set(connection.execute(select(seeded_names.c.name)).scalars())
    return any(name not in seeded for name in addresses)


def _apply_one(connection: Connection, change: Put | Remove, revision: int) -> bool:
    if isinstance(change, Put):
        return _put(connection, change, revision)
    return _remove(connection, change, revision)


def _put(connection: Connection, put: Put, revision: int) -> bool:
    """Update, else insert: portable, and free of races because the revision's row is locked."""
    values = {"address": put.address, "revision": revision}
    replaced = connection.execute(update(local_records).where(local_records.c.name == put.name).values(values)).rowcount
    if not replaced:
        connection.execute(insert(local_records).values(name=put.name, **values))
    _note(connection, revision, put.author, f"put {put.name} {put.address}")
    return bool(replaced)


def _remove(connection: Connection, remove: Remove, revision: int) -> bool:
    removed = bool(connection.execute(delete(local_records).where(local_records.c.name == remove.name)).rowcount)
    if removed:
        _note(connection, revision, remove.author, f"remove {remove.name}")
    return removed


def _note(connection: Connection, revision: int, author: str, what: str) -> None:
    row = {"revision": revision, "time": datetime.now(UTC), "author": author, "what": what}
    connection.execute(insert(changes).values(row))

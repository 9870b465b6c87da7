"""Local records in the store: name -> address, one address a name.

A change is a value; `apply` makes many of them in one transaction, so that a crowd of writers shares one fsync.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from resolute.errors import ConflictError
from resolute.store.schema import changes, local_records, seeded_names
from resolute.store.store import Store, raise_revision, read_revision


@dataclass(frozen=True, slots=True)
class Expected:
    """What a name must be for a change to be made, held in the change's transaction; `address`: whichever it has, where
    it is None."""

    there: bool
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """Adds a name, or replaces its address; one that it has already is no change."""

    name: str
    address: str
    author: str
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Takes a name away."""

    name: str
    author: str
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` has done: the store's revision now, and for each change whether there was something to change, or
    that the name is not what was expected."""

    revision: int
    found: tuple[bool | ConflictError, ...]


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
    """Makes the changes in their order, but for those whose name is not what they expect; durable when it returns.

    A name to be removed that is not there is no error: `found` says so. Without a change the revision stays. Raises
    UnavailableError.
    """
    with store.changing() as connection:
        before, revision = read_revision(connection), raise_revision(connection)
        made = [_apply_one(connection, change, revision) for change in wanted]
        if not any(one.changed for one in made):
            connection.rollback()
            revision = before
    return Applied(revision, tuple(one.found for one in made))


def seed(store: Store, addresses: Mapping[str, str], *, author: str) -> int:
    """Adds the names that were never seeded before, and leaves alone those that somebody has set already.

    A name that was seeded once and removed later stays away. Returns how many names were new.
    """
    if not addresses or not _unseeded(store, addresses):
        return 0
    with store.changing() as connection:
        revision = raise_revision(connection)
        seeded = set(connection.execute(select(seeded_names.c.name)).scalars())
        present = set(connection.execute(select(local_records.c.name)).scalars())
        fresh = [name for name in addresses if name not in seeded]
        for name in fresh:
            connection.execute(insert(seeded_names).values(name=name, revision=revision))
            if name not in present:
                _put(connection, Put(name, addresses[name], author), revision, None)
    return len(fresh)


def _unseeded(store: Store, addresses: Mapping[str, str]) -> bool:
    """Looked at before anything is written, so that a start that seeds nothing leaves the revision alone."""
    with store.reading() as connection:
        seeded = set(connection.execute(select(seeded_names.c.name)).scalars())
    return any(name not in seeded for name in addresses)


@dataclass(frozen=True, slots=True)
class _Made:
    found: bool | ConflictError
    changed: bool


def _apply_one(connection: Connection, change: Put | Remove, revision: int) -> _Made:
    """Free of races, because the revision's row is locked."""
    before = connection.execute(_ADDRESS.where(local_records.c.name == change.name)).scalar_one_or_none()
    if not _holds(change.expected, before):
        has = "is not there" if before is None else f"has the address {before}"
        return _Made(ConflictError(f"the local record {change.name} {has} now: look at it again"), changed=False)
    if isinstance(change, Put):
        return _put(connection, change, revision, before)
    return _remove(connection, change, revision, before)


def _holds(expected: Expected | None, before: str | None) -> bool:
    if expected is None:
        return True
    return expected.there == (before is not None) and expected.address in (None, before)


def _put(connection: Connection, put: Put, revision: int, before: str | None) -> _Made:
    if before == put.address:
        return _Made(found=True, changed=False)
    values = {"address": put.address, "revision": revision}
    if before is None:
        connection.execute(insert(local_records).values(name=put.name, **values))
    else:
        connection.execute(update(local_records).where(local_records.c.name == put.name).values(values))
    _note(connection, revision, put.author, f"put {put.name} {put.address}")
    return _Made(found=before is not None, changed=True)


def _remove(connection: Connection, remove: Remove, revision: int, before: str | None) -> _Made:
    if before is not None:
        connection.execute(delete(local_records).where(local_records.c.name == remove.name))
        _note(connection, revision, remove.author, f"remove {remove.name}")
    return _Made(found=before is not None, changed=before is not None)


_ADDRESS: Final = select(local_records.c.address)


def _note(connection: Connection, revision: int, author: str, what: str) -> None:
    row = {"revision": revision, "time": datetime.now(UTC), "author": author, "what": what}
    connection.execute(insert(changes).values(row))

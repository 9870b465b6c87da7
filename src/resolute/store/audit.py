"""The audit log: who did, or was denied, what. Rows are added and read, never changed or removed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from resolute.store.accounts import utc
from resolute.store.schema import audit
from resolute.store.texts import fitting


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `actor` is a user or a token of one, `outcome` one of `done`, `denied` and `failed`."""

    actor: str
    address: str
    verb: str
    target: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in the log."""

    id: int
    time: datetime
    event: Event


_SIZES = {"actor": 255, "address": 45, "verb": 32, "target": 2048, "outcome": 16, "detail": 2048}


def append(connection: Connection, event: Event) -> None:
    """Adds an event, in the transaction of the change that it tells of. What is too long is cut."""
    row = {column: fitting(getattr(event, column), size) for column, size in _SIZES.items()}
    connection.execute(insert(audit).values(time=datetime.now(UTC), **row))


def read(connection: Connection, *, before: int | None, limit: int, actor: str | None = None) -> list[Entry]:
    """The newest entries first, from the first one before the number `before`."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    if actor is not None:
        query = query.where(audit.c.actor == actor)
    return [
        Entry(
            row.id,
            utc(row.time),
            Event(row.actor, row.address, row.verb, row.target, row.outcome, row.detail),
        )
        for row in connection.execute(query)
    ]

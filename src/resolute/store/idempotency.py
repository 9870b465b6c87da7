"""Answers to changes that were sent with an idempotency key: kept for a day, and not too many of them.

reserve -> the change -> keep          repeated: reserve gives what was kept
        -> it was refused -> release   repeated: it is tried again
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from resolute.store.schema import idempotency

KEPT: Final = timedelta(hours=24)
ABANDONED: Final = timedelta(minutes=5)
"""After this, what has not ended has died with its process."""
MOST: Final = 10_000
"""Answers that are kept; for more the oldest go."""
_UNDER_WAY: Final = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a key. `status` is None while the first request with it is under way."""

    request: bytes
    status: int | None
    headers: Mapping[str, str]
    body: str


def reserve(connection: Connection, key: bytes, request: bytes) -> Kept | None:
    """What is known of the key; None when it is new, and then it is reserved."""
    now = datetime.now(UTC)
    gone = (idempotency.c.status == _UNDER_WAY) & (idempotency.c.created < now - ABANDONED)
    connection.execute(delete(idempotency).where((idempotency.c.created < now - KEPT) | gone))
    row = connection.execute(select(idempotency).where(idempotency.c.key == key)).one_or_none()
    if row is not None:
        status = None if row.status == _UNDER_WAY else int(row.status)
        return Kept(bytes(row.request), status, dict(row.headers), str(row.body))
    _make_room(connection)
    values = {"key": key, "request": request, "created": now, "status": _UNDER_WAY, "headers": {}, "body": ""}
    connection.execute(insert(idempotency).values(values))
    return None


def keep(connection: Connection, key: bytes, answer: Kept) -> None:
    """The answer to the request that has reserved the key."""
    values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    connection.execute(update(idempotency).where(idempotency.c.key == key).values(values))


def release(connection: Connection, key: bytes) -> None:
    """The key is free again: nothing has changed."""
    connection.execute(delete(idempotency).where(idempotency.c.key == key))


def _make_room(connection: Connection) -> None:
    count = int(connection.execute(select(func.count()).select_from(idempotency)).scalar_one())
    if count >= MOST:
        oldest = select(idempotency.c.key).order_by(idempotency.c.created).limit(count - MOST + 1)
        connection.execute(delete(idempotency).where(idempotency.c.key.in_(oldest)))

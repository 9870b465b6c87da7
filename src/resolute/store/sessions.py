"""Who is logged in: SHA-256 hashes of session secrets, with an end.

Every function works within the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from resolute.store.accounts import User, get_user, utc
from resolute.store.schema import sessions

MAX_SESSIONS: Final = 32
"""Of one user; the oldest end when there would be more."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login."""

    user: User
    created: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login as it is stored."""

    hash: bytes
    user_id: int
    address: str
    created: datetime
    expires: datetime


def open_session(connection: Connection, wanted: NewSession) -> None:
    """Stores a login, and takes those away that have ended or are too many."""
    connection.execute(delete(sessions).where(sessions.c.expires <= wanted.created))
    mine = select(sessions.c.hash).where(sessions.c.user_id == wanted.user_id).order_by(sessions.c.created.desc())
    for old in connection.execute(mine.offset(MAX_SESSIONS - 1)).scalars().all():
        close_session(connection, old)
    values = {"hash": wanted.hash, "user_id": wanted.user_id, "address": wanted.address}
    connection.execute(insert(sessions).values(**values, created=wanted.created, expires=wanted.expires))


def find_session(connection: Connection, secret_hash: bytes, now: datetime) -> Session | None:
    """The login with this hash, unless it has ended; its user as it is now."""
    row = connection.execute(select(sessions).where(sessions.c.hash == secret_hash)).first()
    if row is None or utc(row.expires) <= now:
        return None
    user = get_user(connection, row.user_id)
    return None if user is None else Session(user, utc(row.created), utc(row.expires))


def close_session(connection: Connection, secret_hash: bytes) -> None:
    """Ends one login."""
    connection.execute(delete(sessions).where(sessions.c.hash == secret_hash))


def close_sessions(connection: Connection, user_id: int) -> None:
    """Ends every login of a user."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))

"""All that is special to PostgreSQL: isolation, the notification of nodes, and what its errors mean in words."""

import time
from collections.abc import AsyncIterator, Mapping
from select import POLLIN, poll
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError

from resolute.errors import UnavailableError

DRIVER: Final = "postgresql+psycopg"
TELLS: Final = True
CHANNEL: Final = "resolute"
"""Where the number of each new revision is told (LISTEN, NOTIFY)."""
CONNECT_S: Final = 5
STATEMENT_S: Final = 60
ENGINE: Final[Mapping[str, Any]] = {
    "connect_args": {
        "connect_timeout": CONNECT_S,
        "options": f"-c statement_timeout={STATEMENT_S}s -c lock_timeout=10s -c timezone=UTC",
        # A database host that is gone is noticed, not waited for.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    },
}
READING: Final[Mapping[str, Any]] = {"isolation_level": "REPEATABLE READ"}
"""One state of the whole store for all statements of a transaction."""
_SHAPE_LOCK: Final = 0x5265736F


def create(url: URL) -> None:
    """Nothing to do: the database is its administrator's to make."""


def set_up(engine: Engine) -> None:
    """Has each connection asked whether it lives before it is used."""
    event.listen(engine, "checkout", _look_whether_it_lives)


def _look_whether_it_lives(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401  psycopg's
    """SQLAlchemy takes another connection for a DisconnectionError. A database that is frozen, or a host that is gone,
    answers nothing and breaks nothing: nobody waits for it longer than for a new connection."""
    from psycopg import Error, pq

    until = time.monotonic() + CONNECT_S
    try:
        connection.pgconn.send_query(b"")
        while connection.pgconn.is_busy():
            waiting = poll()
            waiting.register(connection.pgconn.socket, POLLIN)
            if not waiting.poll(max(0.0, until - time.monotonic()) * 1_000):
                raise DisconnectionError(f"no answer in {CONNECT_S} s")
            connection.pgconn.consume_input()
        while connection.pgconn.get_result() is not None:
            pass
        if connection.pgconn.status != pq.ConnStatus.OK:
            raise DisconnectionError("it is lost")
    except Error as error:
        raise DisconnectionError(str(error)) from error


def lock_shape(connection: Connection) -> None:
    """Of many nodes that start at once, one makes the tables."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SHAPE_LOCK})


def take_time(connection: Connection) -> None:
    """Until the transaction ends."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))


def renumber(connection: Connection, table: Table) -> None:
    """The sequence of a table that has one goes on after its greatest id."""
    column = table.autoincrement_column
    if column is None:
        return
    greatest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    connection.execute(select(func.setval(sequence, greatest, False)))  # noqa: FBT003  the next one is this one


def tell(connection: Connection, revision: int) -> None:
    """All nodes hear of the revision when the transaction has been committed."""
    connection.execute(text("SELECT pg_notify(:channel, :revision)"), {"channel": CHANNEL, "revision": str(revision)})


async def told(url: URL) -> AsyncIterator[int]:
    """Each revision that is told of, as long as the connection holds. Raises UnavailableError when it breaks."""
    from psycopg import AsyncConnection, Error

    where = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        async with await AsyncConnection.connect(where, autocommit=True, **ENGINE["connect_args"]) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notification in connection.notifies():
                if notification.payload.isdigit():
                    yield int(notification.payload)
    except (Error, OSError) as error:
        raise UnavailableError(f"store: the notifications of PostgreSQL break off: {error}") from error


def reason(error: BaseException) -> str | None:
    """What an error means for the operator, with the way to mend it; None for an unknown one."""
    state = getattr(error, "sqlstate", None) or ""
    for prefix, words in _REASONS:
        if state.startswith(prefix):
            return words
    if not state and "connection" in str(error):
        return f"it does not answer: {' '.join(str(error).split())}"
    return None


def has_no_room(error: BaseException) -> bool:
    """Whether the database's disk is full (53100), or fails (58030)."""
    return (getattr(error, "sqlstate", None) or "") in ("53100", "58030")


_REASONS = (
    ("53100", "the database's disk is full: free some space there"),
    ("58030", "the database's disk cannot be read or written: look at the kernel log there"),
    ("53300", "the database has too many connections: raise max_connections"),
    ("57014", "a statement took too long: look at what else the database does"),
    ("55P03", "somebody else holds a lock for more than 10 s: end that session"),
    ("57P", "the database is starting or shutting down: try again"),
    ("25006", "the database is read-only: name its primary in store.url"),
    ("28", "the database refuses the user or the password: correct store.url"),
    ("3D000", "there is no such database: create it, or correct store.url"),
    ("42501", "permission denied: let the user create tables in the database"),
    ("08", "the connection to the database broke"),
)

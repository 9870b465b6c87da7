"""All that is special to SQLite: file mode, pragmas, and what its error codes mean in words."""

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.engine import URL

BUSY_TIMEOUT_MS: Final = 5_000
_AGAIN_S: Final = 0.01
DRIVER: Final = "sqlite"
TELLS: Final = False
ENGINE: Final[Mapping[str, Any]] = {}
READING: Final[Mapping[str, Any]] = {}


def create(url: URL) -> None:
    """Makes the database file, mode 0600, before SQLite would make it with the umask's; -wal and -shm take its mode.

    Raises OSError.
    """
    if url.database in (None, "", ":memory:"):
        return
    path = Path(str(url.database))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def set_up(engine: Engine) -> None:
    """Makes each connection durable and patient, and each transaction take the write lock when it begins to write."""
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    """WAL lets the node read while the admin process writes; FULL makes a commit that returned durable."""
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    _execute(connection, f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    _use_wal(connection)
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "cache_size = -512",
    ):
        _execute(connection, f"PRAGMA {pragma}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Of two who open a new database at the same moment one is refused at once, without the busy timeout."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            return _execute(connection, "PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    connection.execute(statement).close()


def _on_begin(connection: Connection) -> None:
    """A writer takes the lock at once: a reader that becomes a writer half-way could be refused without waiting."""
    options = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def lock_shape(connection: Connection) -> None:
    """Nothing to do: a writer has the lock from its first statement on."""


def take_time(connection: Connection) -> None:
    """Nothing to do: no statement has an end to its time."""


def renumber(connection: Connection, table: Table) -> None:
    """Nothing to do: the next number is one more than the greatest."""


def tell(connection: Connection, revision: int) -> None:
    """Nothing to do: the admin process tells the one node of a commit."""


async def told(url: URL) -> AsyncIterator[int]:  # noqa: ARG001  as PostgreSQL's
    """Nothing is told of: the admin process tells the one node of a commit."""
    nothing: tuple[int, ...] = ()
    for revision in nothing:
        yield revision


def reason(error: BaseException) -> str | None:
    """What a SQLite error means for the operator, with the way to mend it; None for an unknown one."""
    name = getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.Error) else ""
    for prefix, text in _REASONS:
        if name.startswith(prefix):
            return text
    return None


def has_no_room(error: BaseException) -> bool:
    """Whether the disk is full, or fails: a full one is not always called so (SQLITE_IOERR_SHMSIZE)."""
    name = getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.Error) else ""
    return name.startswith(("SQLITE_FULL", "SQLITE_IOERR"))


_REASONS = (
    ("SQLITE_FULL", "the disk is full: free some space"),
    (
        "SQLITE_IOERR",
        "the disk is full, or cannot be written: free some space, look at the kernel log, and at what was made",
    ),
    ("SQLITE_READONLY", "it is read-only: give the server's user the right to write the file and its directory"),
    ("SQLITE_PERM", "permission denied: give the server's user the right to write the file and its directory"),
    ("SQLITE_CANTOPEN", "it cannot be opened: check that its directory exists and may be written by the server's user"),
    ("SQLITE_BUSY", "another process has locked it for more than 5 s: end that process"),
    ("SQLITE_LOCKED", "another connection has locked it: try again"),
    ("SQLITE_NOTADB", "it is not a SQLite database: move the file away, or name another with store.url"),
    ("SQLITE_CORRUPT", "the database is damaged: restore it from a copy (`sqlite3 FILE .recover` may save the rest)"),
)

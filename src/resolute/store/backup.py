"""A backup of a whole store: one state of it, read while others write, a page at a time.

    one reading transaction -> table after table, row after row -> `backupfile`

What only lives for a moment is left out: sessions, answers kept for idempotency keys, and which nodes were seen.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, BinaryIO, Final

from sqlalchemy import JSON, Boolean, Column, Connection, DateTime, Integer, LargeBinary, Row, Table, func, select

from resolute import __version__
from resolute.progress import Progress, silent
from resolute.store import backupfile, migrate, schema
from resolute.store.backupfile import BackupWriter, Header
from resolute.store.store import KINDS, Store, read_revision

LEFT_OUT: Final = frozenset({"revision", "nodes", "sessions", "idempotency"})
"""The revision stands in the header."""
ROWS: Final = 1_000
"""Rows that are held at a time."""


def tables() -> Sequence[Table]:
    """What a backup has, in an order in which it can be written back."""
    return [table for table in schema.metadata.sorted_tables if table.name not in LEFT_OUT]


def write(store: Store, file: BinaryIO, progress: Progress = silent) -> None:
    """Writes a backup of one state of the store. Raises UnavailableError, and OSError of the file."""
    file.writelines(stream(store, progress))


def stream(store: Store, progress: Progress = silent) -> Generator[bytes]:
    """The same as octets, part by part; the store is read as they are taken. Raises UnavailableError."""
    buffer = BytesIO()
    with store.reading() as connection:
        KINDS[connection.dialect.name].take_time(connection)
        header = Header(migrate.HEAD, read_revision(connection), datetime.now(UTC), __version__)
        total, done = sum(_count(connection, table) for table in tables()), 0
        writer = BackupWriter(buffer, header)
        for table in tables():
            writer.table(table.name, [backupfile.Column(column.name, kind(column)) for column in table.columns])
            for page in _pages(connection, table):
                for row in page:
                    writer.row(tuple(row))
                done += len(page)
                progress(done, total)
                yield _taken(buffer)
        writer.end()
    yield _taken(buffer)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _pages(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """The rows in the order of their keys. By a cursor of the database, which needs no memory for those to come."""
    query = select(table).order_by(*table.primary_key).execution_options(stream_results=True, max_row_buffer=ROWS)
    yield from connection.execute(query).partitions(ROWS)


def _taken(buffer: BytesIO) -> bytes:
    content = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return content


def kind(column: Column[object]) -> str:
    """What a backup calls the type of a column."""
    for sql, name in _KINDS:
        if isinstance(column.type, sql):
            return name
    return "text"


_KINDS: Final = (
    (Integer, "number"),  # BigInteger is one
    (LargeBinary, "bytes"),
    (DateTime, "time"),
    (Boolean, "truth"),
    (JSON, "json"),
)

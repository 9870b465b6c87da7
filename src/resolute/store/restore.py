"""A backup back into a store, SQLite or PostgreSQL, whichever it came from: one transaction, so that whoever dies in
between leaves what was there.

    verified whole? -> empty, or to be replaced? -> tables of the shape of the backup -> rows -> steps to today's shape
                    -> the revision leaps -> every node reads everything anew

The revision leaps, because numbers may have been given after the backup was made, to nodes that remember them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection, MetaData, Table, delete, func, insert, inspect, select, update
from sqlalchemy.exc import DataError, IntegrityError, NoSuchTableError

from resolute.errors import RuleError
from resolute.progress import Progress, silent
from resolute.store import backup, history, migrate, schema
from resolute.store.backupfile import BackupReader, Rows, Summary
from resolute.store.history import Change
from resolute.store.pages import pages
from resolute.store.store import KINDS, Store, raise_revision, read_revision

LEAP: Final = 1_000_000
PAGE: Final = 1_000
_TELLING: Final = frozenset({"zones", "local_records", "users", "tokens", "changes", "webhooks"})
"""A store with rows in one of these is not empty."""


def restore(
    store: Store, file: BinaryIO, name: str, *, replace: bool = False, progress: Progress = silent
) -> tuple[Summary, int]:
    """Makes the store what it was when the backup was made, and returns what was in it and the store's revision now.

    `name` is what errors call the file. Raises RuleError, and nothing has changed, for a file that is no whole backup
    of this version or an earlier one, and for a store with contents unless they are to be replaced; UnavailableError.
    """
    reader = BackupReader(file, name)
    found = reader.verify()
    if found.header.shape not in migrate.known():
        raise RuleError(
            f"{name} has the shape {found.header.shape}, and this program knows up to {migrate.HEAD}: "
            f"restore it with Resolute {found.header.program} or later"
        )
    with store.writing() as connection:
        KINDS[connection.dialect.name].take_time(connection)
        if not replace:
            _refuse_contents(connection, store.url)
        before = read_revision(connection)
        _clear(connection, found.header.shape)
        try:
            _fill(connection, reader, _counting(progress, sum(found.rows.values())))
        except (DataError, IntegrityError, NoSuchTableError, KeyError) as error:
            raise RuleError(f"{name} does not fit the store: {' '.join(str(error).split())[:300]}") from error
        migrate.prepare(connection)
        for table in backup.tables():
            KINDS[connection.dialect.name].renumber(connection, table)
        return found, _tell_nodes(connection, max(before, found.header.revision) + LEAP)


def _refuse_contents(connection: Connection, url: str) -> None:
    for name in sorted(_TELLING):
        table = schema.metadata.tables[name]
        count = int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        if count:
            raise RuleError(
                f"store {url}: it is not empty ({count} {name.replace('_', ' ')}): "
                "say --replace if all of it may go, or name another with store.url"
            )


def _clear(connection: Connection, shape: str) -> None:
    """The tables, empty, in the shape of the backup."""
    if shape == migrate.HEAD:
        for table in reversed(schema.metadata.sorted_tables):
            if table.name != schema.revision.name:
                connection.execute(delete(table))
        return
    schema.metadata.drop_all(connection)
    migrate.rebuild(connection, shape)


def _fill(connection: Connection, reader: BackupReader, done: Callable[[int], None]) -> None:
    known = set(inspect(connection).get_table_names()) - backup.LEFT_OUT - {"alembic_version"}
    shaped = MetaData()
    for rows in reader.tables():
        if rows.table not in known:
            raise KeyError(f"a table {rows.table!r}")
        table = Table(rows.table, shaped, autoload_with=connection, resolve_fks=False)
        for some in pages(_values(rows, table), PAGE):
            connection.execute(insert(table), some)
            done(len(some))


def _values(rows: Rows, table: Table) -> Iterator[dict[str, Any]]:
    """A row as SQLAlchemy takes it. Raises KeyError for a column that the table does not have."""
    names: Sequence[str] = [table.columns[column.name].name for column in rows.columns]
    for values in rows.rows:
        yield dict(zip(names, values, strict=True))


def _tell_nodes(connection: Connection, revision: int) -> int:
    """Nodes that follow the store read all of it, whatever they know."""
    connection.execute(update(schema.revision).values(value=revision))
    revision = raise_revision(connection)
    connection.execute(update(schema.zones).values(revision=revision, whole_revision=revision))
    history.note(connection, Change(revision, datetime.now(UTC), "restore", history.RESTORE, "restored from a backup"))
    return revision


def _counting(progress: Progress, total: int) -> Callable[[int], None]:
    done = 0

    def add(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    return add

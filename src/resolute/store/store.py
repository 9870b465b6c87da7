"""The store: one URL, opened once a process; every change in one transaction that raises the revision.

Calls block: an asyncio program makes them in a thread. They may come from several threads at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from resolute.errors import UnavailableError
from resolute.store import schema, sqlite


class Store:
    """Reads and writes the tables of `resolute.store.schema`.

    Raises UnavailableError, from every method and in one line, when the database cannot be used just now. Making a
    Store opens nothing; the first use makes the tables.
    """

    def __init__(self, url: str) -> None:
        """`url`: as SQLAlchemy has it (`sqlite:////var/lib/resolute/resolute.db`, `postgresql://user@host/resolute`)."""
        try:
            self._url = make_url(url)
            self._is_sqlite = self._url.get_backend_name() == "sqlite"
            self._engine = _engine(self._url, is_sqlite=self._is_sqlite)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            raise UnavailableError(f"store.url: {_one_line(error)}") from error
        self._prepared = False

    @property
    def url(self) -> str:
        """The URL without its password, for people to see."""
        return self._url.render_as_string(hide_password=True)

    def revision(self) -> int:
        """The number of the last change."""
        with self.reading() as connection:
            return read_revision(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the whole store."""
        with self._errors_in_words():
            self._prepare()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block has been left; an exception takes it all back."""
        with self._errors_in_words():
            self._prepare()
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                yield connection

    def close(self) -> None:
        """Closes every connection; a later use opens new ones."""
        self._engine.dispose()

    def _start_afresh(self) -> None:
        """After an error nothing that is open is trusted: the database may be another one by the next use."""
        self._prepared = False
        self._engine.dispose()

    def _prepare(self) -> None:
        if self._prepared:
            return
        if self._is_sqlite:
            sqlite.create_file(self._url)
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            schema.prepare(connection)
        self._prepared = True

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            self._start_afresh()
            raise UnavailableError(f"store {self.url}: {_meaning(error)}") from error
        except OSError as error:
            self._start_afresh()
            raise UnavailableError(f"store {self.url}: {error.strerror or error}") from error


def raise_revision(connection: Connection) -> int:
    """The revision of the change that this transaction makes. Its row lock has writers commit in the numbers' order."""
    connection.execute(update(schema.revision).values(value=schema.revision.c.value + 1))
    return read_revision(connection)


def read_revision(connection: Connection) -> int:
    """The revision that this transaction sees."""
    return int(connection.execute(select(schema.revision.c.value)).scalar_one())


def _engine(url: URL, *, is_sqlite: bool) -> Engine:
    options: dict[str, Any] = {"pool_size": 2, "max_overflow": 2, "pool_timeout": 10}
    if not is_sqlite:
        options |= {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}
    engine = create_engine(url, **options)
    if is_sqlite:
        sqlite.set_up(engine)
    return engine


def _meaning(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None)
    return sqlite.reason(cause) or _one_line(cause or error) if cause is not None else _one_line(error)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split("(Background on this error")[0].split()) or type(error).__name__

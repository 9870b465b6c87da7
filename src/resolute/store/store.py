"""The store: one URL, opened once a process; every change in one transaction that raises the revision.

    sqlite:////var/lib/resolute/resolute.db          embedded, one node
    postgresql://resolute@db.example.net/resolute    shared by many nodes

Calls block: an asyncio program makes them in a thread. They may come from several threads at a time.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, Table, bindparam, create_engine, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from resolute.errors import StorageError, UnavailableError, not_kept
from resolute.store import migrate, postgresql, schema, sqlite


class Kind(Protocol):
    """What is different from one database to the other: the modules `sqlite` and `postgresql`."""

    @property
    def DRIVER(self) -> str:  # noqa: N802
        """SQLAlchemy's name of dialect and driver."""

    @property
    def ENGINE(self) -> Mapping[str, Any]:  # noqa: N802
        """Arguments of `create_engine`."""

    @property
    def READING(self) -> Mapping[str, Any]:  # noqa: N802
        """Execution options of a connection that sees one state."""

    @property
    def TELLS(self) -> bool:  # noqa: N802
        """Whether the database itself tells nodes of new revisions."""

    def told(self, url: URL) -> AsyncIterator[int]:
        """The revisions that it tells of. Raises UnavailableError when the connection breaks."""

    def create(self, url: URL) -> None:
        """Makes what must be there before a connection. Raises OSError."""

    def set_up(self, engine: Engine) -> None:
        """Prepares the connections to come."""

    def lock_shape(self, connection: Connection) -> None:
        """Keeps others from changing the tables until the transaction ends."""

    def take_time(self, connection: Connection) -> None:
        """Lets the statements of a transaction take as long as they take."""

    def renumber(self, connection: Connection, table: Table) -> None:
        """Has numbers that the database gives go on after those that rows have."""

    def tell(self, connection: Connection, revision: int) -> None:
        """Lets nodes know of a revision once it is committed."""

    def reason(self, error: BaseException) -> str | None:
        """The driver's error in words, with the way to mend it; None for an unknown one."""

    def has_no_room(self, error: BaseException) -> bool:
        """Whether what is to be kept has no place: the disk is full, or fails."""


KINDS: Final[Mapping[str, Kind]] = {"sqlite": sqlite, "postgresql": postgresql}
"""By the name that SQLAlchemy has for them."""


class Store:
    """Reads and writes the tables of `resolute.store.schema`.

    Raises UnavailableError, from every method and in one line, when the database cannot be used just now. Making a
    Store opens nothing; the first use makes the tables.
    """

    def __init__(self, url: str) -> None:
        """`url`: as SQLAlchemy has it (`sqlite:////var/lib/resolute/resolute.db`, `postgresql://user@host/resolute`)."""
        try:
            self._url = make_url(url)
            self.kind = KINDS[self._url.get_backend_name()]
            self._engine = _engine(self._url, self.kind)
        except KeyError as error:
            raise UnavailableError(
                f"store.url: {error} is not a database for the store: use sqlite or postgresql"
            ) from error
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

    def told(self) -> AsyncIterator[int]:
        """Each new revision that the database tells of. Raises UnavailableError when the connection breaks."""
        return self.kind.told(self._url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the whole store."""
        with self._errors_in_words():
            self._prepare()
            with self._engine.connect().execution_options(**self.kind.READING) as connection, connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, keep: bool = True) -> Iterator[Connection]:
        """A transaction that is durable when the block has been left; an exception takes it all back, and so does
        `keep=False`: a plan, that says what a change would do."""
        with self._errors_in_words():
            self._prepare()
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin() as transaction:
                yield connection
                if not keep:
                    transaction.rollback()

    @contextmanager
    def changing(self, *, keep: bool = True) -> Iterator[Connection]:
        """The same for what nodes follow: what is looked at before it is changed stays as it is meanwhile. A plan locks
        nobody out."""
        with self.writing(keep=keep) as connection:
            if keep:
                lock_revision(connection)
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
        self.kind.create(self._url)
        if self._is_of_our_shape():  # nothing to write: who reads does not wait for a long import
            self._prepared = True
            return
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            self.kind.lock_shape(connection)
            migrate.prepare(connection)
        self._prepared = True

    def _is_of_our_shape(self) -> bool:
        with self._engine.connect() as connection, connection.begin():
            return migrate.is_current(connection)

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            self._start_afresh()
            full = self.kind.has_no_room(getattr(error, "orig", None) or error)
            raise (StorageError if full else UnavailableError)(f"store {self.url}: {self._meaning(error)}") from error
        except self._engine.dialect.loaded_dbapi.Error as error:  # in between SQLAlchemy's own steps
            self._start_afresh()
            raise UnavailableError(f"store {self.url}: {self.kind.reason(error) or _one_line(error)}") from error
        except OSError as error:
            self._start_afresh()
            raise not_kept(f"store {self.url}: {error.strerror or error}", error) from error

    def _meaning(self, error: SQLAlchemyError) -> str:
        cause = getattr(error, "orig", None)
        return self.kind.reason(cause) or _one_line(cause or error) if cause is not None else _one_line(error)


def raise_revision(connection: Connection, *, by: int = 1) -> int:
    """The revision of the last change that this transaction makes. Its row lock has writers commit in the numbers'
    order."""
    number = int(connection.execute(_RAISE, {"by": by}).scalar_one())
    KINDS[connection.dialect.name].tell(connection, number)
    return number


def lock_revision(connection: Connection) -> int:
    """The revision, which nobody else raises before this transaction ends: what it reads from now on stays so."""
    return int(connection.execute(_LOCK).scalar_one())


_READ: Final = select(schema.revision.c.value)
_LOCK: Final = _READ.with_for_update()
"""SQLite knows no such lock and needs none: a writer has locked everything."""
_RAISE: Final = (
    update(schema.revision).values(value=schema.revision.c.value + bindparam("by")).returning(schema.revision.c.value)
)


def read_revision(connection: Connection) -> int:
    """The revision that this transaction sees."""
    return int(connection.execute(_READ).scalar_one())


def _engine(url: URL, kind: Kind) -> Engine:
    engine = create_engine(url.set(drivername=kind.DRIVER), pool_size=2, max_overflow=6, pool_timeout=10, **kind.ENGINE)
    kind.set_up(engine)
    return engine


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split("(Background on this error")[0].split()) or type(error).__name__

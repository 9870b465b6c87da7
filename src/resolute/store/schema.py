"""The tables, and how they come to be.

    schema_version   which shape the tables have: one row
    revision         the number that every change raises, in the same transaction: one row, which serialises writers
    local_records    name -> address
    seeded_names     names that a seed file has given once, so that a deletion is not undone by the next start
    changes          what was changed, by whom and when; never read on the way of a query

Portable SQL only: what is special to SQLite stands in `sqlite.py`.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, DateTime, Index, Integer, MetaData, String, Table, insert, select

from resolute.errors import UnavailableError

SCHEMA_VERSION: Final = 1

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, nullable=False))

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)

local_records = Table(
    "local_records",
    metadata,
    # A name of 255 bytes may take four characters a byte in presentation form (RFC 1035 5.1: \DDD).
    Column("name", String(1024), primary_key=True),
    Column("address", String(45), nullable=False),
    Column("revision", BigInteger, nullable=False),
)

seeded_names = Table(
    "seeded_names",
    metadata,
    Column("name", String(1024), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("author", String(255), nullable=False),
    Column("what", String(2048), nullable=False),
    Index("changes_by_revision", "revision"),
)


def prepare(connection: Connection) -> None:
    """Makes the tables where there are none, within the caller's transaction.

    Raises UnavailableError when they were made by a version that this one does not know.
    """
    metadata.create_all(connection, checkfirst=True)
    found = connection.execute(select(schema_version.c.version)).scalar()
    if found is None:
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
        connection.execute(insert(revision).values(id=1, value=0))
    elif found != SCHEMA_VERSION:
        raise UnavailableError(
            f"the store has schema version {found}, and this program knows version {SCHEMA_VERSION}: "
            "run the version of Resolute that wrote it, or name another store with store.url"
        )

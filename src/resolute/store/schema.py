"""The tables. How they come to be, and how old ones become these, is in `migrate.py` and `migrations/`.

    revision         the number that every change raises, in the same transaction: one row, which serialises writers
    local_records    name -> address
    seeded_names     names that a seed file has given once, so that a deletion is not undone by the next start
    zones            the zones whose source of truth is the store
    rrsets           their records, an RRset a row, in canonical order
    zone_metadata    what else is kept about a zone: what management tools want to find again
    changes          what was changed, by whom, when and why; never read on the way of a query
    changed_rrsets   the RRsets of a change to a zone, before and after it
    nodes            who follows the store, and how far each has come
    users            who may log in, and what their role lets them do
    tokens           what programs show instead of a password: hashes, never the secrets
    sessions         who is logged in: hashes again
    audit            who did, or was denied, what; rows are only ever added
    idempotency      answers to changes that were sent with a key, so that a repetition is no second change
    webhooks         who is told of changes, and how far they have been told
    settings         settings that are changed while the server runs, by dotted name

Portable SQL only: what is special to SQLite stands in `sqlite.py`, to PostgreSQL in `postgresql.py`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

NAME_CHARACTERS = 1024
r"""A name of 255 octets may take four characters an octet in presentation form (RFC 1035 5.1: \DDD)."""
KEY_OCTETS = 512
"""A sort key has an octet more for every zero or one in the name (`order.py`)."""

_BY_OCTET = String(NAME_CHARACTERS).with_variant(String(NAME_CHARACTERS, collation="C"), "postgresql")
"""Names that are paged through: they sort alike in every database, and as Python sorts them."""
_ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
    }
)

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)

local_records = Table(
    "local_records",
    metadata,
    Column("name", String(NAME_CHARACTERS), primary_key=True),
    Column("address", String(45), nullable=False),
    Column("revision", BigInteger, nullable=False),
)

seeded_names = Table(
    "seeded_names",
    metadata,
    Column("name", String(NAME_CHARACTERS), primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

zones = Table(
    "zones",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("name", _BY_OCTET, nullable=False, unique=True),
    Column("serial", BigInteger, nullable=False),
    Column("serial_policy", String(16), nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    # Of the zone's last change, and of the change that has made all its records: whoever knows less reads it whole.
    Column("revision", BigInteger, nullable=False),
    Column("whole_revision", BigInteger, nullable=False),
)

rrsets = Table(
    "rrsets",
    metadata,
    Column("zone_id", ForeignKey("zones.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_key", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("rtype", Integer, primary_key=True, autoincrement=False),
    Column("name", String(NAME_CHARACTERS), nullable=False),
    Column("ttl", BigInteger, nullable=False),
    # Presentation form, a record a line.
    Column("data", Text, nullable=False),
    sqlite_with_rowid=False,
)

zone_metadata = Table(
    "zone_metadata",
    metadata,
    Column("zone_id", ForeignKey("zones.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("content", JSON, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("author", String(255), nullable=False),
    Column("what", String(2048), nullable=False),
    Column("kind", String(16), nullable=False, server_default="local"),
    Column("reason", String(2048), nullable=False, server_default=""),
    # Of a zone, if it is one's: its name, so that the history outlives the zone.
    Column("zone", String(NAME_CHARACTERS)),
    Column("serial_before", BigInteger),
    Column("serial_after", BigInteger),
    Column("added", BigInteger),
    Column("removed", BigInteger),
    Index("changes_by_revision", "revision"),
    Index("changes_by_zone", "zone", "revision"),
)

changed_rrsets = Table(
    "changed_rrsets",
    metadata,
    Column("change_id", ForeignKey("changes.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_key", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("rtype", Integer, primary_key=True, autoincrement=False),
    Column("name", String(NAME_CHARACTERS), nullable=False),
    # Empty data: there was none before, or is none after.
    Column("ttl_before", BigInteger, nullable=False),
    Column("data_before", Text, nullable=False),
    Column("ttl_after", BigInteger, nullable=False),
    Column("data_after", Text, nullable=False),
    sqlite_with_rowid=False,
)

users = Table(
    "users",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    # Argon2id in its encoded form (RFC 9106), which says its own parameters and salt.
    Column("password", String(255), nullable=False),
    Column("role", String(16), nullable=False),
    # Of an editor: the zones that may be edited.
    Column("zones", JSON, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("disabled", Boolean, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    # SHA-256: the secret is 256 random bits, which nobody can guess and no slow hash makes safer.
    Column("hash", LargeBinary(32), nullable=False),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("scope", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("expires", DateTime(timezone=True)),
    Column("last_used", DateTime(timezone=True)),
    Column("last_address", String(45)),
    # The token that has registered it, with which it ends. Checked in the end, for rows that come in any order.
    Column("parent", ForeignKey("tokens.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")),
    Index("tokens_by_user", "user_id"),
    Index("tokens_by_parent", "parent"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("address", String(45), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Index("sessions_by_user", "user_id"),
    Index("sessions_by_end", "expires"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("address", String(45), nullable=False),
    Column("verb", String(32), nullable=False),
    Column("target", String(2048), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("detail", String(2048), nullable=False),
    Index("audit_by_actor", "actor", "id"),
)

idempotency = Table(
    "idempotency",
    metadata,
    # SHA-256 of who asks and of the key.
    Column("key", LargeBinary(32), primary_key=True),
    # SHA-256 of what was asked.
    Column("request", LargeBinary(32), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    # 0: it is under way.
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", Text, nullable=False),
    Index("idempotency_by_age", "created"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("url", String(2048), nullable=False),
    # Names; empty: every zone, and the local records.
    Column("zones", JSON, nullable=False),
    # What deliveries are signed with, so it cannot be a hash.
    Column("secret", String(64), nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    # The id of the last change that was delivered.
    Column("position", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("next_try", DateTime(timezone=True), nullable=False),
    Column("last_error", String(512), nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", JSON(none_as_null=True)),
    Column("revision", BigInteger, nullable=False),
)

"""Zones, their records, the RRsets of each change, and the nodes that follow."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NAME = sa.String(1024)
_KEY = sa.LargeBinary(512)
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Adds the tables of zones; what says the shape is Alembic's table from now on."""
    op.execute("DROP TABLE IF EXISTS schema_version")
    _add_columns()
    op.create_table(
        "zones",
        sa.Column("id", _ROW_NUMBER, primary_key=True),
        sa.Column(
            "name", _NAME.with_variant(sa.String(1024, collation="C"), "postgresql"), nullable=False, unique=True
        ),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("serial_policy", sa.String(16), nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("whole_revision", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rrsets",
        sa.Column("zone_id", _ROW_NUMBER, sa.ForeignKey("zones.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sort_key", _KEY, primary_key=True),
        sa.Column("rtype", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("ttl", sa.BigInteger, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "changed_rrsets",
        sa.Column("change_id", _ROW_NUMBER, sa.ForeignKey("changes.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sort_key", _KEY, primary_key=True),
        sa.Column("rtype", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("ttl_before", sa.BigInteger, nullable=False),
        sa.Column("data_before", sa.Text, nullable=False),
        sa.Column("ttl_after", sa.BigInteger, nullable=False),
        sa.Column("data_after", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "nodes",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
    )


def _add_columns() -> None:
    for column in (
        sa.Column("kind", sa.String(16), nullable=False, server_default="local"),
        sa.Column("reason", sa.String(2048), nullable=False, server_default=""),
        sa.Column("zone", _NAME),
        sa.Column("serial_before", sa.BigInteger),
        sa.Column("serial_after", sa.BigInteger),
        sa.Column("added", sa.BigInteger),
        sa.Column("removed", sa.BigInteger),
    ):
        op.add_column("changes", column)
    op.create_index("changes_by_zone", "changes", ["zone", "revision"])

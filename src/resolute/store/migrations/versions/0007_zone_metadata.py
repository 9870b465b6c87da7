"""What is kept about a zone besides its records."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "zone_metadata",
        sa.Column("zone_id", _ROW_NUMBER, sa.ForeignKey("zones.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("kind", sa.String(64), primary_key=True),
        sa.Column("content", sa.JSON, nullable=False),
    )

"""Settings that are changed while the server runs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "settings",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.JSON(none_as_null=True)),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )

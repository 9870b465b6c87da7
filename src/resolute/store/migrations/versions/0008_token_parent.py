"""Tokens that end with the one that has registered them."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the column. In SQL that both databases have: Alembic adds no reference to a table of SQLite."""
    op.execute(
        "ALTER TABLE tokens ADD COLUMN parent VARCHAR(16) REFERENCES tokens (id)"
        " ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
    )
    op.create_index("tokens_by_parent", "tokens", ["parent"])

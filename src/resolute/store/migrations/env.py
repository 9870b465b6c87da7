"""What Alembic runs for each step: on the connection, and in the transaction, of whoever calls it."""

from alembic import context

from resolute.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()

"""Brings the tables to the shape that this program knows, within the caller's transaction.

    no tables -> those of `schema.py`      an older shape -> step by step (Alembic)      a newer one -> refused

Alembic is loaded only when there is a step to make, so that no other start waits for it.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, inspect, text

from resolute.errors import UnavailableError
from resolute.store.schema import metadata, revision

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

HEAD: Final = "0008"
"""The last step in `migrations/versions`."""
_FIRST: Final = "0001"
_SCRIPTS: Final = Path(__file__).parent / "migrations"


def prepare(connection: Connection) -> None:
    """Makes or upgrades the tables where that is needed.

    Raises UnavailableError when they were made by a version that this one does not know.
    """
    found = _version(connection)
    if found == HEAD:
        return
    if found is not None and found not in known():
        raise UnavailableError(
            f"the store has the shape {found}, and this program knows up to {HEAD}: "
            "run the version of Resolute that wrote it, or name another store with store.url"
        )
    if found is None:
        _create(connection)
    else:
        _upgrade(connection, found)


def is_current(connection: Connection) -> bool:
    """Whether the tables have this program's shape: then there is nothing to prepare."""
    return _version(connection) == HEAD


def rebuild(connection: Connection, shape: str) -> None:
    """Makes the tables of a known shape where there are none, step by step."""
    from alembic import command

    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    command.upgrade(_config(connection), shape)


def _create(connection: Connection) -> None:
    """What all steps together come to, in one."""
    metadata.create_all(connection)
    connection.execute(insert(revision).values(id=1, value=0))
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _version(connection: Connection) -> str | None:
    """The shape of the tables; None when there are none."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if "schema_version" in tables:  # of the version before there were steps
        number = connection.execute(text("SELECT version FROM schema_version")).scalar()
        return f"{number:04d}"
    return None


def known() -> set[str]:
    """The shapes that stores may have."""
    return {path.name.split("_")[0] for path in (_SCRIPTS / "versions").glob("0*.py")}


def _upgrade(connection: Connection, found: str) -> None:
    from alembic import command

    config = _config(connection)
    if found == _FIRST:
        command.stamp(config, _FIRST)
    command.upgrade(config, HEAD)
    log.info("the store was brought from shape %s to %s", found, HEAD)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS))
    return config

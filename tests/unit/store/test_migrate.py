"""From one shape of the tables to the next: nothing that was in an old store is lost."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect

from resolute.errors import UnavailableError
from resolute.store import migrate, records, schema
from resolute.store.records import LocalRecords, Put
from resolute.store.store import Store

FIRST = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);
CREATE TABLE revision (id INTEGER NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO revision VALUES (1, 7);
CREATE TABLE local_records (name VARCHAR(1024) NOT NULL PRIMARY KEY, address VARCHAR(45) NOT NULL,
    revision BIGINT NOT NULL);
INSERT INTO local_records VALUES ('app.test', '192.0.2.7', 7);
CREATE TABLE seeded_names (name VARCHAR(1024) NOT NULL PRIMARY KEY, revision BIGINT NOT NULL);
CREATE TABLE changes (id INTEGER NOT NULL PRIMARY KEY, revision BIGINT NOT NULL, time DATETIME NOT NULL,
    author VARCHAR(255) NOT NULL, what VARCHAR(2048) NOT NULL);
CREATE INDEX changes_by_revision ON changes (revision);
INSERT INTO changes VALUES (1, 7, '2026-11-01 00:00:00.000000', 'alice', 'put app.test 192.0.2.7');
"""
"""What the first version has written."""


def first(folder: Path) -> Store:
    with sqlite3.connect(folder / "old.db") as connection:
        connection.executescript(FIRST)
    return Store(f"sqlite:///{folder / 'old.db'}")


def test_the_first_shape_becomes_the_last(tmp_path: Path) -> None:
    store = first(tmp_path)
    assert records.read(store) == LocalRecords(7, {"app.test": "192.0.2.7"})
    assert records.apply(store, [Put("b.test", "192.0.2.8", "bob")]).revision == 8
    with store.reading() as connection:
        rows = connection.execute(schema.changes.select().order_by(schema.changes.c.id)).all()
        tables = set(inspect(connection).get_table_names())
    assert [(row.author, row.reason, row.zone) for row in rows] == [("alice", "", None), ("bob", "", None)]
    assert tables == {*schema.metadata.tables, "alembic_version"}


@pytest.mark.parametrize("made", ["anew", "step by step"])
def test_a_store_has_the_shape_of_the_schema(tmp_path: Path, made: str) -> None:
    """The steps and `schema.py` say the same."""
    store = Store(f"sqlite:///{tmp_path / 'new.db'}") if made == "anew" else first(tmp_path)
    with store.reading() as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) == {*schema.metadata.tables, "alembic_version"}
        for table in schema.metadata.tables.values():
            columns = {column["name"]: column for column in found.get_columns(table.name)}
            assert set(columns) == {column.name for column in table.columns}
            for column in table.columns:
                there = columns[column.name]
                assert (there["nullable"], str(there["type"])) == (
                    column.nullable,
                    str(column.type.compile(connection.dialect)),
                )
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ]
            assert {index["name"] for index in found.get_indexes(table.name)} == {index.name for index in table.indexes}
            assert {key["referred_table"] for key in found.get_foreign_keys(table.name)} == {
                key.column.table.name for key in table.foreign_keys
            }
            assert {tuple(one["column_names"]) for one in found.get_unique_constraints(table.name)} == {
                (column.name,) for column in table.columns if column.unique
            }
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        assert version == migrate.HEAD


def test_a_step_that_fails_leaves_the_old_shape(tmp_path: Path) -> None:
    store = first(tmp_path)
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("CREATE TABLE rrsets (x INTEGER)")  # in the way of the second step
    with pytest.raises(UnavailableError, match="rrsets"):
        store.revision()
    store.close()
    with sqlite3.connect(tmp_path / "old.db") as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'zones'").fetchone() == (0,)
        connection.execute("DROP TABLE rrsets")
    assert store.revision() == 7


def test_the_last_step_is_the_one_that_the_program_knows() -> None:
    steps = sorted(path.name for path in (Path(migrate.__file__).parent / "migrations" / "versions").glob("0*.py"))
    assert steps[-1].startswith(migrate.HEAD)

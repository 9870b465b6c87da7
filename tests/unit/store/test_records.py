"""Local records in a real SQLite store: durable, serialised, each with its revision."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from resolute.errors import ConflictError, UnavailableError
from resolute.store import records, schema
from resolute.store.records import Expected, Put, Remove
from resolute.store.store import Store


def open_store(directory: Path) -> Store:
    return Store(f"sqlite:///{directory / 'resolute.db'}")


def test_what_was_put_is_there_after_reopening(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    applied = records.apply(store, [Put("app.test", "192.0.2.7", "test"), Put("six.test", "2001:db8::7", "test")])
    store.close()
    found = records.read(open_store(tmp_path))
    assert found.addresses == {"app.test": "192.0.2.7", "six.test": "2001:db8::7"}
    assert found.revision == applied.revision == 1


def test_a_name_has_one_address_and_the_last_one_counts(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert records.apply(store, [Put("a.test", "192.0.2.1", "t")]).found == (False,)
    assert records.apply(store, [Put("a.test", "192.0.2.2", "t")]).found == (True,)
    assert records.read(store).addresses == {"a.test": "192.0.2.2"}


def test_removing_says_whether_there_was_something(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    records.apply(store, [Put("a.test", "192.0.2.1", "t")])
    assert records.apply(store, [Remove("a.test", "t"), Remove("b.test", "t")]).found == (True, False)
    assert records.read(store).addresses == {}


def test_each_change_is_written_down_with_author_and_revision(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    records.apply(store, [Put("a.test", "192.0.2.1", "alice")])
    records.apply(store, [Remove("a.test", "bob")])
    with store.reading() as connection:
        rows = connection.execute(
            select(schema.changes.c.revision, schema.changes.c.author, schema.changes.c.what).order_by(
                schema.changes.c.id
            )
        ).all()
    assert [tuple(row) for row in rows] == [(1, "alice", "put a.test 192.0.2.1"), (2, "bob", "remove a.test")]


def test_writers_at_once_in_two_stores_lose_nothing(tmp_path: Path) -> None:
    first, second = open_store(tmp_path), open_store(tmp_path)

    def put(number: int) -> int:
        store = first if number % 2 else second
        return records.apply(store, [Put(f"n{number}.test", "192.0.2.1", "t")]).revision

    with ThreadPoolExecutor(8) as threads:
        revisions = list(threads.map(put, range(60)))
    assert sorted(revisions) == list(range(1, 61))
    assert len(records.read(first).addresses) == 60


def test_many_who_open_a_new_store_at_the_same_moment(tmp_path: Path) -> None:
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(lambda _, at=folder: open_store(at).revision(), range(8))) == [0] * 8


def test_a_seed_adds_each_name_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    records.apply(store, [Put("mine.test", "192.0.2.9", "t")])
    seeds = {"a.test": "192.0.2.1", "mine.test": "192.0.2.2"}
    assert records.seed(store, seeds, author="seed") == 2
    assert records.read(store).addresses == {"a.test": "192.0.2.1", "mine.test": "192.0.2.9"}
    records.apply(store, [Remove("a.test", "t")])
    before = store.revision()
    assert records.seed(store, seeds, author="seed") == 0
    assert "a.test" not in records.read(store).addresses
    assert store.revision() == before


def test_the_file_is_for_the_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        open_store(tmp_path).revision()
    finally:
        os.umask(old)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_commits_are_durable_and_readers_are_not_blocked(tmp_path: Path) -> None:
    with open_store(tmp_path).reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "resolute.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(UnavailableError, match="is not a SQLite database") as caught:
        open_store(tmp_path).revision()
    assert "\n" not in str(caught.value)


def test_a_directory_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="store sqlite"):
        Store(f"sqlite:///{tmp_path / 'file' / 'resolute.db'}").revision()


def test_a_full_disk_is_said_and_loses_nothing_that_was_there(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    records.apply(store, [Put("a.test", "192.0.2.1", "t")])
    with store.writing() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    with pytest.raises(UnavailableError, match="the disk is full"):
        fill(store, pages)
    assert records.read(open_store(tmp_path)).addresses == {"a.test": "192.0.2.1"}


def fill(store: Store, pages: int) -> None:
    """Writes more than a database of so many pages can hold."""
    rows = [{"name": f"n{number}.test", "address": "192.0.2.1", "revision": 2} for number in range(5000)]
    with store.writing() as connection:
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        connection.execute(insert(schema.local_records), rows)


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnavailableError, match="the shape 9999"):
        open_store(tmp_path).revision()


def test_a_url_that_is_none_is_said() -> None:
    with pytest.raises(UnavailableError, match=r"store\.url"):
        Store("nonsense")


def test_what_is_there_already_is_no_change(tmp_path: Path) -> None:
    """No revision, no entry in the history; what stands beside it is made."""
    store = open_store(tmp_path)
    records.apply(store, [Put("a.test", "192.0.2.1", "t")])
    again = records.apply(store, [Put("a.test", "192.0.2.1", "t"), Remove("b.test", "t")])
    assert (again.revision, again.found, store.revision()) == (1, (True, False), 1)
    mixed = records.apply(store, [Put("a.test", "192.0.2.1", "t"), Put("b.test", "192.0.2.2", "t")])
    assert (mixed.revision, mixed.found) == (2, (True, False))
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(schema.changes)).scalar_one() == 2


def test_a_name_that_is_not_what_was_expected_stays(tmp_path: Path) -> None:
    """Held within the transaction: of writers who have seen the same address, one is let in."""
    stores = [open_store(tmp_path) for _ in range(2)]
    records.apply(stores[0], [Put("a.test", "192.0.2.1", "t")])
    seen = Expected(there=True, address="192.0.2.1")

    def put(number: int) -> bool | ConflictError:
        return records.apply(stores[number % 2], [Put("a.test", f"192.0.2.{number + 10}", "t", seen)]).found[0]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(put, range(16)))
    assert [one for one in found if one is True] == [True]
    assert stores[0].revision() == 2
    wanted: list[Put | Remove] = [
        Put("a.test", "192.0.2.9", "t", Expected(there=False)),
        Put("b.test", "192.0.2.9", "t", Expected(there=True)),
        Remove("a.test", "t", seen),
        Put("c.test", "192.0.2.9", "t", Expected(there=False)),
        Remove("c.test", "t", Expected(there=True)),
    ]
    outcome = records.apply(stores[0], wanted).found
    assert [isinstance(one, ConflictError) for one in outcome] == [True, True, True, False, False]
    assert "now: look at it again" in str(outcome[0])

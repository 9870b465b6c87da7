"""Backups: what comes back is what was there, and what is no whole backup changes nothing."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import zlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from resolute.errors import RuleError, UnavailableError
from resolute.records import names
from resolute.store import (
    accounts,
    audit,
    backup,
    copy,
    history,
    kept,
    metadata,
    migrate,
    records,
    schema,
    webhooks,
    zones,
)
from resolute.store.accounts import NewToken, NewUser
from resolute.store.audit import Event
from resolute.store.backupfile import BackupReader, BackupWriter, Column, Header
from resolute.store.records import Put
from resolute.store.restore import LEAP, restore
from resolute.store.store import Store
from resolute.store.webhooks import Webhook
from resolute.zones import importing, past
from resolute.zones.change import Author
from resolute.zones.importing import NewZone

NOW = datetime(2026, 11, 1, 12, 30, 15, 250_000, tzinfo=UTC)
TEXT = b'$TTL 300\n@ SOA ns1 h 7 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.1\n\\000\\255 TXT "\\"a;b\\255"\n'
ORIGIN, OTHER = names.from_text("example.org."), names.from_text("other.test.")
BY = Author("alice", "why\nnot")


def store_at(path: Path) -> Store:
    return Store(f"sqlite:///{path}")


def filled(path: Path) -> Store:
    """A store with a row in every table."""
    store = store_at(path)
    importing.create(store, NewZone(ORIGIN, TEXT, BY))
    importing.replace(store, NewZone(ORIGIN, TEXT + b"www A 192.0.2.9\n", BY))
    importing.create(store, NewZone(OTHER, TEXT, BY))
    importing.delete(store, OTHER, BY)
    records.apply(store, [Put("app.test", "192.0.2.7", "alice")])
    records.seed(store, {"seed.test": "2001:db8::1"}, author="seed")
    with store.writing() as connection:
        zone = zones.find(connection, "example.org.")
        assert zone is not None
        metadata.put(connection, zone.id, {"X-OWNER": ["ops"]})
        kept.write(connection, {"cache.size": "64 MiB"}, zone.revision)
        user = accounts.add_user(connection, NewUser("bob", "$argon2id$x", "editor", ("example.org.", "ü.test.")))
        ends = NOW + timedelta(days=1)
        accounts.add_token(connection, user.id, NewToken("t1", "robot", b"\0\xff" * 16, {"zones": None}, (), ends))
        accounts.add_token(connection, user.id, NewToken("a1", "before its parent", b"\1" * 32, {}, (), ends, "t1"))
        audit.append(connection, Event("bob", "::1", "login", "session", "failed", "wrong"))
        webhooks.add(connection, Webhook("w1", "https://x.test/", (), "secret", NOW, 3, 0, NOW, ""))
    return store


def contents(store: Store) -> dict[str, list[Any]]:
    with store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in backup.tables()
        }


def written(store: Store) -> bytes:
    return b"".join(backup.stream(store))


@pytest.fixture
def full(tmp_path: Path) -> Store:
    return filled(tmp_path / "full.db")


def test_everything_comes_back(full: Store, tmp_path: Path) -> None:
    """The past too; and what was deleted can come back."""
    before = contents(full)
    assert all(before.values())
    empty = store_at(tmp_path / "empty.db")
    found, revision = restore(empty, BytesIO(written(full)), "b")
    after = contents(empty)
    assert {name: len(rows) for name, rows in before.items()} == dict(found.rows)
    for name in sorted(set(before) - {"zones", "changes"}):
        assert after[name] == before[name], name
    assert after["changes"][: len(before["changes"])] == before["changes"]
    assert [row[1:-2] for row in after["zones"]] == [row[1:-2] for row in before["zones"]]
    assert revision == empty.revision() == full.revision() + LEAP + 1
    assert past.text_at(empty, ORIGIN, 1) == past.text_at(full, ORIGIN, 1)
    assert past.text_at(empty, ORIGIN, revision) == past.text_at(full, ORIGIN, full.revision())
    with empty.reading() as connection:
        assert history.restored_after(connection, revision - 1)
        assert not history.restored_after(connection, revision)
    past.revert(empty, OTHER, 3, BY)
    with empty.reading() as connection:
        assert zones.find(connection, "other.test.") is not None


def test_others_write_while_it_is_taken(full: Store) -> None:
    """It has the state that there was at its beginning."""
    parts = backup.stream(full)
    first = next(parts)
    writer = Store(full._url.render_as_string())  # noqa: SLF001  another process
    importing.delete(writer, ORIGIN, BY)
    whole = first + b"".join(parts)
    found = BackupReader(BytesIO(whole), "b").verify()
    assert (found.rows["zones"], found.header.revision) == (1, 6)


def test_a_store_with_contents_is_kept(full: Store, tmp_path: Path) -> None:
    other = store_at(tmp_path / "other.db")
    records.apply(other, [Put("b.test", "192.0.2.8", "bob")])
    importing.create(other, NewZone(names.from_text("mine.test."), TEXT, BY))
    before, saved = contents(other), written(full)
    with pytest.raises(RuleError, match="--replace"):
        restore(other, BytesIO(saved), "b")
    assert contents(other) == before
    restore(other, BytesIO(saved), "b", replace=True)
    assert records.read(other).addresses == records.read(full).addresses
    with other.reading() as connection:
        assert zones.find(connection, "mine.test.") is None


def unpacked(content: bytes) -> bytes:
    """What is in it; nothing when it cannot be read."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""


def test_torn_and_damaged_files(full: Store, tmp_path: Path) -> None:
    """Wherever it breaks off, and whatever bit is another one."""
    whole = written(full)
    empty = store_at(tmp_path / "empty.db")
    for length in (0, 1, 10, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        with pytest.raises(RuleError, match="^b "):
            restore(empty, BytesIO(whole[:length]), "b")
    for at in range(10, len(whole), 7):  # after the gzip header, which has nothing that counts
        bad = bytearray(whole)
        bad[at] ^= 1 << (at % 8)
        if unpacked(bytes(bad)) == unpacked(whole):
            continue  # a bit that fills an octet up (RFC 1951 3.2.3)
        with pytest.raises(RuleError, match="^b "):
            BackupReader(BytesIO(bytes(bad)), "b").verify()
    assert not any(contents(empty).values())


LINES = [
    b"",
    b"{}",
    b'{"format": "resolute backup"}',
    b'{"format": "resolute backup", "version": true}',
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"format": "other", "version": 1}',
]


@pytest.mark.parametrize("line", LINES)
def test_what_is_no_backup(line: bytes) -> None:
    with pytest.raises(RuleError, match=r"^b "):
        BackupReader(BytesIO(gzip.compress(line + b"\n")), "b").verify()
    with pytest.raises(RuleError, match="no backup of Resolute"):
        BackupReader(BytesIO(b"PK\x03\x04" + line), "b").verify()


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_octets_are_refused(octets: bytes) -> None:
    """H13: the reader takes nothing on trust."""
    for content in (octets, gzip.compress(octets)):
        with pytest.raises(RuleError):
            BackupReader(BytesIO(content), "b").verify()


def test_a_line_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than the bound is not held."""
    monkeypatch.setattr("resolute.store.backupfile.LINE", 2**20)
    bomb = gzip.compress(b"x" * 2**26)
    with pytest.raises(RuleError, match="too long"):
        BackupReader(BytesIO(bomb), "b").verify()


def made(shape: str, tables: dict[str, tuple[list[Column], list[list[Any]]]], version: int = 1) -> BytesIO:
    """A backup as a program of this shape would write it."""
    file = BytesIO()
    writer = BackupWriter(file, Header(shape, 7, NOW, "9.9.9", version))
    for name, (columns, rows) in tables.items():
        writer.table(name, columns)
        for row in rows:
            writer.row(row)
    writer.end()
    return file


LOCAL = [Column("name", "text"), Column("address", "text"), Column("revision", "number")]
CHANGES = [Column(one, kind) for one, kind in zip(("id", "revision"), ("number",) * 2, strict=True)] + [
    Column("time", "time"),
    Column("author", "text"),
    Column("what", "text"),
]


@pytest.mark.parametrize("shape", sorted(migrate.known()))
def test_backups_of_earlier_shapes(tmp_path: Path, shape: str) -> None:
    """Those of every shape that there was are read."""
    store = store_at(tmp_path / "new.db")
    tables = {
        "local_records": (LOCAL, [["app.test", "192.0.2.7", 7]]),
        "changes": (CHANGES, [[1, 7, NOW, "alice", "put app.test 192.0.2.7"]]),
    }
    restore(store, made(shape, tables), "b")
    assert records.read(store).addresses == {"app.test": "192.0.2.7"}
    with store.reading() as connection:
        row = connection.execute(select(schema.changes)).first()
        assert row is not None
        assert (row.author, row.kind, row.zone, row.time) == ("alice", "local", None, NOW.replace(tzinfo=None))
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == migrate.HEAD
    records.apply(store, [Put("b.test", "192.0.2.8", "bob")])


@pytest.mark.parametrize(("shape", "revision"), [("0007", 2**63), ("0007", -1), ("0007", 2**63 - 1), ("\ud800", 7)])
def test_first_lines_that_no_program_has_written(full: Store, shape: str, revision: int) -> None:
    """A revision leaves room for those to come; the text of the error can be printed."""
    before, file = contents(full), BytesIO()
    BackupWriter(file, Header(shape, revision, NOW, "1.0")).end()
    with pytest.raises(RuleError, match="^b is damaged") as caught:
        restore(full, file, "b", replace=True)
    str(caught.value).encode()
    assert contents(full) == before


@pytest.mark.parametrize("rows", [{"zones": 2**70}, {"zones": -1}, {"\ud800": 1}, {"zones": True}, []])
def test_counts_that_are_none(rows: object) -> None:
    head = {"format": "resolute backup", "version": 1, "shape": "0007", "revision": 1, "made": "2026-01-01"}
    first = json.dumps(head | {"program": "1"}).encode() + b"\n"
    last = {"end": True, "lines": 1, "rows": rows, "sha256": hashlib.sha256(first).hexdigest()}
    with pytest.raises(RuleError, match="does not say how many rows"):
        BackupReader(BytesIO(gzip.compress(first + json.dumps(last).encode() + b"\n")), "b").verify()


def test_a_disk_that_fails(full: Store) -> None:
    """The first page of a process's memory cannot be read: EIO."""
    with Path("/proc/self/mem").open("rb") as file, pytest.raises(RuleError, match="b cannot be read: Input/output"):
        restore(full, file, "b", replace=True)


@pytest.mark.parametrize(("shape", "version", "words"), [("9999", 1, "the shape 9999"), ("0001", 2, "the format 2")])
def test_backups_of_later_programs(full: Store, shape: str, version: int, words: str) -> None:
    before = contents(full)
    with pytest.raises(RuleError, match=words) as caught:
        restore(full, made(shape, {}, version), "b", replace=True)
    assert "9.9.9 or later" in str(caught.value)
    assert contents(full) == before


@pytest.mark.parametrize(
    ("table", "columns", "row"),
    [
        ("sqlite_master", LOCAL, ["a", "b", 1]),
        ("sessions", LOCAL, ["a", "b", 1]),
        ("local_records", [*LOCAL, Column("x) VALUES (1); --", "text")], ["a", "b", 1, "c"]),
        ("local_records", LOCAL, ["a", "b", "c"]),
        ("local_records", LOCAL, ["a", "b", True]),
        ("local_records", LOCAL, ["a", None, 1]),
        ("local_records", [LOCAL[0], Column("address", "bytes"), LOCAL[2]], ["a", "&", 1]),
        ("local_records", LOCAL, ["a", "b", 2**63]),
        ("local_records", LOCAL, ["a", "b", -(2**70)]),
        ("local_records", LOCAL, ["a", "\ud800", 1]),
        ("local_records", [LOCAL[0], Column("address", "json"), LOCAL[2]], ["a", ["\udc00"], 1]),
        ("\ud800", LOCAL, ["a", "b", 1]),
    ],
)
def test_rows_that_do_not_fit(full: Store, table: str, columns: list[Column], row: list[Any]) -> None:
    """Nothing of it is restored."""
    before = contents(full)
    file = made(migrate.HEAD, {"seeded_names": ([LOCAL[0], LOCAL[2]], [["s", 1]]), table: (columns, [row])})
    with pytest.raises(RuleError, match="^b "):
        restore(full, file, "b", replace=True)
    assert contents(full) == before


def test_a_store_of_a_later_shape_is_not_touched(full: Store, tmp_path: Path) -> None:
    saved = written(full)
    later = filled(tmp_path / "later.db")
    with later.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    later.close()
    later, octets = store_at(tmp_path / "later.db"), (tmp_path / "later.db").read_bytes()
    with pytest.raises(UnavailableError, match="run the version of Resolute that wrote it"):
        restore(later, BytesIO(saved), "b", replace=True)
    with pytest.raises(UnavailableError, match="run the version of Resolute that wrote it"):
        written(later)
    later.close()
    assert (tmp_path / "later.db").read_bytes() == octets


def test_a_copy_of_the_store_is_made_anew(full: Store, tmp_path: Path) -> None:
    """Also where it has come further than the backup, with zones that are gone now."""
    saved, last = written(full), store_at(tmp_path / "copy.db")
    importing.create(full, NewZone(names.from_text("mine.test."), TEXT, BY))
    copy.bring_up_to_date(last, full)
    anew = store_at(tmp_path / "anew.db")
    restore(anew, BytesIO(saved), "b")
    for number in range(3):
        records.apply(anew, [Put(f"n{number}.test", "192.0.2.7", "alice")])
    copy.bring_up_to_date(last, anew)
    with last.reading() as connection:
        assert [zone.name for zone in zones.every(connection)] == ["example.org."]


KILLED = """
import os, signal, sys
from resolute.store.restore import restore
from resolute.store.store import Store

def die(done, total):
    if done >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

with open(sys.argv[2], "rb") as file:
    restore(Store("sqlite:///" + sys.argv[1]), file, "b", replace=True, progress=die)
"""


@pytest.mark.parametrize("after", [1, 7, 20])
def test_killed_in_the_middle_of_a_restore(full: Store, tmp_path: Path, after: int) -> None:
    """What was there is there."""
    saved = tmp_path / "saved"
    saved.write_bytes(written(full))
    other = store_at(tmp_path / "other.db")
    records.apply(other, [Put("b.test", "192.0.2.8", "bob")])
    before = contents(other)
    other.close()
    words = [sys.executable, "-c", KILLED, str(tmp_path / "other.db"), str(saved), str(after)]
    done = subprocess.run(words, check=False, capture_output=True, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert contents(other) == before
    restore(other, BytesIO(saved.read_bytes()), "b", replace=True)
    assert records.read(other).addresses == records.read(full).addresses


def test_the_format_is_as_documented(full: Store) -> None:
    """Lines of JSON that other programs read."""
    lines = [json.loads(line) for line in gzip.decompress(written(full)).splitlines()]
    head, end = lines[0], lines[-1]
    assert (head["format"], head["version"], head["shape"]) == ("resolute backup", 1, migrate.HEAD)
    assert (end["end"], end["lines"], end["rows"]["zones"]) == (True, len(lines) - 1, 1)
    (at,) = [at for at, line in enumerate(lines) if isinstance(line, dict) and line.get("table") == "local_records"]
    assert lines[at]["columns"] == [["name", "text"], ["address", "text"], ["revision", "number"]]
    assert lines[at + 1][:2] == ["app.test", "192.0.2.7"]

"""Where `resolute backup` writes, and where it reads from when no server answers."""

import os
from pathlib import Path

import pytest

from resolute.cli import backups
from resolute.cli.backups import Where
from resolute.errors import DeniedError, RuleError
from resolute.store import records
from resolute.store.records import Put
from resolute.store.store import Store


def test_only_plain_files_are_replaced(tmp_path: Path) -> None:
    """A device or a pipe would be gone afterwards."""
    os.mkfifo(tmp_path / "pipe")
    for file in (Path(os.devnull), tmp_path / "pipe", tmp_path):
        with pytest.raises(RuleError, match="no plain file"):
            backups.take(file, Where(None, tmp_path), quiet=True)
    with pytest.raises(RuleError, match="no plain file"):
        backups.put_back(tmp_path / "pipe", Where(None, tmp_path / "data"), replace=False, quiet=True)


def test_secrets_do_not_go_where_others_could_read_them(tmp_path: Path) -> None:
    with pytest.raises(DeniedError, match="https"):
        backups.take(tmp_path / "saved", Where(None, None, "http://dns.example.net"), quiet=True)
    assert not list(tmp_path.iterdir())


def test_the_old_backup_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    store, file = Store(f"sqlite:///{tmp_path / 'resolute.db'}"), tmp_path / "saved"
    records.apply(store, [Put("app.test", "192.0.2.7", "alice")])
    store.close()
    first = backups.take(file, Where(None, tmp_path), quiet=True)
    assert first.rows["local_records"] == 1
    kept = file.read_bytes()
    (tmp_path / "resolute.db").write_bytes(b"rubbish" * 1_000)
    with pytest.raises(Exception, match="not a SQLite database"):
        backups.take(file, Where(None, tmp_path), quiet=True)
    assert file.read_bytes() == kept
    assert {path.name for path in tmp_path.iterdir()} >= {"saved"}
    assert not (tmp_path / ".saved.new").exists()

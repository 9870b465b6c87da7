"""Who reads does not wait for who writes, also after an error of its own (SQLite: WAL)."""

from pathlib import Path

import pytest
from sqlalchemy import text

from resolute.errors import UnavailableError
from resolute.store import sqlite
from resolute.store.store import Store


def test_a_reader_goes_on_beside_a_long_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    url = f"sqlite:///{tmp_path / 'resolute.db'}"
    importer, node = Store(url), Store(url)
    assert node.revision() == 0
    with importer.writing():
        with pytest.raises(UnavailableError, match="locked"), node.writing() as connection:
            connection.execute(text("SELECT 1"))
        assert node.revision() == 0
        assert Store(url).revision() == 0
    importer.close()
    node.close()

"""Which settings of the store a node begins with."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from resolute.config.arguments import Overrides
from resolute.config.load import load
from resolute.config.tree import Settings
from resolute.node.follower import COPY
from resolute.node.storedsettings import StoredSettings
from resolute.store import kept
from resolute.store.store import Store, raise_revision


def keep(file: Path, values: Mapping[str, object]) -> None:
    store = Store(f"sqlite:///{file}")
    with store.changing() as connection:
        kept.write(connection, values, raise_revision(connection))
    store.close()


def begun_with(folder: Path) -> Mapping[str, object]:
    def compose(values: Mapping[str, object]) -> Settings:
        return load(None, Overrides(data=str(folder)), {}, values)

    found = StoredSettings(compose)
    asyncio.run(found.at_start(compose({})))
    return found.values


def test_the_store_counts_also_when_it_has_none_any_more(tmp_path: Path) -> None:
    keep(tmp_path / COPY, {"cache.size": "32MiB"})
    keep(tmp_path / "resolute.db", {})
    assert begun_with(tmp_path) == {}


def test_the_last_copy_counts_when_the_store_does_not_answer(tmp_path: Path) -> None:
    keep(tmp_path / COPY, {"cache.size": "32MiB"})
    (tmp_path / "resolute.db").write_bytes(b"rubbish" * 1000)
    assert begun_with(tmp_path) == {"cache.size": "32MiB"}

"""The node follows the store: a real store, its changes, its absence."""
# ruff: noqa: ASYNC110  what is waited for has no event

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from resolute.errors import UnavailableError
from resolute.node import localcopy
from resolute.node.follower import COPY, StoreFollower
from resolute.store import records
from resolute.store.records import LocalRecords, Put, Remove
from resolute.store.store import Store


class Published:
    """Keeps what was published, in order."""

    def __init__(self) -> None:
        self.states: list[Mapping[str, str]] = []

    async def __call__(self, addresses: Mapping[str, str]) -> None:
        self.states.append(addresses)


def open_store(directory: Path) -> Store:
    return Store(f"sqlite:///{directory / 'resolute.db'}")


def test_a_change_is_published_when_follow_returns(tmp_path: Path) -> None:
    async def scenario() -> None:
        published, writer = Published(), open_store(tmp_path)
        follower = StoreFollower(open_store(tmp_path), tmp_path, published)
        await follower.start()
        revision = (await asyncio.to_thread(records.apply, writer, [Put("a.test", "192.0.2.1", "t")])).revision
        assert await follower.follow(revision) == revision
        assert published.states[-1] == {"a.test": "192.0.2.1"}
        before = len(published.states)
        assert await follower.follow(revision) == revision
        assert len(published.states) == before
        await follower.close()

    asyncio.run(scenario())


def test_a_revision_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    async def scenario() -> None:
        follower = StoreFollower(open_store(tmp_path), tmp_path, Published())
        await follower.start()
        with pytest.raises(UnavailableError, match="not there yet"):
            await follower.follow(7)
        await follower.close()

    asyncio.run(scenario())


def test_a_change_that_nobody_told_of_is_found_within_two_seconds(tmp_path: Path) -> None:
    async def scenario() -> None:
        published = Published()
        follower = StoreFollower(open_store(tmp_path), tmp_path, published)
        await follower.start()
        task = asyncio.create_task(follower.run())
        await asyncio.to_thread(records.apply, open_store(tmp_path), [Put("a.test", "192.0.2.1", "t")])
        async with asyncio.timeout(2):
            while published.states[-1] != {"a.test": "192.0.2.1"}:
                await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await follower.close()

    asyncio.run(scenario())


def test_without_the_store_the_last_copy_is_served_and_the_store_is_found_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        first = StoreFollower(open_store(tmp_path), tmp_path, Published())
        writer = open_store(tmp_path)
        await asyncio.to_thread(records.apply, writer, [Put("a.test", "192.0.2.1", "t")])
        await first.start()
        await first.close()
        await asyncio.to_thread(writer.close)
        database, kept = tmp_path / "resolute.db", tmp_path / "kept.db"
        database.rename(kept)
        database.write_bytes(b"rubbish" * 1000)
        published = Published()
        second = StoreFollower(open_store(tmp_path), tmp_path, published)
        await second.start()
        assert published.states == [{"a.test": "192.0.2.1"}]
        assert "not a SQLite database" in second.problem
        kept.rename(database)
        assert await second.follow(1) == 1
        assert second.problem == ""
        await second.close()

    asyncio.run(scenario())


def test_seeds_are_added_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        seed = tmp_path / "records.yml"
        seed.write_text("a.test: 192.0.2.1\nbad.test: nonsense\n")
        published, store = Published(), open_store(tmp_path)
        follower = StoreFollower(open_store(tmp_path), tmp_path, published)
        await follower.start()
        await follower.seed(seed)
        assert published.states[-1] == {"a.test": "192.0.2.1"}
        assert len(follower.seed_problems) == 1
        await asyncio.to_thread(records.apply, store, [Remove("a.test", "t")])
        await follower.seed(seed)
        assert published.states[-1] == {}
        await follower.close()

    asyncio.run(scenario())


def test_the_copy_is_read_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / COPY
    localcopy.save(path, LocalRecords(7, {"a.test": "192.0.2.1"}))
    assert localcopy.load(path) == LocalRecords(7, {"a.test": "192.0.2.1"})
    assert path.stat().st_mode & 0o777 == 0o600
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert localcopy.load(path) is None
    assert localcopy.load(tmp_path / "absent") is None

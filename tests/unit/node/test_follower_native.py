"""The node follows the store: a real store, its changes, its absence."""
# ruff: noqa: ASYNC110  what is waited for has no event

import asyncio
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Connection

from resolute.errors import UnavailableError
from resolute.node.follower import Served, StoreFollower
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.store import backup, kept, nodes, records
from resolute.store.records import Put, Remove
from resolute.store.restore import restore
from resolute.store.store import Store, raise_revision
from resolute.zones import importing
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit
from resolute.zones.importing import NewZone
from resolute.zones.stored import Touched


class Published:
    """Keeps what was published, in order."""

    def __init__(self) -> None:
        self.states: list[Mapping[str, str]] = []
        self.zones: dict[bytes, int] = {}
        self.settings: list[Mapping[str, object]] = []
        self.zones_before_settings: set[bytes] = set()

    async def set_local(self, addresses: Mapping[str, str]) -> None:
        self.states.append(addresses)

    async def set_settings(self, values: Mapping[str, object]) -> None:
        self.settings.append(values)
        self.zones_before_settings = set(self.zones)

    async def take(self, touched: Touched) -> None:
        for origin in touched.gone:
            del self.zones[origin]
        self.zones |= {zone.origin: zone.image.serial for zone in touched.zones if zone.image is not None}


def follower_of(directory: Path, published: Published) -> StoreFollower:
    served = Served(published.set_local, published.take, published.set_settings)
    return StoreFollower(open_store(directory), directory, served, name="one")


def open_store(directory: Path) -> Store:
    return Store(f"sqlite:///{directory / 'resolute.db'}")


def test_a_change_is_published_when_follow_returns(tmp_path: Path) -> None:
    async def scenario() -> None:
        published, writer = Published(), open_store(tmp_path)
        follower = follower_of(tmp_path, published)
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
        follower = follower_of(tmp_path, Published())
        await follower.start()
        with pytest.raises(UnavailableError, match="not there yet"):
            await follower.follow(7)
        await follower.close()

    asyncio.run(scenario())


def test_a_change_that_nobody_told_of_is_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        published = Published()
        follower = follower_of(tmp_path, published)
        await follower.start()
        task = asyncio.create_task(follower.run())
        await asyncio.to_thread(records.apply, open_store(tmp_path), [Put("a.test", "192.0.2.1", "t")])
        async with asyncio.timeout(10):
            while published.states[-1] != {"a.test": "192.0.2.1"}:
                await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await follower.close()

    asyncio.run(scenario())


def test_without_the_store_the_last_copy_is_served_and_the_store_is_found_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        first = follower_of(tmp_path, Published())
        writer = open_store(tmp_path)
        await asyncio.to_thread(records.apply, writer, [Put("a.test", "192.0.2.1", "t")])
        await first.start()
        await first.close()
        await asyncio.to_thread(writer.close)
        database, kept = tmp_path / "resolute.db", tmp_path / "kept.db"
        database.rename(kept)
        database.write_bytes(b"rubbish" * 1000)
        published = Published()
        second = follower_of(tmp_path, published)
        await second.start()
        assert published.states == [{"a.test": "192.0.2.1"}]
        assert "not a SQLite database" in second.problem
        kept.rename(database)
        assert await second.follow(1) == 1
        assert second.problem == ""
        await second.close()

    asyncio.run(scenario())


ZONE = b"@ 300 SOA ns1 h %d 1 1 1 1\n@ 300 NS ns1\nns1 300 A 192.0.2.1\n"
ORIGIN = names.from_text("example.org.")


def test_zones_of_the_store_come_change_and_go(tmp_path: Path) -> None:
    async def scenario() -> None:
        published, store = Published(), open_store(tmp_path)
        follower = follower_of(tmp_path, published)
        await follower.start()

        async def after(revision: int) -> dict[bytes, int]:
            await follower.follow(revision)
            return dict(published.zones)

        new = NewZone(ORIGIN, ZONE % 7, Author("t"))
        assert await after(importing.create(store, new).revision) == {ORIGIN: 7}
        rrset = RRset.parse(names.from_text("a.example.org"), 1, 60, ["192.0.2.2"])
        (made,) = commit(store, ZoneChange(ORIGIN, (Edit(Action.ADD, rrset),), Author("t")))
        assert await after(made.revision) == {ORIGIN: 8}
        assert await after(importing.replace(store, NewZone(ORIGIN, ZONE % 9, Author("t"))).revision) == {ORIGIN: 9}
        assert await after(importing.delete(store, ORIGIN, Author("t")).revision) == {}
        await follower.close()

    asyncio.run(scenario())


def test_without_the_store_the_zones_of_the_copy_are_served(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = open_store(tmp_path)
        first = follower_of(tmp_path, Published())
        importing.create(store, NewZone(ORIGIN, ZONE % 7, Author("t")))
        importing.create(store, NewZone(names.from_text("gone.test."), ZONE % 1, Author("t")))
        await first.start()
        await first.close()
        first = follower_of(tmp_path, Published())
        await first.start()
        rrset = RRset.parse(names.from_text("a.example.org"), 1, 60, ["192.0.2.2"])
        commit(store, ZoneChange(ORIGIN, (Edit(Action.ADD, rrset),), Author("t")))
        importing.delete(store, names.from_text("gone.test."), Author("t"))
        importing.create(store, NewZone(names.from_text("new.test."), ZONE % 2, Author("t")))
        await first.follow(5)
        await first.close()
        store.close()
        (tmp_path / "resolute.db").rename(tmp_path / "kept.db")
        (tmp_path / "resolute.db").mkdir()
        published = Published()
        second = follower_of(tmp_path, published)
        await second.start()
        assert published.zones == {ORIGIN: 8, names.from_text("new.test."): 2}
        assert second.problem
        await second.close()

    asyncio.run(scenario())


def test_a_store_that_was_restored_is_read_whole(tmp_path: Path) -> None:
    """Also when the node knows zones and revisions that the backup does not."""

    async def scenario() -> None:
        published, store = Published(), open_store(tmp_path)
        importing.create(store, NewZone(ORIGIN, ZONE % 7, Author("t")))
        with store.writing() as connection:
            kept.write(connection, {"cache.size": "32MiB"}, raise_revision(connection))
        saved = BytesIO(b"".join(backup.stream(store)))
        with store.writing() as connection:
            kept.write(connection, {"cache.size": "64MiB"}, raise_revision(connection))
        importing.replace(store, NewZone(ORIGIN, ZONE % 9, Author("t")))
        importing.create(store, NewZone(names.from_text("lost.test."), ZONE % 1, Author("t")))
        records.apply(store, [Put("a.test", "192.0.2.1", "t")])
        follower = follower_of(tmp_path, published)
        await follower.start()
        assert set(published.zones) == {ORIGIN, names.from_text("lost.test.")}
        _, revision = restore(store, saved, "b", replace=True)
        await follower.follow(revision)
        assert dict(published.zones) == {ORIGIN: 7}
        assert published.states[-1] == {}
        assert published.settings[-1] == {"cache.size": "32MiB"}
        await follower.close()

    asyncio.run(scenario())


def test_nodes_say_how_far_they_are(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = open_store(tmp_path)
        follower = follower_of(tmp_path, Published())
        await follower.start()
        revision = importing.create(store, NewZone(ORIGIN, ZONE % 7, Author("t"))).revision
        await follower.follow(revision)
        await follower.close()
        with store.reading() as connection:
            (row,) = nodes.every(connection)
        assert (row.name, row.revision) == ("one", revision)
        assert store.revision() == revision

    asyncio.run(scenario())


def test_seeds_are_added_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        seed = tmp_path / "records.yml"
        seed.write_text("a.test: 192.0.2.1\nbad.test: nonsense\n")
        published, store = Published(), open_store(tmp_path)
        follower = follower_of(tmp_path, published)
        await follower.start()
        await follower.seed(seed)
        assert published.states[-1] == {"a.test": "192.0.2.1"}
        assert len(follower.seed_problems) == 1
        await asyncio.to_thread(records.apply, store, [Remove("a.test", "t")])
        await follower.seed(seed)
        assert published.states[-1] == {}
        await follower.close()

    asyncio.run(scenario())


def test_local_records_are_read_when_they_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of a zone does not read all of them again."""
    reads: list[int] = []
    addresses = records.addresses

    def counted(connection: Connection) -> dict[str, str]:
        reads.append(1)
        return addresses(connection)

    async def scenario() -> None:
        published, store = Published(), open_store(tmp_path)
        follower = follower_of(tmp_path, published)
        records.apply(store, [Put("a.test", "192.0.2.1", "t")])
        await follower.start()
        monkeypatch.setattr(records, "addresses", counted)
        await follower.follow(importing.create(store, NewZone(ORIGIN, ZONE % 7, Author("t"))).revision)
        assert reads == []
        await follower.follow(records.apply(store, [Put("b.test", "192.0.2.2", "t")]).revision)
        assert reads == [1]
        assert published.states == [{"a.test": "192.0.2.1"}, {"a.test": "192.0.2.1", "b.test": "192.0.2.2"}]
        await follower.close()

    asyncio.run(scenario())


def test_zones_are_there_before_settings_open_the_listeners(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, published = open_store(tmp_path), Published()
        text = b"$TTL 60\n@ SOA ns1 h 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"
        origin = names.from_text("example.org.")
        importing.create(store, NewZone(origin, text, Author("t")))
        with store.changing() as connection:
            kept.write(connection, {"cache.size": "32MiB"}, raise_revision(connection))
        follower = follower_of(tmp_path, published)
        await follower.start()
        await follower.close()
        assert (published.settings, published.zones_before_settings) == ([{"cache.size": "32MiB"}], {origin})

    asyncio.run(scenario())

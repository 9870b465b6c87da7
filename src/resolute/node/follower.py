"""Follows the store: publishes what has changed whenever its revision is another one.

    POST /follow (the admin process, after its commit) --+
    a notification of PostgreSQL ------------------------+-> revision newer? -> read -> publish -> copy, report
    a look each second, as a safety net -----------------+

A store that cannot be read changes nothing: what was published goes on, and a node that starts without the store
serves its last copy. Everything that may block runs in one thread of its own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from resolute import __version__
from resolute.errors import ResoluteError, RuleError, UnavailableError
from resolute.store import copy, history, kept, nodes, records
from resolute.store.store import Store, read_revision
from resolute.zones import local, stored
from resolute.zones.stored import StoredZone, Touched

LOOK_S: Final = 1.0
ALIVE_S: Final = 30.0
"""How often a node says that it is there when nothing changes."""
CLOSE_S: Final = 2.0
PATIENCE_S: Final = 1.0
"""How long a start waits for the first word of the store; then the last copy is served."""
COPY: Final = "last-copy.db"
SEED_AUTHOR: Final = "records.yml"

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """What the store's contents are given to; each returns when the next query sees them."""

    set_local: Callable[[Mapping[str, str]], Awaitable[None]]
    take: Callable[[Touched], Awaitable[None]]
    set_settings: Callable[[Mapping[str, object]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read."""

    revision: int
    addresses: Mapping[str, str]
    touched: Touched
    settings: Mapping[str, object] | None
    """None: as they were."""


class StoreFollower:
    """Keeps what is served in step with the store. `name` is what this node is called there."""

    def __init__(self, store: Store, directory: Path, served: Served, *, name: str) -> None:
        self.revision = -1
        self.problem = ""
        self.seed_problems: tuple[str, ...] = ()
        self.name = name
        self._store = store
        self._copy = Store(f"sqlite:///{directory / COPY}")
        self._copied = -1
        self._reported = (-1, 0.0)
        self._served = served
        self._known: dict[bytes, StoredZone] = {}
        self._addresses: Mapping[str, str] | None = None
        self._publishing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._seed: dict[str, str] = {}
        self._copy_problem = ""
        self._first: asyncio.Task[bool] | None = None

    @property
    def url(self) -> str:
        """The store, without its password."""
        return self._store.url

    async def start(self) -> None:
        """Publishes what the store has, or else the last copy of it, also when the store answers nothing. Does not
        raise for a store that is gone."""
        self._first = asyncio.create_task(self._in_thread(self._answers), name="the first word of the store")
        await asyncio.wait({self._first}, timeout=PATIENCE_S)
        if not self._first.done():
            log.error("store %s lets the start wait", self._store.url)
            await self._serve_copy()
        elif not await self._look(0):
            await self._serve_copy()

    async def run(self) -> None:
        """Looks each second, and whenever the store tells of a change, until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_each_second())
            if self._store.kind.TELLS:
                tasks.create_task(self._hear())

    async def follow(self, revision: int) -> int:
        """Returns once at least this revision is published, with the one that is. Raises UnavailableError."""
        if self.revision < revision and (not await self._look(revision) or self.revision < revision):
            why = self.problem or f"the store is at revision {self.revision}, {revision} is not there yet"
            raise UnavailableError(why)
        return self.revision

    async def seed(self, path: Path | None) -> None:
        """Adds the names of a seed file that were never seeded; a store that is gone gets them when it is back."""
        self._seed, self.seed_problems = {}, ()
        if path is not None:
            self._seed, self.seed_problems = await asyncio.to_thread(_read_seed, path)
            for problem in self.seed_problems:
                log.warning("hosts.records: %s", problem)
        if self._first is None or self._first.done():
            await self._look(0)

    async def close(self) -> None:
        """Brings the copy up to date, if that takes no longer than two seconds."""
        if self.revision >= 0 and not self.problem:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._in_thread(self._look_back), CLOSE_S)
        self._thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._store.close)
        await asyncio.to_thread(self._copy.close)

    async def _look_each_second(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if await self._look(0):
                await self._in_thread(self._look_back)

    async def _hear(self) -> None:
        """A connection that breaks is made again; meanwhile there is the look each second."""
        while True:
            try:
                async for revision in self._store.told():
                    await self._look(revision)
            except ResoluteError as error:
                log.debug("%s", error)
            await asyncio.sleep(LOOK_S)

    async def _look(self, wanted: int) -> bool:
        """One look at the store; publishes what is new. False when the store cannot be used. Equal looks share one
        read: who has waited for the lock may find that its revision is published already."""
        async with self._publishing:
            if wanted and self.revision >= wanted:
                return True
            try:
                found = await self._in_thread(self._read_if_new)
                if found is not None:
                    await self._publish(found)
                    self.revision = found.revision
            except ResoluteError as error:
                self._note_problem(str(error))
                return False
            except Exception as error:
                log.exception("following the store failed")
                self.problem = f"following the store failed: {error}"
                return False
            self._note_problem("")
            return True

    async def _publish(self, found: _Found) -> None:
        """Settings come last: at a start they may open the listeners, and then there must be something to serve."""
        if found.addresses != self._addresses:
            await self._served.set_local(found.addresses)
            self._addresses = found.addresses
        if found.touched.zones or found.touched.gone:
            await self._served.take(found.touched)
        for origin in found.touched.gone:
            self._known.pop(origin, None)
        self._known.update((zone.origin, zone) for zone in found.touched.zones)
        if found.settings is not None:
            await self._served.set_settings(found.settings)

    async def _serve_copy(self) -> None:
        try:
            found = await asyncio.to_thread(self._read, self._copy, -1)  # the other thread may wait for the store
        except ResoluteError as error:
            log.error("there is no last copy to serve from either: %s", error)
            return
        if found.revision:
            await self._publish(found)
            count = len(found.addresses), len(found.touched.zones)
            log.warning(
                "%d local records and %d zones are served from the last copy, of revision %d", *count, found.revision
            )

    # In the thread:

    def _answers(self) -> bool:
        """Whether the store can be used; however long it takes to say so."""
        try:
            self._store.revision()
        except UnavailableError:
            return False
        return True

    def _read_if_new(self) -> _Found | None:
        """Seeds what waits to be seeded, reads when the revision is another one."""
        if self._seed:
            if fresh := records.seed(self._store, self._seed, author=SEED_AUTHOR):
                log.info("%d new names of the seed file are in the store", fresh)
            self._seed = {}
        if self._store.revision() == self.revision:
            return None
        return self._read(self._store, self.revision)

    def _read(self, store: Store, since: int) -> _Found:
        with store.reading() as connection:
            now = read_revision(connection)
            anew = not 0 <= since <= now or history.restored_after(connection, since)
            if anew:
                touched = stored.read_all(connection)
                there = {zone.origin for zone in touched.zones}
                touched = Touched(touched.zones, tuple(origin for origin in self._known if origin not in there))
            else:
                touched = stored.read_since(connection, since, self._known)
            addresses = self._addresses
            if addresses is None or anew or history.local_after(connection, since):
                addresses = records.addresses(connection)
            settings = kept.read(connection) if anew or kept.revision(connection) > since else None
            return _Found(now, addresses, touched, settings)

    def _look_back(self) -> None:
        """What need not be done before an answer: the copy, and the word that this node is there."""
        if self._copied != self.revision:
            try:
                self._copied = copy.bring_up_to_date(self._copy, self._store)
                self._copy_problem = ""
            except UnavailableError as error:
                if str(error) != self._copy_problem:
                    log.warning("the last copy cannot be written: %s", error)
                self._copy_problem = str(error)
        revision, at = self._reported
        now = datetime.now(UTC)
        if revision != self.revision or now.timestamp() - at > ALIVE_S:
            self._report(now)

    def _report(self, now: datetime) -> None:
        try:
            with self._store.writing() as connection:
                nodes.report(connection, nodes.NodeRow(self.name, __version__, self.revision, now))
            self._reported = self.revision, now.timestamp()
        except UnavailableError as error:
            log.debug("this node cannot say that it is there: %s", error)

    def _note_problem(self, problem: str) -> None:
        if problem and problem != self.problem:
            log.error("%s; what was read of it before goes on", problem)
        if self.problem and not problem:
            log.info("store %s can be used again", self._store.url)
        self.problem = problem

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _read_seed(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        addresses, problems = local.read_seed(path.read_bytes(), file=str(path))
        return addresses, tuple(problems)
    except OSError as error:
        return {}, (f"{path}: cannot be read: {error.strerror}",)
    except RuleError as error:
        return {}, (str(error),)

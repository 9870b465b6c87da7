"""Follows the store: publishes its local records whenever its revision is another one.

    POST /follow (the admin process, after its commit) --+
                                                         +-> revision newer? -> read -> compile -> publish -> copy
    a look each second, as a safety net -----------------+

A store that cannot be read changes nothing: what was published goes on, and a node that starts without the store
serves its last copy. Everything that may block runs in one thread of its own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from resolute.errors import ResoluteError, RuleError, UnavailableError
from resolute.node import localcopy
from resolute.store import records
from resolute.store.records import LocalRecords
from resolute.store.store import Store
from resolute.zones import local

LOOK_S: Final = 1.0
COPY: Final = "local-records.json"
SEED_AUTHOR: Final = "records.yml"

T = TypeVar("T")

log = logging.getLogger(__name__)


class StoreFollower:
    """Keeps what is served in step with the store. `publish` returns when the next query sees the addresses."""

    def __init__(self, store: Store, directory: Path, publish: Callable[[Mapping[str, str]], Awaitable[None]]) -> None:
        self.revision = -1
        self.problem = ""
        self.seed_problems: tuple[str, ...] = ()
        self._store = store
        self._copy = directory / COPY
        self._publish = publish
        self._publishing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._seed: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The store, without its password."""
        return self._store.url

    async def start(self) -> None:
        """Publishes what the store has, or else the last copy of it. Does not raise for a store that is gone."""
        if await self._look(0):
            return
        copy = await asyncio.to_thread(localcopy.load, self._copy)
        if copy is not None:
            await self._publish(copy.addresses)
            log.warning(
                "%d local records are served from the last copy, of revision %d", len(copy.addresses), copy.revision
            )

    async def run(self) -> None:
        """Looks each second until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look(0)

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
        await self._look(0)

    async def close(self) -> None:
        """Waits for what is being read or written, two seconds at most."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._store.close)

    async def _look(self, wanted: int) -> bool:
        """One look at the store; publishes what is new. False when the store cannot be used. Equal looks share one
        read: who has waited for the lock may find that its revision is published already."""
        async with self._publishing:
            if wanted and self.revision >= wanted:
                return True
            try:
                found = await self._in_thread(self._read_if_new)
                if found is not None:
                    await self._publish(found.addresses)
                    self.revision = found.revision
                    await self._in_thread(lambda: self._save(found))
            except ResoluteError as error:
                self._note_problem(str(error))
                return False
            except Exception as error:
                log.exception("following the store failed")
                self.problem = f"following the store failed: {error}"
                return False
            self._note_problem("")
            return True

    def _read_if_new(self) -> LocalRecords | None:
        """In the thread: seeds what waits to be seeded, reads when the revision is another one."""
        if self._seed:
            if fresh := records.seed(self._store, self._seed, author=SEED_AUTHOR):
                log.info("%d new names of the seed file are in the store", fresh)
            self._seed = {}
        if self._store.revision() == self.revision:
            return None
        return records.read(self._store)

    def _save(self, found: LocalRecords) -> None:
        try:
            localcopy.save(self._copy, found)
        except OSError as error:
            log.warning("%s: the copy of the local records cannot be written: %s", self._copy, error.strerror)

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

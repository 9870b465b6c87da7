"""Writes to the store, one transaction at a time: those that come while one is under way go into the next together.

    many requests -> queue -> one transaction in the store's thread -> queue -> one word to the node -> answers

So a hundred writers share a few fsyncs, none is lost, and the event loop never waits for a disk. While the node takes
one transaction over, the next is made: the two queues have nothing to wait for in each other. What is large (a zone
imported, deleted, reverted) goes down the same queues and thread, one at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection

from resolute.errors import ResoluteError, UnavailableError
from resolute.store import records
from resolute.store.records import LocalRecords, Put, Remove
from resolute.store.store import Store
from resolute.zones import commit as committing
from resolute.zones.change import ZoneChange
from resolute.zones.decide import Committed

TOGETHER: Final = 256
WAITING: Final = 4_096
"""Changes that may wait; more are refused, so that a store that hangs does not fill the memory."""
READERS: Final = 3
PATIENCE_S: Final = 20.0
"""How long a change is waited for; what goes alone may take longer."""

T = TypeVar("T")
Group = tuple[ZoneChange, ...]
Local = Put | Remove
Work = Callable[[Store], tuple[Any, int | None]]
"""What goes alone: returns its result, and the revision that the node is to be told of, if there is one."""


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """What has become of a change; durable. `served`: whether the node has said that it answers by it."""

    result: T
    served: bool


@dataclass(slots=True, eq=False)
class _Waiting:
    wanted: Local | Group | Work
    future: "asyncio.Future[Written[Any]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def kind(self) -> type:
        if isinstance(self.wanted, Put | Remove):
            return Put
        return tuple if isinstance(self.wanted, tuple) else object


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Of a transaction: the node is told of `revision`, if there is one; a result or an error for each that waited."""

    revision: int | None
    each: Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Made:
    """A transaction that the node has not been told of."""

    batch: Sequence[_Waiting]
    outcome: _Outcome

    def answer(self, *, served: bool) -> None:
        """Lets those know who wait for it."""
        for waiting, result in zip(self.batch, self.outcome.each, strict=True):
            if waiting.future.done():
                continue
            if isinstance(result, Exception):
                waiting.future.set_exception(result)
            else:
                waiting.future.set_result(Written(result, served))


class Writer:
    """The one writer of this process. `committed` is called with the last revision after transactions, and says whether
    the node serves it; it never raises."""

    def __init__(self, store: Store, committed: Callable[[int], Awaitable[bool]]) -> None:
        self._store = store
        self._committed = committed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._reading = 0
        self._waiting: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None
        self._untold: list[_Made] = []
        self._telling: asyncio.Task[None] | None = None

    async def change(self, change: Local) -> bool:
        """Makes a change; returns whether there was something to replace or remove. It is durable when this returns,
        and the node has been told. Raises UnavailableError."""
        return (await self.put(change)).result

    async def put(self, change: Local) -> Written[bool]:
        """The same, and whether the node serves it."""
        return await self._join(change)

    async def commit(self, *changes: ZoneChange) -> Written[list[Committed]]:
        """Makes changes of zones, all or none. Raises what `zones.commit.commit` raises."""
        return await self._join(changes)

    async def alone(self, work: Work) -> Written[Any]:
        """Does work of its own transactions, while nothing else is written. Raises what it raises."""
        return await self._join(work)

    async def read(self) -> LocalRecords:
        """All local records. Raises UnavailableError."""
        return await self._in_reader(lambda: records.read(self._store))

    async def look(self, work: Callable[[Connection], T]) -> T:
        """The result of work in a transaction that sees one state. Raises UnavailableError and what it raises."""
        return await self._in_reader(lambda: self._looked(work))

    async def off_loop(self, work: Callable[[], T]) -> T:
        """The result of work that takes too long for the event loop, in a reader's thread."""
        return await self._in_reader(work)

    async def close(self) -> None:
        """Lets the changes that wait be made, then closes the store."""
        while (task := self._working or self._telling) is not None:
            await asyncio.gather(task, return_exceptions=True)
        self._thread.shutdown(wait=False)
        self._readers.shutdown(wait=False)
        await asyncio.to_thread(self._store.close)

    async def _join(self, wanted: Local | Group | Work) -> Written[Any]:
        if len(self._waiting) >= WAITING:
            raise UnavailableError("too many changes wait for the store: try again later")
        waiting = _Waiting(wanted)
        self._waiting.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="write to the store")
        return await self._outcome(waiting)

    async def _outcome(self, waiting: _Waiting) -> Written[Any]:
        """A store that hangs has nobody wait for ever. Raises UnavailableError."""
        done, _ = await asyncio.wait({waiting.future}, timeout=None if waiting.kind is object else PATIENCE_S)
        if done:
            return waiting.future.result()
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            raise UnavailableError(f"the store does not answer in {PATIENCE_S:g} s: nothing has changed")
        raise UnavailableError(
            f"the store does not answer in {PATIENCE_S:g} s: look whether the change was made before you try again"
        )

    async def _work(self) -> None:
        try:
            while self._waiting:
                count = _of_one_kind(self._waiting)
                batch, self._waiting = self._waiting[:count], self._waiting[count:]
                await self._commit(batch)
        finally:
            self._working = None

    async def _commit(self, batch: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        try:
            outcome = await loop.run_in_executor(self._thread, _transact, self._store, [one.wanted for one in batch])
        except Exception as error:  # noqa: BLE001  whatever it was, it is each waiting request's answer
            outcome = _Outcome(None, [error] * len(batch))
        if outcome.revision is None:
            _Made(batch, outcome).answer(served=True)
            return
        self._untold.append(_Made(batch, outcome))
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name="tell the node")

    async def _tell(self) -> None:
        """One word tells of all that was made while the last one was under way."""
        try:
            while self._untold:
                made, self._untold = self._untold, []
                served = await self._committed(max(one.outcome.revision or 0 for one in made))
                for one in made:
                    one.answer(served=served)
        finally:
            self._telling = None

    def _looked(self, work: Callable[[Connection], T]) -> T:
        with self._store.reading() as connection:
            return work(connection)

    async def _in_reader(self, work: Callable[[], T]) -> T:
        if self._reading >= WAITING:
            raise UnavailableError("too many requests wait for the store: try again later")
        self._reading += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        finally:
            self._reading -= 1


def _of_one_kind(waiting: Sequence[_Waiting]) -> int:
    """How many of those that wait longest go into one transaction."""
    kind = waiting[0].kind
    if kind is object:
        return 1
    others = (at for at, one in enumerate(waiting[:TOGETHER]) if one.kind is not kind)
    return next(others, min(len(waiting), TOGETHER))


def _transact(store: Store, wanted: Sequence[Any]) -> _Outcome:
    """In the store's thread. `wanted` is of one kind."""
    first = wanted[0]
    if isinstance(first, Put | Remove):
        applied = records.apply(store, wanted)
        return _Outcome(applied.revision, applied.found)
    if isinstance(first, tuple):
        outcomes = committing.commit_groups(store, wanted)
        made = (one for outcome in outcomes if not isinstance(outcome, ResoluteError) for one in outcome)
        return _Outcome(max((one.revision for one in made if one.differences), default=None), outcomes)
    result, revision = first(store)
    return _Outcome(revision, [result])

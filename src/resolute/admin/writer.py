"""Writes to the store, one transaction at a time: those that come while one is under way go into the next together.

    many requests -> queue -> one transaction in the store's thread -> one word to the node -> every request answered

So a hundred writers share a few fsyncs, none is lost, and the event loop never waits for a disk.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from resolute.errors import UnavailableError
from resolute.store import records
from resolute.store.records import Applied, LocalRecords, Put, Remove
from resolute.store.store import Store

TOGETHER: Final = 256
WAITING: Final = 4_096
"""Changes that may wait; more are refused, so that a store that hangs does not fill the memory."""

T = TypeVar("T")


class Writer:
    """The one writer of this process. `committed` is called with the revision after each transaction."""

    def __init__(self, store: Store, committed: Callable[[int], Awaitable[None]]) -> None:
        self._store = store
        self._committed = committed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._waiting: list[tuple[Put | Remove, asyncio.Future[bool]]] = []
        self._working: asyncio.Task[None] | None = None

    async def change(self, change: Put | Remove) -> bool:
        """Makes a change; returns whether there was something to replace or remove. It is durable when this returns,
        and the node has been told. Raises UnavailableError."""
        if len(self._waiting) >= WAITING:
            raise UnavailableError("too many changes wait for the store: try again later")
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="write to the store")
        return await future

    async def read(self) -> LocalRecords:
        """All records. Raises UnavailableError."""
        return await self._in_thread(lambda: records.read(self._store))

    async def close(self) -> None:
        """Lets the changes that wait be made, then closes the store."""
        if self._working is not None:
            await asyncio.gather(self._working, return_exceptions=True)
        self._thread.shutdown(wait=False)
        await asyncio.to_thread(self._store.close)

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                await self._commit(batch)
        finally:
            self._working = None

    async def _commit(self, batch: list[tuple[Put | Remove, asyncio.Future[bool]]]) -> None:
        try:
            applied: Applied = await self._in_thread(
                lambda: records.apply(self._store, [change for change, _ in batch])
            )
            await self._committed(applied.revision)
        except Exception as error:  # noqa: BLE001  whatever it was, it is each waiting request's answer
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), found in zip(batch, applied.found, strict=True):
            if not future.done():
                future.set_result(found)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

"""The way to users, tokens, sessions and the audit log: the store's blocking calls, in threads.

    user = await accounts.read(lambda connection: store.find_user(connection, "alice"))

Every request asks whose its token is: reads that wait at the same moment share a transaction.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from resolute.errors import ResoluteError, UnavailableError
from resolute.store.store import Store

THREADS: Final = 2
TOGETHER: Final = 32
"""Reads in one transaction."""
WAITING: Final = 1_024
"""Reads and writes that may wait; more are refused, so that a store that hangs does not fill the memory."""

T = TypeVar("T")


class Accounts:
    """Runs work in transactions. Raises, from both methods, UnavailableError and what the work raises."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="accounts")
        self._waiting = 0
        self._unread: list[_Read] = []
        self._reading: asyncio.Task[None] | None = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """The result of the work, which is short, in a transaction that sees one state."""
        with self._place():
            future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._unread.append(_Read(work, future))
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_all(), name="read accounts")
            return await future

    async def write(self, work: Callable[[Connection], T]) -> T:
        """The result of the work, which is durable when this returns; an exception takes it all back."""
        with self._place():
            return await self._in_thread(lambda: self._write(work))

    def close(self) -> None:
        """Lets what has begun end; the store is its owner's to close."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _read_all(self) -> None:
        try:
            while self._unread:
                some, self._unread = self._unread[:TOGETHER], self._unread[TOGETHER:]
                for one, result in zip(some, await self._results(some), strict=True):
                    one.answer(result)
        finally:
            self._reading = None

    async def _results(self, some: "Sequence[_Read]") -> list[Any]:
        try:
            return await self._in_thread(lambda: self._read([one.work for one in some]))
        except Exception as error:  # noqa: BLE001  whatever it was, it is each waiting request's answer
            return [error] * len(some)

    def _read(self, works: Sequence[Callable[[Connection], Any]]) -> list[Any]:
        with self._store.reading() as connection:
            return [_outcome(work, connection) for work in works]

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self._store.writing() as connection:
            return work(connection)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._waiting >= WAITING:
            raise UnavailableError("too many requests wait for the store: try again later")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


@dataclass(frozen=True, slots=True)
class _Read:
    """Work that waits, and who waits for it."""

    work: Callable[[Connection], Any]
    future: "asyncio.Future[Any]"

    def answer(self, result: object) -> None:
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


def _outcome(work: Callable[[Connection], Any], connection: Connection) -> object:
    """What it returns or says no with; an error of the database concerns all that share the transaction."""
    try:
        return work(connection)
    except UnavailableError:
        raise
    except ResoluteError as error:
        return error

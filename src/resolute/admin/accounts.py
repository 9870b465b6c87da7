"""The way to users, tokens, sessions and the audit log: the store's blocking calls, in threads.

user = await accounts.read(lambda connection: store.find_user(connection, "alice"))
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy import Connection

from resolute.errors import UnavailableError
from resolute.store.store import Store

THREADS: Final = 2
WAITING: Final = 1_024
"""Reads and writes that may wait; more are refused, so that a store that hangs does not fill the memory."""

T = TypeVar("T")


class Accounts:
    """Runs work in transactions. Raises, from both methods, UnavailableError and what the work raises."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="accounts")
        self._waiting = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        """The result of the work in a transaction that sees one state."""
        return await self._run(lambda: self._read(work))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """The result of the work, which is durable when this returns; an exception takes it all back."""
        return await self._run(lambda: self._write(work))

    def close(self) -> None:
        """Lets what has begun end; the store is its owner's to close."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._store.reading() as connection:
            return work(connection)

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self._store.writing() as connection:
            return work(connection)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise UnavailableError("too many requests wait for the store: try again later")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

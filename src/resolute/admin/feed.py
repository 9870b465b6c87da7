"""Lets those who follow the changes know that there is one more: of this process, of another, or of a node.

Who follows reads the history from where it has stopped, so nothing is queued for it and nothing is lost. The store is
looked at only while somebody follows.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Final

from resolute.admin.troubles import Trouble
from resolute.admin.writer import Writer
from resolute.errors import UnavailableError
from resolute.store import history
from resolute.store.history import Change

LISTENERS: Final = 64
PAGE: Final = 100
LOOK_S: Final = 1.0
KEEPALIVE_S: Final = 15.0

log = logging.getLogger(__name__)


class Feed:
    """The changes, as they come."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._listeners = 0
        self._closed = False
        self._last = 0
        self._more = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None
        self._trouble = Trouble(log, "the changes cannot be followed")

    async def follow(
        self, since: int | None = None, *, keepalive_s: float = KEEPALIVE_S
    ) -> AsyncGenerator[Change | None]:
        """Every change after one of them (None: after the last); None now and then, when there is none.

        Raises UnavailableError when too many follow already, or when the store does not answer.
        """
        self.require_room()
        self._listeners += 1
        try:
            last = await self._writer.look(history.last_id)
            position = last if since is None else min(since, last)
            self._look()
            while not self._closed:
                changes = await self._after(position)
                for change in changes:
                    yield change
                    position = change.id
                if not changes and not await self._wait(position, keepalive_s):
                    yield None
        finally:
            self._listeners -= 1
            if not self._listeners and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def require_room(self) -> None:
        """Raises UnavailableError when no more may follow."""
        if self._listeners >= LISTENERS:
            raise UnavailableError(f"{LISTENERS} listeners follow the changes already: try again later")

    def close(self) -> None:
        """Ends it for everybody."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()

    async def _after(self, position: int) -> list[Change]:
        return await self._writer.look(lambda connection: history.after(connection, position, limit=PAGE))

    async def _wait(self, position: int, seconds: float) -> bool:
        """Whether there is a change after this one before the time is over."""
        try:
            async with asyncio.timeout(seconds), self._more:
                await self._more.wait_for(lambda: self._last > position or self._closed)
        except TimeoutError:
            return False
        return True

    def _look(self) -> None:
        if self._looking is None:
            self._looking = asyncio.create_task(self._looks(), name="look for changes")

    async def _looks(self) -> None:
        while True:
            try:
                last = await self._writer.look(history.last_id)
            except UnavailableError as error:
                self._trouble.there(error)
            else:
                self._trouble.over()
                if last != self._last:
                    async with self._more:
                        self._last = last
                        self._more.notify_all()
            await asyncio.sleep(LOOK_S)

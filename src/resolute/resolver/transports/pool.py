"""The connections to one upstream: as few as will do, opened when there is something to ask, and again when one ends.

ask ──► one with room? ── yes ──────────────────────────────► asked there ──► reply
            │ no                                                  │
            └─► one is being opened, or may be ──► wait for it    └─ ended before the reply, and had answered others:
                                                                     again, on another
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.connection import IN_FLIGHT, Connection, Reply
from resolute.resolver.transports.failures import SLOW_HANDSHAKE
from resolute.resolver.transports.message import ExchangeError, Query

CONNECTIONS: Final = 4
"""To one upstream (RFC 7766 6.2.2: as few as possible). One more is opened when all are full."""
AGAIN: Final = 2
"""So often a question is asked again on another connection."""
OPEN_S: Final = 5.0
"""A handshake may go on for longer than a question waits: the next question finds it done."""
_OVER: Final = "is not used any more"

Opener = Callable[[], Awaitable[Connection]]


class Pool:
    """Of one event loop. `open_one` opens a connection, or raises ExchangeError."""

    def __init__(self, open_one: Opener) -> None:
        self.opened = 0
        self._open_one = open_one
        self._connections: list[Connection] = []
        self._opening: asyncio.Task[Connection] | None = None
        self._places = asyncio.Semaphore(CONNECTIONS * IN_FLIGHT)
        self._askers = 0
        self._retired = self._closed = False

    @property
    def connections(self) -> int:
        """Those that are open."""
        return len(self._connections)

    async def ask(self, query: Query) -> Reply:
        """The reply. Raises ExchangeError; cancelled when the time is up."""
        self._askers += 1
        try:
            async with self._places:
                return await self._ask(query)
        finally:
            self._askers -= 1
            if self._retired and not self._askers:
                self._let_go()

    def retire(self) -> None:
        """Nobody new will ask; who does already is answered before the connections end."""
        self._retired = True
        if not self._askers:
            self._let_go()

    def close(self) -> None:
        """Ends everything at once."""
        self._closed = True
        self._let_go()

    async def _ask(self, query: Query) -> Reply:
        """RFC 7766 6.2.4: a connection may be closed by the server at any time; then the question goes out again."""
        for _ in range(AGAIN):
            connection, fresh = await self._connection()
            try:
                return await connection.ask(query)
            except ExchangeError as error:
                if not error.lost or fresh:
                    raise
        connection, _ = await self._connection()
        return await connection.ask(query)

    def _let_go(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        for connection in list(self._connections):
            connection.lose(ExchangeError(Reason.UNREACHABLE, _OVER))

    async def _connection(self) -> tuple[Connection, bool]:
        """One with room, and whether it has proved nothing yet. Two rounds: others may have taken what was opened."""
        for _ in range(CONNECTIONS + 1):
            if self._closed:
                raise ExchangeError(Reason.UNREACHABLE, _OVER)
            for connection in self._connections:
                if connection.usable:
                    return connection, not connection.answered
            if self._opening is None and len(self._connections) >= CONNECTIONS:
                break
            await self._opened()
        raise ExchangeError(Reason.SHORTAGE, "was not asked: its connections are full")

    async def _opened(self) -> None:
        """Waits for the connection that is being opened; it goes on being opened when the question's time is up."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open(), name="connection to an upstream")
            self._opening.add_done_callback(self._has_opened)
        opening = self._opening
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.cancelled():
                raise ExchangeError(Reason.UNREACHABLE, _OVER) from None
            raise

    async def _open(self) -> Connection:
        try:
            async with asyncio.timeout(OPEN_S):
                return await self._open_one()
        except TimeoutError:
            raise ExchangeError(Reason.TIMEOUT, SLOW_HANDSHAKE) from None

    def _has_opened(self, task: asyncio.Task[Connection]) -> None:
        self._opening = None
        if task.cancelled() or task.exception() is not None:
            return
        connection = task.result()
        self.opened += 1
        if self._closed:
            connection.lose(ExchangeError(Reason.UNREACHABLE, _OVER))
        elif connection.failure is None:
            self._connections.append(connection)
            connection.ended = lambda: self._connections.remove(connection)

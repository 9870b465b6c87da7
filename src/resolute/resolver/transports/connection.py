"""What connections to upstreams have in common: who waits for what, when one is used no more, and when it ends.

            ask                  reply
open ─────────────► in flight ─────────► open ── idle for IDLE_S ──► closed
                       │
                       ├─ something that is no reply to what was asked ──► closed, all who wait fail
                       ├─ closed by the peer ──► all who wait fail, and may try another connection
                       └─ silence for as long as a question waits ──► retired: no new questions, closed when none waits
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.message import ExchangeError, Query, check

IN_FLIGHT: Final = 64
"""Questions on one connection."""
IDLE_S: Final = 15.0
"""RFC 7766 6.2.3: a client closes what it does not use; servers mostly do so after ten seconds to thirty."""
SILENCE_S: Final = 0.5
"""Whoever waited for this and longer tells something of the connection when nothing came at all."""


class Reply:
    """A verified reply, and how long it took."""

    __slots__ = ("message", "rtt_ms")

    def __init__(self, message: bytes, rtt_ms: float) -> None:
        self.message = message
        self.rtt_ms = rtt_ms


class _Waiting:
    __slots__ = ("future", "ident", "question", "since")

    def __init__(self, question: bytes, ident: int, since: float, future: asyncio.Future[Reply]) -> None:
        self.question = question
        self.ident = ident
        self.since = since
        self.future = future


class Connection(ABC):
    """One connection that is open. Of one event loop; `ended` is called once when it is no more."""

    def __init__(self) -> None:
        self.ended: Callable[[], None] | None = None
        self.failure: ExchangeError | None = None
        self.answered = 0
        self.limit = IN_FLIGHT
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, _Waiting] = {}
        self._retired = False
        self._heard_at = self._used_at = self._loop.time()
        self._idle: asyncio.TimerHandle | None = None

    @property
    def usable(self) -> bool:
        """Whether another question may be asked."""
        return not self._retired and self.failure is None and len(self._waiting) < self.limit

    @property
    def in_flight(self) -> int:
        """Questions that have no reply yet, also those that nobody waits for any more."""
        return len(self._waiting)

    async def ask(self, query: Query) -> Reply:
        """The reply. Raises ExchangeError; cancelled when the time is up."""
        if self.failure is not None:
            raise self.failure
        key, ident = self._send(query)
        self._used_at = since = self._loop.time()
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting[key] = _Waiting(query.question, ident, since, future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                future.exception()  # it came too late to be of interest
            self._abandon(key, since)
            raise

    def retire(self) -> None:
        """Takes no more questions, and closes when nobody waits."""
        self._retired = True
        if not self._is_waited_for():
            self.lose(ExchangeError(Reason.UNREACHABLE, "is not used any more", lost=True))

    def lose(self, failure: ExchangeError) -> None:
        """It is over: closes, and whoever waits fails."""
        if self.failure is not None:
            return
        self.failure = failure
        if self._idle is not None:
            self._idle.cancel()
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(ExchangeError(failure.reason, failure.words, lost=failure.lost))
        self._waiting.clear()
        self._close()
        if self.ended is not None:
            self.ended()

    # --------------------------------------------------------------------------------------------- for the transports

    @abstractmethod
    def _send(self, query: Query) -> tuple[int, int]:
        """Sends a question: the key of its reply, and its ID. Raises ExchangeError."""

    @abstractmethod
    def _close(self) -> None:
        """Ends the connection below, at once."""

    @abstractmethod
    def _cancelled(self, key: int) -> bool:
        """Nobody waits for this question any more: whether its reply cannot come any more."""

    def _watch(self) -> None:
        """The connection is there: it is not kept for ever without use."""
        self._idle = self._loop.call_later(IDLE_S, self._look_whether_idle)

    def _heard(self) -> None:
        self._heard_at = self._loop.time()

    def _knows(self, key: int) -> bool:
        return key in self._waiting

    def _replied(self, key: int, message: bytes) -> None:
        """A reply came under this key. One that does not match ends the connection."""
        waiting = self._waiting.get(key)
        if waiting is None:
            self.lose(ExchangeError(Reason.MISMATCH, "sent a reply to nothing that was asked"))
            return
        try:
            check(message, waiting.ident, waiting.question)
        except ExchangeError as error:
            self.lose(error)
            return
        del self._waiting[key]
        self.answered += 1
        if not waiting.future.done():
            waiting.future.set_result(Reply(message, (self._loop.time() - waiting.since) * 1000))
        if self._retired:
            self.retire()

    def _failed(self, key: int, failure: ExchangeError) -> None:
        """One question has no reply; the others go on."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_exception(failure)
        if self._retired:
            self.retire()

    def _abandon(self, key: int, since: float) -> None:
        """A question has waited long enough. A connection on which nothing came in all this time may be dead."""
        if self.failure is not None:
            return
        if self._cancelled(key):
            self._waiting.pop(key, None)
        given_up = sum(waiting.future.done() for waiting in self._waiting.values())
        silent = self._heard_at <= since <= self._loop.time() - SILENCE_S
        if self._retired or silent or given_up > IN_FLIGHT // 2:
            self.retire()

    def _is_waited_for(self) -> bool:
        return any(not waiting.future.done() for waiting in self._waiting.values())

    def _look_whether_idle(self) -> None:
        left = self._used_at + IDLE_S - self._loop.time()
        if left > 0 or self._is_waited_for():
            self._idle = self._loop.call_later(max(left, 1.0), self._look_whether_idle)
        else:
            self.retire()

"""Drives the steps of iteration: does what they want, and tells them what came of it.

    Ask   -> the exchange -> Heard
    Share -> nobody does it:  its own steps, by this query -> result, also for all who joined
          -> somebody does:   wait for the result; when that query has no budget or time left, do it after all
          -> somebody does who waits, however far round, for this query: do it oneself

Of one event loop.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from resolute.resolver.iteration.budget import Budget, ExhaustedError, UnresolvedError
from resolute.resolver.iteration.effects import Ask, Heard, Share, Steps

T = TypeVar("T")

Exchange = Callable[[Ask], Awaitable[Heard]]
"""Asks a server and waits for the end."""


class _Held:
    """Something that a query is doing for all who want it."""

    __slots__ = ("budget", "end")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.end: asyncio.Future[tuple[bool, object]] | None = None
        """Made by the first who joins: whether there is a result, and the result or the UnresolvedError."""

    def ended(self, *, done: bool, result: object) -> None:
        if self.end is not None and not self.end.done():
            self.end.set_result((done, result))


class Driver:
    """Runs any number of queries at a time. `clock`: monotonic seconds."""

    def __init__(self, exchange: Exchange, clock: Callable[[], float] = time.monotonic) -> None:
        self._exchange = exchange
        self._clock = clock
        self._held: dict[object, _Held] = {}
        self._waits: dict[Budget, _Held] = {}
        self.joined = 0
        """How often somebody has waited for what another query was doing."""

    def __len__(self) -> int:
        return len(self._held)

    async def run(self, budget: Budget, steps: Steps[T]) -> T:
        """The result of the steps. Raises UnresolvedError."""
        result: object = None
        error: UnresolvedError | None = None
        try:
            while True:
                budget.now = self._clock()
                try:
                    wanted = steps.send(result) if error is None else steps.throw(error)
                except StopIteration as end:
                    value: T = end.value
                    return value
                result = error = None
                try:
                    if isinstance(wanted, Ask):
                        result = await self._exchange(wanted)
                    else:
                        result = await self._share(budget, wanted)
                except UnresolvedError as failure:
                    error = failure
        finally:
            steps.close()

    async def _share(self, budget: Budget, wanted: Share) -> object:
        while (held := self._held.get(wanted.key)) is not None:
            if self._waits_for(held, budget):
                return await self.run(budget, wanted.make(budget))
            done, result = await self._join(budget, held)
            if done:
                return result
            if isinstance(result, UnresolvedError) and not isinstance(result, ExhaustedError):
                raise result.again()
        return await self._hold(budget, wanted)

    async def _hold(self, budget: Budget, wanted: Share) -> object:
        held = self._held[wanted.key] = _Held(budget)
        done = False
        result: object = None
        try:
            result = await self.run(budget, wanted.make(budget))
            done = True
            return result
        except UnresolvedError as error:
            result = error
            raise
        finally:
            del self._held[wanted.key]
            held.ended(done=done, result=result)

    async def _join(self, budget: Budget, held: _Held) -> tuple[bool, object]:
        if held.end is None:
            held.end = asyncio.get_running_loop().create_future()
        self.joined += 1
        self._waits[budget] = held
        try:
            return await asyncio.shield(held.end)
        finally:
            del self._waits[budget]

    def _waits_for(self, held: _Held | None, budget: Budget) -> bool:
        """Whether who does this is the query itself, or waits for it: two delegations that lead to each other."""
        while held is not None and held.budget is not budget:
            held = self._waits.get(held.budget)
        return held is not None

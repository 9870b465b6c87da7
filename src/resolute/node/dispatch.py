"""Takes what comes up from the data plane: questions go to the resolver, ends of exchanges to whoever waits.

plane.fileno() readable -> pull -> Exchanged -> its future
                                -> Handoff   -> a task of its own, within the handoff's time
                                             -> no task free: SERVFAIL at once (RFC 8914 says why)
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from resolute import plane
from resolute.records import names
from resolute.resolver.exchanges import Exchanges
from resolute.resolver.forwarder import SERVFAIL
from resolute.resolver.resolver import OVERLOADED

PULL: Final = 256
PULLS_AT_ONCE: Final = 4
"""Then the event loop gets its turn; the descriptor stays readable."""

_FAULT: Final = (0, "an internal error: see the server's log")

log = logging.getLogger(__name__)


class Dispatcher:
    """Between the data plane and the resolver, in one event loop. At most `limit` questions are worked on at a time."""

    def __init__(
        self,
        served: "plane.Plane",
        exchanges: Exchanges,
        resolve: Callable[["plane.Handoff"], Awaitable[None]],
        *,
        limit: int,
    ) -> None:
        self.limit = limit
        self._plane = served
        self._exchanges = exchanges
        self._resolve = resolve
        self._descriptor = -1
        self._tasks: set[asyncio.Task[None]] = set()
        self._counters: Counter[str] = Counter()

    def start(self) -> None:
        """From now on what comes up is taken."""
        self._descriptor = self._plane.fileno()
        asyncio.get_running_loop().add_reader(self._descriptor, self._readable)

    async def stop(self) -> None:
        """Takes nothing more, and ends what is being worked on."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._descriptor = -1
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def statistics(self) -> dict[str, int]:
        """Counters since the start, and the questions that are worked on now."""
        return {**self._counters, "tasks": len(self._tasks)}

    def _readable(self) -> None:
        """An exception here would repeat for ever, or end the taking: neither may be."""
        try:
            for _ in range(PULLS_AT_ONCE):
                handoffs, exchanged = self._plane.pull(PULL)
                for ended in exchanged:
                    self._exchanges.ended(ended)
                for handoff in handoffs:
                    self._take(handoff)
                if len(handoffs) + len(exchanged) < PULL:
                    return
        except Exception:
            log.exception("taking from the data plane failed")

    def _take(self, handoff: "plane.Handoff") -> None:
        self._counters["handoffs"] += 1
        if len(self._tasks) >= self.limit:
            self._counters["overloaded"] += 1
            self._fail(handoff, *OVERLOADED)
            return
        task = asyncio.get_running_loop().create_task(self._work(handoff))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, handoff: "plane.Handoff") -> None:
        try:
            async with asyncio.timeout(handoff.remaining_ms / 1000):
                await self._resolve(handoff)
        except TimeoutError:
            self._counters["too_late"] += 1  # the data plane has answered the clients itself
        except Exception:
            self._counters["faults"] += 1
            log.exception("resolving %s %s failed", names.to_text(handoff.qname), plane.mnemonic(handoff.qtype))
            self._fail(handoff, *_FAULT)

    def _fail(self, handoff: "plane.Handoff", ede: int, text: str) -> None:
        try:
            self._plane.fail(handoff.id, rcode=SERVFAIL, ede=ede, text=text, cache_s=1)
        except ValueError:
            log.exception("failing a handoff failed")

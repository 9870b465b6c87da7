"""Resolution from the root for the data plane: handoff -> budget -> iteration -> `plane.answer` or `plane.fail`.

What was done for the last questions is kept for `explain`, and what is known of zone cuts and servers is shown.
"""

import logging
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from resolute import plane
from resolute.records import names
from resolute.resolver.driver import Driver
from resolute.resolver.exchanges import Exchanges, Request
from resolute.resolver.failures import FailureMemory, Question
from resolute.resolver.iteration.budget import OTHER, Asked, Budget, UnresolvedError
from resolute.resolver.iteration.compose import compose
from resolute.resolver.iteration.cuts import Cut
from resolute.resolver.iteration.effects import Ask, Heard
from resolute.resolver.iteration.hints import builtin
from resolute.resolver.iteration.machine import Answer, Iteration

MARGIN_S: Final = 0.05
"""Kept back of the clients' time, so that our failure with its reason arrives before the deadline's without one."""
COURSES: Final = 1_024
"""Questions whose course is kept."""
FAMILIES_S: Final = 10.0
"""How often it is looked for a way over IPv6 and IPv4."""
_IN: Final = 1
_UNREACHABLE: Final = 6
_NOT_SUPPORTED: Final = 21

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Course:
    """What was done for one question. `ended_at`: monotonic seconds."""

    ended_at: float
    asked: Sequence[Asked]
    used: str
    outcome: str


class Recursion:
    """Resolves what the data plane hands off. Of one event loop."""

    def __init__(self, served: "plane.Plane", exchanges: Exchanges) -> None:
        self.iteration = Iteration(builtin())
        self._plane = served
        self._exchanges = exchanges
        self._driver = Driver(self._exchange)
        self._failures = FailureMemory()
        self._courses: OrderedDict[tuple[bytes, int], Course] = OrderedDict()
        self._counters: Counter[str] = Counter()
        self._looked_at = float("-inf")

    def configure(self, hints: Cut) -> None:
        """Takes the root's servers; with others than before, nothing that was learnt from those holds."""
        if hints.glue != self.iteration.hints.glue:
            self.iteration = Iteration(hints)
        self._looked_at = float("-inf")

    async def resolve(self, handoff: "plane.Handoff") -> None:
        """Answers or fails one handoff, within its time."""
        self.look_for_families(time.monotonic())
        question = Question(handoff.qname, handoff.qtype, handoff.qclass, handoff.source)
        budget = Budget(time.monotonic(), handoff.remaining_ms / 1000 - MARGIN_S)
        outcome = "not in time"
        try:
            if handoff.qclass != _IN:
                raise UnresolvedError(_NOT_SUPPORTED, "names of other classes than IN are not resolved")
            answer = await self.find(budget, handoff.qname, handoff.qtype)
            self._plane.answer(handoff.id, compose(handoff.qname, handoff.qtype, answer, budget.now))
            self._failures.succeeded(question)
            outcome = "answered"
        except UnresolvedError as error:
            outcome = error.text
            self._fail(handoff, question, error)
        except ValueError as error:
            outcome = f"the servers' answer cannot be used: {error}"
            self._fail(handoff, question, UnresolvedError(OTHER, outcome))
        finally:
            self._note(question, budget, outcome)

    async def find(self, budget: Budget, qname: bytes, qtype: int) -> Answer:
        """The answer to a question, each part with the zone that gave it. Raises UnresolvedError."""
        return await self._driver.run(budget, self.iteration.resolve(budget, qname, qtype))

    def look_for_families(self, now: float) -> None:
        """Finds out, now and then, whether this machine has a way over IPv4 and IPv6; nothing is sent for that."""
        if now - self._looked_at < FAMILIES_S:
            return
        self._looked_at = now
        addresses = self.iteration.hints.addresses
        found = {"6" if address[0] == "[" else "4" for address in addresses if has_way(address)}
        self.iteration.memory.servers.families = frozenset(found) or frozenset("46")

    def course(self, qname: bytes, qtype: int) -> Course | None:
        """What was done for a question when it was resolved last, if that is not long ago."""
        return self._courses.get((qname, qtype))

    def explain(self, qname: bytes, qtype: int) -> list[str]:
        """What was done for a question, or what would be done first, a line each."""
        course = self.course(qname, qtype)
        return _told(course) if course is not None else [self._plan(qname)]

    def flush(self, name: bytes | None, *, subtree: bool) -> int:
        """Forgets what iteration knows of a name, of those at and below it, or all; how many zones and answers."""
        return self.iteration.flush(name, subtree=subtree)

    def cuts(self, name: bytes | None, limit: int) -> list[dict[str, object]]:
        """The zone cuts that are known at and below a name, or all, with what is left of their time."""
        now = time.monotonic()
        wanted = [
            cut
            for cut in self.iteration.memory.cuts
            if cut.expires > now and (name is None or names.is_within(cut.zone, name))
        ]
        return [
            {
                "zone": names.to_text(cut.zone),
                "ttl_s": int(cut.expires - now),
                "servers": [names.to_text(server) for server in cut.servers],
                "addresses": list(cut.addresses),
            }
            for cut in sorted(wanted, key=lambda cut: names.canonical_key(cut.zone))[:limit]
        ]

    def servers(self, limit: int) -> list[dict[str, object]]:
        """The name servers that were asked, the quickest first."""
        now = time.monotonic()
        met = sorted(self.iteration.memory.servers, key=lambda server: server.rtt_ms or float("inf"))
        return [
            {
                "address": server.address,
                "rtt_ms": round(server.rtt_ms, 2),
                "failures": server.failures,
                "state": server.state(now),
                "edns": server.plain_until <= now,
                "cookie": len(server.cookie) > 8,
                "lame_for": [names.to_text(zone) for zone, until in server.lame.items() if until > now],
            }
            for server in met[:limit]
        ]

    def statistics(self) -> dict[str, int]:
        """Counters since the start, and what is kept."""
        memory = self.iteration.memory
        return {
            **self._counters,
            "questions_joined": self._driver.joined,
            "zone_cuts": len(memory.cuts),
            "servers": len(memory.servers),
            "answers_of_iteration": len(memory.known),
        }

    # ------------------------------------------------------------------------------------------------- one question

    async def _exchange(self, ask: Ask) -> Heard:
        self._counters["iteration_exchanges"] += 1
        request = Request(
            ask.server,
            ask.qname,
            ask.qtype,
            _IN,
            timeout_ms=ask.timeout_ms,
            tcp=ask.tcp,
            dnssec_ok=ask.edns,
            recursion_desired=False,
            edns=ask.edns,
            cookie=ask.cookie,
        )
        try:
            ended = await self._exchanges.exchange(request)
        except (ValueError, OSError) as error:
            log.debug("%s was not asked: %s", ask.server, error)
            return Heard(None, _UNREACHABLE)
        return Heard(ended.reply, ended.failure, ended.rtt_us / 1000, ended.tcp)

    def _fail(self, handoff: "plane.Handoff", question: Question, error: UnresolvedError) -> None:
        self._counters["iteration_failed"] += 1
        cache_s = 1 if error.brief else self._failures.failed(question, time.monotonic())
        self._plane.fail(handoff.id, rcode=error.rcode, ede=error.ede, text=error.text, cache_s=cache_s)

    # ---------------------------------------------------------------------------------------------------- for people

    def _note(self, question: Question, budget: Budget, outcome: str) -> None:
        self._counters["iterated"] += 1
        key = question.qname, question.qtype
        self._courses.pop(key, None)
        self._courses[key] = Course(budget.now, budget.trace, budget.used(), outcome)
        if len(self._courses) > COURSES:
            self._courses.popitem(last=False)

    def _plan(self, qname: bytes) -> str:
        """Which servers would be asked first."""
        memory = self.iteration.memory
        cut = memory.cuts.closest(qname, time.monotonic())
        if cut is None:
            return "begins at the root: its servers are asked who they are (root hints)"
        servers = [memory.servers.peek(address) for address in cut.addresses]
        known = sorted((s.rtt_ms, s.address) for s in servers if s is not None and s.rtt_ms)
        said = ", ".join(f"{address} ({rtt:.1f} ms)" for rtt, address in known[:3])
        return f"begins at {names.to_text(cut.zone)}, {len(cut.servers)} servers" + (
            f", quickest: {said}" if said else ""
        )


def has_way(address: str) -> bool:
    """Whether a packet to this server (ADDRESS:PORT) would find a way out of this machine; none is sent."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((host.strip("[]"), int(port)))
    except OSError:
        return False
    return True


def told(asked: Asked) -> str:
    """One question that was sent, for people."""
    what = f"{names.to_text(asked.qname)} {plane.mnemonic(asked.qtype)}"
    nested = "  " * asked.nested
    return f"{nested}{names.to_text(asked.zone)} at {asked.server}: {what} -> {asked.outcome} ({asked.took_ms:.1f} ms)"


def _told(course: Course) -> list[str]:
    ago = time.monotonic() - course.ended_at
    return [
        f"resolved from the root {ago:.0f} s ago: {course.outcome}",
        *(told(asked) for asked in course.asked),
        f"used {course.used}",
    ]

"""The resolver: takes handoffs, drives the decisions of `forwarder`, gives answers or failures to the data plane.

    handoff -> Forwarding -> Ask --> plane.exchange --> Forwarding -> ... -> plane.answer | plane.fail

Beside that a round every half second takes over what the data plane measured, probes upstreams that failed, and has the
routes published again when another upstream is the best now.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from resolute import plane
from resolute.records import names
from resolute.resolver import settings as chapter
from resolute.resolver.destination import is_plain, parse
from resolute.resolver.exchanges import Exchanges, Request
from resolute.resolver.failures import FailureMemory, Question
from resolute.resolver.forwarder import (
    NETWORK_ERROR,
    NOERROR,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    Ask,
    Candidate,
    Deliver,
    Forwarding,
    GiveUp,
    Outcome,
    Racing,
    Reason,
    rcode_word,
)
from resolute.resolver.iteration.cuts import Cut
from resolute.resolver.reasons import extended_error
from resolute.resolver.recursion import Recursion
from resolute.resolver.routes import RouteBook, RoutePlan
from resolute.resolver.upstreams import LONGEST_TIMEOUT_MS, SURE_MS, Measured, Upstreams

if TYPE_CHECKING:
    from resolute.resolver.transports.connections import Connections

ROUND_S: Final = 0.5
_REFUSAL_S: Final = 5
_FORGIVEN_AT_ONCE: Final = 1_024
_SOA: Final = 6
_NO_ROUTE: Final = (20, "resolving names that are not ours is switched off here (resolver.mode)")
_ROUTE_GONE: Final = (14, "the route of this name has just been changed: ask again")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Published:
    """What the data plane was told of a route: upstreams in order, each with its timeout."""

    plan: RoutePlan
    candidates: tuple[Candidate, ...]

    def timeout_ms(self, address: str | None) -> int:
        """How long the data plane waits for this upstream; 0 for one that it does not ask."""
        return next((candidate.timeout_ms for candidate in self.candidates if candidate.address == address), 0)


class Resolver:
    """Resolves what the data plane hands off. Of one event loop; `routes_changed` says that `routes` is different."""

    def __init__(self, served: "plane.Plane", exchanges: Exchanges, routes_changed: Callable[[], None]) -> None:
        self._plane = served
        self._exchanges = exchanges
        self._routes_changed = routes_changed
        self.recursion = Recursion(served, exchanges)
        self._book = RouteBook()
        self._upstreams = Upstreams()
        self._failures = FailureMemory()
        self._connections: Connections | None = None
        self._turns: Counter[int] = Counter()
        self._plans: tuple[RoutePlan, ...] = ()
        self._published: dict[int, _Published] = {}
        self._told_dead: set[str] = set()
        self._probes: dict[str, asyncio.Task[None]] = {}
        self._counters: Counter[str] = Counter()
        self._busy = False
        self._replies = 0

    def configure(self, resolver: chapter.Resolver, unserved: Sequence[bytes] = (), hints: Cut | None = None) -> None:
        """Takes new routes; what is known of upstreams that stay is kept. The caller publishes `routes`. `hints`: the
        root's servers, where they are others now."""
        if hints is not None:
            self.recursion.configure(hints)
        plans = self._book.paths(resolver, unserved)
        upstreams = list(dict.fromkeys(address for plan in plans for address in plan.upstreams))
        self._upstreams.keep(upstreams)
        self._keep_connections([upstream for upstream in upstreams if not is_plain(upstream)], resolver)
        # Two zones with the same upstreams share a number, and with it everything that is decided by number.
        self._plans = plans
        self._published = {plan.source: self._publish(plan) for plan in plans}

    def routes(self) -> list["plane.Route"]:
        """The routes for the data plane, the best upstream first."""
        return [
            plane.Route(
                plan.zone,
                source=plan.source,
                upstreams=[
                    plane.Upstream(candidate.address, timeout_ms=candidate.timeout_ms)
                    for candidate in self._published[plan.source].candidates
                    if not candidate.connected
                ],
                plain=plan.manner.leaves_to_the_data_plane(plan.upstreams),
                unserved=plan.unserved,
            )
            for plan in self._plans
        ]

    async def resolve(self, handoff: "plane.Handoff") -> None:
        """Answers or fails one handoff, within its time."""
        self._busy = True
        published = self._published.get(handoff.source)
        if self.iterates(handoff.source):
            await self.recursion.resolve(handoff)
            return
        if published is None or published.plan.refusal:
            self._refuse(handoff, published)
            return
        question = Question(handoff.qname, handoff.qtype, handoff.qclass, handoff.source)
        manner, deadline_ms = published.plan.manner, _now_ms() + handoff.remaining_ms
        if manner.strategy == "parallel":
            racing = Racing(published.candidates, deadline_ms=deadline_ms, fallback=manner.fallback)
            await self._race(handoff, racing, question)
            return
        self._turns[handoff.source] += 1
        candidates = manner.turn(published.candidates, self._upstreams, self._turns[handoff.source])
        forwarding = Forwarding(candidates, deadline_ms=deadline_ms, fallback=manner.fallback)
        waited_ms = published.timeout_ms(handoff.upstream)
        outcome = self._learn_from_handoff(handoff, waited_ms)
        asked_at_ms = _now_ms()
        decision = forwarding.begin(asked_at_ms, asked=handoff.upstream, outcome=outcome)
        while not isinstance(decision, GiveUp):
            if isinstance(decision, Ask):
                asked_at_ms = _now_ms()
                decision = forwarding.ended(decision, await self._try(handoff, decision), _now_ms())
            elif self._deliver(handoff, decision, question):
                self._excuse(handoff, decision, _now_ms() - asked_at_ms, waited_ms)
                return
            else:
                decision = forwarding.ended(decision.ask, Outcome(Reason.BROKEN), _now_ms())
        self._give_up(handoff, decision, question)

    async def run(self) -> None:
        """Measures and probes until it is cancelled."""
        try:
            while True:
                try:
                    self._round()
                except Exception:
                    log.exception("measuring the upstreams failed")
                await asyncio.sleep(ROUND_S)
        finally:
            for task in self._probes.values():
                task.cancel()

    def close(self) -> None:
        """Ends the connections to upstreams: nothing is resolved any more."""
        if self._connections is not None:
            self._connections.close()

    def upstreams(self) -> list[dict[str, object]]:
        """The health of every upstream, with its transport and connections, and the zones that it is for."""
        return [
            {
                **report,
                "transport": parse(str(report["address"])).transport,
                **(self._connections.report(str(report["address"])) if self._connections is not None else {}),
                "zones": [names.to_text(p.zone) for p in self._plans if report["address"] in p.upstreams],
            }
            for report in self._upstreams.report()
        ]

    def explain(self, source: int) -> str:
        """What would be done now for a question of this route: whom it asks, in which order, or why nobody."""
        published = self._published.get(source)
        if self.iterates(source):
            return "resolves from the root"
        if published is None:
            return _NO_ROUTE[1]
        if published.plan.refusal:
            return published.plan.refusal[1]
        order = [candidate.address for candidate in published.candidates]
        return f"{published.plan.manner.words}: " + ", ".join(
            f"{one} ({self._upstreams.get(one).state})" for one in order
        )

    def iterates(self, source: int) -> bool:
        """Whether names of this route are resolved from the root."""
        published = self._published.get(source)
        return published is not None and published.plan.iterates

    def statistics(self) -> dict[str, int]:
        """Counters since the start, and what is in flight now."""
        return {
            **self._counters,
            **self.recursion.statistics(),
            "exchanges_in_flight": len(self._exchanges),
            "failures_remembered": len(self._failures),
        }

    # ------------------------------------------------------------------------------------------------- one question

    def _learn_from_handoff(self, handoff: "plane.Handoff", waited_ms: int) -> Outcome | None:
        """What the data plane's own try tells of the upstream. A short time without a reply does not tell much."""
        reason, asked = Reason(handoff.reason), handoff.upstream
        if asked is None or reason is Reason.NO_ROUTE:
            return None
        if reason is Reason.RCODE:
            self._upstreams.errored(asked)
        elif reason in (Reason.TIMEOUT, Reason.BROKEN, Reason.UNREACHABLE):
            self._failed(asked, reason.name.lower(), sure=reason is not Reason.TIMEOUT or waited_ms >= SURE_MS)
        return Outcome(reason, handoff.rcode)

    def _excuse(self, handoff: "plane.Handoff", answer: Deliver, took_ms: float, waited_ms: int) -> None:
        """The upstream that did not answer the data plane in its time was only slow when the same question took as long
        at another, or was answered by itself in the end."""
        slow = handoff.upstream
        if slow is None or Reason(handoff.reason) is not Reason.TIMEOUT:
            return
        if answer.ask.upstream == slow:
            took_ms += waited_ms
        if took_ms > waited_ms and self._upstreams.excused(slow, took_ms):
            self._recovered([slow])

    async def _try(self, handoff: "plane.Handoff", ask: Ask) -> Outcome:
        """One exchange, and what it tells of the upstream."""
        self._counters["exchanges"] += 1
        request = Request(
            ask.upstream,
            handoff.qname,
            handoff.qtype,
            handoff.qclass,
            timeout_ms=ask.timeout_ms,
            tcp=ask.tcp,
            dnssec_ok=handoff.dnssec_ok,
            checking_disabled=handoff.checking_disabled,
        )
        return await self._exchange(request)

    async def _race(self, handoff: "plane.Handoff", racing: Racing, question: Question) -> None:
        """Asks several at once; the first answer is taken, the others are not waited for."""
        asks = {asyncio.create_task(self._try(handoff, ask)): ask for ask in racing.begin(_now_ms())}
        try:
            while asks:
                done, _ = await asyncio.wait(asks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    ask = asks.pop(task)
                    decision = racing.ended(ask, task.result())
                    while isinstance(decision, Deliver):
                        if self._deliver(handoff, decision, question):
                            return
                        decision = racing.refused(decision.ask)
                    if decision is not None:
                        self._give_up(handoff, decision, question)
                        return
            self._give_up(handoff, racing.give_up(), question)
        finally:
            for task in asks:
                task.cancel()

    async def _exchange(self, request: Request) -> Outcome:
        if self._connections is not None and not is_plain(request.upstream):
            return await self._exchange_connected(request, self._connections)
        try:
            ended = await self._exchanges.exchange(request)
        except (ValueError, OSError) as error:
            self._failed(request.upstream, str(error))
            return Outcome(Reason.UNREACHABLE)
        if ended.reply is None or len(ended.reply) < 12:
            reason = Reason.BROKEN if ended.failure is None else Reason(ended.failure)
            if reason is not Reason.SHORTAGE:
                sure = reason is not Reason.TIMEOUT or request.timeout_ms >= SURE_MS
                self._failed(request.upstream, reason.name.lower(), sure=sure)
            return Outcome(reason)
        recovered = self._upstreams.replied(request.upstream, rtt_ms=None if ended.tcp else ended.rtt_us / 1000)
        if recovered:
            self._recovered([request.upstream])
        return Outcome(None, ended.reply[3] & 0x0F, ended.reply)

    async def _exchange_connected(self, request: Request, connections: "Connections") -> Outcome:
        """One exchange over a connection."""
        from resolute.resolver.transports.message import ExchangeError

        try:
            reply = await connections.exchange(request)
        except ExchangeError as error:
            if error.reason is not Reason.SHORTAGE:
                sure = error.reason is not Reason.TIMEOUT or request.timeout_ms >= SURE_MS
                self._failed(request.upstream, error.words, sure=sure)
            return Outcome(error.reason, words=error.words)
        if self._upstreams.replied(request.upstream, rtt_ms=reply.rtt_ms):
            self._recovered([request.upstream])
        return Outcome(None, reply.message[3] & 0x0F, reply.message)

    def _keep_connections(self, upstreams: Sequence[str], resolver: chapter.Resolver) -> None:
        """What is needed for connections is loaded when there is somebody to be asked over one."""
        if self._connections is None and upstreams:
            from resolute.resolver.transports.connections import Connections

            self._connections = Connections(self._exchanges)
        if self._connections is not None:
            self._connections.keep(upstreams, resolver)

    def _deliver(self, handoff: "plane.Handoff", answer: Deliver, question: Question) -> bool:
        """False when the reply turns out to be none."""
        try:
            self._plane.answer(handoff.id, answer.reply)
        except ValueError as error:
            log.debug("a reply of %s to %s was refused: %s", answer.ask.upstream, names.to_text(handoff.qname), error)
            return False
        self._counters["answered"] += 1
        self._failures.succeeded(question)
        self._upstreams.answered(answer.ask.upstream)
        for address in answer.faulty:
            self._upstreams.faulted(address, "answered an error where another upstream had an answer")
        if answer.faulty:
            self._reorder()
        return True

    def _give_up(self, handoff: "plane.Handoff", end: GiveUp, question: Question) -> None:
        self._counters["failed"] += 1
        # The reason that the last upstream gave (such as DNSSEC Bogus) says more than that it failed.
        ede, text = extended_error(end.reply) or (end.ede, end.text)
        if ede != end.ede:
            text = f"{text} ({end.text})" if text else end.text
        cache_s = self._failures.failed(question, time.monotonic())
        self._plane.fail(handoff.id, rcode=SERVFAIL, ede=ede, text=text, cache_s=cache_s)

    def _refuse(self, handoff: "plane.Handoff", published: _Published | None) -> None:
        """A name that has no way at all: not an upstream's failure, so nothing is learned from it."""
        if published is not None and published.plan.refusal:
            ede, text = published.plan.refusal
        else:
            ede, text = _ROUTE_GONE if handoff.source else _NO_ROUTE
        rcode = SERVFAIL if handoff.source else REFUSED
        lasts_s = 1 if handoff.source and published is None else _REFUSAL_S
        self._counters["refused"] += 1
        self._plane.fail(handoff.id, rcode=rcode, ede=ede, text=text, cache_s=lasts_s)

    # ------------------------------------------------------------------------------------------------ all upstreams

    def _round(self) -> None:
        self._upstreams.age()
        measured = self._take_over_measurements()
        busy, self._busy = self._busy or self._any_traffic(measured), False
        firsts = frozenset(p.candidates[0].address for p in self._published.values() if p.candidates)
        for address in self._upstreams.to_probe(time.monotonic(), firsts=firsts, busy=busy):
            self._begin_probe(address)
        self._reorder()

    def _take_over_measurements(self) -> Sequence[Measured]:
        measured = [Measured(s.address, s.replies, s.rtt_us / 1000) for s in self._plane.upstream_statistics()]
        if recovered := self._upstreams.measured(measured):
            self._recovered(recovered)
        return measured

    def _any_traffic(self, measured: Sequence[Measured]) -> bool:
        replies = sum(one.replies for one in measured)
        before, self._replies = self._replies, replies
        return replies > before

    def _begin_probe(self, address: str) -> None:
        if address in self._probes:
            return
        task = asyncio.create_task(self._probe(address), name=f"probe {address}")
        self._probes[address] = task
        task.add_done_callback(lambda _: self._probes.pop(address, None))

    async def _probe(self, address: str) -> None:
        """Asks for the SOA of a zone that the upstream is for: a question that it should like."""
        zone = next((plan.zone for plan in self._plans if address in plan.upstreams), b"\0")
        self._counters["probes"] += 1
        outcome = await self._exchange(Request(address, zone, _SOA, 1, timeout_ms=LONGEST_TIMEOUT_MS))
        if outcome.reason is None and outcome.rcode in (NOERROR, NXDOMAIN):
            self._upstreams.answered(address)
        elif outcome.reason is None:
            log.debug("upstream %s answered a probe with %s", address, rcode_word(outcome.rcode))
        self._reorder()

    def _failed(self, address: str, why: str, *, sure: bool = True) -> None:
        if not self._upstreams.get(address).failures:
            self._take_over_measurements()  # replies from before the failure are no recovery from it
        before = self._upstreams.get(address).state
        self._upstreams.failed(address, why, sure=sure)
        if before != "dead" and self._upstreams.get(address).state == "dead":
            self._told_dead.add(address)
            log.warning("upstream %s is dead (%s): it is asked last, and probed until it answers", address, why)
        self._reorder()

    def _recovered(self, addresses: Sequence[str]) -> None:
        """What failed while they were away may be asked again at once: the data plane forgets those failures."""
        if told := [address for address in addresses if address in self._told_dead]:
            self._told_dead.difference_update(told)
            log.info("upstream %s answers again", ", ".join(told))
        for question in self._failures.forgive(time.monotonic())[:_FORGIVEN_AT_ONCE]:
            self._plane.cache_flush(question.qname)
        self._reorder()

    def _reorder(self) -> None:
        """Has the routes published again when the order, or a timeout by more than a quarter, is different."""
        fresh = {source: self._publish(old.plan, old.candidates) for source, old in self._published.items()}
        if any(_differs(self._published[source].candidates, new.candidates) for source, new in fresh.items()):
            self._published = fresh
            self._counters["orders_published"] += 1
            self._routes_changed()

    def _publish(self, plan: RoutePlan, before: Sequence[Candidate] = ()) -> _Published:
        order = plan.manner.order(plan.upstreams, self._upstreams, [candidate.address for candidate in before])
        return _Published(
            plan,
            tuple(
                Candidate(address, self._upstreams.get(address).timeout_ms, connected=not is_plain(address))
                for address in order
            ),
        )


def _differs(old: Sequence[Candidate], new: Sequence[Candidate]) -> bool:
    if [candidate.address for candidate in old] != [candidate.address for candidate in new]:
        return True
    return any(not 0.8 <= b.timeout_ms / a.timeout_ms <= 1.25 for a, b in zip(old, new, strict=True))


def _now_ms() -> float:
    return time.monotonic() * 1000


OVERLOADED: Final = (NETWORK_ERROR, "too many questions are being resolved at once: ask again")

"""What is known of each upstream: is it alive, how quick is it, how long to wait for it. No I/O, no clock.

    unknown --reply--> alive --failure--> failing --second failure--> dead
                         ^                   |                          |
                         +------ reply ------+-------- reply -----------+

Whoever failed last stands behind all that did not, from the first failure on; one background probe a second asks it
until it replies. So a dead upstream costs the few questions that were in flight, and a recovered one is found.

A name that takes long to resolve is not its upstream's fault: silence for a short time alone makes nobody dead, and
whoever is found to have been only slow is waited for longer from then on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from resolute.resolver.destination import is_plain

UNKNOWN_TIMEOUT_MS: Final = 400
SHORTEST_TIMEOUT_MS: Final = 50
LONGEST_TIMEOUT_MS: Final = 1_000
SURE_MS: Final = 400
"""Silence for less may be a name that takes long to resolve."""
PATIENCE_LEFT: Final = 0.995
"""So much of the patience is left after each half a second: half of it after about seventy seconds."""
DEAD_AFTER: Final = 2
"""Consecutive failures, without a reply between them."""
FAULTY_AFTER: Final = 3
"""Questions in a row that it refused or failed, and another upstream answered."""
PROBE_FAILED_S: Final = 1.0
SELDOM: Final = 10
"""So many times longer, at most, between probes that need a connection: once more with each failure."""
PROBE_ALIVE_S: Final = 10.0
"""How often an upstream that is not the first is measured again, while there are questions."""


@dataclass(slots=True)
class Upstream:
    """One upstream's record. `rtt_ms` is smoothed (RFC 6298 2: 7/8 old, 1/8 new); 0 before the first reply."""

    address: str
    rtt_ms: float = 0.0
    patience_ms: float = 0.0
    """What names that take long have needed lately."""
    failures: int = 0
    faults: int = 0
    last_failure: str = ""
    probed_at: float = float("-inf")
    replies_seen: int = 0
    bad_rcodes: int = 0

    @property
    def state(self) -> str:
        """`unknown`, `alive`, `failing`, `faulty` or `dead`."""
        if self.failures:
            return "dead" if self.failures >= DEAD_AFTER else "failing"
        if self.faults >= FAULTY_AFTER:
            return "faulty"
        return "alive" if self.rtt_ms else "unknown"

    @property
    def usable(self) -> bool:
        """Whether it is asked before those that failed."""
        return not self.failures and self.faults < FAULTY_AFTER

    @property
    def timeout_ms(self) -> int:
        """How long to wait for it: about three round trips, or a little more than slow names have needed; over
        connections, which have to be made first and repeat what is lost by themselves, the longest time there is."""
        if not is_plain(self.address):
            return LONGEST_TIMEOUT_MS
        if not self.rtt_ms:
            return UNKNOWN_TIMEOUT_MS
        usual = round(max(3 * self.rtt_ms, 1.25 * self.patience_ms))
        return max(SHORTEST_TIMEOUT_MS, min(LONGEST_TIMEOUT_MS, usual))


@dataclass(frozen=True, slots=True)
class Measured:
    """What the data plane itself counted of an upstream since its start."""

    address: str
    replies: int
    rtt_ms: float


class Upstreams:
    """Every upstream of every route, each once."""

    def __init__(self) -> None:
        self._known: dict[str, Upstream] = {}

    def keep(self, addresses: Iterable[str]) -> None:
        """Knows exactly these; what was learned of those that stay is kept."""
        self._known = {address: self._known.get(address) or Upstream(address) for address in addresses}

    def get(self, address: str) -> Upstream:
        """The record of an address; a passing one for an address that is not configured any more."""
        return self._known.get(address) or Upstream(address)

    def __iter__(self) -> Iterator[Upstream]:
        return iter(list(self._known.values()))

    def order(self, addresses: Sequence[str], *, before: Sequence[str] = ()) -> tuple[str, ...]:
        """Whom to ask first: the usable, the quickest of them first; then those that failed, the least often first.

        `before`: the last order. Its first stays first unless another is clearly quicker, so that two equal ones do not
        take turns.
        """
        ranked = sorted(addresses, key=self._rank)
        if before and before[0] in ranked and ranked[0] != before[0]:
            first, best = self.get(before[0]), self.get(ranked[0])
            if first.usable and best.rtt_ms and first.rtt_ms and first.rtt_ms <= 1.25 * best.rtt_ms + 2:
                ranked.remove(before[0])
                ranked.insert(0, before[0])
        return tuple(ranked)

    def replied(self, address: str, *, rtt_ms: float | None) -> bool:
        """A reply of any rcode came; `rtt_ms` when it tells the round trip. True when the upstream had been failing."""
        upstream = self.get(address)
        recovered, upstream.failures = bool(upstream.failures), 0
        if rtt_ms is not None and rtt_ms > 0:
            upstream.rtt_ms = rtt_ms if not upstream.rtt_ms or recovered else (7 * upstream.rtt_ms + rtt_ms) / 8
        return recovered

    def answered(self, address: str) -> None:
        """It answered a question well (NOERROR or NXDOMAIN)."""
        self.get(address).faults = 0

    def failed(self, address: str, why: str, *, sure: bool = True) -> None:
        """No reply, or none that can be used. Who is not surely at fault stands behind the others, and is not dead."""
        upstream = self.get(address)
        upstream.failures = upstream.failures + 1 if sure else max(1, upstream.failures)
        upstream.last_failure = why

    def excused(self, address: str, took_ms: float) -> bool:
        """The name took so long, whoever was asked. True when the upstream was failing for that alone."""
        upstream = self.get(address)
        upstream.patience_ms = max(upstream.patience_ms, took_ms)
        recovered = upstream.failures == 1
        upstream.failures = 0 if recovered else upstream.failures
        return recovered

    def age(self) -> None:
        """Half a second has passed."""
        for upstream in self._known.values():
            upstream.patience_ms *= PATIENCE_LEFT

    def faulted(self, address: str, why: str) -> None:
        """It answered with an error what another upstream then answered well."""
        upstream = self.get(address)
        upstream.faults += 1
        upstream.last_failure = why

    def errored(self, address: str) -> None:
        """The data plane got an error rcode from it: one of its replies that is no good answer."""
        self.get(address).bad_rcodes += 1

    def measured(self, measured: Iterable[Measured]) -> list[str]:
        """Takes over what the data plane counted; returns those that had been failing and have replied since."""
        recovered = []
        for one in measured:
            upstream = self._known.get(one.address)
            if upstream is None or one.replies == upstream.replies_seen:
                continue
            fresh = one.replies - upstream.replies_seen
            if fresh > upstream.bad_rcodes:
                upstream.faults = 0
            upstream.replies_seen, upstream.bad_rcodes = one.replies, 0
            if upstream.failures:
                recovered.append(one.address)
            upstream.failures = 0
            upstream.rtt_ms = one.rtt_ms or upstream.rtt_ms
        return recovered

    def to_probe(self, at: float, *, firsts: frozenset[str], busy: bool) -> list[str]:
        """Whom to ask a question of our own now: those that failed each second; while there are questions (`busy`) also
        those that are not the first of a route, now and then; everybody once. Each is noted as probed."""
        wanted = [upstream for upstream in self._known.values() if self._wants_probe(upstream, at, firsts, busy=busy)]
        for upstream in wanted:
            upstream.probed_at = at
        return [upstream.address for upstream in wanted]

    def report(self) -> list[Mapping[str, object]]:
        """For people and programs: address, state, round trip, timeout, failures in a row, the last failure."""
        return [
            {
                "address": upstream.address,
                "state": upstream.state,
                "rtt_ms": round(upstream.rtt_ms, 2),
                "timeout_ms": upstream.timeout_ms,
                "failures": upstream.failures,
                "last_failure": upstream.last_failure,
            }
            for upstream in self._known.values()
        ]

    def _rank(self, address: str) -> tuple[bool, int, float]:
        """Of the usable, one that was never heard stands behind those that were, until its first probe."""
        upstream = self.get(address)
        if upstream.usable:
            return False, 0, upstream.rtt_ms or float(UNKNOWN_TIMEOUT_MS)
        return True, min(upstream.failures, DEAD_AFTER), upstream.rtt_ms or float(UNKNOWN_TIMEOUT_MS)

    def _wants_probe(self, upstream: Upstream, at: float, firsts: frozenset[str], *, busy: bool) -> bool:
        since = at - upstream.probed_at
        if not upstream.usable or not upstream.rtt_ms:
            # A handshake costs both sides more than a packet.
            seldom = 1 if is_plain(upstream.address) else max(1, min(upstream.failures, SELDOM))
            return since >= PROBE_FAILED_S * seldom
        return busy and upstream.address not in firsts and since >= PROBE_ALIVE_S

"""What is known of each name server, and which to ask: the quick ones, now and then another. No I/O; fed the time.

    unknown --reply--> known, by its round trip --no reply, three times--> held for 1 s, 2 s, 4 s ... 60 s
                          ^                                                     |
                          +--------- reply --------- one question when over ----+

Whoever is not responsible for a zone that was delegated to it (lame) is asked about that zone last, for a while. What a
server does not understand (EDNS) is left out for a while, and its cookie (RFC 7873) goes with each question.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final

CAPACITY: Final = 10_000
UNKNOWN_RTT_MS: Final = 50.0
"""What a server that was never asked is reckoned with: it is tried before slow ones."""
UNKNOWN_TIMEOUT_MS: Final = 400
SHORTEST_TIMEOUT_MS: Final = 100
LONGEST_TIMEOUT_MS: Final = 1_500
DEAD_AFTER: Final = 3
"""Questions without reply, one after the other."""
LONGEST_HOLD_S: Final = 60
LAME_S: Final = 60.0
MOST_LAME: Final = 16
"""Zones that one server is remembered to be lame for."""
PLAIN_S: Final = 600.0
"""For how long a server is asked without EDNS."""
SUSPECTED_S: Final = 30.0
"""The same, when silence is all that speaks for it."""
OUTAGE_S: Final = 2.0
"""When nobody has been heard for so long, who did not reply is not to blame."""
RETRY_S: Final = 1.0
_EXPLORE: Final = 8
"""Of 256 questions so many go to any server."""
COOKIE: Final = 8
"""Bytes of our cookie (RFC 7873 4.1)."""


class Server:
    """One address."""

    __slots__ = (
        "address", "cookie", "failed_at", "failures", "held_until", "lame", "plain_until", "probed_until", "rtt_ms",
        "speaks",
    )  # fmt: skip

    def __init__(self, address: str) -> None:
        self.address = address
        self.rtt_ms = 0.0
        """Smoothed (RFC 6298 2: 7/8 old, 1/8 new); 0 before the first reply."""
        self.failures = 0
        """Questions without reply since the last one."""
        self.failed_at = float("-inf")
        self.held_until = float("-inf")
        self.probed_until = float("-inf")
        """Held before, it has been asked one question, and gets no other until then."""
        self.lame: dict[bytes, float] = {}
        """Zones that it is not responsible for, each until when that is believed."""
        self.plain_until = float("-inf")
        self.speaks = False
        """It has replied with EDNS."""
        self.cookie = os.urandom(COOKIE)
        """Ours, for this server alone (RFC 9018 3), and its own behind it once it gave one; empty for a server that
        refuses questions with a cookie."""

    def timeout_ms(self) -> int:
        """How long to wait for it: three round trips; longer after each silence."""
        usual = 3 * self.rtt_ms if self.rtt_ms and not self.failures else UNKNOWN_TIMEOUT_MS
        patient = max(usual, SHORTEST_TIMEOUT_MS) * 2 ** min(self.failures, 4)
        return int(min(patient, LONGEST_TIMEOUT_MS))

    def state(self, now: float) -> str:
        """`unknown`, `alive`, `failing`, or `held` (dead: not asked for a while)."""
        if self.held_until > now:
            return "held"
        return "failing" if self.failures else "alive" if self.rtt_ms else "unknown"

    def is_lame(self, zone: bytes, now: float) -> bool:
        """Whether it does not answer for a zone."""
        return bool(self.lame) and self.lame.get(zone, now) > now


class Servers:
    """Every server met, by address; bounded: the longest unused is forgotten."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, Server] = OrderedDict()
        self._heard_at = float("-inf")
        self._dice = iter(b"")
        self.families = frozenset("46")
        """The address families that this machine has a way to."""

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Server]:
        return iter(list(self._known.values()))

    def get(self, address: str) -> Server:
        """The server at an address."""
        server = self._known.get(address)
        if server is None:
            server = self._known[address] = Server(address)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return server

    def peek(self, address: str) -> Server | None:
        """The server at an address, if it has been met."""
        return self._known.get(address)

    def choose(self, addresses: Sequence[str], zone: bytes, now: float) -> Server | None:
        """Whom of these to ask about a zone; None when all are held."""
        known = [self.get(address) for address in self._reachable(addresses)]
        alive = [server for server in known if self._may_be_asked(server, now)]
        if not alive:
            return None
        sound = [server for server in alive if not server.is_lame(zone, now)]
        chosen = self._quick(sound or alive)
        self._known.move_to_end(chosen.address)
        if chosen.failures >= DEAD_AFTER:
            chosen.probed_until = now + LONGEST_TIMEOUT_MS / 1000
        return chosen

    def replied(self, server: Server, rtt_ms: float, now: float) -> None:
        """A reply came, whatever it said."""
        if now - self._heard_at > OUTAGE_S:
            for other in self._known.values():
                other.held_until = float("-inf")
        self._heard_at = now
        recovered, server.failures = bool(server.failures), 0
        server.held_until = server.probed_until = float("-inf")
        if rtt_ms > 0:
            fresh = recovered or not server.rtt_ms
            server.rtt_ms = rtt_ms if fresh else (7 * server.rtt_ms + rtt_ms) / 8

    def failed(self, server: Server, asked_at: float, now: float, *, sure: bool) -> None:
        """No reply. Many questions that were in flight together failed once. `sure`: it cannot be reached at all."""
        if asked_at < server.failed_at:
            return
        server.failed_at = now
        server.failures = max(server.failures + 1, DEAD_AFTER if sure else 1)
        server.rtt_ms = min(2 * (server.rtt_ms or UNKNOWN_TIMEOUT_MS / 2), 2.0 * LONGEST_TIMEOUT_MS)
        if server.failures >= DEAD_AFTER:
            server.held_until = now + min(2 ** min(server.failures - DEAD_AFTER, 6), LONGEST_HOLD_S)

    def lame_for(self, server: Server, zone: bytes, now: float) -> None:
        """It is not responsible for a zone that was delegated to it."""
        server.lame.pop(zone, None)
        server.lame[zone] = now + LAME_S
        if len(server.lame) > MOST_LAME:
            del server.lame[next(iter(server.lame))]

    def _may_be_asked(self, server: Server, now: float) -> bool:
        """Not while it is held, nor while it has the one question with which it may show that it is back. When nobody
        is heard, the way is missing and not the servers: each may be tried once a second."""
        if server.probed_until > now:
            return False
        outage = now - self._heard_at > OUTAGE_S and now - server.failed_at > RETRY_S
        return server.held_until <= now or outage

    def _reachable(self, addresses: Sequence[str]) -> Sequence[str]:
        """Those of a family that there is a way to; all, when there are no others."""
        if len(self.families) > 1:
            return addresses
        own = [address for address in addresses if ("6" if address[0] == "[" else "4") in self.families]
        return own or addresses

    def _quick(self, servers: Sequence[Server]) -> Server:
        """One of the quickest; rarely any, so that what has changed is found out."""
        if len(servers) == 1:
            return servers[0]
        roll = self._roll()
        if roll < _EXPLORE:
            return servers[self._roll() % len(servers)]
        best = min(server.rtt_ms or UNKNOWN_RTT_MS for server in servers)
        near = [server for server in servers if (server.rtt_ms or UNKNOWN_RTT_MS) <= 1.25 * best + 5]
        return near[roll % len(near)]

    def _roll(self) -> int:
        """0 to 255."""
        for number in self._dice:
            return number
        self._dice = iter(os.urandom(4_096))
        return next(self._dice)

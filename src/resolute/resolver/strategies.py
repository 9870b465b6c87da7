"""Whom of a route's upstreams a question goes to. No I/O.

fastest      the quickest of those that work; the others when it fails
strict       the first in the settings that works
round-robin  those that work take turns
parallel     the three quickest at once; the first good answer is taken
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from resolute.resolver.destination import is_plain
from resolute.resolver.forwarder import FALLBACK, NXDOMAIN, REFUSED, SERVFAIL, Candidate
from resolute.resolver.settings import Strategy
from resolute.resolver.upstreams import Upstreams

_RCODES: Final = {"servfail": SERVFAIL, "refused": REFUSED, "nxdomain": NXDOMAIN}

_WORDS: Final[Mapping[Strategy, str]] = {
    "fastest": "asks in this order",
    "strict": "asks in this order, that of the settings",
    "round-robin": "asks these in turn",
    "parallel": "asks the first three of these at once",
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How the upstreams of one route are used. `fallback`: the rcodes after which the next is asked."""

    strategy: Strategy = "fastest"
    fallback: frozenset[int] = FALLBACK

    @property
    def words(self) -> str:
        """What is done with the upstreams, for people."""
        return _WORDS[self.strategy]

    def leaves_to_the_data_plane(self, upstreams: Collection[str]) -> bool:
        """Whether the data plane can ask the first by itself: over UDP, with NXDOMAIN as an answer."""
        return (
            self.strategy in {"fastest", "strict"}
            and NXDOMAIN not in self.fallback
            and bool(upstreams)
            and all(map(is_plain, upstreams))
        )

    def number_key(self, upstreams: Sequence[str]) -> object:
        """What the answers of such a route depend on: the same for the same set, asked in the same way."""
        if self == Manner():
            return frozenset(upstreams)
        return self, tuple(upstreams) if self.strategy == "strict" else frozenset(upstreams)

    def order(self, upstreams: Sequence[str], known: Upstreams, before: Sequence[str]) -> Sequence[str]:
        """The upstreams in the order in which they are asked; those that failed last in any case."""
        if self.strategy in {"strict", "round-robin"}:
            return sorted(upstreams, key=lambda one: not known.get(one).usable)
        return known.order(upstreams, before=before)

    def turn(self, candidates: Sequence[Candidate], known: Upstreams, turn: int) -> Sequence[Candidate]:
        """The order for the question whose number is `turn`."""
        if self.strategy != "round-robin":
            return candidates
        usable = [one for one in candidates if known.get(one.address).usable]
        at = turn % len(usable) if usable else 0
        return (*usable[at:], *usable[:at], *candidates[len(usable) :])


USUAL: Final = Manner()


def manner(strategy: Strategy, fallback: Collection[str]) -> Manner:
    """The manner that settings mean."""
    return Manner(strategy, frozenset(_RCODES[word] for word in fallback))

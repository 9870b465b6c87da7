"""Forwarding one question: whom to ask, whom next, when to give up. No I/O: it is fed outcomes and the time.

    begin --> Ask --outcome--> Ask --outcome--> Ask --outcome--> GiveUp
                      |               |               |
                      +-> Deliver     +-> Deliver     +-> Deliver

NOERROR and NXDOMAIN are answers (RFC 2308); every other rcode, silence and rubbish lead to the next upstream, by TCP
where somebody may be guessing or the reply did not fit (RFC 5452 9.1, RFC 7766 5). Three tries at most, all within the
time that the clients wait; then SERVFAIL with an Extended DNS Error that names the upstreams (RFC 8914).

By setting NXDOMAIN leads to the next upstream too, and is the answer when none has a better one; or SERVFAIL and
REFUSED end the matter. `Racing` asks several at once and takes the first answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

TRIES: Final = 3
MARGIN_MS: Final = 50
"""Kept back of the clients' time, so that our failure with its reason arrives before the deadline's without one."""

NOERROR: Final = 0
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
REFUSED: Final = 5
FALLBACK: Final = frozenset({SERVFAIL, REFUSED})
"""The rcodes that lead to the next upstream, of those for which there is a choice."""

NO_REACHABLE_AUTHORITY: Final = 22
NETWORK_ERROR: Final = 23

RCODES: Final = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")


class Reason(IntEnum):
    """Why a question is here, or how an exchange ended; the numbers of `resolute.plane.REASON_*`."""

    NO_ROUTE = 0
    TIMEOUT = 1
    TRUNCATED = 2
    MISMATCH = 3
    RCODE = 4
    BROKEN = 5
    UNREACHABLE = 6
    SHORTAGE = 7


_WORDS: Final = {
    Reason.TIMEOUT: "did not answer",
    Reason.TRUNCATED: "sent a truncated reply",
    Reason.MISMATCH: "sent a reply to another question",
    Reason.BROKEN: "sent a reply that does not parse",
    Reason.UNREACHABLE: "cannot be reached",
    Reason.SHORTAGE: "was not asked, for want of a free socket on this server",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An upstream that may be asked, and how long it usually needs."""

    address: str
    timeout_ms: int
    connected: bool = False
    """Asked over connections alone: there is no other way to ask it the same again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended: with a verified reply and its rcode, or with a reason for none, perhaps in its own words."""

    reason: Reason | None
    rcode: int = NOERROR
    reply: bytes = b""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask this upstream next."""

    upstream: str
    timeout_ms: int
    tcp: bool


@dataclass(frozen=True, slots=True)
class Deliver:
    """This is the answer; `faulty` had failed the same question before."""

    reply: bytes
    ask: Ask
    faulty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No upstream answers. `silent`: none of them even replied."""

    ede: int
    text: str
    silent: bool
    reply: bytes = b""
    """The last reply with an error rcode, if any: it may carry a better reason (RFC 8914)."""


Decision = Ask | Deliver | GiveUp


@dataclass(slots=True)
class _Tried:
    """What an upstream has done for this question."""

    times: int = 0
    timed_out: bool = False
    words: str = ""
    errored: bool = False


class Tally:
    """What has been heard for one question, and what follows from it when nobody is left to ask."""

    def __init__(self, fallback: frozenset[int]) -> None:
        self.tried: dict[str, _Tried] = {}
        self._fallback = fallback
        self._final = frozenset({SERVFAIL, REFUSED}) - fallback
        self._last_reply = b""
        self._held: Deliver | None = None

    def answers(self, outcome: Outcome) -> bool:
        """Whether this is an answer that nobody else needs to be asked after."""
        return outcome.reason is None and (
            outcome.rcode == NOERROR or (outcome.rcode == NXDOMAIN and NXDOMAIN not in self._fallback)
        )

    def ends(self, outcome: Outcome) -> bool:
        """Whether this error is the last word by setting."""
        return outcome.reason in (None, Reason.RCODE) and outcome.rcode in self._final

    def delivery(self, asked: Ask, outcome: Outcome) -> Deliver:
        """The answer, with those who had failed before."""
        faulty = tuple(one for one, tried in self.tried.items() if tried.errored and one != asked.upstream)
        return Deliver(outcome.reply, asked, faulty)

    def note(self, asked: Ask, outcome: Outcome) -> None:
        """A try that is not the answer, or not yet."""
        tried = self.tried.setdefault(asked.upstream, _Tried())
        tried.times += 1
        tried.timed_out = outcome.reason is Reason.TIMEOUT
        if outcome.reason is None and outcome.rcode == NXDOMAIN:
            tried.words = "answered NXDOMAIN"
            self._held = self._held or Deliver(outcome.reply, asked, ())
        elif outcome.reason is None or outcome.reason is Reason.RCODE:
            tried.errored = True
            tried.words = f"answered {rcode_word(outcome.rcode)}"
            self._last_reply = outcome.reply or self._last_reply
        else:
            tried.words = outcome.words or _WORDS.get(outcome.reason, "failed")

    def end(self) -> "Deliver | GiveUp":
        """The NXDOMAIN that was held back for something better, once; else failure."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        silent = not any(tried.errored for tried in self.tried.values())
        timed_out = all(tried.timed_out for tried in self.tried.values())
        text = ", ".join(f"{address} {tried.words}" for address, tried in self.tried.items())
        ede = NO_REACHABLE_AUTHORITY if silent and timed_out else NETWORK_ERROR
        return GiveUp(ede, text or "there was no time left to ask an upstream", silent, self._last_reply)


class Forwarding:
    """The decisions for one question. `candidates` stand in the order of preference."""

    def __init__(
        self, candidates: Sequence[Candidate], *, deadline_ms: float, fallback: frozenset[int] = FALLBACK
    ) -> None:
        """`deadline_ms`: when the clients stop waiting, on the clock whose times are given to `begin` and `ended`."""
        self._candidates = candidates
        self._deadline_ms = deadline_ms
        self._tally = Tally(fallback)
        self._tries = 0

    def begin(self, now_ms: float, *, asked: str | None = None, outcome: Outcome | None = None) -> Decision:
        """The first step. `asked` and `outcome`: whom the data plane has asked already, and what came of it."""
        if asked is None or outcome is None:
            return self._next(now_ms)
        self._tally.note(Ask(asked, 0, tcp=False), outcome)
        if self._tally.ends(outcome):
            return self._tally.end()
        if self._to_repeat(outcome, asked):
            return self._ask(asked, now_ms, tcp=True)
        return self._next(now_ms)

    def ended(self, asked: Ask, outcome: Outcome, now_ms: float) -> Decision:
        """The step after a try."""
        if self._tally.answers(outcome):
            return self._tally.delivery(asked, outcome)
        self._tally.note(asked, outcome)
        if self._tally.ends(outcome):
            return self._tally.end()
        if self._to_repeat(outcome, asked.upstream) and not asked.tcp and self._tries < TRIES:
            return self._ask(asked.upstream, now_ms, tcp=True)
        return self._next(now_ms)

    def _to_repeat(self, outcome: Outcome, address: str) -> bool:
        """Whether the same upstream is to be asked over TCP."""
        return outcome.reason in (Reason.TRUNCATED, Reason.MISMATCH) and any(
            candidate.address == address and not candidate.connected for candidate in self._candidates
        )

    def _next(self, now_ms: float) -> Decision:
        """The best upstream that was not asked; then again one that was only too slow for the time it had."""
        if self._tries >= TRIES or self._left_ms(now_ms) < 1:
            return self._tally.end()
        fresh = [candidate.address for candidate in self._candidates if candidate.address not in self._tally.tried]
        slow = [
            c.address
            for c in self._candidates
            if (tried := self._tally.tried.get(c.address)) and tried.timed_out and tried.times < 2
        ]
        if not fresh and not slow:
            return self._tally.end()
        return self._ask((fresh or slow)[0], now_ms, tcp=False)

    def _ask(self, address: str, now_ms: float, *, tcp: bool) -> Decision:
        if self._left_ms(now_ms) < 1:
            return self._tally.end()
        self._tries += 1
        return Ask(address, self._timeout_ms(address, now_ms), tcp)

    def _timeout_ms(self, address: str, now_ms: float) -> int:
        """Each try waits longer than the one before: the question may need long, whoever is asked. With nobody else
        left to ask, all the time that there is may be used."""
        left = self._left_ms(now_ms)
        usual = next((candidate.timeout_ms for candidate in self._candidates if candidate.address == address), 400)
        others = any(
            candidate.address not in self._tally.tried and candidate.address != address
            for candidate in self._candidates
        )
        if self._tries >= TRIES or not others:
            return int(left)
        return int(min(left, max(usual, 300) * 2 ** (self._tries - 1)))

    def _left_ms(self, now_ms: float) -> float:
        return self._deadline_ms - now_ms - MARGIN_MS


class Racing:
    """One question for several upstreams at once. `ended` says None as long as there are others to be waited for."""

    def __init__(self, candidates: Sequence[Candidate], *, deadline_ms: float, fallback: frozenset[int]) -> None:
        self._candidates = candidates[:TRIES]
        self._deadline_ms = deadline_ms
        self._tally = Tally(fallback)
        self._waiting = len(self._candidates)

    def begin(self, now_ms: float) -> tuple[Ask, ...]:
        """Whom to ask, all with the time that there is."""
        left = int(self._deadline_ms - now_ms - MARGIN_MS)
        return tuple(Ask(one.address, left, tcp=False) for one in self._candidates) if left >= 1 else ()

    def ended(self, asked: Ask, outcome: Outcome) -> Deliver | GiveUp | None:
        """After a try. Who fails is waited for no more; an error that is the last word waits for better ones all the
        same, because the others are asked already."""
        self._waiting -= 1
        if self._tally.answers(outcome):
            return self._tally.delivery(asked, outcome)
        self._tally.note(asked, outcome)
        return self._end()

    def refused(self, asked: Ask) -> Deliver | GiveUp | None:
        """What was to be delivered is no answer."""
        self._tally.note(asked, Outcome(Reason.BROKEN))
        return self._end()

    def give_up(self) -> GiveUp:
        """When there is nobody to be asked, or no time."""
        end = self._tally.end()
        return end if isinstance(end, GiveUp) else self.give_up()

    def _end(self) -> Deliver | GiveUp | None:
        return self._tally.end() if self._waiting <= 0 else None


def rcode_word(rcode: int) -> str:
    """An rcode as people write it."""
    return RCODES[rcode] if rcode < len(RCODES) else f"RCODE{rcode}"

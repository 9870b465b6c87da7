"""Resolves a name from the root (RFC 1034 5.3.3): `Iteration.resolve` first, then down the page.

resolve   follows aliases: each target is looked up at its own zone (at most ten)
lookup    from the closest zone cut known down to the zone that answers, a label at a time (RFC 9156)
_at       one question at one zone, shared by all who want the same (`asking.py`); a referral becomes a cut
_prime    the root's servers, from the hints (RFC 8109)
addresses of a name server, each a lookup of its own within the same budget
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from resolute import plane
from resolute.records import names, types
from resolute.resolver.iteration.asking import Memory, Questioning
from resolute.resolver.iteration.budget import (
    DELEGATIONS,
    OTHER,
    SERVFAIL,
    Budget,
    ExhaustedError,
    UnresolvedError,
)
from resolute.resolver.iteration.cuts import LONGEST_S, ROOT, Cut, holds_until
from resolute.resolver.iteration.effects import Share, Steps
from resolute.resolver.iteration.judge import (
    NOERROR,
    NXDOMAIN,
    Asking,
    Fault,
    Found,
    Referral,
    Useless,
    Verdict,
    priming,
)
from resolute.resolver.iteration.known import address_types, endpoints
from resolute.resolver.iteration.minimise import Minimiser

PRIME_AGAIN_S: Final = 10.0
"""How long the hints serve when none of the root's servers says who they are."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: what each zone said along the chain of aliases, the last one's rcode for the whole."""

    rcode: int
    parts: tuple[Found, ...]


class Iteration:
    """The machine. One for all queries; `hints` are the root's servers as they are known before anything is asked."""

    def __init__(self, hints: Cut, memory: Memory | None = None) -> None:
        self.hints = hints
        self.memory = memory or Memory()

    def resolve(self, budget: Budget, qname: bytes, qtype: int) -> Steps[Answer]:
        """The answer to a question; `qname` in lower case. Raises UnresolvedError."""
        name, seen, parts = qname, {qname}, []
        while True:
            found = yield from self.lookup(budget, name, qtype, keep=name != qname)
            parts.append(found)
            budget.take_cname_steps(found.steps)
            if found.rcode not in (NOERROR, NXDOMAIN):
                raise UnresolvedError(OTHER, _no_answer(found, name), rcode=found.rcode)
            if found.target is None:
                return Answer(found.rcode, tuple(parts))
            name = found.target
            if name in seen:
                raise UnresolvedError(OTHER, f"the aliases at {names.to_text(name)} lead in a circle")
            seen.add(name)

    def lookup(self, budget: Budget, name: bytes, qtype: int, *, keep: bool) -> Steps[Found]:
        """What the zone of a name says about it; aliases that lead out of the zone are not followed. `keep`: for others
        who want the same later. Raises UnresolvedError."""
        if (known := self.memory.known.get(name, qtype, budget.now)) is not None:
            return known
        cut = yield from self._closest(budget, name, qtype)
        minimiser, depth = Minimiser(name, qtype, cut.zone), 0
        while True:
            question = minimiser.question()
            whole = question == (name, qtype)
            verdict: Cut | Found | None = None if whole else self.memory.known.get(*question, budget.now)
            if verdict is None:
                verdict = yield from self._one(cut, question, whole=whole)
            if isinstance(verdict, Cut):
                cut, depth = verdict, depth + 1
                if depth > DELEGATIONS:
                    raise UnresolvedError(OTHER, f"more than {DELEGATIONS} delegations, one below the other")
                minimiser.is_there(cut.zone)
            elif verdict is not None and whole:
                if keep:
                    self.memory.known.put(name, qtype, verdict)
                return verdict
            else:
                self._note_part(minimiser, question, verdict)

    def _note_part(self, minimiser: Minimiser, question: tuple[bytes, int], verdict: Found | None) -> None:
        """What a zone says of a part of the name, which is no cut; None when its servers do not bear the question."""
        if verdict is not None:
            self.memory.known.put(*question, verdict)
        if verdict is not None and verdict.rcode == NOERROR:
            minimiser.is_there(question[0])
        else:
            # A server may not know that a name without records can have names below it (RFC 8020 2): ask the whole.
            minimiser.give_up()

    def addresses(self, budget: Budget, name: bytes) -> Steps[Sequence[str]]:
        """Looks up the addresses of a name server; none when there is none to be found."""
        if len(budget.fetching) >= DELEGATIONS:
            return ()
        known, found = self.memory.known, list[str]()
        for rtype in address_types(self.memory.servers.families):
            if found or known.has_failed(name, rtype, budget.now):
                continue
            budget.take_fetch()
            budget.fetching.append(name)
            try:
                answer = yield from self.lookup(budget, name, rtype, keep=True)
                found += endpoints(answer, name, rtype)
            except ExhaustedError:
                raise
            except UnresolvedError:
                known.failed(name, rtype, budget.now)
            finally:
                budget.fetching.pop()
        return found

    def flush(self, name: bytes | None, *, subtree: bool) -> int:
        """Forgets the cuts and answers of a name, of those at and below it, or all; how many there were."""
        memory = self.memory
        return memory.cuts.flush(name, subtree=subtree) + memory.known.flush(name, subtree=subtree)

    # -------------------------------------------------------------------------------------------------- one question

    def _one(self, cut: Cut, question: tuple[bytes, int], *, whole: bool) -> Steps[Cut | Found | None]:
        """One question, shared; None for a part of the name that the servers do not bear to be asked for."""
        try:
            verdict: Cut | Found = yield Share((cut.zone, question), partial(self._at, cut, question))
        except ExhaustedError:
            raise
        except UnresolvedError as error:
            if whole or error.silent:
                raise
            return None
        return verdict

    def _at(self, cut: Cut, question: tuple[bytes, int], budget: Budget) -> Steps[Cut | Found]:
        """One question to the servers of a zone: what they know, or the cut that they refer to."""
        asking = Questioning(self.memory, budget, cut, question, find_addresses=self.addresses)
        verdict = yield from asking.steps()
        return self._enter(verdict, cut, budget.now) if isinstance(verdict, Referral) else verdict

    def _enter(self, referral: Referral, parent: Cut, now: float) -> Cut:
        expires = holds_until(referral.ttl, parent, now)
        cut = Cut(referral.zone, referral.servers, referral.glue, expires, referral.proof)
        self.memory.cuts.put(cut)
        return cut

    # -------------------------------------------------------------------------------------------------- where to begin

    def _closest(self, budget: Budget, name: bytes, qtype: int) -> Steps[Cut]:
        """The deepest cut known; for DS that of the parent, which alone has it (RFC 4035 4.2)."""
        above = names.parent(name) if qtype == types.DS and name != ROOT else name
        cut = self.memory.cuts.closest(above, budget.now)
        if cut is None:
            cut = yield Share((ROOT, "priming"), self._prime)
        return cut

    def _prime(self, budget: Budget) -> Steps[Cut]:
        """Asks one of the hints who the root's servers are (RFC 8109); the hints themselves serve when none says."""
        hints, question = self.hints, (ROOT, types.NS)
        asking = Questioning(self.memory, budget, hints, question, find_addresses=self.addresses).judged_by(
            _judge_priming
        )
        cut = Cut(ROOT, hints.servers, hints.glue, budget.now + PRIME_AGAIN_S)
        try:
            verdict = yield from asking.steps()
        except ExhaustedError:
            raise
        except UnresolvedError:
            verdict = None
        if isinstance(verdict, Referral):
            known = {name: verdict.glue.get(name) or hints.glue.get(name, ()) for name in verdict.servers}
            glue = {name: addresses for name, addresses in known.items() if addresses}
            if glue:
                cut = Cut(ROOT, verdict.servers, glue, budget.now + min(verdict.ttl, LONGEST_S))
        self.memory.cuts.put(cut)
        return cut


def _judge_priming(reply: "plane.Reply", _: Asking) -> Verdict:
    return priming(reply) or Useless(Fault.LAME, "does not say who the root's servers are")


def _no_answer(found: Found, name: bytes) -> str:
    if found.rcode == SERVFAIL:
        return f"the aliases at {names.to_text(name)} lead in a circle"
    return f"the DNAME above {names.to_text(name)} makes a name that is too long"

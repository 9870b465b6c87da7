"""What one validation does step by step: it asks for RRsets, checks signatures, and proves absence with what holds.

Everything here is a generator of steps: what is yielded is done by somebody else, who sends the outcome back.

    yield Need(name, rtype)  ◄── Message, or None when it cannot be had
    yield Check(...)         ◄── whether the signature is the key's
"""

from collections.abc import Callable, Generator, Iterable
from typing import Final, TypeVar

from resolute.dnssec import nsec, nsec3
from resolute.dnssec.budget import SAME_TAG_KEYS, Budget
from resolute.dnssec.denial import Denial, Proof, UnprovenError
from resolute.dnssec.keys import Key
from resolute.dnssec.message import Message
from resolute.dnssec.signatures import Check, Signature, SignedRRset, signed_data, source, span
from resolute.dnssec.trust import Grounds, Moment, ZoneTrust
from resolute.dnssec.verdict import (
    BOGUS,
    DNSKEY_MISSING,
    EXPIRED,
    NOT_YET_VALID,
    NSEC_MISSING,
    RRSIGS_MISSING,
    Authentic,
    Need,
    Reason,
    RefusedError,
)
from resolute.records import names
from resolute.records.rdata import type_to_text
from resolute.records.rrset import RRset

T = TypeVar("T")
Request = Need | Check
Outcome = Message | bool | None
Steps = Generator[Request, Outcome, T]
"""Steps that end with a T."""

_TELLING: Final = (EXPIRED, NOT_YET_VALID, BOGUS, DNSKEY_MISSING, RRSIGS_MISSING)
"""Of several reasons the one that says most is given."""


class Work:
    """The means of one validation: what it knows, what it may still cost, what it has fetched."""

    __slots__ = ("_fetched", "budget", "grounds", "now", "verified")

    def __init__(self, grounds: Grounds, budget: Budget) -> None:
        self.grounds = grounds
        self.budget = budget
        self.now = Moment(0.0, 0.0)
        self.verified: list[Authentic] = []
        """All that was found authentic."""
        self._fetched: dict[Need, Message | None] = {}

    def ask(self, need: Need) -> Steps[Message | None]:
        """The reply to a question; None when there is none. Each is asked once."""
        if need not in self._fetched:
            self.budget.take_question()
            message = yield need
            self._fetched[need] = message if isinstance(message, Message) else None
        return self._fetched[need]

    def verify(self, signed: SignedRRset, zone: ZoneTrust) -> Steps[Authentic]:
        """RFC 4035 5.3: one signature of the zone's keys holds. Raises RefusedError, ExhaustedError."""
        reasons: list[Reason] = []
        for signature in signed.signatures:
            keys = self._usable(signed.rrset, signature, zone, reasons)
            data = signed_data(signed.rrset, signature) if keys else b""
            for key in keys:
                self.budget.take_check()
                if (yield Check(key, signature.value, data)):
                    self.verified.append(self._authentic(signed, signature))
                    return self.verified[-1]
                self.budget.take_failure()
                reasons.append(Reason(BOGUS, f"{_of(signed.rrset, signature)} does not verify"))
        raise _refusal(signed.rrset, reasons)

    def prove(
        self, zone: ZoneTrust, section: Iterable[SignedRRset], what: Callable[[Denial], Proof]
    ) -> Steps[tuple[Proof, list[Authentic]]]:
        """What is asked of the zone's NSEC or NSEC3 holds, and so do they. Raises RefusedError, ExhaustedError."""
        denial = self._denial(zone.name, list(section))
        try:
            proof = what(denial)
        except UnprovenError as error:
            raise RefusedError(NSEC_MISSING, f"{names.to_text(zone.name)} proves nothing: {error}") from error
        return proof, (yield from self.verify_all(proof.records, zone))

    def verify_all(self, records: Iterable[SignedRRset], zone: ZoneTrust) -> Steps[list[Authentic]]:
        """Several RRsets, as `verify` does one."""
        found: list[Authentic] = []
        for signed in records:
            found.append((yield from self.verify(signed, zone)))  # noqa: PERF401 - a comprehension yields nothing
        return found

    def _denial(self, zone: bytes, section: list[SignedRRset]) -> Denial:
        if chain := nsec.MessageChain(zone, section):
            return nsec.NsecDenial(zone, chain)
        hashed = nsec3.MessageChain(zone, section)
        if not hashed:
            raise RefusedError(NSEC_MISSING, f"no usable NSEC or NSEC3 of {names.to_text(zone)} came with it")
        if not hashed.parameters.is_supported:
            return nsec3.UnsupportedDenial(hashed)
        return nsec3.Nsec3Denial(zone, hashed, self.budget)

    def _usable(self, rrset: RRset, signature: Signature, zone: ZoneTrust, reasons: list[Reason]) -> list[Key]:
        """The keys that the signature may be checked with; for none, the reason is noted."""
        if signature.signer != zone.name or not signature.has_form(rrset.owner, rrset.rtype):
            reasons.append(Reason(RRSIGS_MISSING, f"{_of(rrset, signature)} is not one of these records in this zone"))
            return []
        if (reason := self._time_fault(rrset, signature)) is not None:
            reasons.append(reason)
            return []
        keys = zone.find(signature.tag, signature.algorithm)[:SAME_TAG_KEYS]
        if not keys:
            reasons.append(
                Reason(DNSKEY_MISSING, f"{_of(rrset, signature)}: the zone has no such key that can be used")
            )
        return keys

    def _time_fault(self, rrset: RRset, signature: Signature) -> Reason | None:
        skew = self.grounds.policy.skew_s
        if (late := -signature.left(self.now.wall)) > skew:
            return Reason(EXPIRED, f"{_of(rrset, signature)} expired {span(late)} ago")
        if (early := -signature.age(self.now.wall)) > skew:
            return Reason(NOT_YET_VALID, f"{_of(rrset, signature)} begins in {span(early)}")
        return None

    def _authentic(self, signed: SignedRRset, signature: Signature) -> Authentic:
        """RFC 4035 5.3.3: how long it may be kept."""
        left = max(signature.left(self.now.wall), 0)
        ttl = min(signed.rrset.ttl, signed.signatures_ttl, signature.ttl, left)
        owner = source(signed.rrset.owner, signature.labels)
        return Authentic(signed, ttl, signature.signer, signature.labels, owner)


def title(owner: bytes, rtype: int) -> str:
    """Owner and type in presentation form."""
    return f"{names.to_text(owner)} {type_to_text(rtype)}"


def _of(rrset: RRset, signature: Signature) -> str:
    return f"{title(rrset.owner, rrset.rtype)}: the signature of key {signature.tag} (algorithm {signature.algorithm})"


def _refusal(rrset: RRset, reasons: list[Reason]) -> RefusedError:
    for ede in _TELLING:
        for reason in reasons:
            if reason.ede == ede:
                return RefusedError(reason.ede, reason.text)
    return RefusedError(RRSIGS_MISSING, f"{title(rrset.owner, rrset.rtype)} has no signature")

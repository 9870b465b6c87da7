"""The validator (RFC 4035 4 and 5): one question and its reply in, a verdict out. No I/O: it is fed messages and time.

    begin ─► Need ─► fed ─► Check ─► checked ─► ... ─► Verdict

What the reply says is a chain of links: each alias (CNAME, DNAME), then records or their absence. Each link is in a
zone of its own, which is secure, insecure, bogus or without an anchor; the verdict is that of the worst.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from resolute.dnssec.budget import Budget, ExhaustedError
from resolute.dnssec.chain import Chain
from resolute.dnssec.message import NOERROR, NXDOMAIN, YXDOMAIN, Message
from resolute.dnssec.nsec3 import MOST_ITERATIONS
from resolute.dnssec.signatures import Check, SignedRRset, collect, label_count
from resolute.dnssec.trust import Grounds, Moment, ZoneTrust
from resolute.dnssec.verdict import (
    BOGUS,
    INDETERMINATE,
    NSEC_MISSING,
    RRSIGS_MISSING,
    UNSUPPORTED_ITERATIONS,
    Authentic,
    Need,
    Reason,
    RefusedError,
    Security,
    UndeterminedError,
    Verdict,
)
from resolute.dnssec.work import Outcome, Request, Steps, Work, title
from resolute.errors import PresentationError
from resolute.records import names
from resolute.records.types import ANY, CNAME, DNAME, DS, NSEC, NSEC3, RRSIG, SOA

MOST_LINKS: Final = 11
"""Ten aliases, and what they lead to."""
_MOST_SIGNERS: Final = 2
"""Different signers that the signatures of one RRset may name."""

Step = Need | Check | Verdict


class Extent(Enum):
    """How much of a reply is to be validated."""

    FIRST_LINK = 1
    """What it says of the question's own name: for who asks each alias's target at its own zone."""
    WHOLE = 2
    """All aliases and what they lead to: for who forwards."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is validated: a question of class IN, and the reply to it."""

    qname: bytes
    """In lower case."""
    qtype: int
    message: Message
    extent: Extent = Extent.WHOLE


class Validation:
    """One validation. After `begin`, answer each step with `fed` or `checked` until it is a Verdict."""

    def __init__(self, subject: Subject, grounds: Grounds, budget: Budget) -> None:
        self._subject = subject
        self._work = Work(grounds, budget)
        self._chain = Chain(self._work)
        self._answer = collect(subject.message.answer)
        self._authority = collect(subject.message.authority)
        self._authentic: dict[tuple[bytes, int], Authentic] = {}
        self._remark: Reason | None = None
        self._steps = self._run()

    def begin(self, now: Moment) -> Step:
        """The first step."""
        self._work.now = now
        return self._go(None)

    def fed(self, message: Message | None, now: Moment) -> Step:
        """The step after a Need: its reply, or None when it cannot be had."""
        self._work.now = now
        return self._go(message)

    def checked(self, *, holds: bool) -> Step:
        """The step after a Check."""
        return self._go(holds)

    def settle(self, step: Step) -> Need | Verdict:
        """Runs signature checks until something else is needed: microseconds to milliseconds, for another thread."""
        while isinstance(step, Check):
            step = self.checked(holds=step.run())
        return step

    def _go(self, outcome: Outcome) -> Step:
        try:
            request: Request = self._steps.send(outcome)
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict
        return request

    def _run(self) -> Steps[Verdict]:
        security, reason, missing = Security.BOGUS, self._remark, None
        try:
            security = yield from self._links()
            reason = self._remark
        except RefusedError as error:
            self._authentic.clear()
            reason, missing = error.reason, error.missing
            security = Security.INDETERMINATE if isinstance(error, UndeterminedError) else Security.BOGUS
        except ExhaustedError as error:
            self._authentic.clear()
            reason = Reason(BOGUS, str(error))
        mine = set(map(id, self._authentic.values()))
        others = tuple(found for found in self._work.verified if id(found) not in mine)
        return Verdict(security, tuple(self._authentic.values()), others, reason, missing)

    def _links(self) -> Steps[Security]:
        """Follows the aliases from the question's name."""
        subject = self._subject
        if subject.message.rcode not in (NOERROR, NXDOMAIN, YXDOMAIN):
            need = Need(subject.qname, subject.qtype)
            raise UndeterminedError(INDETERMINATE, f"rcode {subject.message.rcode} says nothing", missing=need)
        name, security, seen = subject.qname, Security.SECURE, {subject.qname}
        for _ in range(MOST_LINKS):
            state, target = yield from self._link(name)
            security = max(security, state)
            if target is None or target in seen or subject.extent is Extent.FIRST_LINK:
                return security
            name = target
            seen.add(name)
        raise RefusedError(BOGUS, "the chain of aliases is too long")

    def _link(self, name: bytes) -> Steps[tuple[Security, bytes | None]]:
        """What is said of one name, and the name that it leads to."""
        cname, dname = self._answer.get((name, CNAME)), self._dname(name)
        if dname is not None and (cname is None or not cname.signatures):
            return (yield from self._follow_dname(name, dname, cname))
        if here := list(self._at(name)):
            self._require_rcode(NOERROR)
            security = Security.SECURE
            for signed in here:
                security = max(security, (yield from self._records(signed)))
            return security, None
        self._require_rcode(NOERROR, NXDOMAIN)
        if cname is not None:
            target = _target(cname)
            return (yield from self._records(cname)), target
        if self._subject.qtype == RRSIG:
            return Security.INSECURE, None  # RFC 4035 3.1.1: signatures are not signed
        return (yield from self._absence(name)), None

    def _follow_dname(
        self, name: bytes, dname: SignedRRset, cname: SignedRRset | None
    ) -> Steps[tuple[Security, bytes | None]]:
        """RFC 6672 5.3.1: the DNAME is signed; the CNAME that it makes is not, and has to be the one that it makes."""
        security = yield from self._records(dname)
        made = name[: len(name) - len(dname.rrset.owner)] + _target(dname)
        if len(made) > 255:
            return security, None  # YXDOMAIN, or the server would rather not say
        self._require_rcode(NOERROR, NXDOMAIN)
        if security is Security.SECURE and cname is not None and _target(cname) != made:
            raise RefusedError(BOGUS, f"{title(name, CNAME)} is not what the DNAME above it makes")
        return security, None if self._subject.qtype in (CNAME, ANY) else made

    def _require_rcode(self, *rcodes: int) -> None:
        """The rcode is not signed, but it is that of the last link (RFC 2308 2.1, RFC 6672 2.2)."""
        if self._subject.message.rcode not in rcodes:
            raise RefusedError(BOGUS, f"rcode {self._subject.message.rcode} is not what the records say")

    def _at(self, name: bytes) -> Iterator[SignedRRset]:
        """The records that were asked for."""
        qtype = self._subject.qtype
        if qtype == ANY:
            yield from (signed for (owner, _), signed in self._answer.items() if owner == name)
        elif (signed := self._answer.get((name, qtype))) is not None:
            yield signed

    def _dname(self, name: bytes) -> SignedRRset | None:
        """The nearest DNAME above a name."""
        owners = [owner for owner, rtype in self._answer if rtype == DNAME and owner != name]
        above = [owner for owner in owners if names.is_within(name, owner)]
        return self._answer[max(above, key=len), DNAME] if above else None

    def _records(self, signed: SignedRRset) -> Steps[Security]:
        """RFC 4035 5.3: the state of records that are there."""
        rrset = signed.rrset
        holder = _holder(rrset.owner, rrset.rtype)
        if (exempt := self._chain.exempt(holder)) is not None:
            return self._not_secure(exempt)
        refusal: RefusedError | None = None
        for signer in self._anchored(signed.signers(), holder)[:_MOST_SIGNERS]:
            try:
                zone = yield from self._chain.at(signer)
                if zone.security is not Security.SECURE:
                    return self._not_secure(zone)
                return (yield from self._verified(signed, zone))
            except UndeterminedError:
                raise
            except RefusedError as error:
                refusal = refusal or error
        if refusal is not None:
            raise refusal
        return (
            yield from self._unsigned(holder, RRSIGS_MISSING, f"{title(rrset.owner, rrset.rtype)} has no signature")
        )

    def _verified(self, signed: SignedRRset, zone: ZoneTrust) -> Steps[Security]:
        found = yield from self._work.verify(signed, zone)
        self._note(found)
        if found.labels >= label_count(signed.rrset.owner):
            return Security.SECURE
        # RFC 4035 5.3.4: a wildcard made it, so there must be nothing closer.
        owner = signed.rrset.owner
        proof, records = yield from self._work.prove(
            zone, self._authority.values(), lambda denial: denial.no_closer(owner, found.labels)
        )
        return self._proven(proof.unsupported, proof.opt_out, records)

    def _absence(self, name: bytes) -> Steps[Security]:
        """RFC 4035 5.4: the state of a name or type that is not there."""
        qtype = self._subject.qtype
        holder = _holder(name, qtype)
        if (exempt := self._chain.exempt(holder)) is not None:
            return self._not_secure(exempt)
        signer = self._denier(holder)
        if signer is None:
            text = f"no signed NSEC or NSEC3 shows that there is no {title(name, qtype)}"
            return (yield from self._unsigned(holder, NSEC_MISSING, text))
        zone = yield from self._chain.at(signer)
        if zone.security is not Security.SECURE:
            return self._not_secure(zone)
        is_name = self._subject.message.rcode == NXDOMAIN
        proof, records = yield from self._work.prove(
            zone,
            self._authority.values(),
            lambda denial: denial.no_name(name) if is_name else denial.no_type(name, qtype),
        )
        if (soa := self._authority.get((zone.name, SOA))) is not None:
            records.append((yield from self._work.verify(soa, zone)))
        return self._proven(proof.unsupported, proof.opt_out, records)

    def _unsigned(self, holder: bytes, ede: int, text: str) -> Steps[Security]:
        """RFC 4035 5.5: without signatures it is insecure or bogus, as its zone is."""
        zone = yield from self._chain.around(holder)
        if zone.security is Security.SECURE:
            raise RefusedError(ede, text)
        return self._not_secure(zone)

    def _denier(self, holder: bytes) -> bytes | None:
        """The zone nearest to a name that signs a denial in the authority section."""
        signers = {
            signer
            for (_, rtype), signed in self._authority.items()
            if rtype in {NSEC, NSEC3, SOA}
            for signer in signed.signers()
            if names.is_within(holder, signer)
        }
        return max(self._anchored(tuple(signers), holder), key=len, default=None)

    def _anchored(self, signers: tuple[bytes, ...], holder: bytes) -> list[bytes]:
        """The signers at or below the trust anchor nearest to the name: what signs above it has no say."""
        anchor = self._work.grounds.anchors.closest(holder)
        return [signer for signer in signers if anchor is not None and names.is_within(signer, anchor)]

    def _proven(self, unsupported: bool, opt_out: bool, records: list[Authentic]) -> Security:  # noqa: FBT001
        for record in records:
            self._note(record)
        if unsupported:
            text = f"NSEC3 with more than {MOST_ITERATIONS} iterations"
            self._remark = self._remark or Reason(UNSUPPORTED_ITERATIONS, text)
        return Security.INSECURE if unsupported or opt_out else Security.SECURE

    def _not_secure(self, zone: ZoneTrust) -> Security:
        self._remark = self._remark or zone.reason
        return zone.security

    def _note(self, found: Authentic) -> None:
        self._authentic[found.signed.rrset.key] = found


def _holder(owner: bytes, rtype: int) -> bytes:
    """A name in the zone that has the records: a DS is at the parent."""
    return names.parent(owner) if rtype == DS and owner != b"\0" else owner


def _target(signed: SignedRRset) -> bytes:
    """The name that an alias leads to, in lower case. Raises RefusedError when its data are none."""
    try:
        return names.fold(names.read(signed.rrset.rdatas[0], 0))
    except PresentationError as error:
        raise RefusedError(BOGUS, f"{title(signed.rrset.owner, signed.rrset.rtype)} has no name") from error

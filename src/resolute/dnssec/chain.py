"""The chain of trust: from the anchor down to a zone, by DS and DNSKEY (RFC 4035 5.2, RFC 6840 4.4, 5.2, 5.11).

anchor ─► DNSKEY of the zone ─► DS of the next cut ─┬─ there: DNSKEY of that zone, and on
             ▲                        │             ├─ proven absent at a cut, opted out, or none usable: insecure
             └────────────────────────┘             └─ proven absent elsewhere: no cut there, on with the next label
"""

from collections.abc import Iterable
from dataclasses import dataclass

from resolute.dnssec.budget import DS_RECORDS, SAME_TAG_KEYS
from resolute.dnssec.denial import Denial, Proof, UnprovenError
from resolute.dnssec.keys import Ds, Key, read_ds, read_keys
from resolute.dnssec.message import Message
from resolute.dnssec.nsec3 import MOST_ITERATIONS
from resolute.dnssec.signatures import SignedRRset, collect
from resolute.dnssec.trust import BOGUS_S, LONGEST_S, ZoneTrust
from resolute.dnssec.verdict import (
    BOGUS,
    DNSKEY_MISSING,
    INDETERMINATE,
    NO_ZONE_KEY,
    UNSUPPORTED_ITERATIONS,
    Authentic,
    Need,
    Reason,
    RefusedError,
    Security,
    UndeterminedError,
)
from resolute.dnssec.work import Steps, Work
from resolute.records import names
from resolute.records.types import CNAME, DNAME, DNSKEY, DS, NSEC, NSEC3, SOA

Sets = dict[tuple[bytes, int], SignedRRset]


@dataclass(frozen=True, slots=True)
class _Cut:
    """There is a zone cut with a DS."""

    ds: tuple[Ds, ...]
    ttl: int


@dataclass(frozen=True, slots=True)
class _Insecure:
    """Below the name nothing is secure."""

    ttl: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class _NoCut:
    """The name is no zone cut; where it is not there, or is an alias, there is none below it either."""

    is_end: bool


class Chain:
    """Finds the state of zones for one validation."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    def exempt(self, name: bytes) -> ZoneTrust | None:
        """The state of a name that nothing needs to be fetched for: without an anchor, or with a negative one at or
        below it (RFC 7646 2.1: an anchor further down takes precedence). None for all others."""
        grounds, now = self._work.grounds, self._work.now
        anchor = grounds.anchors.closest(name)
        negative = grounds.negative.closest(name, now.wall)
        if negative is not None and (anchor is None or names.is_within(negative, anchor)):
            return ZoneTrust(negative, Security.INSECURE)
        return ZoneTrust(name, Security.INDETERMINATE) if anchor is None else None

    def at(self, apex: bytes) -> Steps[ZoneTrust]:
        """The zone with this apex, or what is insecure at or above it. Raises RefusedError when it is no zone."""
        zone = yield from self._descend(apex, is_apex=True)
        if zone.security is Security.SECURE and zone.name != apex:
            raise RefusedError(BOGUS, f"{names.to_text(apex)}, which signs, is not a zone")
        return zone

    def around(self, name: bytes) -> Steps[ZoneTrust]:
        """The zone that holds a name. Raises RefusedError."""
        return self._descend(name, is_apex=False)

    def _descend(self, target: bytes, *, is_apex: bool) -> Steps[ZoneTrust]:
        if (exempt := self.exempt(target)) is not None:
            return exempt
        zone = yield from self._start(target)
        reached = zone.name
        while zone.security is Security.SECURE and reached != target:
            following = _next_down(reached, target)
            if is_apex:
                following = yield from self._jump(zone.name, following, target)
            found = yield from self._delegation(zone, following)
            if isinstance(found, _NoCut):
                if found.is_end:
                    break
            elif isinstance(found, _Cut):
                zone = yield from self._enter(following, found)
            else:
                zone = self._keep(ZoneTrust(following, Security.INSECURE, reason=found.reason), found.ttl)
            reached = following
        return zone

    def _start(self, target: bytes) -> Steps[ZoneTrust]:
        """The nearest zone that is known, or the anchor's."""
        grounds = self._work.grounds
        anchor = grounds.anchors.closest(target) or b"\0"
        zone = grounds.zones.closest(target, anchor, self._work.now)
        if zone is None:
            return (yield from self._enter(anchor, _Cut(grounds.anchors.of(anchor), LONGEST_S)))
        if zone.security is Security.BOGUS:
            raise _remembered(zone)
        return zone

    def _jump(self, zone: bytes, following: bytes, target: bytes) -> Steps[bytes]:
        """The next cut on the way to a signer. Who signs the reply about a DS is its parent zone, so the cuts between
        are found without asking at each label; whatever it says is verified from the top all the same."""
        candidate = target
        while candidate != following:
            message = yield from self._work.ask(Need(candidate, DS))
            signer = _parent_signer(message, candidate) if message else None
            if signer == zone:
                return candidate
            if signer is None or not names.is_within(signer, following):
                break
            candidate = signer
        return following

    def _delegation(self, zone: ZoneTrust, name: bytes) -> Steps[_Cut | _Insecure | _NoCut]:
        """What the zone says of a name below its apex. Raises RefusedError."""
        need = Need(name, DS)
        message = yield from self._work.ask(need)
        if message is None:
            text = f"the DS of {names.to_text(name)} could not be had"
            raise UndeterminedError(INDETERMINATE, text, missing=need)
        answer, authority = collect(message.answer), collect(message.authority)
        signed = answer.get((name, DS)) or authority.get((name, DS))
        if signed is not None:
            found = yield from self._work.verify(signed, zone)
            return _Cut(read_ds(signed.rrset.rdatas), found.ttl)
        if (alias := _alias(answer, name, zone.name)) is not None:
            yield from self._work.verify(alias, zone)
            return _NoCut(is_end=True)
        proof, records = yield from self._work.prove(zone, authority.values(), lambda denial: _no_ds(denial, name))
        return _judge(proof, records)

    def _enter(self, name: bytes, cut: _Cut) -> Steps[ZoneTrust]:
        """The zone whose keys the DS lead to. Raises RefusedError, and remembers that."""
        policy = self._work.grounds.policy
        usable = policy.usable(cut.ds)[:DS_RECORDS]
        if not usable:
            reason = policy.why_unusable(cut.ds)
            return self._keep(ZoneTrust(name, Security.INSECURE, reason=reason), cut.ttl)
        try:
            zone, ttl = yield from self._fetch(name, usable)
        except RefusedError as error:
            if error.missing is None:
                self._keep(ZoneTrust(name, Security.BOGUS, reason=error.reason), BOGUS_S)
            raise
        return self._keep(zone, min(ttl, cut.ttl))

    def _fetch(self, name: bytes, usable: tuple[Ds, ...]) -> Steps[tuple[ZoneTrust, int]]:
        """RFC 4035 5.2: a key that a DS was made of signs the DNSKEY RRset."""
        need = Need(name, DNSKEY)
        message = yield from self._work.ask(need)
        if message is None:
            raise RefusedError(DNSKEY_MISSING, f"the keys of {names.to_text(name)} could not be had", missing=need)
        signed = collect(message.answer).get((name, DNSKEY))
        if signed is None:
            raise RefusedError(DNSKEY_MISSING, f"{names.to_text(name)} has a DS and no keys")
        keys = read_keys(signed.rrset.rdatas)
        entries = _entries(name, usable, keys)
        found = yield from self._work.verify(signed, ZoneTrust(name, Security.SECURE, entries))
        supports = self._work.grounds.policy.supports
        signing = tuple(key for key in keys if key.may_sign and supports(key.algorithm))
        return ZoneTrust(name, Security.SECURE, signing), found.ttl

    def _keep(self, zone: ZoneTrust, ttl: int) -> ZoneTrust:
        until = self._work.now.steady + min(ttl, LONGEST_S)
        kept = ZoneTrust(zone.name, zone.security, zone.keys, until, zone.reason)
        self._work.grounds.zones.put(kept)
        return kept


def _entries(name: bytes, usable: Iterable[Ds], keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """The keys that a DS was made of. Raises RefusedError when there are none that may sign."""
    found: dict[bytes, Key] = {}
    for ds in usable:
        alike = [key for key in keys if (key.tag, key.algorithm) == (ds.tag, ds.algorithm)]
        found.update({key.rdata: key for key in alike[:SAME_TAG_KEYS] if ds.matches(name, key)})
    if not found:
        raise RefusedError(DNSKEY_MISSING, f"no DS of {names.to_text(name)} matches one of its keys")
    entries = tuple(key for key in found.values() if key.may_sign)
    if not entries:
        raise RefusedError(NO_ZONE_KEY, f"the key of {names.to_text(name)} that a DS matches may not sign")
    return entries


def _no_ds(denial: Denial, name: bytes) -> Proof:
    """RFC 6840 4.4: there is a cut without DS, or no cut; or there is no such name at all."""
    try:
        return denial.no_type(name, DS)
    except UnprovenError as error:
        try:
            return denial.no_name(name)
        except UnprovenError:
            raise error from None


def _judge(proof: Proof, records: list[Authentic]) -> _Insecure | _NoCut:
    ttl = min(record.ttl for record in records)
    if proof.unsupported:
        return _Insecure(ttl, Reason(UNSUPPORTED_ITERATIONS, f"NSEC3 with more than {MOST_ITERATIONS} iterations"))
    if proof.is_delegation or proof.opt_out:
        return _Insecure(ttl)
    return _NoCut(is_end=not proof.exists)


def _alias(answer: Sets, name: bytes, zone: bytes) -> SignedRRset | None:
    """A CNAME of the name, or a DNAME above it in the zone: there is no cut at it, and none below."""
    if (cname := answer.get((name, CNAME))) is not None and zone in cname.signers():
        return cname
    for (owner, rtype), signed in answer.items():
        if rtype == DNAME and owner != name and names.is_within(name, owner) and zone in signed.signers():
            return signed
    return None


def _parent_signer(message: Message, name: bytes) -> bytes | None:
    """Who signs what a reply says about a DS: a zone above the name."""
    sections = (collect(message.answer), collect(message.authority))
    at_name = [sets[name, DS] for sets in sections if (name, DS) in sets]
    denials = [signed for key, signed in sections[1].items() if key[1] in {NSEC, NSEC3, SOA}]
    for signed in (*at_name, *denials):
        for signer in signed.signers():
            if signer != name and names.is_within(name, signer):
                return signer
    return None


def _next_down(ancestor: bytes, name: bytes) -> bytes:
    """The name one label below an ancestor, on the way to a name."""
    return names.last_labels(name, names.label_count(ancestor) + 1)


def _remembered(zone: ZoneTrust) -> RefusedError:
    reason = zone.reason or Reason(BOGUS, f"{names.to_text(zone.name)} is bogus")
    return RefusedError(reason.ede, reason.text)

"""Signatures (RFC 4034 3, RFC 4035 2.2, 5.3): each authoritative RRset has one of each algorithm that verifies now."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from resolute.dnssec.keys import SEP_FLAG
from resolute.dnssec.signatures import Signature, label_count, signed_data, span
from resolute.records import rrset as values
from resolute.records.types import DNSKEY, DS, NSEC, RRSIG, SOA
from resolute.zones.lint.dnssec.keys import Keys
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, kind, shown
from resolute.zones.lint.walk import Node, RRset
from resolute.zones.lint.zone import Zone

_SIGNED_AT_CUT: Final = frozenset((DS, NSEC))
_MOST_TRIES: Final = 4
"""Keys with one tag that are tried (keytrap: CVE-2023-50387)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When a zone is checked (seconds since 1970), and how long its signatures should hold after that."""

    now: float
    soon_s: int = 3 * 86_400


class Signed(NamedTuple):
    """An RRSIG of the zone, and its fields."""

    record: Record
    signature: Signature

    @classmethod
    def of(cls, record: Record) -> "Signed":
        """From the record."""
        return cls(record, Signature.of(record.rdata))


class Signatures:
    """Takes the names of a zone, and verifies what is signed there."""

    def __init__(self, zone: Zone, keys: Keys, clock: Clock, report: Report) -> None:
        self._origin = zone.origin
        self._keys = keys
        self._clock = clock
        self._report = report
        signatures = [Signed.of(record) for record in zone.apex if record.rtype == RRSIG]
        self._algorithms = frozenset(each.signature.algorithm for each in signatures if each.signature.covered == SOA)
        self._check_use(zone)

    def node(self, node: Node) -> None:
        """Takes the next name."""
        if node.is_occluded:
            return
        by_type: dict[int, list[Signed]] = {}
        for record in node.of(RRSIG):
            signed = Signed.of(record)
            by_type.setdefault(signed.signature.covered, []).append(signed)
        for rrset in node.sets():
            if rrset.rtype != RRSIG and (not node.is_cut or rrset.rtype in _SIGNED_AT_CUT):
                self._check_set(rrset, by_type.pop(rrset.rtype, []))
        if node.is_apex:
            self._check_entry(node)
        for covered, orphans in by_type.items():
            message = f"{shown(node.owner)} has a signature of {kind(covered)}, which is not signed or not there"
            self._report.add("rrsig-orphan", orphans[0].record, message)

    def end(self) -> None:
        """After the last name."""

    def _check_use(self, zone: Zone) -> None:
        """RFC 4035 2.2: the zone is signed with each algorithm of its keys."""
        unused: dict[int, Record] = {key.algorithm: key.record for key in self._keys}
        for algorithm, record in unused.items():
            if algorithm not in self._algorithms and self._algorithms:
                message = f"no signature of the SOA of {shown(zone.origin)} has the key's algorithm {algorithm}"
                self._report.add("dnskey-not-signing", record, message)

    def _check_entry(self, node: Node) -> None:
        """RFC 4034 2.1.1: the key that a DS is made of has the SEP flag; validators do not ask for it, tools do."""
        signatures = [each for each in map(Signed.of, node.of(RRSIG)) if each.signature.covered == DNSKEY]
        entries = {(key.tag, key.algorithm) for key in self._keys if key.flags & SEP_FLAG}
        if signatures and not any((each.signature.tag, each.signature.algorithm) in entries for each in signatures):
            message = f"no key of {shown(node.owner)} with the SEP flag signs the keys"
            self._report.add("dnskey-sep", node.of(DNSKEY)[0], message)

    def _check_set(self, rrset: RRset, signatures: Sequence[Signed]) -> None:
        for _, of_algorithm in groupby(sorted(signatures, key=_algorithm), key=_algorithm):
            self._check_algorithm(rrset, list(of_algorithm))
        missing = sorted(self._algorithms - {each.signature.algorithm for each in signatures})
        if missing or not signatures:
            of = f" of algorithm {missing[0]}" if signatures else ""
            what = f"{shown(rrset.owner)} {kind(rrset.rtype)}"
            self._report.add("rrsig-missing", rrset.first, f"{what} has no signature{of}")

    def _check_algorithm(self, rrset: RRset, signatures: Sequence[Signed]) -> None:
        """The signatures of one algorithm: each one's fault, but a strange key is only odd beside a good signature."""
        faults = [(each, self._fault(rrset, each)) for each in signatures]
        good = any(fault is None for _, fault in faults)
        for signed, fault in faults:
            if fault is not None:
                code = "rrsig-orphan" if good and fault[0] == "rrsig-unknown-key" else fault[0]
                self._report.add(code, signed.record, f"{shown(rrset.owner)} {kind(rrset.rtype)}: {fault[1]}")

    def _fault(self, rrset: RRset, signed: Signed) -> tuple[str, str] | None:
        ttl = min(record.ttl for record in rrset.records)
        if signed.record.ttl != ttl:
            message = f"{shown(rrset.owner)} {kind(rrset.rtype)}: its signature has TTL {signed.record.ttl}, not {ttl}"
            self._report.add("rrsig-ttl", signed.record, message)
        if (form := self._form_fault(rrset, signed.signature, ttl)) is not None:
            return "rrsig-form", form
        if (time := self._time_fault(signed)) is not None:
            return time
        return self._verify(rrset, signed.signature)

    def _form_fault(self, rrset: RRset, signature: Signature, ttl: int) -> str | None:
        """RFC 4035 5.3.1; RFC 4034 3.1.3: the asterisk is not counted."""
        count = label_count(rrset.owner)
        if signature.signer != self._origin:
            return f"the signer is {shown(signature.signer)}, not the zone"
        if signature.labels != count:
            return f"the signature says {signature.labels} labels, the name has {count}"
        if signature.ttl != ttl:
            return f"the signature says TTL {signature.ttl}, the records have {ttl}"
        return None

    def _time_fault(self, signed: Signed) -> tuple[str, str] | None:
        """RFC 4034 3.1.5, in serial number arithmetic."""
        signature = signed.signature
        left, age = signature.left(self._clock.now), signature.age(self._clock.now)
        if left < 0:
            return "rrsig-expired", f"the signature of key {signature.tag} expired {span(-left)} ago"
        if age < 0:
            return "rrsig-not-yet", f"the signature of key {signature.tag} begins in {span(-age)}"
        if left < self._clock.soon_s:
            covered = f"{shown(signed.record.owner)} {kind(signature.covered)}"
            message = f"{covered}: the signature of key {signature.tag} expires in {span(left)}"
            self._report.add("rrsig-expires-soon", signed.record, message)
        return None

    def _verify(self, rrset: RRset, signature: Signature) -> tuple[str, str] | None:
        keys = self._keys.find(signature.tag, signature.algorithm)
        if not keys:
            return "rrsig-unknown-key", f"no DNSKEY has tag {signature.tag} and algorithm {signature.algorithm}"
        data = signed_data(_value(rrset), signature)
        for key in keys[:_MOST_TRIES]:
            if not key.is_supported or key.verifies(signature.value, data):
                return None
        return "rrsig-bad", f"the signature of key {signature.tag} does not verify"


def _value(rrset: RRset) -> values.RRset:
    return values.RRset(rrset.owner, rrset.rtype, rrset.first.ttl, tuple(record.rdata for record in rrset.records))


def _algorithm(signed: Signed) -> int:
    return signed.signature.algorithm

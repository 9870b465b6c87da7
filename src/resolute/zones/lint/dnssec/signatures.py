"""Signatures (RFC 4034 3, RFC 4035 2.2, 5.3): each authoritative RRset has one of each algorithm that verifies now."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

import dns.rdata
import dns.rdataclass
import dns.rdatatype

from resolute.records.names import label_count
from resolute.records.types import DNSKEY, DS, NSEC, RRSIG, SOA
from resolute.zones.lint.dnssec.keys import SEP_FLAG, Keys
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, first_name, kind, shown
from resolute.zones.lint.walk import Node, RRset
from resolute.zones.lint.zone import Zone

_SIGNED_AT_CUT: Final = frozenset((DS, NSEC))
_WITH_NAMES: Final = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 17, 18, 21, 24, 26, 30, 33, 35, 36, 38, 39))
"""Types whose names are made lower case before signing (RFC 4034 6.2, without NSEC by RFC 6840 5.1)."""
_MOST_TRIES: Final = 4
"""Keys with one tag that are tried (keytrap: CVE-2023-50387)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When a zone is checked (seconds since 1970), and how long its signatures should hold after that."""

    now: float
    soon_s: int = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Signature:
    """The fields of an RRSIG."""

    covered: int
    algorithm: int
    labels: int
    ttl: int
    expires: int
    begins: int
    tag: int
    signer: bytes
    bytes: bytes
    record: Record

    @classmethod
    def of(cls, record: Record) -> "Signature":
        """From the record."""
        covered, algorithm, labels, ttl, expires, begins, tag = struct.unpack_from("!HBBIIIH", record.rdata)
        signer = first_name(record.rdata, 18)
        return cls(
            covered, algorithm, labels, ttl, expires, begins, tag, signer, record.rdata[18 + len(signer) :], record
        )


class Signatures:
    """Takes the names of a zone, and verifies what is signed there."""

    def __init__(self, zone: Zone, keys: Keys, clock: Clock, report: Report) -> None:
        self._origin = zone.origin
        self._keys = keys
        self._clock = clock
        self._report = report
        signatures = [Signature.of(record) for record in zone.apex if record.rtype == RRSIG]
        self._algorithms = frozenset(each.algorithm for each in signatures if each.covered == SOA)
        self._check_use(zone)

    def node(self, node: Node) -> None:
        """Takes the next name."""
        if node.is_occluded:
            return
        by_type: dict[int, list[Signature]] = {}
        for record in node.of(RRSIG):
            signature = Signature.of(record)
            by_type.setdefault(signature.covered, []).append(signature)
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
        signatures = [each for each in map(Signature.of, node.of(RRSIG)) if each.covered == DNSKEY]
        entries = {(key.tag, key.algorithm) for key in self._keys if key.flags & SEP_FLAG}
        if signatures and not any((each.tag, each.algorithm) in entries for each in signatures):
            message = f"no key of {shown(node.owner)} with the SEP flag signs the keys"
            self._report.add("dnskey-sep", node.of(DNSKEY)[0], message)

    def _check_set(self, rrset: RRset, signatures: Sequence[Signature]) -> None:
        for _, of_algorithm in groupby(sorted(signatures, key=attrgetter("algorithm")), key=attrgetter("algorithm")):
            self._check_algorithm(rrset, list(of_algorithm))
        missing = sorted(self._algorithms - {each.algorithm for each in signatures})
        if missing or not signatures:
            of = f" of algorithm {missing[0]}" if signatures else ""
            what = f"{shown(rrset.owner)} {kind(rrset.rtype)}"
            self._report.add("rrsig-missing", rrset.first, f"{what} has no signature{of}")

    def _check_algorithm(self, rrset: RRset, signatures: Sequence[Signature]) -> None:
        """The signatures of one algorithm: each one's fault, but a strange key is only odd beside a good signature."""
        faults = [(each, self._fault(rrset, each)) for each in signatures]
        good = any(fault is None for _, fault in faults)
        for signature, fault in faults:
            if fault is not None:
                code = "rrsig-orphan" if good and fault[0] == "rrsig-unknown-key" else fault[0]
                self._report.add(code, signature.record, f"{shown(rrset.owner)} {kind(rrset.rtype)}: {fault[1]}")

    def _fault(self, rrset: RRset, signature: Signature) -> tuple[str, str] | None:
        ttl = min(record.ttl for record in rrset.records)
        if signature.record.ttl != ttl:
            message = (
                f"{shown(rrset.owner)} {kind(rrset.rtype)}: its signature has TTL {signature.record.ttl}, not {ttl}"
            )
            self._report.add("rrsig-ttl", signature.record, message)
        if (form := self._form_fault(rrset, signature, ttl)) is not None:
            return "rrsig-form", form
        if (time := self._time_fault(signature)) is not None:
            return time
        return self._verify(rrset, signature)

    def _form_fault(self, rrset: RRset, signature: Signature, ttl: int) -> str | None:
        """RFC 4035 5.3.1; RFC 4034 3.1.3: the asterisk is not counted."""
        count = label_count(rrset.owner) - rrset.owner.startswith(b"\x01*")
        if signature.signer != self._origin:
            return f"the signer is {shown(signature.signer)}, not the zone"
        if signature.labels != count:
            return f"the signature says {signature.labels} labels, the name has {count}"
        if signature.ttl != ttl:
            return f"the signature says TTL {signature.ttl}, the records have {ttl}"
        return None

    def _time_fault(self, signature: Signature) -> tuple[str, str] | None:
        """RFC 4034 3.1.5, in serial number arithmetic."""
        left, age = (_after(signature.expires, self._clock.now), -_after(signature.begins, self._clock.now))
        if left < 0:
            return "rrsig-expired", f"the signature of key {signature.tag} expired {_span(-left)} ago"
        if age < 0:
            return "rrsig-not-yet", f"the signature of key {signature.tag} begins in {_span(-age)}"
        if left < self._clock.soon_s:
            covered = f"{shown(signature.record.owner)} {kind(signature.covered)}"
            message = f"{covered}: the signature of key {signature.tag} expires in {_span(left)}"
            self._report.add("rrsig-expires-soon", signature.record, message)
        return None

    def _verify(self, rrset: RRset, signature: Signature) -> tuple[str, str] | None:
        keys = self._keys.find(signature.tag, signature.algorithm)
        if not keys:
            return "rrsig-unknown-key", f"no DNSKEY has tag {signature.tag} and algorithm {signature.algorithm}"
        from cryptography.exceptions import InvalidSignature

        data = signed_data(rrset, signature)
        for key in keys[:_MOST_TRIES]:
            if key.public is None:
                return None
            try:
                key.public.verify(signature.bytes, data)
            except (InvalidSignature, ValueError):
                continue
            return None
        return "rrsig-bad", f"the signature of key {signature.tag} does not verify"


def signed_data(rrset: RRset, signature: Signature) -> bytes:
    """What was signed (RFC 4034 3.1.8.1): the RRSIG's fields, then the records in canonical form and order."""
    head = rrset.owner + struct.pack("!HHI", rrset.rtype, 1, signature.ttl)
    data = sorted({canonical(rrset.rtype, record.rdata) for record in rrset.records})
    body = b"".join(head + len(each).to_bytes(2) + each for each in data)
    return signature.record.rdata[:18] + signature.signer + body


def canonical(rtype: int, rdata: bytes) -> bytes:
    """Record data with its names in lower case, where the type is one of those (RFC 4034 6.2)."""
    if rtype not in _WITH_NAMES or rdata == rdata.lower():
        return rdata
    kind = dns.rdatatype.RdataType.make(rtype)
    return dns.rdata.from_wire(dns.rdataclass.IN, kind, rdata, 0, len(rdata)).to_digestable()


def _after(moment: int, now: float) -> int:
    """Seconds from now to a moment of 32 bits, negative when it is past."""
    return (moment - int(now) + 2**31) % 2**32 - 2**31


def _span(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"

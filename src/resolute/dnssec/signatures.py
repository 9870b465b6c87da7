"""RRSIG (RFC 4034 3): its fields, what was signed, and when and for which owners it holds (RFC 4035 5.3)."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from resolute.dnssec.keys import Key, MalformedError
from resolute.errors import PresentationError
from resolute.records import names
from resolute.records.rdata import canonical
from resolute.records.rrset import RRset
from resolute.records.types import DNSKEY, DS, NSEC, NSEC3, RRSIG, SOA

_HEAD: Final = struct.Struct("!HBBIIIH")
MOST_SIGNATURES: Final = 8
"""Of one RRset; more are not looked at (CVE-2023-50387)."""
_NEVER_EXPANDED: Final = frozenset((DS, DNSKEY, NSEC, NSEC3, SOA))
"""Types that no wildcard makes: they belong to one name."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The fields of an RRSIG."""

    covered: int
    algorithm: int
    labels: int
    ttl: int
    """The original one."""
    expires: int
    begins: int
    tag: int
    signer: bytes
    """In lower case."""
    value: bytes
    """The signature itself."""
    rdata: bytes
    """All of the record's data."""

    @classmethod
    def of(cls, rdata: bytes) -> "Signature":
        """From the record's data. Raises MalformedError."""
        try:
            covered, algorithm, labels, ttl, expires, begins, tag = _HEAD.unpack_from(rdata)
            signer = names.read(rdata, _HEAD.size)
        except (struct.error, PresentationError) as error:
            raise MalformedError("an RRSIG is cut short") from error
        value = rdata[_HEAD.size + len(signer) :]
        return cls(covered, algorithm, labels, ttl, expires, begins, tag, names.fold(signer), value, rdata)

    def age(self, now: float) -> int:
        """Seconds since it began, negative when it has not yet (RFC 4034 3.1.5: serial number arithmetic)."""
        return -_after(self.begins, now)

    def left(self, now: float) -> int:
        """Seconds until it expires, negative when it has."""
        return _after(self.expires, now)

    def has_form(self, owner: bytes, rtype: int) -> bool:
        """RFC 4035 5.3.1: it can be one of these records. It has neither fewer labels than its signer nor more than the
        owner; who signs is at or above the owner, for a DS above it."""
        count = label_count(owner)
        if not names.is_within(owner, self.signer) or (rtype == DS and owner == self.signer):
            return False
        if rtype in _NEVER_EXPANDED and self.labels != count:
            return False
        return self.covered == rtype and names.label_count(self.signer) <= self.labels <= count


@dataclass(frozen=True, slots=True)
class SignedRRset:
    """Records, and the RRSIGs that came with them."""

    rrset: RRset
    signatures: tuple[Signature, ...] = ()
    signatures_ttl: int = 2**31 - 1
    """The least TTL of the RRSIGs."""

    def signers(self) -> tuple[bytes, ...]:
        """Who may have signed it, each once."""
        owner, rtype = self.rrset.owner, self.rrset.rtype
        return tuple(dict.fromkeys(each.signer for each in self.signatures if each.has_form(owner, rtype)))


@dataclass(frozen=True, slots=True)
class Check:
    """One signature check. `run` is a plain function of the values: it may run in any thread."""

    key: Key
    signature: bytes
    data: bytes

    def run(self) -> bool:
        """Whether the signature is the key's. Never raises."""
        from resolute.dnssec import algorithms  # brings cryptography

        return algorithms.verify(self.key.algorithm, self.key.material, self.signature, self.data)


def signed_data(rrset: RRset, signature: Signature) -> bytes:
    """What was signed (RFC 4034 3.1.8.1): the RRSIG's fields, then the records in canonical form and order (6.2, 6.3).

    The owner of records that come from a wildcard is that wildcard (RFC 4035 5.3.2).
    """
    owner = source(rrset.owner, signature.labels)
    head = owner + struct.pack("!HHI", rrset.rtype, 1, signature.ttl)
    data = sorted({canonical(rrset.rtype, rdata) for rdata in rrset.rdatas})
    body = b"".join(head + len(each).to_bytes(2) + each for each in data)
    return signature.rdata[: _HEAD.size] + signature.signer + body


def source(owner: bytes, labels: int) -> bytes:
    """The name that was signed: the owner, or the wildcard that it comes from."""
    return owner if labels >= label_count(owner) else b"\x01*" + names.last_labels(owner, labels)


def label_count(owner: bytes) -> int:
    """As RRSIG counts them (RFC 4034 3.1.3): without the root, and without an asterisk that stands first."""
    return names.label_count(owner) - owner.startswith(b"\x01*")


def span(seconds: int) -> str:
    """A time as people say it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"


def collect(section: Iterable[RRset]) -> dict[tuple[bytes, int], SignedRRset]:
    """The RRsets of a section by owner and type, each with its signatures; RRSIGs that do not parse are left out."""
    found: dict[tuple[bytes, int], list[RRset]] = {}
    signatures: dict[tuple[bytes, int], list[tuple[int, Signature]]] = {}
    for rrset in section:
        if rrset.rtype == RRSIG:
            for signature in _read(rrset.rdatas):
                signatures.setdefault((rrset.owner, signature.covered), []).append((rrset.ttl, signature))
        elif rrset.rdatas:
            found.setdefault(rrset.key, []).append(rrset)
    return {key: _join(parts, signatures.get(key, [])[:MOST_SIGNATURES]) for key, parts in found.items()}


def _join(parts: list[RRset], signatures: list[tuple[int, Signature]]) -> SignedRRset:
    rrset = parts[0]
    if len(parts) > 1:
        rdatas = tuple(dict.fromkeys(rdata for part in parts for rdata in part.rdatas))
        rrset = RRset(rrset.owner, rrset.rtype, min(part.ttl for part in parts), rdatas)
    if not signatures:
        return SignedRRset(rrset)
    return SignedRRset(rrset, tuple(each for _, each in signatures), min(ttl for ttl, _ in signatures))


def _read(rdatas: Iterable[bytes]) -> Iterator[Signature]:
    for rdata in rdatas:
        try:
            yield Signature.of(rdata)
        except MalformedError:
            continue


def _after(moment: int, now: float) -> int:
    """Seconds from now to a moment of 32 bits, negative when it is past."""
    return (moment - int(now) + 2**31) % 2**32 - 2**31

"""Signed zones in memory, for tests of validation: also such as no signer would make.

    example = Zone("example.")
    section = example.signed("www.example.", "A", "192.0.2.1")
    section = example.signed("www.example.", "A", "192.0.2.1", labels=1)       # a signature as a liar makes it

What is signed is put together here, from RFC 4034 3.1.8.1, and not by what is tested.
"""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from resolute.dnssec.anchors import Anchors
from resolute.dnssec.budget import Budget
from resolute.dnssec.keys import Ds
from resolute.dnssec.message import Message
from resolute.dnssec.signatures import Check
from resolute.dnssec.trust import Grounds, Moment
from resolute.dnssec.validator import Extent, Step, Subject, Validation
from resolute.dnssec.verdict import Need, Verdict
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.records.types import DNSKEY, DS, NSEC, NSEC3, RRSIG, SOA

NOW = 1_767_225_600  # 2026-01-01T00:00:00Z
BEGINS, EXPIRES = NOW - 86_400, NOW + 30 * 86_400


def wire(text: str) -> bytes:
    """A name in lower case."""
    return names.fold(names.from_text(text))


class Changes(TypedDict, total=False):
    """Fields of an RRSIG."""

    covered: int
    algorithm: int
    labels: int
    ttl: int
    expires: int
    begins: int
    tag: int
    signer: bytes


class Zone:
    """A zone with one key (algorithm 13)."""

    def __init__(self, origin: str, *, flags: int = 257) -> None:
        self.origin = wire(origin)
        self._private = ec.generate_private_key(ec.SECP256R1())
        point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.key = struct.pack("!HBB", flags, 3, 13) + point[1:]

    @property
    def tag(self) -> int:
        return tag(self.key)

    def with_flags(self, flags: int) -> bytes:
        """The key with other flags."""
        return struct.pack("!H", flags) + self.key[2:]

    def ds(self, digest: int = 2) -> Ds:
        return Ds.of_key(self.origin, self.key, digest)

    def signed(self, owner: str, rtype: str, *lines: str, of_ttl: int = 300, **changes: Unpack[Changes]) -> list[RRset]:
        """An RRset and its signature; `changes` are fields of the RRSIG that are not as they should be."""
        rrset = RRset.parse(wire(owner), rdata.type_from_text(rtype), of_ttl, lines)
        return [rrset, self.sign(rrset, **changes)]

    def sign(self, rrset: RRset, *, source: bytes | None = None, **changes: Unpack[Changes]) -> RRset:
        """The RRSIG of an RRset; `source` is the wildcard that it was signed as."""
        at = source or rrset.owner
        fields: dict[str, Any] = {
            "covered": rrset.rtype,
            "algorithm": 13,
            "labels": names.label_count(at) - at.startswith(b"\x01*"),
            "ttl": rrset.ttl,
            "expires": EXPIRES,
            "begins": BEGINS,
            "tag": self.tag,
            "signer": self.origin,
            **changes,
        }
        signer = fields.pop("signer")
        head = struct.pack("!HBBIIIH", *fields.values()) + signer
        body = b"".join(
            at + struct.pack("!HHIH", rrset.rtype, 1, fields["ttl"], len(data)) + data for data in sorted(rrset.rdatas)
        )
        first, second = decode_dss_signature(self._private.sign(head + body, ec.ECDSA(hashes.SHA256())))
        return RRset(rrset.owner, RRSIG, rrset.ttl, (head + first.to_bytes(32) + second.to_bytes(32),))

    def made(self, owner: str, source: str, rtype: str, *lines: str) -> list[RRset]:
        """An RRset that a wildcard makes."""
        rrset = RRset.parse(wire(owner), rdata.type_from_text(rtype), 300, lines)
        return [rrset, self.sign(rrset, source=wire(source))]

    def soa(self) -> list[RRset]:
        rrset = RRset.parse(self.origin, SOA, 300, ["ns. h. 1 7200 3600 1209600 60"])
        return [rrset, self.sign(rrset)]

    def nsec(self, owner: str, following: str, types: str, **changes: Unpack[Changes]) -> list[RRset]:
        return self.signed(owner, "NSEC", f"{following} {types} RRSIG NSEC", **changes)

    def nsec3(self, owner: str, types: str, shape: "Hashed | None" = None, **changes: Unpack[Changes]) -> list[RRset]:
        """The NSEC3 of a name; it covers nothing unless `shape` says so."""
        shape = shape or Hashed()
        first = shape.digest(owner) if shape.first is None else shape.first
        following = shape.following or _plus(first, 1)
        head = struct.pack("!BBHB", 1, shape.flags, shape.iterations, len(shape.salt)) + shape.salt
        bitmap = rdata.to_wire(NSEC, f". {types}", b"\0")[1:] if types else b""
        label = base64.b32hexencode(first).lower()
        rrset = RRset(b"\x20" + label + self.origin, NSEC3, 300, (head + b"\x14" + following + bitmap,))
        return [rrset, self.sign(rrset, **changes)]

    def covering(self, owner: str, shape: "Hashed | None" = None, **changes: Unpack[Changes]) -> list[RRset]:
        """An NSEC3 that covers a name."""
        shape = shape or Hashed()
        digest = shape.digest(owner)
        around = Hashed(shape.flags, shape.iterations, shape.salt, _plus(digest, -1), _plus(digest, 1))
        return self.nsec3(owner, "A RRSIG", around, **changes)

    def dnskey(self, *more: bytes, **changes: Unpack[Changes]) -> Message:
        """The reply with its keys."""
        rrset = RRset(self.origin, DNSKEY, 300, (self.key, *more))
        return Message(0, (rrset, self.sign(rrset, **changes)))

    def delegates(self, child: "Zone", *ds: Ds) -> Message:
        """The reply with the DS of a child."""
        rrset = RRset(child.origin, DS, 300, tuple(each.rdata for each in ds or (child.ds(),)))
        return Message(0, (rrset, self.sign(rrset)))


@dataclass(frozen=True)
class Hashed:
    """The fields of an NSEC3."""

    flags: int = 0
    iterations: int = 0
    salt: bytes = b""
    first: bytes | None = None
    following: bytes | None = None

    def digest(self, owner: str) -> bytes:
        """RFC 5155 5."""
        found = wire(owner)
        for _ in range(self.iterations + 1):
            found = hashlib.sha1(found + self.salt, usedforsecurity=False).digest()
        return found


OPT_OUT = Hashed(flags=1)


@dataclass
class Tree:
    """The root, `example.` below it and `sub.example.` below that, all secure; and what is asked of them."""

    root: Zone = field(default_factory=lambda: Zone("."))
    example: Zone = field(default_factory=lambda: Zone("example."))
    sub: Zone = field(default_factory=lambda: Zone("sub.example."))
    replies: dict[Need, Message | None] = field(default_factory=dict)
    asked: list[Need] = field(default_factory=list)
    checks: int = 0

    def __post_init__(self) -> None:
        self.grounds = Grounds(Anchors({b"\0": [self.root.ds()]}))
        self.budget = Budget()
        for zone in (self.root, self.example, self.sub):
            self.replies[Need(zone.origin, DNSKEY)] = zone.dnskey()
        self.replies[Need(self.example.origin, DS)] = self.root.delegates(self.example)
        self.replies[Need(self.sub.origin, DS)] = self.example.delegates(self.sub)

    def says(self, name: str, rtype: int, reply: Message | None) -> None:
        """What is replied to the validator's own question."""
        self.replies[Need(wire(name), rtype)] = reply

    def judge(
        self, qname: str, qtype: str, message: Message, *, extent: Extent = Extent.WHOLE, now: float = NOW
    ) -> Verdict:
        """The verdict; each with a budget of its own."""
        self.budget = Budget()
        subject = Subject(wire(qname), rdata.type_from_text(qtype), message, extent)
        validation = Validation(subject, self.grounds, self.budget)
        moment = Moment(now, now)
        step: Step = validation.begin(moment)
        while not isinstance(step, Verdict):
            if isinstance(step, Check):
                self.checks += 1
                step = validation.checked(holds=step.run())
            else:
                self.asked.append(step)
                step = validation.fed(self.replies.get(step, Message(0)), moment)
        return step


def tag(key: bytes) -> int:
    """RFC 4034 B, as it stands there."""
    total = sum(octet if at & 1 else octet << 8 for at, octet in enumerate(key))
    return (total + (total >> 16 & 0xFFFF)) & 0xFFFF


def answer(*sections: Sequence[RRset], authority: Iterable[Sequence[RRset]] = ()) -> Message:
    """NOERROR with these RRsets."""
    return Message(0, _flat(sections), _flat(authority))


def nodata(*authority: Sequence[RRset]) -> Message:
    """NOERROR without an answer."""
    return Message(0, (), _flat(authority))


def nxdomain(*authority: Sequence[RRset]) -> Message:
    """No such name."""
    return Message(3, (), _flat(authority))


def _flat(sections: Iterable[Sequence[RRset]]) -> tuple[RRset, ...]:
    return tuple(rrset for section in sections for rrset in section)


def _plus(digest: bytes, number: int) -> bytes:
    return ((int.from_bytes(digest) + number) % 2**160).to_bytes(20)

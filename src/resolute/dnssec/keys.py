"""DNSKEY and DS (RFC 4034 2, 5 and B): keys, their tags, and the digests that a parent publishes."""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from resolute.errors import PeerError

ZONE_FLAG: Final = 0x0100
REVOKE_FLAG: Final = 0x0080
"""RFC 5011 7."""
SEP_FLAG: Final = 0x0001
PROTOCOL: Final = 3

SUPPORTED: Final = frozenset((5, 7, 8, 10, 13, 14, 15, 16))
"""Algorithms that can be verified. RSAMD5, DSA and GOST must not be (RFC 8624 3.1, RFC 9904)."""
SHA1_ALGORITHMS: Final = frozenset((5, 7))
RSA_ALGORITHMS: Final = frozenset((5, 7, 8, 10))
DIGESTS: Final = {1: "sha1", 2: "sha256", 4: "sha384"}
"""Digest types that can be made (RFC 8624 3.3)."""
SHA1_DIGEST: Final = 1
SHA256_DIGEST: Final = 2


class MalformedError(PeerError):
    """Record data that is not what its type says."""


@dataclass(frozen=True, slots=True)
class Key:
    """One DNSKEY."""

    rdata: bytes
    flags: int
    protocol: int
    algorithm: int
    tag: int

    @classmethod
    def of(cls, rdata: bytes) -> "Key":
        """From the record's data. Raises MalformedError."""
        if len(rdata) < 5:
            raise MalformedError("a DNSKEY has less than five octets")
        flags, protocol, algorithm = struct.unpack_from("!HBB", rdata)
        return cls(rdata, flags, protocol, algorithm, key_tag(rdata))

    @property
    def material(self) -> bytes:
        """The public key itself."""
        return self.rdata[4:]

    @property
    def may_sign(self) -> bool:
        """RFC 4034 2.1.1 and 2.1.2, RFC 5011 2.1: a key of the zone that is not revoked."""
        return self.protocol == PROTOCOL and bool(self.flags & ZONE_FLAG) and not self.flags & REVOKE_FLAG


@dataclass(frozen=True, slots=True)
class Ds:
    """One DS: what a parent, or a trust anchor, says of a key."""

    tag: int
    algorithm: int
    digest_type: int
    digest: bytes

    @classmethod
    def of(cls, rdata: bytes) -> "Ds":
        """From the record's data. Raises MalformedError."""
        if len(rdata) < 5:
            raise MalformedError("a DS has less than five octets")
        tag, algorithm, digest_type = struct.unpack_from("!HBB", rdata)
        return cls(tag, algorithm, digest_type, rdata[4:])

    @classmethod
    def of_key(cls, owner: bytes, rdata: bytes, digest_type: int = SHA256_DIGEST) -> "Ds":
        """Made of a DNSKEY's data; `owner` in lower case. Raises MalformedError."""
        key = Key.of(rdata)
        return cls(key.tag, key.algorithm, digest_type, digest(owner, rdata, digest_type))

    @property
    def rdata(self) -> bytes:
        """The record's data."""
        return struct.pack("!HBB", self.tag, self.algorithm, self.digest_type) + self.digest

    def matches(self, owner: bytes, key: Key) -> bool:
        """Whether it was made of the key (RFC 4034 5.1.4, RFC 4035 5.2). A digest that is unknown here matches none."""
        if (self.tag, self.algorithm) != (key.tag, key.algorithm) or self.digest_type not in DIGESTS:
            return False
        return digest(owner, key.rdata, self.digest_type) == self.digest


def digest(owner: bytes, dnskey: bytes, digest_type: int) -> bytes:
    """The digest of a key (RFC 4034 5.1.4); its type is one of DIGESTS."""
    return hashlib.new(DIGESTS[digest_type], owner + dnskey, usedforsecurity=False).digest()


def key_tag(rdata: bytes) -> int:
    """RFC 4034 B; for algorithm 1 B.1."""
    if rdata[3] == 1:
        return int.from_bytes(rdata[-3:-1])
    padded = rdata + b"\0" * (len(rdata) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    return (total + (total >> 16)) & 0xFFFF


def rsa_numbers(material: bytes) -> tuple[int, int]:
    """The exponent and the modulus of an RSA key (RFC 3110 2). Raises ValueError when there are none."""
    long = material[:1] == b"\0"
    start = 3 if long else 1
    length = int.from_bytes(material[1:3] if long else material[:1])
    if not length or len(material) <= start + length:
        raise ValueError("the key has no exponent, or no modulus")
    return int.from_bytes(material[start : start + length]), int.from_bytes(material[start + length :])


def read_keys(rdatas: Iterable[bytes]) -> tuple[Key, ...]:
    """The keys of a DNSKEY RRset that are well-formed."""
    return tuple(Key.of(rdata) for rdata in rdatas if len(rdata) >= 5)


def read_ds(rdatas: Iterable[bytes]) -> tuple[Ds, ...]:
    """The DS of an RRset that are well-formed."""
    return tuple(Ds.of(rdata) for rdata in rdatas if len(rdata) >= 5)

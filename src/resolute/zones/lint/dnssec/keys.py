"""The DNSKEY RRset (RFC 4034 2): which keys there are, and what is wrong with them (RFC 8624 3.1, RFC 9905)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, cast

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.DNSKEY

from resolute.records.types import DNSKEY
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, shown
from resolute.zones.lint.zone import Zone

ZONE_FLAG: Final = 0x0100
SEP_FLAG: Final = 0x0001
DISCOURAGED: Final = {1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1", 12: "ECC-GOST"}
KNOWN: Final = frozenset((1, 3, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17, 18, 23, 253, 254))
_RSA: Final = frozenset((1, 5, 7, 8, 10))


class PublicKey(Protocol):
    """What verifies signatures."""

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raises when the signature is not the key's."""


@dataclass(frozen=True, slots=True)
class Key:
    """One DNSKEY; `public` is None where nothing here can verify its algorithm."""

    tag: int
    flags: int
    algorithm: int
    record: Record
    public: PublicKey | None


class Keys:
    """The keys of a zone that may sign it."""

    def __init__(self, zone: Zone, report: Report) -> None:
        records = [record for record in zone.apex if record.rtype == DNSKEY]
        self._keys = [key for record in records if (key := _read(record, report)) is not None]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def find(self, tag: int, algorithm: int) -> list[Key]:
        """Those with a tag and an algorithm; tags are not unique (RFC 4034 B)."""
        return [key for key in self._keys if key.tag == tag and key.algorithm == algorithm]


def key_tag(rdata: bytes) -> int:
    """RFC 4034 B; for algorithm 1 B.1."""
    if rdata[3] == 1:
        return int.from_bytes(rdata[-3:-1])
    padded = rdata + b"\0" * (len(rdata) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    return (total + (total >> 16)) & 0xFFFF


def _read(record: Record, report: Report) -> Key | None:
    flags, protocol, algorithm = struct.unpack_from("!HBB", record.rdata)
    tag = key_tag(record.rdata)
    what = f"the key {tag} of {shown(record.owner)}"
    if protocol != 3 or not flags & ZONE_FLAG:
        why = f"protocol {protocol}, which must be 3" if protocol != 3 else "no zone flag, so it signs nothing"
        report.add("dnskey-bad", record, f"{what} has {why}")
        return None
    if algorithm in DISCOURAGED:
        report.add("dnskey-algorithm", record, f"{what} has algorithm {algorithm} ({DISCOURAGED[algorithm]})")
    if algorithm in _RSA and (bits := _rsa_bits(record.rdata[4:])) < 2_048:
        report.add("dnskey-short", record, f"{what} has {bits} bits")
    try:
        public = _public(record.rdata)
    except (ValueError, dns.exception.DNSException, IndexError, struct.error) as error:
        report.add("dnskey-bad", record, f"{what} is none: {error}")
        return None
    if public is None:
        report.add("dnssec-unsupported", record, f"{what} has algorithm {algorithm}: its signatures are not verified")
    return Key(tag, flags, algorithm, record, public)


def _public(rdata: bytes) -> PublicKey | None:
    key = cast(
        "dns.rdtypes.ANY.DNSKEY.DNSKEY",
        dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.DNSKEY, rdata, 0, len(rdata)),
    )
    from dns.dnssecalgs import get_algorithm_cls_from_dnskey  # brings cryptography, for signed zones only

    try:
        kind = get_algorithm_cls_from_dnskey(key)
    except dns.exception.UnsupportedAlgorithm:
        return None
    return kind.public_cls.from_dnskey(key)


def _rsa_bits(key: bytes) -> int:
    """The length of the modulus (RFC 3110 2)."""
    exponent = key[0] if key[:1] != b"\0" else int.from_bytes(key[1:3])
    start = (1 if key[:1] != b"\0" else 3) + exponent
    return int.from_bytes(key[start:]).bit_length()

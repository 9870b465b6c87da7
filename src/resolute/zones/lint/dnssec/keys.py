"""The DNSKEY RRset (RFC 4034 2): which keys there are, and what is wrong with them (RFC 8624 3.1, RFC 9905)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from resolute.dnssec.keys import PROTOCOL, RSA_ALGORITHMS, SUPPORTED, ZONE_FLAG, key_tag, rsa_numbers
from resolute.records.types import DNSKEY
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, shown
from resolute.zones.lint.zone import Zone

DISCOURAGED: Final = {1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1", 12: "ECC-GOST"}
KNOWN: Final = frozenset((1, 3, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 17, 18, 23, 253, 254))


@dataclass(frozen=True, slots=True)
class Key:
    """One DNSKEY."""

    tag: int
    flags: int
    algorithm: int
    record: Record

    @property
    def is_supported(self) -> bool:
        """Whether its signatures can be verified here."""
        return self.algorithm in SUPPORTED

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is the key's."""
        from resolute.dnssec import algorithms  # brings cryptography, for signed zones only

        return algorithms.verify(self.algorithm, self.record.rdata[4:], signature, data)


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


def _read(record: Record, report: Report) -> Key | None:
    flags, protocol, algorithm = struct.unpack_from("!HBB", record.rdata)
    tag = key_tag(record.rdata)
    what = f"the key {tag} of {shown(record.owner)}"
    if protocol != PROTOCOL or not flags & ZONE_FLAG:
        why = f"protocol {protocol}, which must be 3" if protocol != PROTOCOL else "no zone flag, so it signs nothing"
        report.add("dnskey-bad", record, f"{what} has {why}")
        return None
    if algorithm in DISCOURAGED:
        report.add("dnskey-algorithm", record, f"{what} has algorithm {algorithm} ({DISCOURAGED[algorithm]})")
    if algorithm in RSA_ALGORITHMS and (bits := _rsa_bits(record.rdata[4:])) < 2_048:
        report.add("dnskey-short", record, f"{what} has {bits} bits")
    if algorithm not in SUPPORTED:
        report.add("dnssec-unsupported", record, f"{what} has algorithm {algorithm}: its signatures are not verified")
    elif (fault := _fault(algorithm, record.rdata[4:])) is not None:
        report.add("dnskey-bad", record, f"{what} is none: {fault}")
        return None
    return Key(tag, flags, algorithm, record)


def _fault(algorithm: int, material: bytes) -> str | None:
    from resolute.dnssec import algorithms  # brings cryptography, for signed zones only

    try:
        algorithms.load(algorithm, material)
    except algorithms.FAULTS as error:
        return str(error) or type(error).__name__
    return None


def _rsa_bits(material: bytes) -> int:
    """The length of the modulus."""
    try:
        return rsa_numbers(material)[1].bit_length()
    except ValueError:
        return 0

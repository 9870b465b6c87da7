"""A reply made of what iteration has found, for `plane.answer`, which compresses it."""

import struct
from collections.abc import Iterable

from resolute.records.rrset import RRset
from resolute.resolver.iteration.machine import Answer

_HEADER = struct.Struct("!6H")
_FIXED = struct.Struct("!HHIH")
_QR = 0x8000
_LONGEST = 65_535
_QUESTION = b"\xc0\x0c"
"""A pointer to the question's name (RFC 1035 4.1.4)."""


def compose(qname: bytes, qtype: int, answer: Answer, now: float) -> bytes:
    """The message; TTLs are less the time since they were learnt. Raises ValueError when it would be too long."""
    records: list[bytes] = []
    for part in answer.parts:
        _add(records, part.answer, qname, int(now - part.at))
    answers = len(records)
    for part in answer.parts:
        _add(records, part.authority, qname, int(now - part.at))
    header = _HEADER.pack(0, _QR | answer.rcode, 1, answers, len(records) - answers, 0)
    message = b"".join((header, qname, qtype.to_bytes(2), b"\0\1", *records))
    if len(message) > _LONGEST:
        raise ValueError("the answer does not fit into a message")
    return message


def _add(records: list[bytes], rrsets: Iterable[RRset], qname: bytes, age: int) -> None:
    for rrset in rrsets:
        ttl = max(0, rrset.ttl - age)
        owner = _QUESTION if rrset.owner == qname else rrset.owner
        records += [b"".join((owner, _FIXED.pack(rrset.rtype, 1, ttl, len(rdata)), rdata)) for rdata in rrset.rdatas]

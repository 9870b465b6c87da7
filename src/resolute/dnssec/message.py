"""The parts of a reply that validation reads, as plain values; and one way to make them of bytes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.message
import dns.rdataclass
import dns.rrset

from resolute.errors import PeerError
from resolute.records import names
from resolute.records.rrset import MAX_TTL, RRset
from resolute.records.types import RRSIG

NOERROR: Final = 0
NXDOMAIN: Final = 3
YXDOMAIN: Final = 6


@dataclass(frozen=True, slots=True)
class Message:
    """A reply. Owners are in lower case; RRSIGs are RRsets too, one or several for an owner, whatever they cover."""

    rcode: int
    answer: Sequence[RRset] = ()
    authority: Sequence[RRset] = ()


def parse(wire: bytes) -> Message:
    """A reply's sections, class IN. Raises PeerError for bytes that are no message."""
    try:
        message = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True)
        return Message(int(message.rcode()), _rrsets(message.answer), _rrsets(message.authority))
    except (dns.exception.DNSException, ValueError, IndexError, KeyError, OverflowError, AttributeError) as error:
        raise PeerError(f"the reply does not parse: {str(error) or type(error).__name__}") from error


def _rrsets(section: Iterable[dns.rrset.RRset]) -> tuple[RRset, ...]:
    """Records of one owner and type together; RRSIGs by what they cover, because their TTL is that of the covered."""
    found: dict[tuple[bytes, int, int], tuple[int, dict[bytes, None]]] = {}
    for record in section:
        if record.rdclass != dns.rdataclass.IN:
            continue
        owner = names.fold(record.name.to_wire() or b"")
        for rdata in record:
            data = rdata.to_wire() or b""
            covered = int.from_bytes(data[:2]) if record.rdtype == RRSIG else 0
            ttl, datas = found.setdefault((owner, int(record.rdtype), covered), (MAX_TTL, {}))
            datas[data] = None
            found[owner, int(record.rdtype), covered] = (min(ttl, _ttl(record.ttl)), datas)
    return tuple(RRset(owner, rtype, ttl, tuple(datas)) for (owner, rtype, _), (ttl, datas) in found.items())


def _ttl(ttl: int) -> int:
    """RFC 2181 8: one with the highest bit set is 0."""
    return ttl if ttl <= MAX_TTL else 0

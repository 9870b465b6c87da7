"""DS, CDS and CDNSKEY: keys that they match (RFC 4034 5, RFC 4035 5.2, RFC 7344 4.1), and their fitness (RFC 8624)."""

import struct
from collections.abc import Sequence
from typing import Final

from resolute.dnssec.keys import DIGESTS, Ds, Key
from resolute.records.types import CDNSKEY, CDS, DNSKEY
from resolute.zones.lint.dnssec.keys import DISCOURAGED, KNOWN
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, kind, shown
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Zone

_DELETE: Final = frozenset((b"\0\0\0\0\0", b"\0\0\x03\0\0"))
"""RFC 8078 4: the CDS and CDNSKEY that ask for the DS to be taken away."""


def check(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """The DS records of a delegation: RFC 8624 3.1 and 3.3."""
    has_sha2 = any(record.rdata[3] in {2, 4} for record in rrset.records)
    for record in rrset.records:
        tag, algorithm, digest = struct.unpack_from("!HBB", record.rdata)
        what = f"DS {tag} of {shown(record.owner)}"
        if digest not in DIGESTS or (digest == 1 and not has_sha2):
            report.add("ds-digest", record, f"{what} has digest type {digest}")
        if algorithm in DISCOURAGED or algorithm not in KNOWN:
            report.add("ds-algorithm", record, f"{what} has algorithm {algorithm}")


def matches(ds: bytes, owner: bytes, dnskey: bytes) -> bool | None:
    """Whether a DS was made of a key; None where the digest is one that nothing here can make."""
    said, key = Ds.of(ds), Key.of(dnskey)
    if (said.tag, said.algorithm) != (key.tag, key.algorithm):
        return False
    return said.matches(owner, key) if said.digest_type in DIGESTS else None


def check_published(zone: Zone, report: Report) -> None:
    """CDS and CDNSKEY at the apex are of keys that are there."""
    keys = [record for record in zone.apex if record.rtype == DNSKEY]
    for record in zone.apex:
        if record.rtype in {CDS, CDNSKEY} and record.rdata not in _DELETE and not _is_published(record, keys):
            report.add("cds-without-key", record, f"{kind(record.rtype)} of {shown(zone.origin)} matches no DNSKEY")


def _is_published(record: Record, keys: Sequence[Record]) -> bool:
    if record.rtype == CDNSKEY:
        return any(key.rdata == record.rdata for key in keys)
    return any(matches(record.rdata, record.owner, key.rdata) is not False for key in keys)

"""Within one RRset: records that stand twice (RFC 2181 5), more than a message has room for (RFC 1035 4.2.2), and TTLs
that are unwise."""

from resolute.records.types import CNAME
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, data_text, kind, shown
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Zone
from resolute.zones.rows import octets_in_answer, room_for

_WEEK = 604_800
_OF_SIGNERS = frozenset((48, 51, 59, 60))
"""Types whose TTLs are the signer's."""
_WITH_NAMES = frozenset((2, CNAME, 6, 12, 15, 17, 18, 21, 24, 26, 33, 35, 36, 39))
"""Types whose data has names that are compared without regard to case (RFC 4034 6.2)."""


def check(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """What can be said of every RRset."""
    if len(rrset.records) > 1:
        _repeated(rrset, report)
    _too_large(rrset, report)
    if rrset.rtype in _OF_SIGNERS:
        return
    if rrset.first.ttl > _WEEK:
        report.add("ttl-long", rrset.first, f"the TTL of {_what(rrset)} is {rrset.first.ttl} seconds")
    elif rrset.first.ttl == 0:
        report.add("ttl-zero", rrset.first, f"the TTL of {_what(rrset)} is 0")


def check_addresses(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001
    """Addresses that only some networks can reach."""
    for record in rrset.records:
        data = record.rdata
        if is_local_v4(data) if len(data) == 4 else is_local_v6(data):
            report.add("private-address", record, f"{shown(record.owner)} has the private address {data_text(record)}")


def is_local_v4(data: bytes) -> bool:
    """RFC 1918, RFC 1122 3.2.1.3 (this host, loopback), RFC 3927 (link-local)."""
    first, second = data[0], data[1]
    if first in {0, 10, 127}:
        return True
    return (first == 192 and second == 168) or (first == 172 and 16 <= second < 32) or (first == 169 and second == 254)


def is_local_v6(data: bytes) -> bool:
    """RFC 4193, and RFC 4291 2.5.2, 2.5.3 and 2.5.6 (unspecified, loopback, link-local)."""
    unique, link = data[0] & 0xFE == 0xFC, data[0] == 0xFE and data[1] & 0xC0 == 0x80
    return unique or link or (data[:15] == bytes(15) and data[15] < 2)


def _repeated(rrset: RRset, report: Report) -> None:
    folds = rrset.rtype in _WITH_NAMES
    seen: dict[bytes, Record] = {}
    for record in rrset.records:
        key = record.rdata.lower() if folds else record.rdata
        known = seen.setdefault(key, record)
        if known is record:
            continue
        where = f"(line {known.line})" if known.file == record.file else ""
        if known.rdata == record.rdata:
            report.add(
                "duplicate-record", record, f"{_what(rrset)} {data_text(record)} stands here again {where}".rstrip()
            )
        else:
            report.add(
                "case-clash", record, f"{_what(rrset)} {data_text(record)} differs in case only {where}".rstrip()
            )


def _too_large(rrset: RRset, report: Report) -> None:
    size, room = octets_in_answer(record.rdata for record in rrset.records), room_for(rrset.owner)
    if size > room:
        text = f"{_what(rrset)} takes {size} octets in an answer, and a DNS message has room for {room}"
        report.add("rrset-too-large", rrset.first, text)


def _what(rrset: RRset) -> str:
    return f"{shown(rrset.owner)} {kind(rrset.rtype)}"

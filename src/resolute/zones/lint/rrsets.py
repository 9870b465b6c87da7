"""Within one RRset: records that stand twice (RFC 2181 5), and TTLs that are unwise."""

import ipaddress

from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import CNAME, A, Record, data_text, kind, shown
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Zone

_WEEK = 604_800
_OF_SIGNERS = frozenset((48, 51, 59, 60))
"""Types whose TTLs are the signer's."""
_WITH_NAMES = frozenset((2, CNAME, 6, 12, 15, 17, 18, 21, 24, 26, 33, 35, 36, 39))
"""Types whose data has names that are compared without regard to case (RFC 4034 6.2)."""


def check(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """What can be said of every RRset."""
    if len(rrset.records) > 1:
        _repeated(rrset, report)
    if rrset.rtype in _OF_SIGNERS:
        return
    if rrset.first.ttl > _WEEK:
        report.add("ttl-long", rrset.first, f"the TTL of {_what(rrset)} is {rrset.first.ttl} seconds")
    elif rrset.first.ttl == 0:
        report.add("ttl-zero", rrset.first, f"the TTL of {_what(rrset)} is 0")


def check_addresses(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001
    """Addresses that only some networks can reach."""
    for record in rrset.records:
        make = ipaddress.IPv4Address if record.rtype == A else ipaddress.IPv6Address
        address = make(record.rdata)
        local = address.is_loopback or address.is_link_local or address.is_unspecified
        if local or (address.is_private and not _is_documentation(address)):
            report.add("private-address", record, f"{shown(record.owner)} has the private address {address}")


def _is_documentation(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """RFC 5737 and RFC 3849: addresses of examples."""
    nets = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "198.18.0.0/15")
    return any(address in ipaddress.ip_network(net) for net in nets if (":" in net) == (address.version == 6))


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


def _what(rrset: RRset) -> str:
    return f"{shown(rrset.owner)} {kind(rrset.rtype)}"

"""Where NS, MX, SRV, AFSDB and PTR lead: to a host that has an address, not to an alias or an address literal.

RFC 1035 3.3, RFC 2181 10.3, RFC 2782, RFC 5321 5.1, RFC 7505.
"""

import re
from typing import Final

from resolute.records.names import is_within, label_count
from resolute.records.types import AFSDB, CNAME, MX, NS, PTR, SRV
from resolute.zones.lint import hostnames
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, kind, labels, shown, target
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Where, Zone

_ROOT: Final = b"\0"
_WITHOUT_ADDRESS: Final = {
    NS: "ns-without-address",
    MX: "mx-without-address",
    SRV: "srv-without-address",
    AFSDB: "srv-without-address",
}
_OCTET = re.compile(rb"[0-9]{1,3}")
_WELL_KNOWN = frozenset((b"com", b"net", b"org", b"info", b"io", b"de", b"uk", b"eu", b"arpa", b"example", b"test"))


def check(rrset: RRset, zone: Zone, report: Report) -> None:
    """Each target of NS, MX, SRV and AFSDB records that are answered from here; those of delegations have glue."""
    if rrset.rtype == MX:
        _null_mx(rrset, report)
    for record in rrset.records:
        name = target(record)
        if name == _ROOT:
            if record.rtype == NS:
                report.add("target-is-root", record, f"{_of(record)} leads to the root")
            continue
        if _is_literal(record, name, zone, report):
            continue
        hostnames.check_target(record, name, zone, report)
        _check_host(record, name, zone, report)


def check_pointer(rrset: RRset, zone: Zone, report: Report) -> None:
    """PTR in reverse zones (RFC 1035 3.5)."""
    if not hostnames.is_reverse(zone.origin):
        return
    for record in rrset.records:
        name = target(record)
        if _is_literal(record, name, zone, report):
            continue
        if hostnames.is_reverse(name):
            report.add("ptr-in-reverse-zone", record, f"{_of(record)} leads to {shown(name)}")
        elif record.owner != zone.origin and name != _ROOT:
            hostnames.check_target(record, name, zone, report)


def _check_host(record: Record, name: bytes, zone: Zone, report: Report) -> None:
    look = zone.look(name)
    if look.where in {Where.OUTSIDE, Where.CUT}:
        return
    if look.where is Where.BELOW_DNAME:
        report.add(
            "target-below-dname", record, f"{_of(record)} leads to {shown(name)}, below the DNAME {shown(look.at)}"
        )
    elif look.has(CNAME):
        report.add("target-is-cname", record, f"{_of(record)} leads to {shown(name)}, which is a CNAME")
    elif not look.has_address:
        what = "does not exist" if look.where is Where.MISSING else "has no address"
        message = f"{_of(record)} leads to {shown(name)}, which {what}"
        report.add(_WITHOUT_ADDRESS[record.rtype], record, message, mend=missing_dot(name, zone))


def missing_dot(name: bytes, zone: Zone) -> str | None:
    """The remedy when a target looks like a whole name that the zone's name was added to."""
    relative = labels(name)[: label_count(name) - label_count(zone.origin)]
    if len(relative) > 1 and relative[-1] in _WELL_KNOWN:
        return f"Write a dot at the end: {b'.'.join(relative).decode('ascii', 'replace')}."
    return None


def is_address_literal(name: bytes, origin: bytes) -> bool:
    """Whether a name is an address by mistake, completed by the origin or not."""
    words = labels(name)
    if is_within(name, origin):
        words = words[: len(words) - label_count(origin)]
    if len(words) == 1 and words[0].count(b":") > 1:
        return True
    return len(words) == 4 and all(_OCTET.fullmatch(word) and int(word) < 256 for word in words)


def _is_literal(record: Record, name: bytes, zone: Zone, report: Report) -> bool:
    if not is_address_literal(name, zone.origin):
        return False
    report.add("target-is-address", record, f"{_of(record)} leads to {shown(name)}: an address is no name")
    return True


def _null_mx(rrset: RRset, report: Report) -> None:
    """RFC 7505 3: a null MX is alone and has preference 0."""
    for record in rrset.records:
        if target(record) == _ROOT and (len(rrset.records) > 1 or record.rdata[:2] != b"\0\0"):
            why = "is not alone" if len(rrset.records) > 1 else "has a preference other than 0"
            report.add("null-mx", record, f"the null MX of {shown(record.owner)} {why}")


def _of(record: Record) -> str:
    return f"{kind(record.rtype)} of {shown(record.owner)}"


TYPES: Final = (NS, MX, SRV, AFSDB)
POINTERS: Final = (PTR,)

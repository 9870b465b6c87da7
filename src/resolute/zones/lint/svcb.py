"""SVCB and HTTPS (RFC 9460): what parses and is doubtful all the same; what does not parse is refused as syntax."""

import ipaddress
import struct
from collections.abc import Iterator

from resolute.records.types import AAAA, A
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, kind, shown, target
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Where, Zone

_HINTS = {4: (A, 4), 6: (AAAA, 16)}


def check(rrset: RRset, zone: Zone, report: Report) -> None:
    """The SVCB or HTTPS records of a name."""
    _check_modes(rrset, report)
    for record in rrset.records:
        name = target(record)
        alias = record.rdata[:2] == b"\0\0"
        if name == b"\0":
            if alias:
                continue  # RFC 9460 2.5.1: the service does not exist
            name = record.owner
        look = zone.follow(name)
        if look.where in {Where.RECORDS, Where.EMPTY, Where.MISSING, Where.WILDCARD}:
            if not look.has_address and not (alias and look.has(rrset.rtype)):
                what = f"{kind(record.rtype)} of {shown(record.owner)} leads to {shown(name)}"
                report.add("svcb-target", record, f"{what}, which has no address")
            elif not alias:
                _check_hints(record, {found.rdata for found in look.records if found.rtype in {A, AAAA}}, report)


def _check_modes(rrset: RRset, report: Report) -> None:
    for record in rrset.records:
        if record.rdata[:2] != b"\0\0":
            continue
        if len(rrset.records) > 1:
            report.add("svcb-alias", record, f"the AliasMode record of {shown(record.owner)} is not alone")
        elif len(record.rdata) > 2 + len(target(record)):
            report.add("svcb-alias", record, f"the AliasMode record of {shown(record.owner)} has parameters")


def _check_hints(record: Record, addresses: set[bytes], report: Report) -> None:
    for rtype, hint in _hints(record):
        size = 4 if rtype == A else 16
        of_family = {address for address in addresses if len(address) == size}
        if of_family and hint not in of_family:
            text = f"{kind(record.rtype)} of {shown(record.owner)} hints at {ipaddress.ip_address(hint)}"
            report.add("svcb-hint", record, f"{text}, which is no address of its target")


def _hints(record: Record) -> Iterator[tuple[int, bytes]]:
    """(A or AAAA, address) of ipv4hint and ipv6hint (RFC 9460 7.3)."""
    at = 2 + len(target(record))
    while at + 4 <= len(record.rdata):
        key, length = struct.unpack_from("!2H", record.rdata, at)
        value = record.rdata[at + 4 : at + 4 + length]
        at += 4 + length
        if key in _HINTS:
            rtype, size = _HINTS[key]
            for start in range(0, len(value), size):
                yield rtype, value[start : start + size]

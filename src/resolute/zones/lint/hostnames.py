"""Names of hosts (RFC 952, RFC 1123 2.1) and services (RFC 2782, RFC 6698 3), and names that lack a dot at the end."""

import re
from typing import Final

from resolute.records.names import is_within, label_count
from resolute.records.types import MX, NS, PTR
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, kind, labels, shown
from resolute.zones.lint.walk import Node, RRset
from resolute.zones.lint.zone import Zone

_LABEL = re.compile(rb"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SERVICE = re.compile(rb"_[a-z0-9_-]+|\*")
_PORT = re.compile(rb"(?:_[0-9]{1,5}|\*)")
_REVERSE: Final = (b"\x07in-addr\x04arpa\0", b"\x03ip6\x04arpa\0")
_DIRECTORY: Final = frozenset((b"_msdcs", b"_spf", b"_spf_verify", b"_spf_rate"))
"""Labels below which addresses have a use of their own: Active Directory, and SPF's `exists` (RFC 7208 5.7, D.1)."""


def check_owner(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """The owner of A, AAAA and MX records."""
    name = labels(rrset.owner)
    if name and name[0] == b"*":
        name = name[1:]
    if is_host(name) or _DIRECTORY.intersection(name):
        return
    report.add("bad-host-name", rrset.first, f"{shown(rrset.owner)} has {kind(rrset.rtype)} and is no host name")


def check_service(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001
    """The owner of SRV and TLSA records."""
    name = labels(rrset.owner)
    first = _PORT if rrset.rtype == 52 else _SERVICE
    wild = bool(name) and name[0] == b"*"
    good = len(name) > 1 and first.fullmatch(name[0]) and (wild or name[1][:1] == b"_")
    if not good:
        report.add("service-owner", rrset.first, f"{shown(rrset.owner)} has {kind(rrset.rtype)} and names no service")


def check_target(record: Record, name: bytes, zone: Zone, report: Report) -> None:
    """The name that an NS, MX, SRV or PTR leads to."""
    if is_doubled(name, zone.origin):
        report.add("doubled-origin", record, f"{kind(record.rtype)} of {shown(record.owner)} leads to {shown(name)}")
    elif not is_host(labels(name)) and record.rtype in {NS, MX, PTR, 33}:
        message = f"{kind(record.rtype)} of {shown(record.owner)} leads to {shown(name)}, which is no host name"
        report.add("bad-target-name", record, message)


def check_node(node: Node, zone: Zone, report: Report) -> None:
    """An owner that ends with the zone's name twice."""
    if is_doubled(node.owner, zone.origin):
        report.add("doubled-origin", node.records[0], f"{shown(node.owner)} ends with the zone's name twice")


def is_host(name: list[bytes]) -> bool:
    """Whether labels in lower case are those of a host name."""
    return all(map(_LABEL.fullmatch, name))


def is_reverse(name: bytes) -> bool:
    """Whether a name is in the reverse trees."""
    return any(is_within(name, tree) for tree in _REVERSE)


def is_doubled(name: bytes, origin: bytes) -> bool:
    """`www.example.org.example.org.` in the zone `example.org.`; a zone of one label says too little."""
    return label_count(origin) > 1 and is_within(name, origin[:-1] + origin)

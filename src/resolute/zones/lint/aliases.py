"""CNAME and DNAME: where they lead (RFC 1034 3.6.2, RFC 6672)."""

from dataclasses import dataclass

from resolute.records.names import is_within
from resolute.records.types import CNAME
from resolute.zones.lint import hostnames, targets
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, shown
from resolute.zones.lint.walk import RRset
from resolute.zones.lint.zone import Look, Where, Zone

_MOST_STEPS = 16


def check_cname(rrset: RRset, zone: Zone, report: Report) -> None:
    """Loops, chains, and names that are not there."""
    record = rrset.first
    name = record.rdata.lower()
    if name == b"\0":
        report.add("target-is-root", record, f"CNAME of {shown(record.owner)} leads to the root")
    elif targets.is_address_literal(name, zone.origin) and zone.look(name).where in {Where.MISSING, Where.OUTSIDE}:
        report.add("target-is-address", record, f"CNAME of {shown(record.owner)} leads to {shown(name)}: use A or AAAA")
    elif hostnames.is_doubled(name, zone.origin):
        report.add("doubled-origin", record, f"CNAME of {shown(record.owner)} leads to {shown(name)}")
    else:
        _follow(record, zone, report)


def check_dname(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """A DNAME that leads into itself never ends."""
    record = rrset.first
    if is_within(record.rdata.lower(), record.owner):
        report.add("dname-loop", record, f"DNAME of {shown(record.owner)} leads to {shown(record.rdata)}")


@dataclass(frozen=True, slots=True)
class _End:
    """The last name of a chain, and how many CNAMEs were between."""

    name: bytes
    look: Look
    steps: int


def _follow(record: Record, zone: Zone, report: Report) -> None:
    seen = {record.owner}
    name = record.rdata.lower()
    for step in range(_MOST_STEPS):
        if name in seen:
            report.add("cname-loop", record, f"CNAME of {shown(record.owner)} leads back to {shown(name)}")
            return
        seen.add(name)
        look = zone.look(name)
        alias = next((found for found in look.records if found.rtype == CNAME), None)
        if alias is None or look.where not in {Where.RECORDS, Where.WILDCARD}:
            _judge_end(record, zone, _End(name, look, step), report)
            return
        name = alias.rdata.lower()
    report.add("cname-loop", record, f"CNAME of {shown(record.owner)} leads through more than {_MOST_STEPS} others")


def _judge_end(record: Record, zone: Zone, end: _End, report: Report) -> None:
    """What stands at the end of a chain."""
    if end.look.where is Where.MISSING and end.steps == 0:
        message = f"CNAME of {shown(record.owner)} leads to {shown(end.name)}, which does not exist"
        report.add("cname-dangling", record, message, mend=targets.missing_dot(end.name, zone))
    elif end.steps:
        report.add("cname-chain", record, f"CNAME of {shown(record.owner)} leads to another CNAME")

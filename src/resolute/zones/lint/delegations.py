"""Zone cuts: glue (RFC 1034 4.2.1, RFC 9471), what is hidden below them, DS, and wildcards where nothing is delegated.

cut  NS ──► target in the delegated zone     glue is a must
     │  └─► target below another cut         glue is wise
     │  └─► target in this zone              has an address, as every NS
     └── everything but NS, DS and NSEC here, and everything but glue below: occluded
"""

from typing import Final

from resolute.records.names import is_within
from resolute.records.types import CNAME, DNAME, DS, NS, NSEC, RRSIG
from resolute.zones.lint import targets
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import ADDRESSES, Record, kind, labels, shown, target
from resolute.zones.lint.walk import Node, RRset
from resolute.zones.lint.zone import Where, Zone

_AT_CUT: Final = frozenset((NS, DS, RRSIG, NSEC))
_MOST_REMEMBERED: Final = 1_000_000


class Delegations:
    """The cuts of one zone; glue that no delegation leads to is known when all have been seen."""

    def __init__(self, zone: Zone, report: Report) -> None:
        self._zone = zone
        self._report = report
        self._siblings: set[bytes] = set()
        self._unclaimed: list[Record] = []
        self._own: frozenset[bytes] = frozenset()

    def node(self, node: Node) -> None:
        """Takes the next name."""
        if node.is_cut:
            self._cut(node)
        elif node.is_occluded:
            self._below(node)

    def end(self) -> None:
        """After the last name."""
        for record in self._unclaimed:
            if record.owner not in self._siblings:
                message = f"no delegation leads to {shown(record.owner)}, which is below a zone cut"
                self._report.add("unused-glue", record, message)

    def _cut(self, node: Node) -> None:
        self._own = frozenset(target(record) for record in node.of(NS))
        for record in node.of(NS):
            self._check_server(record, node.owner)
        glue = node.owner in self._own
        for record in node.records:
            if record.rtype not in _AT_CUT and not (glue and record.rtype in ADDRESSES):
                self._occluded(record, "stands at the zone cut")

    def _check_server(self, record: Record, cut: bytes) -> None:
        name, report = target(record), self._report
        look = self._zone.look(name)
        if look.where is not Where.CUT or targets.is_address_literal(name, self._zone.origin):
            return  # judged as every NS is
        if look.has(CNAME) and not look.has_address:
            report.add("target-is-cname", record, f"NS of {shown(cut)} leads to {shown(name)}, which is a CNAME")
        elif look.at == cut and not look.has_address:
            message = f"{shown(cut)} is delegated to {shown(name)}, which is in it, without an address"
            report.add("missing-glue", record, message)
        elif look.at != cut:
            if len(self._siblings) < _MOST_REMEMBERED:
                self._siblings.add(name)
            if not look.has_address:
                message = f"{shown(cut)} is delegated to {shown(name)} in {shown(look.at)}, without an address"
                report.add("missing-sibling-glue", record, message)

    def _below(self, node: Node) -> None:
        if node.dname is not None:
            message = f"{shown(node.owner)} is below the DNAME {shown(node.dname)}"
            self._report.add("below-dname", node.records[0], message)
            return
        for record in node.records:
            if record.rtype not in ADDRESSES:
                self._occluded(record, f"is below the zone cut {shown(node.cut or b'')}")
            elif node.owner not in self._own and len(self._unclaimed) < _MOST_REMEMBERED:
                self._unclaimed.append(record)

    def _occluded(self, record: Record, where: str) -> None:
        self._report.add("occluded-data", record, f"{shown(record.owner)} {kind(record.rtype)} {where}")


def check_ds(rrset: RRset, zone: Zone, report: Report) -> None:  # noqa: ARG001 - all checks are called alike
    """RFC 4035 2.4: DS stands at a zone cut, on the parent's side."""
    if rrset.node.is_apex:
        report.add("ds-at-apex", rrset.first, f"DS at the apex {shown(rrset.owner)}")
    elif NS not in rrset.node.types:
        report.add("ds-without-cut", rrset.first, f"{shown(rrset.owner)} has a DS and no NS")


def check_wildcard(node: Node, zone: Zone, report: Report) -> None:
    """RFC 4592 2.1.1, 4.2, 4.4, 4.6."""
    if b"\x01*" not in node.owner:
        return
    name = labels(node.owner)
    inner = len(name) - len(labels(zone.origin))
    if b"*" in name[1:inner]:
        report.add("inner-wildcard", node.records[0], f"{shown(node.owner)} has a label * that is not its first")
    if name[0] != b"*" or node.is_apex:
        return
    for rtype, code in ((NS, "wildcard-ns"), (DNAME, "wildcard-dname"), (DS, "wildcard-ds")):
        for record in node.of(rtype)[:1]:
            report.add(code, record, f"{shown(node.owner)} has {kind(rtype)}")


def check_single(rrset: RRset, zone: Zone, report: Report) -> None:
    """RFC 1034 4.1, RFC 2182 5: two servers at the apex, in two places."""
    if not rrset.node.is_apex:
        return
    servers = {target(record) for record in rrset.records}
    if len(servers) < 2:
        report.add("single-ns", rrset.first, f"{shown(rrset.owner)} has one name server only")
        return
    if all(is_within(server, zone.origin) for server in servers):
        looks = [zone.look(server) for server in servers]
        found = {record.rdata for look in looks for record in look.records if record.rtype in ADDRESSES}
        if len(found) == 1:
            report.add("same-address-ns", rrset.first, f"the name servers of {shown(rrset.owner)} have one address")

"""The checks of a signed zone, name by name.

apex ─► Keys ─┬─► Signatures: each authoritative RRset has a signature that verifies now
              └─► NsecChain or Nsec3Chain: each name is in the chain, with its types
"""

from resolute.records.types import DNSKEY, NSEC, NSEC3, NSEC3PARAM, RRSIG
from resolute.zones.lint.dnssec import ds
from resolute.zones.lint.dnssec.keys import Keys
from resolute.zones.lint.dnssec.nsec import NsecChain
from resolute.zones.lint.dnssec.nsec3 import Nsec3Chain
from resolute.zones.lint.dnssec.signatures import Clock, Signatures
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import shown
from resolute.zones.lint.walk import Node
from resolute.zones.lint.zone import Zone


class SignedZone:
    """Takes the names of a zone in canonical order; of an unsigned zone it says nothing."""

    def __init__(self, zone: Zone, clock: Clock, report: Report) -> None:
        self._types = {record.rtype for record in zone.apex}
        ds.check_published(zone, report)
        self._checks: list[Signatures | NsecChain | Nsec3Chain] = []
        if DNSKEY in self._types:
            keys = Keys(zone, report)
            self._checks.append(Signatures(zone, keys, clock, report))
            self._choose_chain(zone, report)
        elif signature := next((record for record in zone.apex if record.rtype == RRSIG), None):
            report.add("rrsig-without-dnskey", signature, f"{shown(zone.origin)} has signatures and no DNSKEY")

    def node(self, node: Node) -> None:
        """Takes the next name."""
        for check in self._checks:
            check.node(node)

    def end(self) -> None:
        """After the last name."""
        for check in self._checks:
            check.end()

    def _choose_chain(self, zone: Zone, report: Report) -> None:
        if NSEC in self._types:
            self._checks.append(NsecChain(zone, report))
        elif NSEC3PARAM in self._types or _has_nsec3(zone):
            self._checks.append(Nsec3Chain(zone, report))
        else:
            report.add("nsec-none", zone.soa, f"{shown(zone.origin)} is signed and has no NSEC and no NSEC3")


def _has_nsec3(zone: Zone) -> bool:
    return any(record.rtype == NSEC3 for record in zone)

"""The NSEC chain (RFC 4034 4, RFC 4035 2.3): each name with authoritative data or a cut leads to the next one."""

from collections.abc import Iterable
from typing import Final

from resolute.dnssec import bitmap
from resolute.records.types import DS, NS, NSEC, NSEC3, RRSIG
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, first_name, kind, shown
from resolute.zones.lint.soa import Soa
from resolute.zones.lint.walk import Node
from resolute.zones.lint.zone import Zone

AT_CUT: Final = frozenset((NS, DS, NSEC, RRSIG))


class NsecChain:
    """Takes the names of a zone, and follows the chain."""

    def __init__(self, zone: Zone, report: Report) -> None:
        self._zone = zone
        self._report = report
        self._ttl = negative_ttl(zone)
        self._before: Record | None = None

    def node(self, node: Node) -> None:
        """Takes the next name."""
        if NSEC3 in node.types and not node.is_occluded:
            at = node.of(NSEC3)[0]
            self._report.add("nsec-mixed", at, f"{shown(self._zone.origin)} has NSEC, and NSEC3 at {shown(node.owner)}")
            return
        if node.is_occluded:
            return
        found = node.of(NSEC)
        if not found:
            self._report.add("nsec-missing", node.records[0], f"{shown(node.owner)} has no NSEC")
            return
        if len(found) > 1:
            self._report.add("nsec-orphan", found[1], f"{shown(node.owner)} has {len(found)} NSEC")
        if node.types <= {NSEC, RRSIG}:
            self._report.add("nsec-orphan", found[0], f"{shown(node.owner)} has an NSEC and no data")
        self._check(node, found[0])

    def end(self) -> None:
        """After the last name: the last one leads to the apex."""
        if self._before is not None:
            self._check_next(self._zone.origin)

    def _check(self, node: Node, nsec: Record) -> None:
        if self._before is not None:
            self._check_next(node.owner)
        self._before = nsec
        following = first_name(nsec.rdata, 0)
        wanted = (node.types & AT_CUT if node.is_cut else node.types) | {NSEC, RRSIG}
        differ = bitmap.read(nsec.rdata[len(following) :]) ^ wanted
        if differ:
            self._report.add("nsec-types", nsec, f"the NSEC of {shown(node.owner)} is wrong about {type_list(differ)}")
        if self._ttl is not None and nsec.ttl != self._ttl:
            self._report.add("nsec-ttl", nsec, f"the NSEC of {shown(node.owner)} has TTL {nsec.ttl}, not {self._ttl}")

    def _check_next(self, owner: bytes) -> None:
        if self._before is not None and (leads := first_name(self._before.rdata, 0)) != owner:
            message = (
                f"the NSEC of {shown(self._before.owner)} leads to {shown(leads)}, the next name is {shown(owner)}"
            )
            self._report.add("nsec-chain", self._before, message)


def negative_ttl(zone: Zone) -> int | None:
    """RFC 9077 3: the TTL of NSEC and NSEC3 is the lesser of the SOA's TTL and its MINIMUM."""
    return min(zone.soa.ttl, Soa.of(zone.soa).minimum) if zone.soa else None


def type_list(types: Iterable[int]) -> str:
    """Types for a message."""
    return ", ".join(kind(rtype) for rtype in sorted(types))

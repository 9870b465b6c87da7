"""The NSEC3 chain (RFC 5155 7.1, RFC 9276): each name, empty non-terminals too, has the NSEC3 that its hash names.

names of the zone ─► hash ─► NSEC3 there? types right?        (a name at a time, nothing is kept)
NSEC3 in canonical order = order of the hashes ─► each leads to the next, the last to the first
"""

import struct
from typing import Final, NamedTuple

from resolute.dnssec import bitmap
from resolute.dnssec.nsec3 import OPT_OUT, SHA1, Fields, Parameters, hashed, owner_digest, owner_name
from resolute.records.names import parent
from resolute.records.types import DS, NSEC, NSEC3, NSEC3PARAM, RRSIG
from resolute.zones.lint.dnssec.nsec import AT_CUT, negative_ttl, type_list
from resolute.zones.lint.finding import Report
from resolute.zones.lint.records import Record, above, shown
from resolute.zones.lint.walk import Node
from resolute.zones.lint.zone import Zone

_MOST_ITERATIONS: Final = 500
"""With more, names are not hashed: no validator would do it either (RFC 9276 3.2)."""
_MOST_LOOKED_BACK: Final = 64


class Nsec3(NamedTuple):
    """An NSEC3 of the zone, and its fields."""

    record: Record
    fields: Fields

    @classmethod
    def of(cls, record: Record) -> "Nsec3":
        """From the record."""
        return cls(record, Fields.of(record.rdata))


class Nsec3Chain:
    """Takes the names of a zone, and follows the chain."""

    def __init__(self, zone: Zone, report: Report) -> None:
        self._zone = zone
        self._report = report
        self._ttl = negative_ttl(zone)
        self._parameters = self._read_parameters()
        self._first: bytes | None = None
        self._before: Nsec3 | None = None
        self._owners = self._matched = 0
        self._path: dict[bytes, bool] = {}

    def node(self, node: Node) -> None:
        """Takes the next name."""
        if node.is_occluded:
            return
        if NSEC in node.types:
            at = node.of(NSEC)[0]
            self._report.add("nsec-mixed", at, f"{shown(self._zone.origin)} has NSEC3, and NSEC at {shown(node.owner)}")
        if NSEC3 in node.types and parent(node.owner) == self._zone.origin:
            self._take(node)
        elif self._parameters is not None:
            self._require(node)

    def end(self) -> None:
        """After the last name: the chain closes, and nothing is left over."""
        if self._before is not None and self._before.fields.following != self._first:
            message = f"the last NSEC3, {shown(self._before.record.owner)}, does not lead to the first"
            self._report.add("nsec3-chain", self._before.record, message)
        if self._parameters is not None and (extra := self._owners - self._matched) > 0:
            self._report.add("nsec3-orphan", self._zone.soa, f"{extra} NSEC3 are of no name in the zone")

    def _read_parameters(self) -> Parameters | None:
        """RFC 5155 4: NSEC3PARAM says how names are hashed. None when they cannot or should not be."""
        found = [record for record in self._zone.apex if record.rtype == NSEC3PARAM]
        if not found:
            self._report.add("nsec3param-missing", self._zone.soa, f"{shown(self._zone.origin)} has no NSEC3PARAM")
            return None
        algorithm, flags, iterations, _ = struct.unpack_from("!BBHB", found[0].rdata)
        salt = found[0].rdata[5:]
        if len(found) > 1 or flags or algorithm != SHA1:
            why = "more than one" if len(found) > 1 else f"hash {algorithm} and flags {flags}"
            self._report.add("nsec3param-bad", found[-1], f"NSEC3PARAM of {shown(self._zone.origin)}: {why}")
        if iterations:
            self._report.add("nsec3-iterations", found[0], f"names are hashed {iterations} times more")
        if salt:
            self._report.add("nsec3-salt", found[0], f"names are hashed with the salt {salt.hex()}")
        return Parameters(algorithm, iterations, salt) if algorithm == SHA1 and iterations <= _MOST_ITERATIONS else None

    def _take(self, node: Node) -> None:
        """An NSEC3 of the chain."""
        record = node.of(NSEC3)[0]
        nsec3, digest = Nsec3.of(record), owner_digest(record.owner)
        self._owners += 1
        if self._parameters is not None and nsec3.fields.parameters != self._parameters:
            message = f"{shown(record.owner)} has other parameters than NSEC3PARAM"
            self._report.add("nsec3-parameters", record, message)
        if self._before is not None and self._before.fields.following != digest:
            message = f"{shown(self._before.record.owner)} does not lead to the next NSEC3, {shown(record.owner)}"
            self._report.add("nsec3-chain", self._before.record, message)
        if self._ttl is not None and record.ttl != self._ttl:
            self._report.add(
                "nsec-ttl", record, f"the NSEC3 {shown(record.owner)} has TTL {record.ttl}, not {self._ttl}"
            )
        if self._first is None:
            self._first = digest
        self._before = nsec3

    def _require(self, node: Node) -> None:
        """A name and the empty non-terminals above it have NSEC3; insecure cuts may be opted out (RFC 5155 6)."""
        insecure = node.is_cut and DS not in node.types
        path: dict[bytes, bool] = {}
        for name in above(node.owner, self._zone.origin)[:-1]:
            known = self._path.get(name)
            path[name] = known if known or (known is False and insecure) else self._find(name, None, insecure=insecure)
        types = node.types
        if node.is_cut:
            types = (types & AT_CUT - {RRSIG}) | (set() if insecure else {RRSIG})
        path[node.owner] = self._find(node.owner, node, insecure=insecure, types=frozenset(types))
        self._path = path

    def _find(self, name: bytes, node: Node | None, *, insecure: bool, types: frozenset[int] = frozenset()) -> bool:
        """Whether the name has its NSEC3; when it has none and should, that is reported."""
        owner = self._hashed(name)
        record = next((found for found in self._zone.records(owner) if found.rtype == NSEC3), None)
        if record is None:
            if not (insecure and self._is_opted_out(owner)):
                at = node.records[0] if node else self._zone.soa
                self._report.add("nsec3-missing", at, f"{shown(name)} has no NSEC3 ({shown(owner)})")
            return False
        self._matched += 1
        wanted = types | {RRSIG} if node and not node.is_cut else types
        if differ := bitmap.read(Nsec3.of(record).fields.bitmap) ^ wanted:
            self._report.add("nsec3-types", record, f"the NSEC3 of {shown(name)} is wrong about {type_list(differ)}")
        return True

    def _is_opted_out(self, owner: bytes) -> bool:
        """Whether the NSEC3 that covers a hash has the opt-out flag."""
        for steps, record in enumerate(self._zone.before(owner)):
            if record.rtype == NSEC3:
                return bool(Nsec3.of(record).fields.flags & OPT_OUT)
            if steps > _MOST_LOOKED_BACK:
                break
        return True

    def _hashed(self, name: bytes) -> bytes:
        """RFC 5155 5."""
        return owner_name(hashed(name, self._parameters or Parameters(SHA1, 0, b"")), self._zone.origin)

"""The smallest zones that show a difference: whole zones go first, then records, as long as the difference stays."""

from collections.abc import Callable, Sequence

from bench.peers import PeerFailedError
from tests.interop.differential.judging import Finding
from tests.interop.differential.names import Name, from_wire, is_at_or_below, lower
from tests.interop.differential.rounds import judged
from tests.interop.differential.world import Kind, World
from tests.interop.differential.zones import Record, Zone

TRIALS = 40
"""Starts of all servers that one difference is worth."""
Piece = tuple[Name, Record]


def shrunk(finding: Finding, kind: Kind) -> Finding:
    """The finding with fewer zones and records; as it is when it does not show itself again."""
    trial = _Trial(finding, kind)
    pieces = [piece for piece in _pieces(finding.world) if _concerns(finding, piece)]
    if not trial.shows(pieces):
        return finding
    for groups in (_by_zone, _one_by_one):
        pieces = _without_needless(pieces, groups, trial.shows)
    return trial.best


class _Trial:
    """Asks the question again, of servers with fewer records."""

    def __init__(self, finding: Finding, kind: Kind) -> None:
        self.best = finding
        self._kind = kind
        self._left = TRIALS

    def shows(self, pieces: Sequence[Piece]) -> bool:
        """Whether these records are enough for the same difference."""
        if not self._left:
            return False
        self._left -= 1
        world = _assembled(self.best.world, pieces)
        try:
            tally = judged(world, [self.best.question], self._kind)
        except PeerFailedError:
            return False
        again = next((found for found in tally.findings if found.kind == self.best.kind), None)
        self.best = again or self.best
        return again is not None


def _without_needless(
    pieces: list[Piece], groups: Callable[[list[Piece]], list[list[Piece]]], shows: Callable[[list[Piece]], bool]
) -> list[Piece]:
    """Leaves out halves, quarters and so on of the groups, as long as the difference stays."""
    size = max(1, len(groups(pieces)) // 2)
    while True:
        at = 0
        while at < len(parts := groups(pieces)):
            fewer = [piece for part in parts[:at] + parts[at + size :] for piece in part]
            if fewer and shows(fewer):
                pieces = fewer
            else:
                at += size
        if size == 1:
            return pieces
        size //= 2


def _by_zone(pieces: list[Piece]) -> list[list[Piece]]:
    return [
        [piece for piece in pieces if piece[0] == origin] for origin in dict.fromkeys(origin for origin, _ in pieces)
    ]


def _one_by_one(pieces: list[Piece]) -> list[list[Piece]]:
    return [[piece] for piece in pieces]


def _pieces(world: World) -> list[Piece]:
    return [(zone.origin, record) for zone in world.zones for record in zone.records]


def _concerns(finding: Finding, piece: Piece) -> bool:
    """Whether the zone is above or below a name of the question or of anybody's answer."""
    said = (record for reply in finding.said.values() for record in reply.answer | reply.authority)
    names = {lower(finding.question.qname), *(from_wire(record.owner) for record in said)}
    return any(
        is_at_or_below(name, piece[0]) or is_at_or_below(piece[0], name) for name in names if name or not piece[0]
    )


def _assembled(world: World, pieces: Sequence[Piece]) -> World:
    """The zones of these records, each with the records at its apex that a zone cannot do without."""
    kept = set(pieces)
    zones = []
    for zone in world.zones:
        if any(origin == zone.origin for origin, _ in pieces):
            needed = [record for record in zone.records if _is_needed(zone, record) or (zone.origin, record) in kept]
            zones.append(zone.keeping(needed))
    return World(zones)


def _is_needed(zone: Zone, record: Record) -> bool:
    own_server = (b"ns0", *zone.origin)
    return (record.owner == zone.origin and record.rtype in ("SOA", "NS")) or (
        record.owner == own_server and record.rtype == "A"
    )

"""Zone cuts: who is responsible for what, as its parent says (RFC 1034 4.2.1), and for how long.

A delegation is learnt from the parent's servers alone, and holds no longer than what the parent gave it and than the
parent's own does: a zone that was taken away cannot keep itself alive by what its own servers say (ghost domains,
Phoenix).
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from resolute.records import names
from resolute.records.rrset import RRset

ROOT: Final = b"\0"
CAPACITY: Final = 10_000
LONGEST_S: Final = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A zone's delegation. `glue`: addresses of those of its servers that the parent's reply had; `proof`: what the
    parent said of its security, DS or the proof that there is none, with signatures."""

    zone: bytes
    servers: tuple[bytes, ...]
    glue: dict[bytes, tuple[str, ...]]
    expires: float
    proof: tuple[RRset, ...] = ()
    addresses: tuple[str, ...] = field(init=False)
    """Those of the glue, each once (servers with the same addresses are asked once)."""

    def __post_init__(self) -> None:
        found = dict.fromkeys(address for server in self.servers for address in self.glue.get(server, ()))
        object.__setattr__(self, "addresses", tuple(found))


class Cuts:
    """Cuts by zone, bounded: the longest unused is forgotten. Fed monotonic time in seconds."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._cuts: OrderedDict[bytes, Cut] = OrderedDict()

    def __len__(self) -> int:
        return len(self._cuts)

    def __iter__(self) -> Iterator[Cut]:
        return iter(list(self._cuts.values()))

    def closest(self, name: bytes, now: float) -> Cut | None:
        """The deepest cut that is at or above a name and holds; None when not even the root's does."""
        while True:
            cut = self._cuts.get(name)
            if cut is not None:
                if cut.expires > now:
                    self._cuts.move_to_end(name)
                    return cut
                del self._cuts[name]
            if name == ROOT:
                return None
            name = names.parent(name)

    def put(self, cut: Cut) -> None:
        """Learns a delegation."""
        self._cuts[cut.zone] = cut
        self._cuts.move_to_end(cut.zone)
        if len(self._cuts) > self._capacity:
            self._cuts.popitem(last=False)

    def flush(self, name: bytes | None, *, subtree: bool) -> int:
        """Forgets the cut of a name, those at and below it, or all; how many there were."""
        gone = [
            zone for zone in self._cuts if name is None or zone == name or (subtree and names.is_within(zone, name))
        ]
        for zone in gone:
            del self._cuts[zone]
        return len(gone)


def holds_until(ttl: int, parent: Cut, now: float) -> float:
    """Until when a delegation with this TTL, learnt from the servers of `parent`, holds."""
    return min(now + min(ttl, LONGEST_S), parent.expires)

"""How many questions may wait for the servers of one zone at a time (water torture: random names of a zone whose
servers are dead or slow). It rises with each success and falls with each failure, between bounds.
"""

from typing import Final

LEAST: Final = 200
LEAST_OF_MANY: Final = 2_000
"""For the root and for TLDs, below which everybody's names are."""
MOST: Final = 4_000


class Load:
    """Questions in flight by zone. Zones with none take no room."""

    def __init__(self, least: int = LEAST) -> None:
        self._least = least
        self._zones: dict[bytes, list[int]] = {}
        """In flight, and allowed."""

    def __len__(self) -> int:
        return len(self._zones)

    def begin(self, zone: bytes) -> bool:
        """Whether one more question may be asked now; then it is counted until `end`."""
        state = self._zones.get(zone)
        if state is None:
            self._zones[zone] = [1, self._least_of(zone)]
            return True
        if state[0] >= state[1]:
            return False
        state[0] += 1
        return True

    def _least_of(self, zone: bytes) -> int:
        return LEAST_OF_MANY if zone[zone[0] + 1 :] in (b"", b"\0") else self._least

    def end(self, zone: bytes, *, good: bool) -> None:
        """A question has ended; `good` with something that can be used."""
        state = self._zones.get(zone)
        if state is None:
            return
        state[0] -= 1
        state[1] = min(state[1] + 1, MOST) if good else max(self._least_of(zone), state[1] // 2)
        if state[0] <= 0:
            del self._zones[zone]

"""The records of a text as the native scanner reads them: the authority for what each place means."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from resolute import plane
from resolute.records.foreign import convert_all

Scan = Callable[[bytes], "plane.ZoneScan"]
Content = tuple[bytes, int, int, bytes]
_CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class Record:
    """A record and where it stands."""

    owner: bytes
    rtype: int
    ttl: int
    rdata: bytes
    file: int
    line: int
    column: int


class Listed:
    """The records of one scan."""

    def __init__(self, scan: "plane.ZoneScan", origin: bytes, *, file: str) -> None:
        convert_all(scan)
        self.origin = origin
        self.files = (file, *scan.files[1:])
        self._listing = scan.listing()

    def rrset(self, owner: bytes, rtype: int) -> list[Record]:
        """The records of an RRset, by their places."""
        return [record for record in self._find(owner) if record.rtype == rtype]

    def own(self, owner: bytes, *, subtree: bool = False) -> list[Record]:
        """The records of a name (or of all at and below it) that stand in the file itself, not in one it includes."""
        return [record for record in self._find(owner, subtree=subtree) if record.file == 0]

    def others(self, touched: AbstractSet[tuple[bytes, int]]) -> Iterator[Content]:
        """All records but those of some RRsets, by name and type, and then in the order of the text."""
        for at in range(0, len(self._listing), _CHUNK):
            for owner, rtype, ttl, data, *_ in self._listing.records(at, at + _CHUNK):
                if (owner, rtype) not in touched:
                    yield owner, rtype, ttl, data

    def _find(self, owner: bytes, *, subtree: bool = False) -> Iterator[Record]:
        start, stop = self._listing.find(owner, subtree=subtree)
        for at in range(start, stop, _CHUNK):
            yield from (Record(*record) for record in self._listing.records(at, min(stop, at + _CHUNK)))

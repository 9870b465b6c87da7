"""What stands in a zone file, RRset by RRset in canonical order: to be looked at, never on the way of a query."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from resolute import plane
from resolute.errors import UnavailableError
from resolute.records.foreign import convert_all
from resolute.store.order import sort_key
from resolute.store.zones import PAGE, RRsetRow
from resolute.zones.rows import rows_of


def apex_types(text: bytes, origin: bytes) -> frozenset[int]:
    """The types that zone text has at the apex. Records that do not parse are not there."""
    scan = plane.scan_zone_text(text, origin, file="zone text")
    listing = scan.listing()
    return frozenset(rtype for _, rtype, *_ in listing.records(*listing.find(origin)))


class FileContents:
    """A zone file, read once. Records that do not parse are not there: `check` says what is wrong with them."""

    def __init__(self, path: Path, origin: bytes) -> None:
        """Raises UnavailableError when the file cannot be read."""
        try:
            self._scan = plane.scan_zone_file(str(path), origin)
        except OSError as error:
            raise UnavailableError(f"{path}: {error.strerror or error}") from error
        convert_all(self._scan)
        self._listing = self._scan.listing()

    def everything(self) -> Iterator[RRsetRow]:
        """All RRsets."""
        return rows_of(self._records(0, len(self._listing)))

    def at(self, owner: bytes) -> list[RRsetRow]:
        """The RRsets of a name."""
        return list(rows_of(self._records(*self._listing.find(owner))))

    def after(self, last: tuple[bytes, int] | None, *, limit: int, below: bytes | None = None) -> list[RRsetRow]:
        """RRsets after one of them (owner, type); `below`: those at and below a name alone."""
        start, stop = (0, len(self._listing)) if below is None else self._listing.find(below, subtree=True)
        if last is not None:
            start = max(start, self._listing.find(last[0])[0])
        rows = rows_of(self._records(start, stop))
        if last is not None:
            key = sort_key(last[0]), last[1]
            rows = (row for row in rows if (row.sort_key, row.rtype) > key)
        return list(islice(rows, limit))

    def _records(self, start: int, stop: int) -> Iterator[tuple[bytes, int, int, bytes]]:
        for at in range(start, stop, PAGE):
            for owner, rtype, ttl, data, *_ in self._listing.records(at, min(at + PAGE, stop)):
                yield owner, rtype, ttl, data

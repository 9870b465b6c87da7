"""Search in the zones of files: file after file in the order of their names, so many RRsets at a time.

A file is read for each page that looks into it; who asks goes on where the last page has ended.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolute.admin.filezones import FileZone
from resolute.errors import UnavailableError
from resolute.records import names
from resolute.store.zones import RRsetRow
from resolute.zones.contents import FileContents

AT_MOST: Final = 50_000
"""RRsets that are looked at for one page."""
A_FILE: Final = 20
"""As many of them as it takes to open a file."""
_AT_ONCE: Final = 1_000

Fits = Callable[[str, RRsetRow], bool]
"""Whether an RRset of a zone is looked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Behind this RRset of a zone; without an owner before its first one."""

    zone: str
    owner: bytes = b""
    rtype: int = 0


@dataclass(frozen=True, slots=True)
class Searched:
    """RRsets with the names of their zones, and where to go on; None: that is all."""

    hits: Sequence[tuple[str, RRsetRow]]
    following: Place | None


def search(files: Sequence[FileZone], fits: Fits, start: Place | None, limit: int) -> Searched:
    """At most `limit` RRsets that fit, of zones in the order of their names. A file that cannot be read has none."""
    hits: list[tuple[str, RRsetRow]] = []
    left = AT_MOST
    for zone in files:
        if start is not None and zone.name < start.zone:
            continue
        place = start if start is not None and start.zone == zone.name else Place(zone.name)
        if left <= 0:
            return Searched(hits, place)
        left -= A_FILE
        for rows in _pages(zone, place):
            for row in rows:
                if fits(zone.name, row):
                    hits.append((zone.name, row))
                    if len(hits) == limit:
                        return Searched(hits, _behind(zone, row))
            left -= len(rows)
            if left <= 0:
                return Searched(hits, _behind(zone, rows[-1]))
    return Searched(hits, None)


def _pages(zone: FileZone, place: Place) -> Iterator[list[RRsetRow]]:
    try:
        contents = FileContents(Path(zone.file), names.from_text(zone.name))
    except UnavailableError:
        return
    last = (place.owner, place.rtype) if place.owner else None
    while rows := contents.after(last, limit=_AT_ONCE):
        yield rows
        last = names.from_text(rows[-1].name), rows[-1].rtype


def _behind(zone: FileZone, row: RRsetRow) -> Place:
    return Place(zone.name, names.from_text(row.name), row.rtype)

"""The zones of the store, as images: what has changed since a revision is read, and only that.

revision newer? -> zones touched since -> known, and every step written down? -- yes -> edit the image
                                                          |
                                                          no -> read the zone whole
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection

from resolute import plane
from resolute.records import names
from resolute.records.foreign import convert_all
from resolute.store import history, zones
from resolute.store.zones import RRsetRow, ZoneRow
from resolute.zones.files import problem_lines
from resolute.zones.rows import as_zone_text, rrset_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredZone:
    """A zone of the store, as it was read at a revision."""

    origin: bytes
    zone_id: int
    revision: int
    image: "plane.ZoneImage | None"
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Touched:
    """The zones that are other than they were, and those that are gone."""

    zones: tuple[StoredZone, ...]
    gone: tuple[bytes, ...]


def read_all(connection: Connection) -> Touched:
    """Every zone."""
    rows = {row.id: row for row in zones.every(connection)}
    streams = groupby(zones.everything_of_all(connection), key=lambda found: found[0])
    return Touched(tuple(_compiled(rows[zone_id], (row for _, row in stream)) for zone_id, stream in streams), ())


def read_since(connection: Connection, revision: int, known: Mapping[bytes, StoredZone]) -> Touched:
    """What has changed after a revision, for who knows these zones as they were then."""
    found, gone = [], []
    for name in sorted(history.zones_after(connection, revision)):
        origin, row = names.from_text(name), zones.find(connection, name)
        if row is None:
            gone.append(origin)
        else:
            found.append(_read(connection, row, known.get(origin)))
    return Touched(tuple(found), tuple(gone))


def _read(connection: Connection, row: ZoneRow, old: StoredZone | None) -> StoredZone:
    if old is None or old.image is None or old.zone_id != row.id or old.revision < row.whole_revision:
        return _read_whole(connection, row)
    changed = history.changed_since(connection, row.name, old.revision)
    try:
        image = old.image.edit([_step(one) for one in changed.values()])
    except plane.ZoneFileError as error:
        log.error("zone %s: its changes do not fit to what is served, it is read again: %s", row.name, error)
        return _read_whole(connection, row)
    return StoredZone(old.origin, row.id, row.revision, image)


def _read_whole(connection: Connection, row: ZoneRow) -> StoredZone:
    return _compiled(row, zones.everything(connection, row.id))


def _compiled(row: ZoneRow, rows: Iterable[RRsetRow]) -> StoredZone:
    origin = names.from_text(row.name)
    scan = plane.scan_zone_text(as_zone_text(rows), origin, file=row.name)
    try:
        convert_all(scan)
        return StoredZone(origin, row.id, row.revision, scan.compile())
    except plane.ZoneFileError as error:
        return StoredZone(origin, row.id, row.revision, None, problem_lines(error.problems))


def _step(row: RRsetRow) -> tuple[bytes, int, list[tuple[int, bytes]]]:
    rrset = rrset_of(row)
    return rrset.owner, rrset.rtype, [(rrset.ttl, data) for data in rrset.rdatas]

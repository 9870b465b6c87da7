"""One zone as PowerDNS shows it, from the store or from its file; all of it is made in a reader's thread."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Response
from sqlalchemy import Connection

from resolute.admin.api.problems import NotThereError
from resolute.admin.api.sources import find, in_file
from resolute.admin.compat.powerdns import standing
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Principal
from resolute.admin.services import Services
from resolute.records import names
from resolute.store import metadata, zones
from resolute.store.metadata import Metadata
from resolute.store.order import sort_key
from resolute.store.zones import RRsetRow, ZoneRow
from resolute.zones.contents import FileContents


@dataclass(frozen=True, slots=True)
class Sought:
    """Which RRsets of a zone are wanted."""

    owner: bytes | None = None
    rtype: int | None = None

    def fits(self, row: RRsetRow) -> bool:
        """Whether an RRset of the owner is wanted."""
        return self.rtype in (None, row.rtype)


async def view(services: Services, principal: Principal, origin: bytes, sought: Sought | None) -> Response:
    """Made in a reader's thread; `sought` is None where no RRsets are wanted."""
    name, sees = names.to_text(origin), standing.sight(principal, origin)

    def seen(row: RRsetRow) -> bool:
        return sought is not None and sought.fits(row) and sees(row)

    def document(zone: ZoneRow | FileZone, known: Metadata, rows: Iterable[RRsetRow]) -> bytes:
        head = standing.detailed(zone, known)
        return json.dumps(head).encode("ascii") if sought is None else standing.with_rrsets(head, rows, seen)

    def look(connection: Connection) -> bytes | None:
        row = zones.find(connection, name)
        if row is None:
            return None
        known = metadata.of_zone(connection, row.id)
        return document(row, known, [] if sought is None else _rows(connection, row.id, sought))

    made = await services.writer.look(look)
    if made is None:
        zone = await find(services, origin)
        if not isinstance(zone, FileZone):
            raise NotThereError(f"there is no zone {name} any more")
        made = await in_file(services, zone, origin, lambda contents: document(zone, {}, _in_file(contents, sought)))
    return as_json(made)


def _rows(connection: Connection, zone_id: int, sought: Sought) -> Iterable[RRsetRow]:
    if sought.owner is not None:
        return zones.at_names(connection, zone_id, [sort_key(sought.owner)])
    return zones.everything(connection, zone_id)


def _in_file(contents: FileContents, sought: Sought | None) -> Iterable[RRsetRow]:
    if sought is None:
        return ()
    return contents.everything() if sought.owner is None else contents.at(sought.owner)


def as_json(content: bytes) -> Response:
    """An answer whose JSON is made already."""
    return Response(content, media_type="application/json")

"""Where a zone stands: in the store, where it can be changed here, or in a file, where it is looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection

from resolute.admin.api import conditions
from resolute.admin.api.conditions import Conditions
from resolute.admin.api.problems import NotThereError
from resolute.admin.filezones import FileZone
from resolute.admin.services import Services
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.store import zones
from resolute.store.order import sort_key
from resolute.store.store import Store
from resolute.store.zones import RRsetRow, ZoneRow
from resolute.zones.contents import FileContents
from resolute.zones.importing import Imported
from resolute.zones.rows import as_zone_text, rrset_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """An RRset (without rdatas: there is none) and its zone, seen in one state of the store."""

    zone: ZoneRow | FileZone
    rrset: RRset


async def find(services: Services, origin: bytes) -> ZoneRow | FileZone:
    """The zone. Raises NotThereError."""
    name = names.to_text(origin)
    row = await services.writer.look(lambda connection: zones.find(connection, name))
    return row if row is not None else await _of_file(services, name)


async def find_rrset(services: Services, origin: bytes, owner: bytes, rtype: int) -> Found:
    """The zone, and the RRset of this owner and type. Raises NotThereError for the zone alone."""
    nothing = RRset(owner, rtype, 0, ())

    def look(connection: Connection) -> Found | None:
        row = zones.find(connection, names.to_text(origin))
        if row is None:
            return None
        there = {one.rtype: one for one in zones.at_names(connection, row.id, [sort_key(owner)])}
        return Found(row, rrset_of(there[rtype]) if rtype in there else nothing)

    found = await services.writer.look(look)
    if found is not None:
        return found
    zone = await _of_file(services, names.to_text(origin))
    rows = await in_file(services, zone, origin, lambda contents: contents.at(owner))
    there = {one.rtype: one for one in rows}
    return Found(zone, rrset_of(there[rtype]) if rtype in there else nothing)


@dataclass(frozen=True, slots=True)
class RRsets:
    """All RRsets of a zone in canonical order, page by page; a file is read once for all pages."""

    services: Services
    place: ZoneRow | FileContents

    @classmethod
    async def open(cls, services: Services, zone: ZoneRow | FileZone, origin: bytes) -> Self:
        """Raises UnavailableError when the zone's file cannot be read."""
        if isinstance(zone, FileZone):
            return cls(services, await in_file(services, zone, origin, lambda contents: contents))
        return cls(services, zone)

    async def after(self, last: tuple[bytes, int] | None, *, limit: int, below: bytes | None = None) -> list[RRsetRow]:
        """Those after one of them (owner, type); `below`: at and below a name alone."""
        place = self.place
        if isinstance(place, FileContents):
            return await self.services.writer.off_loop(lambda: place.after(last, limit=limit, below=below))
        key = None if last is None else (sort_key(last[0]), last[1])
        subtree = None if below is None else sort_key(below)

        def rows(connection: Connection) -> list[RRsetRow]:
            return zones.after(connection, place.id, key, limit=limit, subtree=subtree)

        return await self.services.writer.look(rows)


async def in_store(services: Services, origin: bytes) -> ZoneRow:
    """The zone, which is to be changed as a whole. Raises NotThereError, and RuleError for one of a file."""
    zone = await find(services, origin)
    if isinstance(zone, FileZone):
        await services.file_zones.change(zone)
        raise NotThereError(f"there is no zone {zone.name} in the store")
    return zone


async def in_file(services: Services, zone: FileZone, origin: bytes, look: Callable[[FileContents], T]) -> T:
    """What is found in the zone's file. Raises UnavailableError when it cannot be read."""
    return await services.writer.off_loop(lambda: look(FileContents(Path(zone.file), origin)))


async def refuse_file(services: Services, origin: bytes) -> None:
    """Raises RuleError when a file has the zone already."""
    zone = await services.file_zones.find(names.to_text(origin))
    if zone is not None:
        await services.file_zones.change(zone)


def expected_serial(wanted: Conditions, row: ZoneRow | None) -> int | None:
    """The serial that the zone must have still when it is changed as a whole. Raises ConflictError (412)."""
    tag = "" if row is None else conditions.of_zone(row)
    held = wanted.matched([tag] if tag else [], there=row is not None)
    return row.serial if row is not None and held not in (None, conditions.ANY) else None


async def do_whole(
    services: Services,
    work: Callable[[Store], Imported],
    *,
    planned: bool,
) -> tuple[Imported, bool | None]:
    """What becomes of a zone as a whole, and whether the node serves it; None for a plan."""

    def alone(store: Store) -> tuple[Imported, int | None]:
        made = work(store)
        return made, None if planned or made.unchanged else made.revision

    written = await services.writer.alone(alone)
    return written.result, None if planned else written.served


async def text_of(services: Services, zone: ZoneRow | FileZone, origin: bytes) -> bytes:
    """The zone as zone text, in canonical order."""
    if isinstance(zone, FileZone):
        return await in_file(services, zone, origin, lambda contents: as_zone_text(contents.everything()))
    zone_id = zone.id
    return await services.writer.look(lambda connection: as_zone_text(zones.everything(connection, zone_id)))


async def _of_file(services: Services, name: str) -> FileZone:
    zone = await services.file_zones.find(name)
    if zone is None:
        raise NotThereError(f"there is no zone {name}")
    return zone

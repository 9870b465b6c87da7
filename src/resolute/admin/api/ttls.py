"""Edits that say no TTL: they take that of the RRset which is there, if there is one."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from resolute.admin.api.sources import in_file
from resolute.admin.filezones import FileZone
from resolute.admin.services import Services
from resolute.store import zones
from resolute.store.order import sort_key
from resolute.store.zones import RRsetRow, ZoneRow
from resolute.zones.change import Edit

Key = tuple[bytes, int]
"""Of an RRset: its owner (wire, lower case) and its type."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An edit; `open_ttl`: its TTL is for an RRset that is not there, else that of the RRset counts."""

    edit: Edit
    open_ttl: bool = False


async def settled(
    services: Services, zone: ZoneRow | FileZone, origin: bytes, wanted: Sequence[Wanted]
) -> tuple[Edit, ...]:
    """The edits of a zone with the TTLs that they have; one look for all of them. Raises UnavailableError."""
    open_ttl = {one.edit.rrset.key for one in wanted if one.open_ttl}
    ttls = await _ttls(services, zone, origin, open_ttl) if open_ttl else {}
    return tuple(_with_ttl(one.edit, ttls.get(one.edit.rrset.key)) if one.open_ttl else one.edit for one in wanted)


def _with_ttl(edit: Edit, ttl: int | None) -> Edit:
    return edit if ttl is None else replace(edit, rrset=replace(edit.rrset, ttl=ttl))


async def _ttls(services: Services, zone: ZoneRow | FileZone, origin: bytes, keys: AbstractSet[Key]) -> dict[Key, int]:
    """The TTLs that RRsets have, of those that are there."""
    owners = {sort_key(owner): owner for owner, _ in keys}
    rows = await _at(services, zone, origin, owners.values())
    there = {(owners[row.sort_key], row.rtype): row.ttl for row in rows}
    return {key: ttl for key, ttl in there.items() if key in keys}


async def _at(
    services: Services, zone: ZoneRow | FileZone, origin: bytes, owners: Iterable[bytes]
) -> Sequence[RRsetRow]:
    if isinstance(zone, FileZone):
        return await in_file(services, zone, origin, lambda file: [row for owner in owners for row in file.at(owner)])
    number, keys = zone.id, sorted(map(sort_key, owners))
    return await services.writer.look(lambda connection: zones.at_names(connection, number, keys))

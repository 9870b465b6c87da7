"""The zone of ours that holds a name, and a change of it: in the store, or in its file.

The zone is the closest encloser (RFC 1034 4.3.2), of the store or of a file, whether or not it may be changed: what was
written into a zone above it, nobody would ever be answered.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from resolute.admin.filezones import FileZone
from resolute.admin.services import Services
from resolute.errors import RuleError
from resolute.records import names
from resolute.store import zones
from resolute.store.zones import ZoneRow
from resolute.zones.change import ZoneChange
from resolute.zones.commit import plan
from resolute.zones.decide import Committed

Zone = ZoneRow | FileZone


@dataclass(frozen=True, slots=True)
class Target:
    """An owner name (wire, lower case) and the zone that it belongs into; `origin` is the zone's wire name."""

    zone: Zone
    origin: bytes
    owner: bytes


async def enclosing(services: Services, owners: Iterable[bytes]) -> dict[bytes, Target]:
    """The targets of wire names in lower case; those that are in no zone of ours are left out.

    Raises UnavailableError when the store cannot be read.
    """
    wanted = tuple(dict.fromkeys(owners))
    files = await services.file_zones.known()

    def look(connection: Connection) -> dict[bytes, Target]:
        known: dict[bytes, Zone | None] = {}
        found = (_closest(connection, owner, known, files) for owner in wanted)
        return {target.owner: target for target in found if target is not None}

    return await services.writer.look(look)


async def find_target(services: Services, owner: bytes) -> Target | None:
    """The target of one name."""
    return (await enclosing(services, [owner])).get(owner)


async def make(
    services: Services, zone: Zone, change: ZoneChange, *, planned: bool = False
) -> tuple[Committed, bool | None]:
    """Makes a change of this zone, where it stands; durable when this returns. The second value says whether the node
    serves it. With `planned`: what it would do, and None. Raises what the commit path raises."""
    if isinstance(zone, FileZone):
        return await services.file_zones.change(zone, change, planned=planned)
    return await commit_one(services, change, planned=planned)


async def commit_one(services: Services, change: ZoneChange, *, planned: bool) -> tuple[Committed, bool | None]:
    """The same of a zone that is in the store."""
    if planned:
        (would_be,) = await services.writer.off_loop(lambda: plan(services.store, change))
        return would_be, None
    made = await services.writer.commit(change)
    return made.result[0], made.served


async def make_all(services: Services, changes: Iterable[tuple[Zone, ZoneChange]]) -> None:
    """Makes changes of several zones, all or none. Raises RuleError where a file is among them, which shares no
    transaction with anything, and what the commit path raises."""
    wanted = list(changes)
    files = [zone for zone, _ in wanted if isinstance(zone, FileZone)]
    if files and len(wanted) > 1:
        raise RuleError(
            f"the zone {files[0].name} is read from the file {files[0].file}, which cannot be changed together with"
            " other zones: change it by itself, or import it into the store"
        )
    if files:
        await services.file_zones.change(files[0], wanted[0][1])
    elif wanted:
        await services.writer.commit(*(change for _, change in wanted))


def _closest(
    connection: Connection, owner: bytes, known: dict[bytes, Zone | None], files: Mapping[str, FileZone]
) -> Target | None:
    for name in _upward(owner):
        if name not in known:
            text = names.to_text(name)
            known[name] = zones.find(connection, text) or files.get(text)
        if (zone := known[name]) is not None:
            return Target(zone, name, owner)
    return None


def _upward(name: bytes) -> Iterator[bytes]:
    """The name and all above it, to the root."""
    at = 0
    while name[at]:
        yield name[at:]
        at += 1 + name[at]
    yield name[at:]

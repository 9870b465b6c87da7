"""The zone of ours that holds a name, and a change of it: what all protocols have in common that know names alone.

The zone is the closest encloser, of the store or of a file, whether or not it may be changed: what was written into a
zone above it, nobody would ever be answered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from resolute.admin.api.rrsets import commit_one
from resolute.admin.filezones import FileZone
from resolute.admin.services import Services
from resolute.errors import RuleError, UnavailableError
from resolute.records import names
from resolute.store import zones
from resolute.store.zones import ZoneRow
from resolute.zones.change import ZoneChange

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
    files = await _files(services)

    def look(connection: Connection) -> dict[bytes, Target]:
        known: dict[bytes, Zone | None] = {}
        found = (_closest(connection, owner, known, files) for owner in wanted)
        return {target.owner: target for target in found if target is not None}

    return await services.writer.look(look)


async def find_target(services: Services, owner: bytes) -> Target | None:
    """The target of one name."""
    return (await enclosing(services, [owner])).get(owner)


async def make(services: Services, target: Target, change: ZoneChange) -> None:
    """Makes a change of the target's zone; durable when this returns. Raises what the commit path raises."""
    if isinstance(target.zone, FileZone):
        await services.file_zones.change(target.zone, change)
    else:
        await commit_one(services, change, planned=False)


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
    connection: Connection, owner: bytes, known: dict[bytes, Zone | None], files: dict[str, FileZone]
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


async def _files(services: Services) -> dict[str, FileZone]:
    """A node that does not answer has none: the zones of the store go on being changed."""
    try:
        return dict(await services.file_zones.all())
    except UnavailableError:
        return {}

"""A zone of the store is set up: what is kept about it besides its records, how its serial is raised, and all of its
records if they are to be others. It is one transaction; the history has an entry for the records and one for the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from resolute.records import rdata
from resolute.records.rrset import RRset
from resolute.store import history, metadata, zones
from resolute.store.history import Change
from resolute.store.metadata import Metadata
from resolute.store.order import sort_key
from resolute.store.store import Store, raise_revision
from resolute.store.zones import ZoneRow
from resolute.zones import importing
from resolute.zones.change import Author
from resolute.zones.commit import find_zone
from resolute.zones.importing import NewZone
from resolute.zones.rows import as_zone_text, row_of, rrset_of
from resolute.zones.serial import Policy

_SOA: Final = rdata.type_from_text("SOA")

Values = Mapping[str, Sequence[str]]
"""Kinds of metadata, each with all of its texts; without texts there is none of a kind."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is to become of a zone."""

    origin: bytes
    by: Author
    values: Callable[[Metadata], Values]
    """Of what is kept about it: what is to be different."""
    policy: Policy | None = None
    """How changes raise the serial from now on; None: as they do."""
    rrsets: Sequence[RRset] | None = None
    """All that it has from now on; its SOA record stays when there is none among them. None: those that it has."""


def set_up(store: Store, wanted: SetUp) -> tuple[Metadata, int]:
    """Makes it so, whole or not at all. Returns what is kept about the zone now, and the revision; that of the zone
    when nothing is different. Raises NotFoundError, ZoneDataError and what `wanted.values` raises."""
    with store.changing() as connection:
        zone = find_zone(connection, wanted.origin)
        if wanted.rrsets is not None:
            text = as_zone_text(map(row_of, _with_soa(connection, zone, wanted.origin, wanted.rrsets)))
            importing.replace_in(connection, zone, NewZone(wanted.origin, text, wanted.by))
            zone = find_zone(connection, wanted.origin)
        revision = _set(connection, zone, wanted)
        return metadata.of_zone(connection, zone.id), revision


def _with_soa(connection: Connection, zone: ZoneRow, origin: bytes, rrsets: Sequence[RRset]) -> Sequence[RRset]:
    if any(rrset.key == (origin, _SOA) for rrset in rrsets):
        return rrsets
    apex = zones.at_names(connection, zone.id, [sort_key(origin)])
    return [*(rrset_of(row) for row in apex if row.rtype == _SOA), *rrsets]


def _set(connection: Connection, zone: ZoneRow, wanted: SetUp) -> int:
    there = metadata.of_zone(connection, zone.id)
    changed = {kind: texts for kind, texts in wanted.values(there).items() if tuple(texts) != there.get(kind, ())}
    words = [f"{kind} {', '.join(texts) or 'removed'}" for kind, texts in changed.items()]
    values: dict[str, object] = {}
    if wanted.policy is not None and wanted.policy.value != zone.serial_policy:
        words.append(f"serial policy {wanted.policy.value}, it was {zone.serial_policy}")
        values["serial_policy"] = wanted.policy.value
    if not words:
        return zone.revision
    metadata.put(connection, zone.id, changed)
    revision = raise_revision(connection)
    zones.update_zone(connection, zone.id, {**values, "revision": revision})
    history.note(connection, _change(zone, wanted.by, revision, "; ".join(words)))
    return revision


def _change(zone: ZoneRow, by: Author, revision: int, what: str) -> Change:
    return Change(
        revision=revision,
        time=datetime.now(UTC),
        author=by.name,
        kind="metadata",
        what=what,
        reason=by.reason,
        zone=zone.name,
        serial_before=zone.serial,
        serial_after=zone.serial,
    )

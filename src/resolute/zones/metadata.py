"""What is kept about a zone of the store besides its records changes: in its history as every change is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from resolute.store import history, metadata, zones
from resolute.store.history import Change
from resolute.store.store import Store, raise_revision
from resolute.zones.change import Author
from resolute.zones.commit import find_zone
from resolute.zones.serial import Policy


def set_metadata(
    store: Store, origin: bytes, values: Mapping[str, Sequence[str]], by: Author, *, policy: Policy | None = None
) -> int:
    """Each kind has these texts from now on, none without texts; `policy`: how the serial is raised, if it is to be
    another. Returns the revision; that of the zone when nothing is different. Raises NotFoundError."""
    with store.changing() as connection:
        zone = find_zone(connection, origin)
        there = metadata.of_zone(connection, zone.id)
        changed = {kind: texts for kind, texts in values.items() if tuple(texts) != there.get(kind, ())}
        words = [f"{kind} {', '.join(texts) or 'removed'}" for kind, texts in changed.items()]
        if policy is not None and policy.value != zone.serial_policy:
            words.append(f"serial policy {policy.value}, it was {zone.serial_policy}")
            zones.update_zone(connection, zone.id, {"serial_policy": policy.value})
        if not words:
            return zone.revision
        metadata.put(connection, zone.id, changed)
        revision = raise_revision(connection)
        zones.update_zone(connection, zone.id, {"revision": revision})
        change = Change(
            revision=revision,
            time=datetime.now(UTC),
            author=by.name,
            kind="metadata",
            what="; ".join(words),
            reason=by.reason,
            zone=zone.name,
            serial_before=zone.serial,
            serial_after=zone.serial,
        )
        history.note(connection, change)
        return revision

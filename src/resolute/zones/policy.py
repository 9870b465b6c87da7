"""How the serial of a zone of the store is raised from now on: kept beside its records, and in its history."""

from datetime import UTC, datetime

from resolute.store import history, zones
from resolute.store.history import Change
from resolute.store.store import Store, raise_revision
from resolute.zones.change import Author
from resolute.zones.commit import find_zone
from resolute.zones.decide import refuse_other_serial
from resolute.zones.serial import Policy


def set_policy(
    store: Store,
    origin: bytes,
    policy: Policy,
    by: Author,
    *,
    expected_serial: int | None = None,
    planned: bool = False,
) -> int:
    """Returns the revision; that of the zone when it has this policy already. The serial stays: no record has changed.

    Raises NotFoundError and ConflictError.
    """
    with store.changing(keep=not planned) as connection:
        zone = find_zone(connection, origin)
        refuse_other_serial(zone, expected_serial)
        if zone.serial_policy == policy.value:
            return zone.revision
        revision = raise_revision(connection)
        zones.update_zone(connection, zone.id, {"serial_policy": policy.value, "revision": revision})
        change = Change(
            revision=revision,
            time=datetime.now(UTC),
            author=by.name,
            kind="policy",
            what=f"serial policy {policy.value}, it was {zone.serial_policy}",
            reason=by.reason,
            zone=zone.name,
            serial_before=zone.serial,
            serial_after=zone.serial,
        )
        history.note(connection, change)
        return revision

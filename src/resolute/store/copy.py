"""A copy of a store: what a node serves from when the store is gone. It has no history, no users and no secrets.

It is a store itself, on SQLite, so that it is read as the other one is. Only what has changed since is copied.
"""

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, update

from resolute.store import history, kept, records, schema, zones
from resolute.store.store import Store, read_revision
from resolute.store.zones import ZoneRow


def bring_up_to_date(copy: Store, source: Store) -> int:
    """Makes the copy what the source is, in one transaction. Returns the revision. Raises UnavailableError."""
    with source.reading() as theirs, copy.writing() as ours:
        since, now = read_revision(ours), read_revision(theirs)
        if since == now:
            return now
        anew = since == 0 or since > now or history.restored_after(theirs, since)
        if anew:
            _all_zones(theirs, ours)
        else:
            touched = sorted(history.zones_after(theirs, since))
            for name in touched:
                _drop_if_other(theirs, ours, name)
            for name in touched:
                _zone(theirs, ours, name)
        if anew or history.local_after(theirs, since):
            _addresses(theirs, ours, now)
        if anew or kept.revision(theirs) != kept.revision(ours):
            kept.copy(theirs, ours)
        ours.execute(update(schema.revision).values(value=now))
        return now


def _all_zones(theirs: Connection, ours: Connection) -> None:
    ours.execute(delete(schema.rrsets))
    ours.execute(delete(schema.zones))
    for row in zones.every(theirs):
        _whole(theirs, ours, row)


def _drop_if_other(theirs: Connection, ours: Connection, name: str) -> None:
    """Before others come in: the number of a zone that is gone may be given again."""
    row, mine = zones.find(theirs, name), zones.find(ours, name)
    if mine is not None and (row is None or row.id != mine.id or mine.revision < row.whole_revision):
        zones.delete_zone(ours, mine.id)


def _zone(theirs: Connection, ours: Connection, name: str) -> None:
    row, mine = zones.find(theirs, name), zones.find(ours, name)
    if row is not None and mine is not None:
        changed = history.changed_since(theirs, name, mine.revision)
        zones.erase(ours, row.id, changed)
        zones.write(ours, row.id, [one for one in changed.values() if one.data], over=False)
        zones.update_zone(ours, row.id, asdict(row))
    elif row is not None:
        _whole(theirs, ours, row)


def _whole(theirs: Connection, ours: Connection, row: ZoneRow) -> None:
    zones.insert_zone(ours, asdict(row))
    zones.write(ours, row.id, zones.everything(theirs, row.id), over=False)


def _addresses(theirs: Connection, ours: Connection, revision: int) -> None:
    ours.execute(delete(schema.local_records))
    found = [{"name": name, "address": ip, "revision": revision} for name, ip in records.addresses(theirs).items()]
    if found:
        ours.execute(insert(schema.local_records), found)

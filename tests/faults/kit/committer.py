"""`python -m tests.faults.kit.committer FILE`: commits to a zone of the store again and again, and says what has been
acknowledged: a serial a line. It is there to be killed.

Each change touches two names, so half of one would be seen.
"""

import os
import sys

from resolute.records import names
from resolute.records.rrset import RRset
from resolute.store.store import Store
from resolute.zones import importing
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit
from resolute.zones.importing import NewZone

ORIGIN = names.from_text("example.org.")
BY = Author("committer")
FIRST = 1
LAST = 3
TXT = 16


def create(file: str) -> None:
    """A store with the zone."""
    store = Store(f"sqlite:///{file}")
    importing.create(store, NewZone(ORIGIN, b"@ 60 SOA ns1 h 1 1 1 1 1\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n", BY))
    store.close()


def edits(serial: int) -> tuple[Edit, ...]:
    """Two names that say which serial the zone has."""
    text = [f'"{serial}"']
    owners = (b"\x01a" + ORIGIN, b"\x01b" + ORIGIN)
    return tuple(Edit(Action.REPLACE, RRset.parse(owner, TXT, 60, text)) for owner in owners)


def main() -> None:
    """Commits, and says so."""
    store = Store(f"sqlite:///{sys.argv[1]}")
    os.write(1, b"ready\n")
    for serial in range(FIRST + 1, LAST + 1):
        (made,) = commit(store, ZoneChange(ORIGIN, edits(serial), BY))
        os.write(1, b"%d\n" % made.serial_after)
    store.close()


if __name__ == "__main__":
    main()

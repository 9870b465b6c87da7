"""The past of zones: at a revision, between two, and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resolute.errors import NotFoundError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store.store import Store
from resolute.zones import importing, past, stored
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit
from resolute.zones.importing import NewZone

ORIGIN = names.from_text("example.org.")
BY = Author("alice")
TEXT = b"$TTL 300\n@ SOA ns1 h 7 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\nwww A 192.0.2.3\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'resolute.db'}")
    importing.create(store, NewZone(ORIGIN, TEXT, BY))
    yield store
    store.close()


def put(store: Store, owner: str, rtype: str, *lines: str) -> int:
    rrset = RRset.parse(names.from_text(owner), rdata.type_from_text(rtype), 300, lines)
    (made,) = commit(store, ZoneChange(ORIGIN, (Edit(Action.REPLACE, rrset),), BY))
    return made.revision


def lines(text: bytes) -> set[str]:
    return {line for line in text.decode().splitlines() if " SOA " not in line}


def now(store: Store) -> bytes:
    return past.text_at(store, ORIGIN, store.revision())


def test_as_it_was_at_each_revision(store: Store) -> None:
    states = {store.revision(): now(store)}
    for number in range(2, 6):
        put(store, "www.example.org", "A", f"192.0.2.{number}")
        states[store.revision()] = now(store)
        put(store, f"h{number % 2}.example.org", "TXT", *["x"] * (number % 3 > 0))
        states[store.revision()] = now(store)
    importing.replace(store, NewZone(ORIGIN, TEXT, BY))
    states[store.revision()] = now(store)
    assert len({*states.values()}) > 5
    for revision, text in states.items():
        assert past.text_at(store, ORIGIN, revision) == text
    with pytest.raises(NotFoundError, match="at revision 0"):
        past.text_at(store, ORIGIN, 0)


def test_what_differs_between_two(store: Store) -> None:
    first = store.revision()
    second = put(store, "www.example.org", "A", "192.0.2.9")
    third = put(store, "www.example.org", "A", "192.0.2.2", "192.0.2.3")
    put(store, "mail.example.org", "A", "192.0.2.4")
    (_, www) = past.differences(store, ORIGIN, first, second)
    assert (www.before.lines, www.after.lines) == (("192.0.2.2", "192.0.2.3"), ("192.0.2.9",))
    assert [one.after.rtype for one in past.differences(store, ORIGIN, first, third)] == [6]
    assert [names.to_text(one.after.owner) for one in past.differences(store, ORIGIN, first)][1:] == [
        "mail.example.org."
    ]


def test_back_to_a_revision_and_the_serial_goes_on(store: Store) -> None:
    first, before = store.revision(), now(store)
    put(store, "www.example.org", "A")
    put(store, "new.example.org", "A", "192.0.2.4")
    planned = past.plan_revert(store, ORIGIN, first, BY)
    assert (planned.serial_before, planned.serial_after) == (9, 10)
    past.revert(store, ORIGIN, first, BY)
    assert lines(now(store)) == lines(before)
    (last, *_) = past.changes_of(store, ORIGIN)
    assert (last.kind, last.serial_after) == ("revert", 10)
    past.revert(store, ORIGIN, last.revision - 1, BY)  # the undo of an undo
    assert "new.example.org. 300 A 192.0.2.4" in lines(now(store))


def test_a_deleted_zone_comes_back(store: Store) -> None:
    before, first = now(store), store.revision()
    importing.delete(store, ORIGIN, BY)
    assert past.text_at(store, ORIGIN, first) == before
    past.revert(store, ORIGIN, first, BY)
    assert now(store) == before.replace(b" 7 ", b" 8 ")  # serials never go back
    assert [change.kind for change in past.changes_of(store, ORIGIN)] == ["create", "delete", "create"]
    put(store, "a.example.org", "A", "192.0.2.1")
    assert past.text_at(store, ORIGIN, first) == before


def test_a_zone_that_never_was(store: Store) -> None:
    with pytest.raises(NotFoundError, match="never"):
        past.differences(store, names.from_text("example.net"), 0)


def test_who_follows_step_by_step_has_what_is_read_whole(store: Store) -> None:
    def records(zone: stored.StoredZone) -> set[object]:
        assert zone.image is not None
        return {*zone.image}

    with store.reading() as connection:
        known = {zone.origin: zone for zone in stored.read_all(connection).zones}
    revision = store.revision()
    for number in range(40):
        put(store, f"h{number % 7}.example.org", "A", *[f"192.0.2.{number}"] * (number % 4 > 0))
        if number == 20:
            importing.replace(store, NewZone(ORIGIN, TEXT, BY))
        if number % 3:
            continue
        with store.reading() as connection:
            touched = stored.read_since(connection, revision, known)
            (whole,) = stored.read_all(connection).zones
        revision = store.revision()
        known |= {zone.origin: zone for zone in touched.zones}
        zone = known[ORIGIN]
        assert records(zone) == records(whole)
        assert (zone.revision, zone.zone_id) == (whole.revision, whole.zone_id)
    importing.delete(store, ORIGIN, BY)
    importing.create(store, NewZone(names.from_text("example.net"), TEXT, BY))
    with store.reading() as connection:
        touched = stored.read_since(connection, revision, known)
    assert touched.gone == (ORIGIN,)
    assert [zone.origin for zone in touched.zones] == [names.from_text("example.net")]

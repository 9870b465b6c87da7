"""Whole zones: created, replaced, deleted; large ones in bounded memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resolute.errors import NotFoundError, RuleError, ZoneDataError
from resolute.records import names
from resolute.store import history, zones
from resolute.store.order import sort_key
from resolute.store.store import Store
from resolute.zones import importing, serial
from resolute.zones.change import Author
from resolute.zones.importing import NewZone
from resolute.zones.rows import rrset_of

ORIGIN = names.from_text("example.org.")
BY = Author("alice")
HEAD = "$TTL 300\n@ SOA ns1 hostmaster {} 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'resolute.db'}")
    yield store
    store.close()


def text(number: int, *lines: str) -> bytes:
    return (HEAD.format(number) + "".join(f"{line}\n" for line in lines)).encode()


def row(store: Store) -> zones.ZoneRow:
    with store.reading() as connection:
        found = zones.find(connection, "example.org.")
    assert found is not None
    return found


def records(store: Store) -> list[str]:
    with store.reading() as connection:
        return [line for one in zones.everything(connection, row(store).id) for line in str(rrset_of(one)).split("\n")]


def test_created_in_canonical_order(store: Store) -> None:
    """RFC 4034 6.1, its own example."""
    owners = ["a", "yljkjljk.a", "Z.a", "zABC.a", "z", r"\001.z", "*.z", r"\200.z"]
    made = importing.create(store, NewZone(ORIGIN, text(7, *(f"{owner} TXT t" for owner in reversed(owners))), BY))
    assert (made.serial, made.records) == (7, 11)
    found = [line.split()[0].removesuffix(".example.org.") for line in records(store)]
    assert found[2:6] + found[7:] == [owner.lower() for owner in owners]
    assert found[6] == "ns1"


def test_a_zone_is_created_once(store: Store) -> None:
    importing.create(store, NewZone(ORIGIN, text(7), BY))
    with pytest.raises(RuleError, match="already"):
        importing.create(store, NewZone(names.from_text("EXAMPLE.org."), text(7), BY))


def test_text_that_is_no_zone(store: Store) -> None:
    bad = NewZone(ORIGIN, text(7, "a CNAME b", "a A 192.0.2.1", "c A 192.0.2.256", "d.example.net. A 192.0.2.1"), BY)
    with pytest.raises(ZoneDataError) as caught:
        importing.create(store, bad)
    places = [problem.split(": ")[0] for problem in caught.value.problems]
    assert places == ["zone text:6:1", "zone text:7:5", "zone text:8:1"]
    with store.reading() as connection:
        assert zones.count(connection) == 0


def test_include_is_refused(store: Store) -> None:
    with pytest.raises(ZoneDataError, match="INCLUDE"):
        importing.create(store, NewZone(ORIGIN, text(7, "$INCLUDE /etc/passwd"), BY))


def test_replaced_by_what_differs(store: Store) -> None:
    importing.create(store, NewZone(ORIGIN, text(7, "a A 192.0.2.2", "b CNAME a", "c TXT one", "c TXT two"), BY))
    made = importing.replace(
        store, NewZone(ORIGIN, text(7, "a A 192.0.2.2", "B CNAME A", "c TXT two", "d 5 TXT x"), BY)
    )
    assert (made.serial, made.added, made.removed, made.records) == (8, 2, 2, 7)
    assert {line.split()[0] for line in records(store)} == {
        f"{n}example.org." for n in ("", "a.", "b.", "c.", "d.", "ns1.")
    }
    assert row(store).records == len(records(store)) == 7
    with store.reading() as connection:
        last, _ = history.of_zone(connection, "example.org.")
        changed = [one.after.name for one in history.rrsets_of(connection, last.id)]
    assert (last.kind, last.added, last.removed) == ("import", 2, 2)
    assert changed == ["example.org.", "c.example.org.", "d.example.org."]


def test_the_serial_of_the_text_counts_when_it_is_newer(store: Store) -> None:
    importing.create(store, NewZone(ORIGIN, text(7), BY))
    assert importing.replace(store, NewZone(ORIGIN, text(100), BY)).serial == 100
    assert importing.replace(store, NewZone(ORIGIN, text(99, "a A 192.0.2.2"), BY)).serial == 101
    importing.replace(store, NewZone(ORIGIN, text(99, "a A 192.0.2.1"), BY, serial.Policy.UNIXTIME))
    assert row(store).serial > 1_700_000_000


@pytest.mark.parametrize("given", [7, 6, 2**31 + 8])
def test_what_is_there_already_is_no_change(store: Store, given: int) -> None:
    """An older serial alone is no difference; order, letter case and spelling of the text are none either."""
    importing.create(store, NewZone(ORIGIN, text(7, "a A 192.0.2.2", "b AAAA 2001:db8::1"), BY))
    again = text(given, "B 300 AAAA 2001:DB8:0:0:0:0:0:1", "a.example.org. A 192.0.2.2")
    made = importing.replace(store, NewZone(ORIGIN, again, BY))
    assert (made.unchanged, made.serial, made.revision, store.revision()) == (True, 7, 1, 1)
    with store.reading() as connection:
        assert len(history.of_zone(connection, "example.org.")) == 1


@pytest.mark.parametrize("line", ["@ A 192.0.2.9", "@ TXT last", "zz A 192.0.2.9"])
def test_the_serial_goes_up_wherever_the_difference_is(store: Store, line: str) -> None:
    importing.create(store, NewZone(ORIGIN, text(7), BY))
    made = importing.replace(store, NewZone(ORIGIN, text(7, line), BY))
    assert (made.serial, made.added, made.removed, row(store).serial) == (8, 2, 1, 8)
    assert len(made.differences) == 2
    assert sum(" SOA " in line and " 8 " in line for line in records(store)) == 1
    keys = [(sort_key(one.after.owner), one.after.rtype) for one in made.differences]
    assert keys == sorted(keys)


def test_deleted_with_its_history(store: Store) -> None:
    importing.create(store, NewZone(ORIGIN, text(7, "a A 192.0.2.2"), BY))
    importing.delete(store, ORIGIN, BY)
    with store.reading() as connection:
        assert zones.find(connection, "example.org.") is None
        last, first = history.of_zone(connection, "example.org.")
        gone = [one.before.data for one in history.rrsets_of(connection, last.id)]
    assert (first.kind, last.kind, last.removed) == ("create", "delete", 4)
    assert gone[2:] == ["192.0.2.2", "192.0.2.1"]
    with pytest.raises(NotFoundError):
        importing.delete(store, ORIGIN, BY)


def test_many_records_with_progress(store: Store) -> None:
    steps: list[tuple[int, int]] = []
    lines = (f"h{number} A 10.0.{number // 256}.{number % 256}" for number in range(12_000))
    importing.create(
        store, NewZone(ORIGIN, text(7, *lines), BY, progress=lambda done, total: steps.append((done, total)))
    )
    assert steps == [(5_000, 12_003), (10_000, 12_003), (12_003, 12_003)]
    assert row(store).records == len(records(store)) == 12_003
    made = importing.replace(store, NewZone(ORIGIN, text(7), BY))
    assert (made.removed, row(store).records) == (12_001, 3)
    assert row(store).whole_revision == made.revision


def test_an_identical_zone_changes_nothing(store: Store) -> None:
    """No serial, no revision, no entry in the history; letter case and order make no difference."""
    importing.create(store, NewZone(ORIGIN, text(7, "a A 192.0.2.2", "b CNAME a"), BY))
    before, revision = row(store), store.revision()
    for number in (7, 6):
        made = importing.replace(store, NewZone(ORIGIN, text(number, "B CNAME A", "a A 192.0.2.2"), BY))
        assert (made.unchanged, made.serial, made.added, made.removed, made.differences) == (True, 7, 0, 0, ())
    assert (row(store), store.revision()) == (before, revision)
    with store.reading() as connection:
        assert [one.kind for one in history.of_zone(connection, "example.org.")] == ["create"]
    assert importing.replace(store, NewZone(ORIGIN, text(8, "a A 192.0.2.2", "b CNAME a"), BY)).serial == 8
    policy = importing.replace(store, NewZone(ORIGIN, text(8, "a A 192.0.2.2", "b CNAME a"), BY, serial.Policy.DATE))
    assert policy.serial > 2_026_000_000


def test_another_soa_alone_is_a_change(store: Store) -> None:
    importing.create(store, NewZone(ORIGIN, text(7), BY))
    made = importing.replace(store, NewZone(ORIGIN, text(7).replace(b"7200", b"7201"), BY))
    assert (made.serial, made.added, made.removed, len(made.differences)) == (8, 1, 1, 1)


def test_what_no_message_has_room_for_is_no_zone(store: Store) -> None:
    """RFC 1035 4.2.2: a message has 65,535 octets. Nothing of the zone is left behind."""
    lines = [f'big TXT "{number:05}{"x" * 250}"' for number in range(250)]
    with pytest.raises(ZoneDataError, match=r"big\.example\.org\. TXT takes 67000 octets .* room for 65491"):
        importing.create(store, NewZone(ORIGIN, text(7, *lines), BY))
    with store.reading() as connection:
        assert zones.count(connection) == 0
    importing.create(store, NewZone(ORIGIN, text(7, *lines[:244]), BY))
    with pytest.raises(ZoneDataError, match="room"):
        importing.replace(store, NewZone(ORIGIN, text(9, *lines), BY))
    assert row(store).serial == 7

"""The one way in which zones of the store change: whole or not at all, checked, with serial and history."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resolute.errors import ConflictError, NotFoundError, RuleError, ZoneDataError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store import history, zones
from resolute.store.order import sort_key
from resolute.store.store import Store
from resolute.zones import commit as committing
from resolute.zones import importing
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit, plan
from resolute.zones.rows import rrset_of

ORIGIN = names.from_text("example.org.")
BY = Author("alice", "a test")
TEXT = b"""\
$TTL 3600
@ SOA ns1 hostmaster 7 7200 3600 1209600 300
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.2
www A 192.0.2.3
alias CNAME www
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'resolute.db'}")
    importing.create(store, importing.NewZone(ORIGIN, TEXT, by=BY))
    yield store
    store.close()


def rrset(owner: str, rtype: str, *lines: str, ttl: int = 300) -> RRset:
    return RRset.parse(names.from_text(owner), rdata.type_from_text(rtype), ttl, lines)


def edit(action: str, *what: RRset) -> ZoneChange:
    return ZoneChange(ORIGIN, tuple(Edit(Action(action), one) for one in what), BY)


def stored(store: Store) -> set[str]:
    with store.reading() as connection:
        row = zones.find(connection, "example.org.")
        assert row is not None
        return {line for one in zones.everything(connection, row.id) for line in str(rrset_of(one)).split("\n")}


def serial(store: Store) -> int:
    (soa,) = [line for line in stored(store) if " SOA " in line]
    with store.reading() as connection:
        row = zones.find(connection, "example.org.")
    assert row is not None
    assert row.records == len(stored(store))
    found = int(soa.split()[5])
    assert row.serial == found
    return found


def without_soa(store: Store) -> set[str]:
    return {line for line in stored(store) if " SOA " not in line}


def test_replace_add_and_remove(store: Store) -> None:
    before = without_soa(store)
    commit(store, edit("replace", rrset("www.example.org", "A", "192.0.2.9")))
    assert without_soa(store) == {line for line in before if not line.startswith("www.")} | {
        "www.example.org. 300 A 192.0.2.9"
    }
    commit(store, edit("add", rrset("www.example.org", "A", "192.0.2.10", ttl=60)))
    assert {line for line in stored(store) if line.startswith("www.")} == {
        "www.example.org. 60 A 192.0.2.9",
        "www.example.org. 60 A 192.0.2.10",
    }
    commit(store, edit("remove", rrset("www.example.org", "A", "192.0.2.9", "192.0.2.77")))
    assert {line for line in stored(store) if line.startswith("www.")} == {"www.example.org. 60 A 192.0.2.10"}
    commit(store, edit("replace", rrset("www.example.org", "A")))
    assert not [line for line in stored(store) if line.startswith("www.")]
    assert serial(store) == 11


def test_what_changes_nothing_is_no_change(store: Store) -> None:
    """RFC 4343: letter case is no difference."""
    (made,) = commit(
        store,
        edit("add", rrset("WWW.example.org", "A", "192.0.2.2", "192.0.2.2", ttl=3600)),
    )
    assert made.differences == ()
    (made,) = commit(store, edit("replace", rrset("alias.example.org", "CNAME", "WWW.Example.ORG.", ttl=3600)))
    assert made.differences == ()
    assert serial(store) == 7


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (edit("add", rrset("alias.example.org", "A", "192.0.2.1")), "CNAME"),
        (edit("add", rrset("www.example.org", "CNAME", "a.")), "CNAME"),
        (edit("add", rrset("alias.example.org", "CNAME", "b.")), "CNAME"),
        (edit("add", rrset("www.example.net", "A", "192.0.2.1")), "not in the zone"),
        (edit("add", rrset("badexample.org", "A", "192.0.2.1")), "not in the zone"),
        (edit("replace", rrset("example.org", "SOA")), "SOA"),
        (edit("add", rrset("www.example.org", "SOA", "a. b. 1 2 3 4 5")), "SOA"),
        (edit("replace", rrset("example.org", "SOA", "a. b. 6 2 3 4 5")), "not newer"),
        (edit("add", rrset("example.org", "SOA", "a. b. 9 2 3 4 5")), "SOA"),
    ],
)
def test_what_breaks_a_rule_is_refused(store: Store, change: ZoneChange, reason: str) -> None:
    before = stored(store)
    with pytest.raises(ZoneDataError, match=reason):
        commit(store, change)
    with pytest.raises(ZoneDataError, match=reason):
        plan(store, change)
    assert stored(store) == before


def test_of_a_group_all_or_none(store: Store) -> None:
    before = stored(store)
    good = edit("add", rrset("new.example.org", "A", "192.0.2.5"))
    with pytest.raises(ZoneDataError):
        commit(store, good, edit("add", rrset("alias.example.org", "A", "192.0.2.1")))
    assert stored(store) == before
    with pytest.raises(NotFoundError):
        commit(store, good, ZoneChange(names.from_text("example.net"), good.edits, BY))
    assert stored(store) == before


def test_groups_do_not_hinder_each_other(store: Store) -> None:
    outcomes = committing.commit_groups(
        store,
        [
            [edit("add", rrset("one.example.org", "A", "192.0.2.5"))],
            [edit("add", rrset("two.example.org", "A", "192.0.2.5")), edit("replace", rrset("example.org", "SOA"))],
            [edit("add", rrset("three.example.org", "A", "192.0.2.5"))],
        ],
    )
    assert [isinstance(outcome, RuleError) for outcome in outcomes] == [False, True, False]
    owners = {line.split()[0] for line in stored(store)}
    assert {"one.example.org.", "three.example.org."} <= owners
    assert "two.example.org." not in owners
    assert serial(store) == 9


def test_a_plan_changes_nothing(store: Store) -> None:
    before, revision = stored(store), store.revision()
    (planned,) = plan(store, edit("add", rrset("www.example.org", "A", "192.0.2.9", ttl=3600)))
    assert (planned.serial_before, planned.serial_after) == (7, 8)
    assert [(one.added, one.removed) for one in planned.differences] == [(1, 1), (1, 0)]  # SOA, A
    assert (stored(store), store.revision()) == (before, revision)


def test_who_expects_another_serial_is_refused(store: Store) -> None:
    change = edit("add", rrset("www.example.org", "A", "192.0.2.9"))
    with pytest.raises(ConflictError, match="serial 7 now, not 6"):
        commit(store, ZoneChange(change.zone, change.edits, BY, expected_serial=6))
    commit(store, ZoneChange(change.zone, change.edits, BY, expected_serial=7))


def test_a_serial_of_ones_own_counts_if_it_is_newer(store: Store) -> None:
    soa = "ns1.example.org. hostmaster.example.org. {} 7200 3600 1209600 300"
    commit(store, edit("replace", rrset("example.org", "SOA", soa.format(100), ttl=3600)))
    assert serial(store) == 100
    commit(store, edit("replace", rrset("example.org", "SOA", soa.format(100).replace("7200", "7201"), ttl=3600)))
    assert serial(store) == 101


def test_history_says_who_what_when_and_why(store: Store) -> None:
    commit(store, edit("replace", rrset("www.example.org", "A", "192.0.2.9")))
    with store.reading() as connection:
        last, first = history.of_zone(connection, "example.org.")
        changed = {one.after.name: one for one in history.rrsets_of(connection, last.id)}
    assert (first.kind, last.kind, last.author, last.reason) == ("create", "change", "alice", "a test")
    assert (last.serial_before, last.serial_after, last.added, last.removed) == (7, 8, 2, 3)
    assert re.fullmatch(r"www\.example\.org\. A", last.what)
    assert changed["www.example.org."].before.data == "192.0.2.2\n192.0.2.3"
    assert changed["www.example.org."].after.data == "192.0.2.9"
    assert changed["example.org."].after.data.split()[2] == "8"


def test_writers_at_once_never_interleave(store: Store) -> None:
    """Each adds to one RRset; nobody's record is lost, and each change has a serial of its own."""

    def add(number: int) -> int:
        (made,) = commit(store, edit("add", rrset("many.example.org", "A", f"192.0.2.{number}")))
        return made.serial_after

    with ThreadPoolExecutor(8) as pool:
        serials = list(pool.map(add, range(100)))
    assert sorted(serials) == list(range(8, 108))
    assert len([line for line in stored(store) if line.startswith("many.")]) == 100


def test_names_of_any_octets(store: Store) -> None:
    owner = bytes([5]) + b'\0.\xff" ' + ORIGIN
    change = edit("add", RRset.of(owner, 16, 60, [b"\x05a\n\0b\xff"]))
    commit(store, change)
    assert r'\000\.\255\"\032.example.org. 60 TXT "a\010\000b\255"' in stored(store)
    with store.reading() as connection:
        row = zones.find(connection, "example.org.")
        assert row is not None
        (found,) = zones.at_names(connection, row.id, [sort_key(owner)])
    assert rrset_of(found) == change.edits[0].rrset


def test_a_change_that_changes_nothing_leaves_no_trace(store: Store) -> None:
    """No serial, no revision, no entry in the history; a group beside it is made."""
    revision, before = store.revision(), stored(store)
    same = edit("replace", rrset("www.example.org", "A", "192.0.2.3", "192.0.2.2", ttl=3600))
    gone = edit("remove", rrset("www.example.org", "A", "192.0.2.77"))
    back = edit("add", rrset("new.example.org", "A", "192.0.2.9"))
    back = ZoneChange(ORIGIN, (*back.edits, *edit("replace", rrset("new.example.org", "A")).edits), BY)
    for change in (same, gone, back):
        (made,) = commit(store, change)
        assert (made.differences, made.revision, made.serial_after) == ((), revision, 7)
    assert (store.revision(), stored(store)) == (revision, before)
    with store.reading() as connection:
        assert [one.kind for one in history.of_zone(connection, "example.org.")] == ["create"]
    outcomes = committing.commit_groups(store, [[same], [edit("add", rrset("new.example.org", "A", "192.0.2.9"))]])
    assert [one[0].revision for one in outcomes if isinstance(one, list)] == [revision, revision + 1]
    assert store.revision() == revision + 1


@pytest.mark.parametrize(("owner", "room"), [("big.example.org", 65_491), ("*.big.example.org", 65_253)])
def test_an_rrset_must_fit_into_a_message(store: Store, owner: str, room: int) -> None:
    """RFC 1035 4.1, 4.2.2: header, question, each record with its owner as a pointer, and an OPT record (RFC 6891
    6.1.2) in 65,535 octets; who asks for a wildcard may ask for a name of 255 octets."""
    full, rest = divmod(room, 12 + 256)
    lines = [f'"{number:05}{"x" * 250}"' for number in range(full - 1)]
    last = rest + 268 - 12 * 2 - 2  # two records fill what is left
    lines += [f'"{"y" * 200}"', f'"{"z" * (last - 200)}"']
    (made,) = commit(store, edit("replace", rrset(owner, "TXT", *lines)))
    assert made.serial_after == 8
    lines[-1] = f'"{"z" * (last - 199)}"'
    with pytest.raises(ZoneDataError, match=f"TXT takes {room + 1} octets in an answer, and a DNS message has room"):
        commit(store, edit("replace", rrset(owner, "TXT", *lines)))
    assert serial(store) == 8

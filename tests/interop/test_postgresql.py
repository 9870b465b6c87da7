"""A real PostgreSQL as the store: the same rules as on SQLite, three nodes that follow it, and life without it."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest

from bench.peers import PeerFailedError, Postgresql, Resolute, Service
from resolute.errors import ResoluteError, UnavailableError
from resolute.node.follower import COPY
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store import accounts, backup, history, migrate, nodes, zones
from resolute.store.accounts import NewToken, NewUser
from resolute.store.metadata import Metadata
from resolute.store.restore import restore
from resolute.store.store import Store
from resolute.zones import importing, past
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.commit import commit, commit_groups
from resolute.zones.decide import Committed
from resolute.zones.importing import Imported, NewZone
from resolute.zones.metadata import SetUp, Values, set_up
from resolute.zones.serial import Policy
from tests.apiclient import Client
from tests.faults.kit.asking import addresses, ask, rcode, wait_for

ORIGIN = names.from_text("example.org.")
BY = Author("alice", "a test")
TEXT = b"""\
$TTL 300
@ SOA ns1 hostmaster 7 7200 3600 1209600 60
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.2
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Postgresql]:
    with Postgresql() as running:
        yield running


@pytest.fixture
def store(database: Postgresql) -> Iterator[Store]:
    """With nothing in it."""
    store = Store(database.url)
    with store.writing() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    store.close()
    fresh = Store(database.url)
    yield fresh
    fresh.close()


def put(owner: str, rtype: str, *lines: str) -> ZoneChange:
    rrset = RRset.parse(names.from_text(owner), rdata.type_from_text(rtype), 300, lines)
    return ZoneChange(ORIGIN, (Edit(Action.REPLACE, rrset),), BY)


def add(owner: str, *lines: str) -> ZoneChange:
    rrset = RRset.parse(names.from_text(owner), 1, 300, lines)
    return ZoneChange(ORIGIN, (Edit(Action.ADD, rrset),), BY)


class TestStore:
    """The rules of the store, on PostgreSQL."""

    def test_a_zone_with_its_past(self, store: Store) -> None:
        importing.create(store, NewZone(ORIGIN, TEXT, BY))
        first = past.text_at(store, ORIGIN, store.revision())
        commit(store, put("www.example.org", "A", "192.0.2.9"), put("new.example.org", "TXT", '"a;b"'))
        assert [one.what for one in past.changes_of(store, ORIGIN)] == [
            "new.example.org. TXT",
            "www.example.org. A",
            "created, with 4 records",
        ]
        importing.delete(store, ORIGIN, BY)
        past.revert(store, ORIGIN, 1, BY)
        assert past.text_at(store, ORIGIN, store.revision()) == first.replace(b" 7 ", b" 10 ")  # the serial goes on

    def test_names_of_any_octets_in_canonical_order(self, store: Store) -> None:
        lines = b"".join(
            b"\\%03d.odd A 192.0.2.1\n" % octet
            for octet in reversed(range(256))
            if chr(octet).lower() == chr(octet) or octet > 127
        )
        importing.create(store, NewZone(ORIGIN, TEXT + lines, BY))
        with store.reading() as connection:
            row = zones.find(connection, "example.org.")
            assert row is not None
            owners = [names.from_text(one.name) for one in zones.everything(connection, row.id) if "odd" in one.name]
        assert [owner[1] for owner in owners] == sorted(owner[1] for owner in owners)
        assert len(owners) == 230

    def test_writers_at_once_never_interleave(self, database: Postgresql, store: Store) -> None:
        importing.create(store, NewZone(ORIGIN, TEXT, BY))

        def write(number: int) -> int:
            own = Store(database.url)
            try:
                (made,) = commit(own, add("many.example.org", f"192.0.2.{number}"))
                return made.serial_after
            finally:
                own.close()

        with ThreadPoolExecutor(8) as pool:
            serials = list(pool.map(write, range(64)))
        assert sorted(serials) == list(range(8, 72))
        with store.reading() as connection:
            found = {one.serial_after for one in history.of_zone(connection, "example.org.")}
        assert found == set(range(7, 72))

    def test_a_group_that_breaks_a_rule_is_taken_back_alone(self, store: Store) -> None:
        importing.create(store, NewZone(ORIGIN, TEXT, BY))
        good, bad = put("a.example.org", "A", "192.0.2.5"), put("www.example.org", "CNAME", "a.")
        outcomes = commit_groups(
            store, [[good], [put("b.example.org", "A", "192.0.2.6"), bad], [add("c.example.org", "192.0.2.7")]]
        )
        assert [isinstance(outcome, ResoluteError) for outcome in outcomes] == [False, True, False]
        text = past.text_at(store, ORIGIN, store.revision()).decode()
        assert ("a.example.org." in text, "b.example.org." in text, "c.example.org." in text) == (True, False, True)

    def test_an_import_has_others_wait_from_its_first_look_on(self, database: Postgresql, store: Store) -> None:
        """Else both would give the zone the same next serial, with other contents."""
        importing.create(store, NewZone(ORIGIN, TEXT, BY))
        other, watch = Store(database.url), Store(database.url)
        with ThreadPoolExecutor(1) as pool:
            begun: list[Future[list[Committed]]] = []

            def someone_comes(*_: int) -> None:
                if not begun:
                    begun.append(pool.submit(commit, other, put("www.example.org", "A", "192.0.2.77")))
                    wait_for(lambda: begun[0].done() or is_someone_waiting(watch))

            text = TEXT.replace(b"192.0.2.2", b"192.0.2.3")
            made = importing.replace(store, NewZone(ORIGIN, text, BY, progress=someone_comes, expected_serial=7))
            (later,) = begun[0].result()
        assert (made.serial_before, made.serial) == (7, 8)
        assert (later.serial_before, later.serial_after) == (8, 9)
        for one in (other, watch):
            one.close()

    def test_two_that_make_the_same_zone(self, database: Postgresql, store: Store) -> None:
        store.revision()

        def make(_: int) -> Imported | ResoluteError:
            own = Store(database.url)
            try:
                return importing.create(own, NewZone(ORIGIN, TEXT, BY))
            except ResoluteError as error:
                return error
            finally:
                own.close()

        with ThreadPoolExecutor(6) as pool:
            outcomes = list(pool.map(make, range(6)))
        assert sorted(type(one).__name__ for one in outcomes) == ["Imported", *["RuleError"] * 5]

    def test_metadata_and_records_at_once(self, database: Postgresql, store: Store) -> None:
        """Whoever changes anything of a zone takes the same lock first: nobody waits for somebody who waits."""
        importing.create(store, NewZone(ORIGIN, TEXT, BY))
        policies = [Policy.DATE, Policy.INCREMENT] * 20

        def describe() -> None:
            own = Store(database.url)
            for number, policy in enumerate(policies):
                set_up(own, SetUp(ORIGIN, BY, partial(numbered, number), policy))
            own.close()

        with ThreadPoolExecutor(1) as pool:
            describing = pool.submit(describe)
            for number in range(40):
                commit(store, put("www.example.org", "A", f"192.0.2.{number}"))
            describing.result()
        with store.reading() as connection:
            kinds = Counter(one.kind for one in history.of_zone(connection, "example.org."))
        assert kinds == {"create": 1, "change": 40, "metadata": 40}

    def test_what_cannot_be_reached_says_so(self) -> None:
        with pytest.raises(UnavailableError, match=r"postgresql://u:\*\*\*@127\.0\.0\.1:1/x: .*refused"):
            Store("postgresql://u:secret@127.0.0.1:1/x").revision()


def numbered(number: int, _: Metadata) -> Values:
    return {"X-N": [str(number)]}


def is_someone_waiting(watch: Store) -> bool:
    """Whether a session of the database waits for a lock."""
    with watch.reading() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.exec_driver_sql(query).scalar_one())


class TestTokens:
    """A token that another one has registered ends with it."""

    def add(self, store: Store) -> None:
        """Three: of one the number stands before that of its parent."""
        with store.writing() as connection:
            user = accounts.add_user(connection, NewUser("bob", "no password", "operator"))
            for token, parent in (("b", None), ("a", "b"), ("c", None)):
                accounts.add_token(connection, user.id, NewToken(token, "robot", bytes(32), {}, (), None, parent))

    def tokens(self, store: Store) -> list[str]:
        with store.reading() as connection:
            return [one.id for one in accounts.list_tokens(connection, None, after="", limit=9)]

    @pytest.mark.parametrize("made", ["anew", "step by step"])
    def test_it_ends_with_it(self, store: Store, made: str) -> None:
        if made == "step by step":
            with store._engine.begin() as connection:  # noqa: SLF001  as a version before has left it
                migrate.rebuild(connection, "0007")
        self.add(store)
        assert self.tokens(store) == ["a", "b", "c"]
        with store.writing() as connection:
            assert accounts.remove_token(connection, "b")
        assert self.tokens(store) == ["c"]

    def test_it_comes_back_from_a_backup_before_the_other(self, store: Store) -> None:
        self.add(store)
        saved = b"".join(backup.stream(store))
        restore(store, BytesIO(saved), "b", replace=True)
        assert self.tokens(store) == ["a", "b", "c"]
        with store.writing() as connection:
            assert accounts.remove_token(connection, "b")
        assert self.tokens(store) == ["c"]


class Nodes:
    """Nodes that follow one database."""

    def __init__(self, database: Postgresql, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self.running: dict[str, Resolute] = {}

    def start(self, name: str, *, admin: bool = False) -> Resolute:
        extra = f'[store]\nurl = "{self._database.url}"\nnode = "{name}"\n[resolver]\nmode = "off"\n'
        server = Resolute(Service(extra=extra), admin=admin, data=self._folder / name)
        self.running[name] = server.start()
        return server

    def stop(self, name: str) -> None:
        self.running.pop(name).stop()

    def close(self) -> None:
        for server in self.running.values():
            try:
                server.stop()
            except PeerFailedError:
                server.kill()


@pytest.fixture
def three(database: Postgresql, store: Store, tmp_path: Path) -> Iterator[Nodes]:
    """Three nodes that serve example.org."""
    importing.create(store, NewZone(ORIGIN, TEXT, BY))
    found = Nodes(database, tmp_path)
    try:
        for name in ("one", "two", "three"):
            found.start(name)
        yield found
    finally:
        database.thaw()
        found.close()


def has_copy(server: Resolute, revision: int) -> bool:
    copy = Store(f"sqlite:///{server.data / COPY}")
    try:
        return copy.revision() == revision
    finally:
        copy.close()


def all_answer(found: Nodes, name: str, *expected: str) -> bool:
    return all(addresses(server.endpoint, name) == list(expected) for server in found.running.values())


class TestNodes:
    """Three real nodes."""

    def test_every_node_serves_a_change(self, three: Nodes, store: Store) -> None:
        assert all_answer(three, "www.example.org.", "192.0.2.2")
        for number in range(20):
            commit(store, put("www.example.org", "A", f"192.0.2.{number + 3}"))
            wait_for(partial(all_answer, three, "www.example.org.", f"192.0.2.{number + 3}"))
        importing.create(store, NewZone(names.from_text("other.test."), TEXT, BY))
        wait_for(lambda: all_answer(three, "www.other.test.", "192.0.2.2"))
        importing.delete(store, names.from_text("other.test."), BY)
        wait_for(
            lambda: all(rcode(ask(one.endpoint, "www.other.test.")) == "REFUSED" for one in three.running.values())
        )

    def test_nodes_say_how_far_they_are(self, three: Nodes, store: Store) -> None:
        commit(store, put("www.example.org", "A", "192.0.2.9"))

        def revisions() -> dict[str, int]:
            with store.reading() as connection:
                return {one.name: one.revision for one in nodes.every(connection)}

        wait_for(lambda: revisions() == dict.fromkeys(three.running, 2), timeout_s=10)

    def test_the_api_says_which_node_lags(self, three: Nodes, database: Postgresql) -> None:
        """A change is answered when the node of this machine serves it; one that is frozen does not hold it up."""
        three.stop("one")
        one = Client(three.start("one", admin=True), url=database.url)
        frozen = three.running["two"].process

        def behind() -> dict[str, int]:
            return {node["id"]: node["behind"] for node in one.send("GET", "/nodes").json}

        wait_for(lambda: behind() == {"local": 0, "two": 0, "three": 0})
        frozen.send_signal(signal.SIGSTOP)
        try:
            for number in (8, 9):
                put = one.send("PUT", "/zones/example.org/rrsets/www/A", {"records": [f"192.0.2.{number}"]})
                assert put.json["served"] is True
            wait_for(lambda: behind() == {"local": 0, "two": 2, "three": 0})
        finally:
            frozen.send_signal(signal.SIGCONT)
        wait_for(lambda: behind() == {"local": 0, "two": 0, "three": 0})

    @pytest.mark.parametrize("how", ["kill", "freeze"])
    def test_without_the_database_everything_is_served(
        self, three: Nodes, store: Store, database: Postgresql, how: str
    ) -> None:
        """Also by a node that starts meanwhile, from its last copy; and all catch up by themselves."""
        commit(store, put("www.example.org", "A", "192.0.2.7"))
        wait_for(lambda: all_answer(three, "www.example.org.", "192.0.2.7"))
        for server in three.running.values():
            wait_for(partial(has_copy, server, store.revision()))
        getattr(database, how)()
        assert all_answer(three, "www.example.org.", "192.0.2.7")
        three.running.pop("two").kill()
        began = time.monotonic()
        three.start("two")
        assert all_answer(three, "www.example.org.", "192.0.2.7")
        assert time.monotonic() - began < 30
        if how == "kill":
            with pytest.raises(UnavailableError):
                commit(store, put("www.example.org", "A", "192.0.2.8"))
            database.start()
        else:
            database.thaw()
        commit(store, put("www.example.org", "A", "192.0.2.8"))
        wait_for(lambda: all_answer(three, "www.example.org.", "192.0.2.8"), timeout_s=20)

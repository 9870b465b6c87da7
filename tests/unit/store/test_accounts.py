"""Users, tokens, sessions and the audit log in a real SQLite store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resolute.errors import RuleError
from resolute.store import accounts, audit, sessions
from resolute.store.accounts import NewToken, NewUser, User
from resolute.store.audit import Event
from resolute.store.sessions import MAX_SESSIONS, NewSession
from resolute.store.store import Store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'resolute.db'}")


def add(store: Store, name: str, role: str = "owner", zones: tuple[str, ...] = ()) -> User:
    with store.writing() as connection:
        return accounts.add_user(connection, NewUser(name, "$argon2id$", role, zones))


def token(name: str, number: int = 1) -> NewToken:
    return NewToken(f"{number:012x}", name, b"h" * 32, {"verbs": ["zones:read"]}, ("192.0.2.0/24",), None)


def test_a_user_is_what_was_added(store: Store) -> None:
    added = add(store, "bob", "editor", ("example.org.",))
    with store.reading() as connection:
        found = accounts.find_user(connection, "bob")
        assert found == added
        assert accounts.get_user(connection, added.id) == added
        assert accounts.find_user(connection, "Bob") is None
    assert (added.role, added.zones, added.disabled, added.created.tzinfo) == ("editor", ("example.org.",), False, UTC)


def test_there_is_one_first_owner(store: Store) -> None:
    with store.writing() as connection:
        assert not accounts.any_user(connection)
        accounts.add_first_user(connection, NewUser("alice", "x", "owner"))
    with pytest.raises(RuleError, match="set up already"), store.writing() as connection:
        accounts.add_first_user(connection, NewUser("mallory", "x", "owner"))


def test_a_name_is_taken_once(store: Store) -> None:
    add(store, "bob")
    with pytest.raises(RuleError, match="already"):
        add(store, "bob")


def test_an_owner_is_always_left(store: Store) -> None:
    add(store, "alice")
    add(store, "bob")
    with store.writing() as connection:
        assert accounts.update_user(connection, "bob", {"disabled": True})
    for values in ({"role": "reader"}, {"disabled": True}):
        with pytest.raises(RuleError, match="no owner"), store.writing() as connection:
            accounts.update_user(connection, "alice", values)
    with pytest.raises(RuleError, match="no owner"), store.writing() as connection:
        accounts.remove_user(connection, "alice")
    with store.writing() as connection:
        assert accounts.update_user(connection, "nobody", {"role": "owner"}) is None
        assert not accounts.remove_user(connection, "nobody")
        assert accounts.remove_user(connection, "bob")


def test_users_in_pages(store: Store) -> None:
    for name in ("c", "a", "b"):
        add(store, name)
    with store.reading() as connection:
        assert [user.name for user in accounts.list_users(connection, after="", limit=2)] == ["a", "b"]
        assert [user.name for user in accounts.list_users(connection, after="b", limit=2)] == ["c"]


def test_a_token_knows_its_owner_as_it_is_now(store: Store) -> None:
    bob = add(store, "bob")
    add(store, "alice")
    with store.writing() as connection:
        accounts.add_token(connection, bob.id, token("ci"))
        accounts.update_user(connection, "bob", {"role": "reader"})
    with store.writing() as connection:
        accounts.note_use(connection, token("ci").id, "192.0.2.7", NOW)
    with store.reading() as connection:
        found = accounts.find_token(connection, token("ci").id)
        assert found is not None
        mine, owner = found
        assert (mine.name, mine.user, owner.role, mine.hash) == ("ci", "bob", "reader", b"h" * 32)
        assert (mine.scope, mine.sources) == ({"verbs": ["zones:read"]}, ("192.0.2.0/24",))
        assert (mine.last_used, mine.last_address, mine.expires) == (NOW, "192.0.2.7", None)


def test_what_is_of_a_user_goes_with_it(store: Store) -> None:
    add(store, "alice")
    bob = add(store, "bob")
    with store.writing() as connection:
        accounts.add_token(connection, bob.id, token("ci"))
        sessions.open_session(connection, NewSession(b"s" * 32, bob.id, "::1", NOW, NOW + timedelta(hours=1)))
        accounts.remove_user(connection, "bob")
    with store.reading() as connection:
        assert accounts.find_token(connection, token("ci").id) is None
        assert sessions.find_session(connection, b"s" * 32, NOW) is None


def test_tokens_of_one_and_of_all(store: Store) -> None:
    alice, bob = add(store, "alice"), add(store, "bob")
    with store.writing() as connection:
        for number, user in enumerate([bob, alice, bob]):
            accounts.add_token(connection, user.id, token(f"t{number}", number))
    with store.writing() as connection:
        assert [one.name for one in accounts.list_tokens(connection, "bob", after="", limit=9)] == ["t0", "t2"]
        assert [one.name for one in accounts.list_tokens(connection, None, after="", limit=2)] == ["t0", "t1"]
        assert accounts.remove_token(connection, token("t0", 0).id)
        assert not accounts.remove_token(connection, token("t0", 0).id)


def test_a_session_ends(store: Store) -> None:
    user = add(store, "alice")
    with store.writing() as connection:
        for hashed in (b"a" * 32, b"b" * 32):
            sessions.open_session(connection, NewSession(hashed, user.id, "::1", NOW, NOW + timedelta(hours=1)))
        found = sessions.find_session(connection, b"a" * 32, NOW + timedelta(minutes=59))
        assert found is not None
        assert found.user == user
        assert sessions.find_session(connection, b"a" * 32, NOW + timedelta(hours=1)) is None
        assert sessions.find_session(connection, b"x" * 32, NOW) is None
        sessions.close_session(connection, b"a" * 32)
        assert sessions.find_session(connection, b"a" * 32, NOW) is None
        sessions.close_sessions(connection, user.id)
        assert sessions.find_session(connection, b"b" * 32, NOW) is None


def test_a_user_has_so_many_sessions_and_the_oldest_ends(store: Store) -> None:
    user = add(store, "alice")
    hashes = [bytes([number]) * 32 for number in range(MAX_SESSIONS + 2)]
    with store.writing() as connection:
        for second, hashed in enumerate(hashes):
            start = NOW + timedelta(seconds=second)
            sessions.open_session(connection, NewSession(hashed, user.id, "::1", start, NOW + timedelta(hours=1)))
        alive = [hashed for hashed in hashes if sessions.find_session(connection, hashed, NOW)]
    assert alive == hashes[2:]


def test_the_audit_log_newest_first(store: Store) -> None:
    with store.writing() as connection:
        for number in range(5):
            audit.append(connection, Event("alice" if number % 2 else "bob", "::1", "users:write", f"{number}", "done"))
    with store.reading() as connection:
        first = audit.read(connection, before=None, limit=2)
        assert [entry.event.target for entry in first] == ["4", "3"]
        assert [entry.event.target for entry in audit.read(connection, before=first[-1].id, limit=9)] == ["2", "1", "0"]
        assert [entry.event.target for entry in audit.read(connection, before=None, limit=9, actor="alice")] == [
            "3",
            "1",
        ]
        assert first[0].time.tzinfo is UTC


def test_the_audit_log_takes_what_strangers_send(store: Store) -> None:
    with store.writing() as connection:
        audit.append(connection, Event("x" * 999, "y" * 99, "GET", "\x00\ud800\n<b>" + "z" * 9999, "denied"))
    with store.reading() as connection:
        (entry,) = audit.read(connection, before=None, limit=9)
    assert entry.event.target.startswith("\\000\\ud800\n<b>zzz")
    assert (len(entry.event.actor), len(entry.event.address), len(entry.event.target)) == (255, 45, 2048)


def test_there_is_no_way_to_change_the_audit_log() -> None:
    made = {name for name, value in vars(audit).items() if getattr(value, "__module__", "") == audit.__name__}
    assert made == {"Event", "Entry", "append", "read"}

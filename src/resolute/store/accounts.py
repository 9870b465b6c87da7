"""Users, their tokens and their sessions in the store. Secrets come here as hashes only.

Every function works within the caller's transaction, so that a change and its line in the audit log are one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from resolute.errors import RuleError
from resolute.store.schema import revision, tokens, users

OWNER: Final = "owner"
"""The role of which one user must be left."""
MAX_TOKENS: Final = 1_000
"""Of one user."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. `password` is an encoded Argon2id hash, `zones` are those that an editor may edit."""

    id: int
    name: str
    password: str
    role: str
    zones: tuple[str, ...]
    created: datetime
    disabled: bool


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is known of a user before there is one."""

    name: str
    password: str
    role: str
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows instead of a password. `hash` is the SHA-256 of its secret; `scope` is JSON."""

    id: str
    name: str
    hash: bytes
    user: str
    scope: Mapping[str, Any]
    sources: tuple[str, ...]
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    last_address: str | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """What is known of a token before it is stored."""

    id: str
    name: str
    hash: bytes
    scope: Mapping[str, Any]
    sources: tuple[str, ...]
    expires: datetime | None
    parent: str | None = None
    """The token that has registered it: it ends with that one."""


# --------------------------------------------------------------------------------------------------------------- users


def lock(connection: Connection) -> None:
    """Keeps others from writing until the transaction ends, for rules about all users: there is one first owner, and
    there is always one left."""
    connection.execute(select(revision.c.value).with_for_update())


def any_user(connection: Connection) -> bool:
    """Whether the server has been set up."""
    return connection.execute(select(users.c.id).limit(1)).first() is not None


def find_user(connection: Connection, name: str) -> User | None:
    """The user of this name."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    return None if row is None else _user(row)


def get_user(connection: Connection, user_id: int) -> User | None:
    """The user of this number."""
    row = connection.execute(select(users).where(users.c.id == user_id)).first()
    return None if row is None else _user(row)


def list_users(connection: Connection, *, after: str, limit: int) -> list[User]:
    """Users by name, from the first one after `after`."""
    rows = connection.execute(select(users).where(users.c.name > after).order_by(users.c.name).limit(limit))
    return [_user(row) for row in rows]


def list_owners(connection: Connection) -> list[User]:
    """Those who own the server and may log in, the first two by name: whether there is one is what is asked."""
    found = select(users).where(users.c.role == OWNER, users.c.disabled.is_(False)).order_by(users.c.name).limit(2)
    return list(map(_user, connection.execute(found)))


def add_first_user(connection: Connection, wanted: NewUser) -> User:
    """The owner of a server that nobody owns. Raises RuleError when somebody does."""
    lock(connection)
    if any_user(connection):
        raise RuleError("the server has been set up already: log in, or ask its owner for an account")
    return add_user(connection, wanted)


def add_user(connection: Connection, wanted: NewUser) -> User:
    """Adds a user. Raises RuleError when the name is taken."""
    if find_user(connection, wanted.name) is not None:
        raise RuleError(f"there is a user {wanted.name} already: choose another name")
    values = {"name": wanted.name, "password": wanted.password, "role": wanted.role, "zones": list(wanted.zones)}
    connection.execute(insert(users).values(**values, created=datetime.now(UTC), disabled=False))
    return _existing(connection, wanted.name)


def update_user(connection: Connection, name: str, values: Mapping[str, Any]) -> User | None:
    """Sets `role`, `zones` or `disabled`; returns the user as it is now, None when there is none.

    Raises RuleError when no owner would be left.
    """
    lock(connection)
    fields = {key: list(value) if key == "zones" else value for key, value in values.items()}
    if fields and not connection.execute(update(users).where(users.c.name == name).values(fields)).rowcount:
        return None
    _require_owner(connection)
    return find_user(connection, name)


def set_password(connection: Connection, user_id: int, password: str) -> None:
    """Replaces the hash; the caller ends the user's sessions."""
    connection.execute(update(users).where(users.c.id == user_id).values(password=password))


def remove_user(connection: Connection, name: str) -> bool:
    """Takes a user away, with tokens and sessions; returns whether there was one.

    Raises RuleError when no owner would be left.
    """
    lock(connection)
    removed = bool(connection.execute(delete(users).where(users.c.name == name)).rowcount)
    if removed:
        _require_owner(connection)
    return removed


def _require_owner(connection: Connection) -> None:
    owners = select(users.c.id).where(users.c.role == OWNER, users.c.disabled.is_(False))
    if connection.execute(owners.limit(1)).first() is None:
        raise RuleError("no owner would be left: make somebody else an owner first")


def _existing(connection: Connection, name: str) -> User:
    return _user(connection.execute(select(users).where(users.c.name == name)).one())


def _user(row: Row[Any]) -> User:
    zones = tuple(str(zone) for zone in row.zones)
    return User(row.id, row.name, row.password, row.role, zones, utc(row.created), bool(row.disabled))


# -------------------------------------------------------------------------------------------------------------- tokens

_TOKENS = select(tokens, users.c.name.label("user")).join_from(tokens, users)


def find_token(connection: Connection, token_id: str) -> tuple[Token, User] | None:
    """A token and its owner as it is now."""
    row = connection.execute(_TOKENS.where(tokens.c.id == token_id)).first()
    if row is None:
        return None
    owner = get_user(connection, row.user_id)
    return None if owner is None else (_token(row), owner)


def list_tokens(connection: Connection, user: str | None, *, after: str, limit: int) -> list[Token]:
    """Tokens of a user (None: of all) by number, from the first one after `after`."""
    query = _TOKENS.where(tokens.c.id > after).order_by(tokens.c.id).limit(limit)
    if user is not None:
        query = query.where(users.c.name == user)
    return [_token(row) for row in connection.execute(query)]


def add_token(connection: Connection, user_id: int, wanted: NewToken) -> None:
    """Stores a token. Raises RuleError when its owner has too many."""
    mine = select(func.count()).select_from(tokens).where(tokens.c.user_id == user_id)
    if connection.execute(mine).scalar_one() >= MAX_TOKENS:
        raise RuleError(f"a user may have {MAX_TOKENS} tokens: remove some that nobody uses")
    values: dict[str, Any] = {"id": wanted.id, "name": wanted.name, "hash": wanted.hash, "scope": dict(wanted.scope)}
    values |= {"sources": list(wanted.sources), "expires": wanted.expires, "parent": wanted.parent}
    connection.execute(insert(tokens).values(**values, user_id=user_id, created=datetime.now(UTC)))


def note_use(connection: Connection, token_id: str, address: str, when: datetime) -> None:
    """When and from where a token was last used."""
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used=when, last_address=address))


def remove_token(connection: Connection, token_id: str) -> bool:
    """Takes a token away, with those that it has registered; returns whether there was one."""
    return bool(connection.execute(delete(tokens).where(tokens.c.id == token_id)).rowcount)


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        hash=bytes(row.hash),
        user=row.user,
        scope=dict(row.scope),
        sources=tuple(row.sources),
        created=utc(row.created),
        expires=None if row.expires is None else utc(row.expires),
        last_used=None if row.last_used is None else utc(row.last_used),
        last_address=row.last_address,
    )


def utc(time: datetime) -> datetime:
    """SQLite gives times back without their zone; all in the store are UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)

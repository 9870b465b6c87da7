"""Webhooks in the store: whom to tell of changes, and how far each has been told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from resolute.errors import RuleError
from resolute.store.schema import webhooks

MOST: Final = 32
_WORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Webhook:
    """One of them. `position` is the id of the last change that it has been told."""

    id: str
    url: str
    zones: tuple[str, ...]
    secret: str
    created: datetime
    position: int
    failures: int
    next_try: datetime
    last_error: str


def add(connection: Connection, hook: Webhook) -> Webhook:
    """A new one. Raises RuleError when there are too many."""
    if int(connection.execute(select(func.count()).select_from(webhooks)).scalar_one()) >= MOST:
        raise RuleError(f"there are {MOST} webhooks already: remove one first")
    values = {column.name: getattr(hook, column.name) for column in webhooks.columns}
    connection.execute(insert(webhooks).values(values | {"zones": list(hook.zones)}))
    return hook


def every(connection: Connection) -> list[Webhook]:
    """All of them, the oldest first."""
    return [_webhook(row) for row in connection.execute(select(webhooks).order_by(webhooks.c.created, webhooks.c.id))]


def find(connection: Connection, hook_id: str) -> Webhook | None:
    """One of them."""
    row = connection.execute(select(webhooks).where(webhooks.c.id == hook_id)).one_or_none()
    return None if row is None else _webhook(row)


def remove(connection: Connection, hook_id: str) -> bool:
    """Whether it was there."""
    return bool(connection.execute(delete(webhooks).where(webhooks.c.id == hook_id)).rowcount)


def claim(connection: Connection, hook: Webhook, until: datetime) -> bool:
    """Whether this process is the one that delivers now: no other tries before `until`."""
    mine = (webhooks.c.id == hook.id, webhooks.c.next_try == hook.next_try)
    return bool(connection.execute(update(webhooks).where(*mine).values(next_try=until)).rowcount)


def delivered(connection: Connection, hook_id: str, position: int, now: datetime) -> None:
    """It has been told of the changes up to this one."""
    values = {"position": position, "failures": 0, "next_try": now, "last_error": ""}
    connection.execute(update(webhooks).where(webhooks.c.id == hook_id).values(values))


def failed(connection: Connection, hook: Webhook, next_try: datetime, error: str) -> None:
    """It could not be told."""
    values = {"failures": hook.failures + 1, "next_try": next_try, "last_error": error[:_WORDS]}
    connection.execute(update(webhooks).where(webhooks.c.id == hook.id).values(values))


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(**{**row._mapping, "zones": tuple(row.zones)})  # noqa: SLF001  SQLAlchemy's documented way

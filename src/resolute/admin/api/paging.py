"""Lists in pages: `?limit=100&cursor=...`; a page's `next` is the cursor of the page after it, null on the last.

A cursor is a position (the key of the last item shown), so that what is added or removed meanwhile neither repeats nor
hides an item. It is opaque to clients and belongs to one kind of list; it gives no right, every page asks for it anew.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from resolute.admin.api.problems import InvalidError

MOST: Final = 1_000
USUAL: Final = 100
_LONGEST: Final = 2_048

Key = str | int
T = TypeVar("T")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=MOST, description="Items on the page at most.")]
Cursor = Annotated[
    str | None, Query(max_length=_LONGEST, description="The `next` of the page before; without it the first page.")
]


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next: str | None = Field(description="The cursor of the next page; null on the last.", examples=[None])


def page(kind: str, rows: Sequence[Row], limit: int, key: Callable[[Row], Key]) -> tuple[Sequence[Row], str | None]:
    """The rows of a page and its `next`, from up to `limit + 1` rows: the one too many says that there are more."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode(kind, key(rows[limit - 1]))


def encode(kind: str, key: Key) -> str:
    """The cursor behind an item of a list of this kind."""
    return base64.urlsafe_b64encode(json.dumps([kind, key]).encode()).decode().rstrip("=")


def decode(kind: str, cursor: str | None, default: T) -> T:
    """The key in a cursor, of the type of `default`, which stands for the first page.

    Raises InvalidError for what is no cursor of this kind of list.
    """
    if cursor is None:
        return default
    try:
        found, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        found, key = "", None
    if found != kind or type(key) is not type(default) or not _plain(key):
        raise InvalidError(("cursor", f"it is not one of a list of {kind}: take the `next` of the page before"))
    return key


def _plain(key: object) -> bool:
    """What every database takes as a value to compare with."""
    if isinstance(key, int):
        return -(2**63) <= key < 2**63
    return isinstance(key, str) and key.isascii() and "\0" not in key

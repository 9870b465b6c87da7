"""Search over the names and data of all zones of the store, and of the local records.

A pattern (`wildcards.py`) is held against each name, with and without the trailing dot, and against each record.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection

from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere, problem
from resolute.admin.api.fields import NO_NUL
from resolute.admin.api.naming import rtype_number, zone_name
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.api.problems import InvalidError, NotThereError
from resolute.admin.api.rrsetjson import Form, FormHere, RRsetShown
from resolute.admin.api.rrsetjson import shown as rrset_shown
from resolute.admin.api.wildcards import Pattern
from resolute.admin.rights import Principal, Right, Verb, permits, require_somewhere
from resolute.admin.services import Services
from resolute.records import names, rdata
from resolute.store import zones as store
from resolute.store.order import sort_key
from resolute.store.zones import RRsetRow, Sought
from resolute.zones.rows import rrset_of

router = APIRouter(prefix="/search", tags=["records"], responses=REFUSALS)

LOCAL_AT_MOST: Final = 1_000
_KIND: Final = "search"
_LOCAL_TTL: Final = 0

Hit = tuple[str, int, RRsetRow]


class Found(RRsetShown):
    """An RRset that fits, with its zone; null: a local record, whose TTL is a setting (shown as 0)."""

    zone: str | None = Field(examples=["example.org."])


@router.get("", operation_id="search", responses=problem(404))
async def search(
    services: ServicesHere,
    principal: PrincipalHere,
    q: Annotated[str, Query(min_length=1, max_length=1_024, pattern=NO_NUL, description="What to look for.")] = "*",
    rtype: Annotated[str | None, Query(alias="type", max_length=16, description="Of this type alone.")] = None,
    zone: Annotated[str | None, Query(max_length=1_024, description="In this zone alone.")] = None,
    records: FormHere = Form.TEXT,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[Found]:
    """RRsets whose name or one of whose records fits. Needs records:read, and shows what that covers. A page may have
    fewer items than its limit; local records stand on the last one."""
    require_somewhere(principal, Verb.RECORDS_READ)
    number = None if rtype is None else rtype_number(rtype)
    last = _position(decode(_KIND, cursor, ""))
    pattern = Pattern.parse(q)

    def look(connection: Connection) -> list[Hit]:
        zone_id = None if zone is None else _zone_id(connection, zone)
        return store.search(connection, Sought(pattern.like, number, zone_id), last, limit=limit + 1)

    some, following = page(_KIND, await services.writer.look(look), limit, _key)
    items = [
        Found(zone=name, **rrset_shown(rrset_of(row), records).model_dump())
        for name, _, row in some
        if fits(pattern, row) and _may_see(principal, name, row)
    ]
    if following is None and zone is None and permits(principal, Right(Verb.HOSTS_READ)):
        items += await _local(services, pattern, number)
    return Page(items=items, next=following)


def fits(pattern: Pattern, row: RRsetRow) -> bool:
    """Whether the name, with or without its last dot, or one of the records is what the pattern says."""
    return any(pattern.matches(text) for text in (row.name, row.name.rstrip("."), *row.data.split("\n")))


def _may_see(principal: Principal, zone: str, row: RRsetRow) -> bool:
    right = Right(Verb.RECORDS_READ, names.from_text(zone), names.from_text(row.name), row.rtype)
    return permits(principal, right)


def _key(hit: Hit) -> str:
    _, zone_id, row = hit
    return f"{zone_id} {row.rtype} {row.name}"


def _position(key: str) -> tuple[int, bytes, int] | None:
    if not key:
        return None
    try:
        zone_id, rtype, name = key.split(" ", 2)
        return int(zone_id), sort_key(names.from_text(name)), int(rtype)
    except ValueError as error:
        raise InvalidError(("cursor", "it is not one of a list of search")) from error


def _zone_id(connection: Connection, text: str) -> int:
    name = names.to_text(zone_name(text))
    row = store.find(connection, name)
    if row is None:
        raise NotThereError(f"there is no zone {name} in the store")
    return row.id


async def _local(services: Services, pattern: Pattern, rtype: int | None) -> list[Found]:
    found = []
    for name, address in (await services.writer.read()).addresses.items():
        kind = "AAAA" if ":" in address else "A"
        row = RRsetRow(b"", rdata.type_from_text(kind), f"{name}.", _LOCAL_TTL, address)
        if rtype in (None, row.rtype) and fits(pattern, row):
            found.append(Found(zone=None, name=row.name, type=kind, ttl=_LOCAL_TTL, records=[address]))
    return found[:LOCAL_AT_MOST]

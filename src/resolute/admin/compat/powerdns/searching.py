"""`/search-data`: zones and records of the store by a pattern; `*` stands for any characters, `?` for one."""

import enum
from typing import Annotated, Final

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from resolute.admin.api.dependencies import PrincipalHere, ServicesHere
from resolute.admin.api.wildcards import Pattern
from resolute.admin.compat.powerdns.content import content_of
from resolute.admin.compat.powerdns.naming import zone_id
from resolute.admin.compat.powerdns.refusals import PowerDnsRoute, UnprocessableError, refusals
from resolute.admin.compat.powerdns.shapes import Hit
from resolute.admin.rights import Principal, Right, Verb, permits, require_somewhere
from resolute.records import names, rdata
from resolute.store import zones as store
from resolute.store.order import sort_key
from resolute.store.zones import RRsetRow, Sought

router = APIRouter(tags=["powerdns"], responses=refusals(), route_class=PowerDnsRoute)

USUAL: Final = 100
MOST: Final = 10_000
_PAGE: Final = 500
_PAGES: Final = 200
"""RRsets that are looked at, and how often so many."""


class ObjectType(enum.StrEnum):
    """What is looked for."""

    ALL = "all"
    ZONE = "zone"
    RECORD = "record"
    COMMENT = "comment"


@router.get("/search-data", operation_id="searchPowerDns", response_model_exclude_unset=True)
async def search(
    services: ServicesHere,
    principal: PrincipalHere,
    q: Annotated[str, Query(max_length=1_024, description="What to look for.")] = "",
    max: Annotated[int, Query(ge=1, le=MOST, description="So many at most.")] = USUAL,  # noqa: A002
    object_type: ObjectType = ObjectType.ALL,
) -> list[Hit]:
    """Zones whose name fits, and records that fit or whose name does. Needs records:read, and shows what that and
    zones:read cover."""
    require_somewhere(principal, Verb.RECORDS_READ)
    if not q:
        raise UnprocessableError("Query q can't be blank")
    if "\0" in q:  # nothing that is kept has one
        return []
    pattern = _pattern(q)

    def look(connection: Connection) -> list[Hit]:
        found: list[Hit] = []
        if object_type in (ObjectType.ALL, ObjectType.ZONE):
            found += _zones(connection, pattern, principal, max)
        if object_type in (ObjectType.ALL, ObjectType.RECORD) and len(found) < max:
            found += _records(connection, pattern, principal, max - len(found))
        return found

    return await services.writer.look(look)


def _pattern(text: str) -> Pattern:
    """Other than in our own search, a text without wildcards is all that must be there."""
    return Pattern.parse(text) if "*" in text or "?" in text else Pattern((tuple(text),))


def _fits(pattern: Pattern, name: str) -> bool:
    return pattern.matches(name) or pattern.matches(name.rstrip("."))


def _zones(connection: Connection, pattern: Pattern, principal: Principal, most: int) -> list[Hit]:
    found: list[Hit] = []
    for row in store.every(connection):
        if len(found) == most:
            break
        if _fits(pattern, row.name) and permits(principal, Right(Verb.ZONES_READ, names.from_text(row.name))):
            found.append(Hit(object_type="zone", name=row.name, zone_id=zone_id(row.name)))
    return found


def _records(connection: Connection, pattern: Pattern, principal: Principal, most: int) -> list[Hit]:
    """Of the first RRsets that fit; a token that may see few of them does not have all of the store looked through."""
    found: list[Hit] = []
    last = None
    for _ in range(_PAGES):
        rows = store.search(connection, Sought(pattern.like), last, limit=_PAGE)
        for zone, _, row in rows:
            right = Right(Verb.RECORDS_READ, names.from_text(zone), names.from_text(row.name), row.rtype)
            if permits(principal, right):
                found += _hits(pattern, zone, row)
        if len(rows) < _PAGE or len(found) >= most:
            break
        _, number, row = rows[-1]
        last = number, sort_key(names.from_text(row.name)), row.rtype
    return found[:most]


def _hits(pattern: Pattern, zone: str, row: RRsetRow) -> list[Hit]:
    """The records of an RRset that fit, all of them where its name does."""
    named = _fits(pattern, row.name)
    contents = [content_of(row.rtype, line) for line in row.data.split("\n") if named or pattern.matches(line)]
    return [
        Hit(
            object_type="record",
            name=row.name,
            zone_id=zone_id(zone),
            zone=zone,
            type=rdata.type_to_text(row.rtype),
            ttl=row.ttl,
            content=content,
            disabled=False,
        )
        for content in contents
    ]

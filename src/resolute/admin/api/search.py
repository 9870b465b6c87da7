"""Search over the names and data of all zones, and of the local records.

    zones of the store, page by page -> zones of files, page by page -> local records, on the last page

A pattern (`wildcards.py`) is held against each name, with and without the trailing dot, and against each record. The
cursor has where the page before has ended: `store ID TYPE NAME`, or `file ZONE TYPE NAME`.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from resolute.admin import filesearch
from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere, problem
from resolute.admin.api.fields import NO_NUL
from resolute.admin.api.naming import rtype_number, zone_name
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, encode, page
from resolute.admin.api.problems import InvalidError
from resolute.admin.api.rrsetjson import Form, FormHere, RRsetShown
from resolute.admin.api.rrsetjson import shown as rrset_shown
from resolute.admin.api.sources import find
from resolute.admin.api.wildcards import Pattern
from resolute.admin.filesearch import Place
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Principal, Right, Verb, permits, require_somewhere
from resolute.admin.services import Services
from resolute.errors import UnavailableError
from resolute.records import names, rdata
from resolute.store import zones as store
from resolute.store.order import sort_key
from resolute.store.zones import RRsetRow, Sought, ZoneRow
from resolute.zones.rows import rrset_of

router = APIRouter(prefix="/search", tags=["records"], responses=REFUSALS)

LOCAL_AT_MOST: Final = 1_000
_KIND: Final = "search"
_STORE: Final = "store"
_FILE: Final = "file"
_LOCAL_TTL: Final = 0

Hit = tuple[str, RRsetRow]
"""An RRset that fits, with the name of its zone."""
Position = tuple[int, bytes, int]
"""Behind an RRset of the store: its zone's id, its sort key and type."""


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
    """RRsets whose name or one of whose records fits, of zones of the store and of files. Needs records:read, and shows
    what that covers. A page may have fewer items than its limit; local records stand on the last one."""
    require_somewhere(principal, Verb.RECORDS_READ)
    number = None if rtype is None else rtype_number(rtype)
    wanted = _Wanted(services, Pattern.parse(q), number, await _one(services, zone), limit)
    start = _start(decode(_KIND, cursor, ""))
    hits, following = await (_in_files(wanted, start) if isinstance(start, Place) else _in_store(wanted, start))
    items = [
        Found(zone=name, **rrset_shown(rrset_of(row), records).model_dump())
        for name, row in hits
        if _may_see(principal, name, row)
    ]
    if following is None and zone is None and permits(principal, Right(Verb.HOSTS_READ)):
        items += await _local(services, wanted.pattern, number)
    return Page(items=items, next=following)


def fits(pattern: Pattern, row: RRsetRow) -> bool:
    """Whether the name, with or without its last dot, or one of the records is what the pattern says."""
    return any(pattern.matches(text) for text in (row.name, row.name.rstrip("."), *row.data.split("\n")))


@dataclass(frozen=True, slots=True)
class _Wanted:
    services: Services
    pattern: Pattern
    rtype: int | None
    zone: ZoneRow | FileZone | None
    limit: int


async def _one(services: Services, zone: str | None) -> ZoneRow | FileZone | None:
    """The zone that alone is to be looked into. Raises NotThereError."""
    return None if zone is None else await find(services, zone_name(zone))


async def _in_store(wanted: _Wanted, last: Position | None) -> tuple[list[Hit], str | None]:
    """A page of the store; the last one goes on in files."""
    if isinstance(wanted.zone, FileZone):
        return await _in_files(wanted, None)
    sought = Sought(wanted.pattern.like, wanted.rtype, None if wanted.zone is None else wanted.zone.id)
    rows = await wanted.services.writer.look(lambda c: store.search(c, sought, last, limit=wanted.limit + 1))
    some, following = page(_KIND, rows, wanted.limit, lambda hit: f"{_STORE} {hit[1]} {hit[2].rtype} {hit[2].name}")
    hits = [(name, row) for name, _, row in some if fits(wanted.pattern, row)]
    if following is not None or wanted.zone is not None:
        return hits, following
    if len(hits) == wanted.limit:
        return hits, encode(_KIND, _text(Place(".")))
    more, following = await _in_files(replace(wanted, limit=wanted.limit - len(hits)), None)
    return hits + more, following


async def _in_files(wanted: _Wanted, start: Place | None) -> tuple[list[Hit], str | None]:
    """A page of zone files. A zone that the store has too is the store's."""
    files = {wanted.zone.name: wanted.zone} if isinstance(wanted.zone, FileZone) else await _files(wanted.services)
    ordered = [files[name] for name in sorted(files)]

    def is_sought(_: str, row: RRsetRow) -> bool:
        return wanted.rtype in (None, row.rtype) and fits(wanted.pattern, row)

    found = await wanted.services.writer.off_loop(lambda: filesearch.search(ordered, is_sought, start, wanted.limit))
    return list(found.hits), None if found.following is None else encode(_KIND, _text(found.following))


async def _files(services: Services) -> dict[str, FileZone]:
    try:
        files = await services.file_zones.all()
    except UnavailableError:
        return {}
    rows = await services.writer.look(lambda connection: store.find_all(connection, files))
    return {name: zone for name, zone in files.items() if name not in {row.name for row in rows}}


def _may_see(principal: Principal, zone: str, row: RRsetRow) -> bool:
    right = Right(Verb.RECORDS_READ, names.from_text(zone), names.from_text(row.name), row.rtype)
    return permits(principal, right)


def _text(place: Place) -> str:
    return f"{_FILE} {place.zone} {place.rtype} {names.to_text(place.owner) if place.owner else ''}"


def _start(key: str) -> Position | Place | None:
    if not key:
        return None
    try:
        source, zone, rtype, name = key.split(" ", 3)
        owner = names.from_text(name) if name else b""
        if source == _FILE:
            return Place(names.to_text(names.from_text(zone)), owner, int(rtype))
        return int(zone), sort_key(owner), int(rtype)
    except ValueError as error:
        raise InvalidError(("cursor", "it is not one of a list of search")) from error


async def _local(services: Services, pattern: Pattern, rtype: int | None) -> list[Found]:
    found = []
    for name, address in (await services.writer.read()).addresses.items():
        kind = "AAAA" if ":" in address else "A"
        row = RRsetRow(b"", rdata.type_from_text(kind), f"{name}.", _LOCAL_TTL, address)
        if rtype in (None, row.rtype) and fits(pattern, row):
            found.append(Found(zone=None, name=row.name, type=kind, ttl=_LOCAL_TTL, records=[address]))
    return found[:LOCAL_AT_MOST]

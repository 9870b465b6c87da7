"""RRsets of a zone: listed, shown, replaced, changed record by record, removed."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from resolute.admin.api import conditions
from resolute.admin.api.changes import Request, RequestHere, ZoneChanged, changed, say_unconfirmed
from resolute.admin.api.conditions import NOT_MODIFIED, Conditions, ConditionsHere, not_modified
from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere, problem
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.naming import NameInPath, TypeInPath, ZoneInPath, owner_name, zone_name
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.api.problems import InvalidError, NotThereError
from resolute.admin.api.rrsetjson import (
    USUAL_TTL,
    Form,
    FormHere,
    RRsetPatched,
    RRsetPut,
    RRsetShown,
    data_type,
    rdatas_of,
    shown,
)
from resolute.admin.api.sources import Found, RRsets, find, find_rrset
from resolute.admin.api.targets import commit_one, make
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Right, Verb, permits, require, require_somewhere
from resolute.admin.services import Services
from resolute.errors import NotFoundError
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.zones.change import Action, Edit, ZoneChange
from resolute.zones.decide import Committed
from resolute.zones.rows import rrset_of

router = APIRouter(prefix="/zones", tags=["records"], responses=REFUSALS, route_class=ChangeRoute)

ONE = "/{zone:path}/rrsets/{name:path}/{type}"
_KIND = "rrsets"


@router.get("/{zone:path}/rrsets", operation_id="listRRsets", responses=problem(404))
async def list_rrsets(
    zone: ZoneInPath,
    services: ServicesHere,
    principal: PrincipalHere,
    below: Annotated[str | None, Query(max_length=1_024, description="At and below this name alone.")] = None,
    records: FormHere = Form.TEXT,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[RRsetShown]:
    """The RRsets of a zone in canonical order; of a zone file too. Needs records:read, and shows what that covers."""
    require_somewhere(principal, Verb.RECORDS_READ)
    origin = zone_name(zone)
    subtree = None if below is None else owner_name(below, origin, "below")
    last = _position(decode(_KIND, cursor, ""))
    found = await RRsets.open(services, await find(services, origin), origin)
    rows = await found.after(last, limit=limit + 1, below=subtree)
    some, following = page(_KIND, rows, limit, lambda row: f"{row.rtype} {row.name}")
    seen = (rrset_of(row) for row in some)
    items = [
        shown(one, records)
        for one in seen
        if permits(principal, Right(Verb.RECORDS_READ, origin, one.owner, one.rtype))
    ]
    return Page(items=items, next=following)


@router.get(ONE, operation_id="getRRset", response_model=RRsetShown, responses={**NOT_MODIFIED, **problem(404)})
async def get_rrset(
    zone: ZoneInPath,
    name: NameInPath,
    type: TypeInPath,  # noqa: A002
    services: ServicesHere,
    principal: PrincipalHere,
    wanted: ConditionsHere,
    response: Response,
    records: FormHere = Form.TEXT,
) -> RRsetShown | Response:
    """One RRset. Needs records:read."""
    origin, owner, rtype = place(zone, name, type)
    require(principal, Right(Verb.RECORDS_READ, origin, owner, rtype))
    rrset = _there(await find_rrset(services, origin, owner, rtype))
    tag = response.headers["ETag"] = conditions.of_rrset(rrset)
    if wanted.unchanged(tag):
        return not_modified(tag)
    return shown(rrset, records)


@router.put(
    ONE,
    operation_id="replaceRRset",
    responses={201: {"model": ZoneChanged}, **problem(404, 409, 412)},
    dependencies=[Idempotent],
)
async def replace_rrset(
    zone: ZoneInPath,
    name: NameInPath,
    type: TypeInPath,  # noqa: A002
    body: RRsetPut,
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
    records: FormHere = Form.TEXT,
) -> ZoneChanged:
    """Makes an RRset exactly this one: 201 when it was not there. Needs records:write."""
    origin, owner, rtype = place(zone, name, type)
    require(request.principal, Right(Verb.RECORDS_WRITE, origin, owner, rtype))
    _same_place(body, origin, owner, rtype)
    rdatas = rdatas_of(rtype, body.records, origin, "records")
    request, by = replace(request, form=records), request.by(body.reason)

    def change(ttl: int) -> ZoneChange:
        return ZoneChange(origin, (Edit(Action.REPLACE, RRset.of(owner, rtype, ttl, rdatas)),), by)

    if body.ttl is not None and wanted == Conditions():  # nothing of what is there decides: no look at it before
        with suppress(NotFoundError):  # the zone of a file is not in the store
            wished = change(body.ttl)
            made, served = await commit_one(services, wished, planned=request.plan)
            return _answer(request, _Made(wished, made, served, wished.edits[0].rrset), response)
    found = await find_rrset(services, origin, owner, rtype)
    wished = _guarded(change(_ttl(body.ttl, found.rrset)), found, wanted)
    return await _make(services, request, wished, found, response)


@router.patch(ONE, operation_id="changeRRset", responses=problem(404, 409, 412), dependencies=[Idempotent])
async def change_rrset(
    zone: ZoneInPath,
    name: NameInPath,
    type: TypeInPath,  # noqa: A002
    body: RRsetPatched,
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
    records: FormHere = Form.TEXT,
) -> ZoneChanged:
    """Removes single records, then adds others; records to be removed that are not there are no error. Needs
    records:write."""
    origin, owner, rtype = place(zone, name, type)
    require(request.principal, Right(Verb.RECORDS_WRITE, origin, owner, rtype))
    added = rdatas_of(rtype, body.add, origin, "add")
    removed = rdatas_of(rtype, body.remove, origin, "remove")
    found = await find_rrset(services, origin, owner, rtype)
    if not body.add and not found.rrset.rdatas:
        raise NotThereError(f"there is no {type} of {names.to_text(owner)}")
    ttl = _ttl(body.ttl, found.rrset)
    edits = [Edit(Action.REMOVE, RRset.of(owner, rtype, 0, removed))]
    if added or body.ttl is not None:
        edits.append(Edit(Action.ADD, RRset.of(owner, rtype, ttl, added)))
    change = ZoneChange(origin, tuple(edits), request.by(body.reason))
    return await _make(services, replace(request, form=records), _guarded(change, found, wanted), found, response)


@router.delete(ONE, operation_id="removeRRset", responses=problem(404, 409, 412), dependencies=[Idempotent])
async def remove_rrset(
    zone: ZoneInPath,
    name: NameInPath,
    type: TypeInPath,  # noqa: A002
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
) -> ZoneChanged:
    """Removes an RRset. Needs records:write."""
    origin, owner, rtype = place(zone, name, type)
    require(request.principal, Right(Verb.RECORDS_WRITE, origin, owner, rtype))
    found = await find_rrset(services, origin, owner, rtype)
    _there(found)
    edit = Edit(Action.REPLACE, RRset(owner, rtype, 0, ()))
    change = ZoneChange(origin, (edit,), request.by())
    return await _make(services, request, _guarded(change, found, wanted), found, response)


def place(zone: str, name: str, rtype: str) -> tuple[bytes, bytes, int]:
    """Zone, owner and type of a path. Raises InvalidError."""
    origin = zone_name(zone)
    return origin, owner_name(name, origin), data_type(rtype)


async def _make(
    services: Services, request: Request, change: ZoneChange, found: Found, response: Response
) -> ZoneChanged:
    made, served = await make(services, found.zone, change, planned=request.plan)
    return _answer(request, _Made(change, made, served, found.rrset), response)


@dataclass(frozen=True, slots=True)
class _Made:
    """A change of one RRset, and what has become of it."""

    change: ZoneChange
    committed: Committed
    served: bool | None
    there: RRset
    """What it is if nothing has become different."""


def _answer(request: Request, made: _Made, response: Response) -> ZoneChanged:
    """What is said of it."""
    edit = made.change.edits[0]
    differs = next((one for one in made.committed.differences if one.after.key == edit.rrset.key), None)
    after = made.there if differs is None else differs.after
    if after.rdatas and not request.plan:
        response.headers["ETag"] = conditions.of_rrset(after)
        new = differs is not None and not differs.before.rdatas
        response.status_code = 201 if new and edit.action is Action.REPLACE else 200
    say_unconfirmed(response, made.served)
    return changed(made.committed, made.served, request.form)


def _guarded(change: ZoneChange, found: Found, wanted: Conditions) -> ZoneChange:
    """The change with what it expects, so that nobody can come between the look and the change."""
    rrset, there = found.rrset, bool(found.rrset.rdatas)
    tag = conditions.of_rrset(rrset) if there else ""
    zone_tag = "" if isinstance(found.zone, FileZone) else conditions.of_zone(found.zone)
    held = wanted.matched([tag, zone_tag], there=there)
    if held is not None and held == zone_tag and not isinstance(found.zone, FileZone):
        return replace(change, expected_serial=found.zone.serial)
    if wanted.only_if_new or (held is not None and held != conditions.ANY):
        return replace(change, expected=(rrset,))
    return change


def _there(found: Found) -> RRset:
    if not found.rrset.rdatas:
        one = shown(found.rrset)
        raise NotThereError(f"there is no {one.type} of {one.name}")
    return found.rrset


def _ttl(given: int | None, there: RRset) -> int:
    if given is not None:
        return given
    return there.ttl if there.rdatas else USUAL_TTL


def _same_place(body: RRsetPut, origin: bytes, owner: bytes, rtype: int) -> None:
    if body.name is not None and owner_name(body.name, origin) != owner:
        raise InvalidError(("name", "it is another than in the path"))
    if body.type is not None and data_type(body.type) != rtype:
        raise InvalidError(("type", "it is another than in the path"))


def _position(key: str) -> tuple[bytes, int] | None:
    """Where a page begins: a cursor's `TYPE NAME`."""
    if not key:
        return None
    rtype, _, name = key.partition(" ")
    try:
        return zone_name(name), int(rtype)
    except ValueError as error:
        raise InvalidError(("cursor", "it is not one of a list of rrsets")) from error

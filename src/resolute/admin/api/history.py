"""The past of a zone: who changed what, when and why; what differs between two revisions; the way back."""

from dataclasses import replace
from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, Field
from sqlalchemy import Connection

from resolute.admin.api.changes import (
    RequestHere,
    RRsetChange,
    ZoneChanged,
    changed,
    differences_shown,
    say_unconfirmed,
    whole,
)
from resolute.admin.api.conditions import ConditionsHere
from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere, problem
from resolute.admin.api.fields import LARGEST, Answer, Body, Reason
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.naming import ZoneInPath, zone_name
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.api.problems import NotThereError
from resolute.admin.api.rrsetjson import Form, FormHere
from resolute.admin.api.sources import do_whole, expected_serial, refuse_file
from resolute.admin.api.targets import commit_one
from resolute.admin.rights import Right, Verb, require
from resolute.records import names
from resolute.store import history, zones
from resolute.store.history import Change
from resolute.zones import importing, past
from resolute.zones.decide import Difference
from resolute.zones.importing import SHOWN, NewZone
from resolute.zones.rows import rrset_of

router = APIRouter(prefix="/zones", tags=["history"], responses=REFUSALS, route_class=ChangeRoute)

_KIND = "history"
_LATEST = 2**62

ChangeInPath = Annotated[int, Path(ge=0, le=LARGEST, description="The id of a change.")]


class ChangeShown(Answer):
    """A change, as it was written down."""

    id: int
    revision: int
    time: AwareDatetime
    author: str = Field(examples=["alice"])
    kind: str = Field(
        description="create, change, import, revert, policy, metadata, delete; local: local records; restore: of all."
    )
    zone: str | None
    summary: str
    reason: str
    serial_before: int | None
    serial_after: int | None
    added: int = Field(description="Records.")
    removed: int = Field(description="Records.")


class ChangeInFull(ChangeShown):
    """A change with its RRsets."""

    changes: list[RRsetChange] = Field(description=f"The first {SHOWN:,} of them.")


class Diff(Answer):
    """What differs between two revisions of a zone."""

    zone: str
    from_revision: int
    to_revision: int | None = Field(description="Null: now.")
    changes: list[RRsetChange]


class Reverted(Body):
    """Where to go back to."""

    revision: int = Field(
        strict=True, ge=0, le=LARGEST, description="The zone becomes what it was at this revision of the store."
    )
    reason: Reason = ""


@router.get("/{zone:path}/history", operation_id="listChanges", responses=problem(404))
async def list_changes(
    zone: ZoneInPath, services: ServicesHere, principal: PrincipalHere, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[ChangeShown]:
    """The changes of a zone, the latest first; also of one that was deleted. Needs zones:read."""
    origin = zone_name(zone)
    require(principal, Right(Verb.ZONES_READ, origin))
    before = decode(_KIND, cursor, _LATEST)
    found = await services.writer.off_loop(
        lambda: past.changes_of(services.store, origin, before_id=before, limit=limit + 1)
    )
    rows, following = page(_KIND, found, limit, lambda change: change.id)
    return Page(items=[shown(one) for one in rows], next=following)


@router.get("/{zone:path}/history/{change}", operation_id="getChange", responses=problem(404))
async def get_change(
    zone: ZoneInPath,
    change: ChangeInPath,
    services: ServicesHere,
    principal: PrincipalHere,
    records: FormHere = Form.TEXT,
) -> ChangeInFull:
    """One change with what it did to each RRset. Needs records:read for the whole zone."""
    origin = zone_name(zone)
    require(principal, Right(Verb.RECORDS_READ, origin))

    def look(connection: Connection) -> tuple[Change, list[Difference]]:
        found = history.find(connection, names.to_text(origin), change)
        if found is None:
            raise NotThereError(f"the zone {names.to_text(origin)} has no change {change}")
        some = [one for one, _ in zip(history.rrsets_of(connection, change), range(SHOWN), strict=False)]
        return found, [Difference(rrset_of(one.before), rrset_of(one.after)) for one in some]

    found, differences = await services.writer.look(look)
    return ChangeInFull(**shown(found).model_dump(), changes=differences_shown(differences, records))


@router.get("/{zone:path}/diff", operation_id="diffZone", responses=problem(404))
async def diff_zone(
    zone: ZoneInPath,
    services: ServicesHere,
    principal: PrincipalHere,
    since: Annotated[
        int, Query(alias="from", ge=0, le=LARGEST, description="A revision of the store; 0: before all.")
    ] = 0,
    until: Annotated[int | None, Query(alias="to", ge=0, le=LARGEST, description="Another; else now.")] = None,
    records: FormHere = Form.TEXT,
) -> Diff:
    """What differs between a zone at one revision and at another. Needs records:read for the whole zone."""
    origin = zone_name(zone)
    require(principal, Right(Verb.RECORDS_READ, origin))
    found = await services.writer.off_loop(lambda: past.differences(services.store, origin, since, until))
    return Diff(
        zone=names.to_text(origin), from_revision=since, to_revision=until, changes=differences_shown(found, records)
    )


@router.post(
    "/{zone:path}/revert", operation_id="revertZone", responses=problem(404, 409, 412), dependencies=[Idempotent]
)
async def revert_zone(
    zone: ZoneInPath,
    body: Reverted,
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
) -> ZoneChanged:
    """Makes a zone what it was at a revision; its serial goes on. Needs records:write for the whole zone, and
    zones:write for one that was deleted."""
    origin, by = zone_name(zone), request.by(body.reason)
    old = await services.writer.look(lambda connection: zones.find(connection, names.to_text(origin)))
    require(request.principal, Right(Verb.ZONES_WRITE if old is None else Verb.RECORDS_WRITE, origin))
    expected = expected_serial(wanted, old)
    if old is None:
        await refuse_file(services, origin)
        text = await services.writer.off_loop(lambda: past.text_at(services.store, origin, body.revision))
        new = NewZone(origin, text, by, file=f"revision {body.revision}", planned=request.plan)
        made, served = await do_whole(services, lambda at: importing.create(at, new), planned=request.plan)
        say_unconfirmed(response, served)
        return whole(origin, made, served)
    change = await services.writer.off_loop(lambda: past.way_back(services.store, origin, body.revision, by))
    if expected is not None:
        change = replace(change, expected_serial=expected)
    committed, served = await commit_one(services, change, planned=request.plan)
    say_unconfirmed(response, served)
    return changed(committed, served)


def shown(change: Change) -> ChangeShown:
    """A change as the API shows it."""
    return ChangeShown(
        id=change.id,
        revision=change.revision,
        time=change.time if change.time.tzinfo else change.time.replace(tzinfo=UTC),
        author=change.author,
        kind=change.kind,
        zone=change.zone,
        summary=change.what,
        reason=change.reason,
        serial_before=change.serial_before,
        serial_after=change.serial_after,
        added=change.added or 0,
        removed=change.removed or 0,
    )

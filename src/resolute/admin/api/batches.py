"""Batches: changes of many RRsets, in one zone or in many, all or none, in one revision."""

import enum
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from resolute.admin.api.changes import Request, RequestHere, ZoneChanged, changed, say_unconfirmed
from resolute.admin.api.dependencies import REFUSALS, ServicesHere, problem
from resolute.admin.api.fields import Answer, Body, Reason
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.naming import zone_name
from resolute.admin.api.problems import InvalidError
from resolute.admin.api.rrsetjson import USUAL_TTL, RRsetGiven, rrset_of
from resolute.admin.api.sources import in_store
from resolute.admin.api.ttls import Wanted, settled
from resolute.admin.rights import Right, Verb, require
from resolute.admin.services import Services
from resolute.records.rrset import RRset
from resolute.zones import change as changing
from resolute.zones.change import Author, Edit, ZoneChange
from resolute.zones.commit import plan

router = APIRouter(prefix="/batches", tags=["records"], responses=REFUSALS, route_class=ChangeRoute)

MOST_EDITS = 10_000


class Action(enum.StrEnum):
    """What an edit does."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"
    DELETE = "delete"


class EditGiven(RRsetGiven):
    """`replace`: the RRset becomes exactly this; `add`, `remove`: single records; `delete`: the whole RRset."""

    action: Action


class ChangeGiven(Body):
    """What is to become of one zone: edits in their order."""

    zone: str = Field(max_length=1_024, examples=["example.org."])
    edits: Annotated[list[EditGiven], Field(min_length=1, max_length=MOST_EDITS)]
    expected_serial: int | None = Field(
        strict=True, default=None, ge=0, lt=2**32, description="412 when the zone has another serial by then."
    )


class BatchGiven(Body):
    """Changes that belong together."""

    changes: Annotated[list[ChangeGiven], Field(min_length=1, max_length=1_000)]
    reason: Reason = ""


class BatchMade(Answer):
    """What the batch has done, or with `planned` would do; zones in the order of the request."""

    planned: bool
    revision: int | None = Field(description="Of the store; null for a plan, and when nothing is different.")
    served: bool | None
    zones: list[ZoneChanged]


@router.post("", operation_id="makeBatch", responses=problem(404, 409, 412, 413), dependencies=[Idempotent])
async def make_batch(body: BatchGiven, services: ServicesHere, request: RequestHere, response: Response) -> BatchMade:
    """Makes all changes or none. Needs records:write for each RRset."""
    wanted = await services.writer.off_loop(lambda: _permitted(body, request))
    changes = [await _with_ttls(services, change, given) for change, given in zip(wanted, body.changes, strict=True)]
    if request.plan:
        made = await services.writer.off_loop(lambda: plan(services.store, *changes))
        served = None
    else:
        written = await services.writer.commit(*changes)
        made, served = written.result, written.served
    say_unconfirmed(response, served)
    done = [changed(one, served) for one in made]
    revision = max((one.revision for one in done if one.revision is not None), default=None)
    return BatchMade(planned=request.plan, revision=revision, served=served, zones=done)


def _permitted(body: BatchGiven, request: Request) -> list[ZoneChange]:
    """The changes of a batch, each edit of which is permitted; in a thread, because there may be thousands."""
    changes = [_change(given, request.by(body.reason), f"changes[{at}]") for at, given in enumerate(body.changes)]
    for change in changes:
        for edit in change.edits:
            require(request.principal, Right(Verb.RECORDS_WRITE, change.zone, *edit.rrset.key))
    _refuse_repeated(changes)
    return changes


def _change(given: ChangeGiven, by: Author, field: str) -> ZoneChange:
    origin = zone_name(given.zone, f"{field}.zone")
    edits = tuple(_edit(one, origin, f"{field}.edits[{at}]") for at, one in enumerate(given.edits))
    return ZoneChange(origin, edits, by, expected_serial=given.expected_serial)


async def _with_ttls(services: Services, change: ZoneChange, given: ChangeGiven) -> ZoneChange:
    """Where no TTL is given, that of the RRset that is there. Raises NotThereError, RuleError for a zone of a file."""
    row = await in_store(services, change.zone)
    pairs = zip(change.edits, given.edits, strict=True)
    wanted = [Wanted(edit, open_ttl=one.ttl is None) for edit, one in pairs]
    return replace(change, edits=await settled(services, row, change.zone, wanted))


def _edit(given: EditGiven, origin: bytes, field: str) -> Edit:
    rrset = rrset_of(given, origin, field=field, ttl=USUAL_TTL)
    if given.action is Action.DELETE:
        if given.records:
            raise InvalidError((f"{field}.records", "`delete` takes the whole RRset: leave them out, or use `remove`"))
        return Edit(changing.Action.REPLACE, RRset(rrset.owner, rrset.rtype, 0, ()))
    if not given.records:
        raise InvalidError((f"{field}.records", f"`{given.action}` needs at least one record"))
    return Edit(changing.Action(given.action.value), rrset)


def _refuse_repeated(changes: Sequence[ZoneChange]) -> None:
    seen = set()
    for at, change in enumerate(changes):
        if change.zone in seen:
            raise InvalidError((f"changes[{at}].zone", "it stands in the batch already: put its edits together"))
        seen.add(change.zone)

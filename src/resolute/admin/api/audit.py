"""The audit log: who did, or was denied, what; newest first. It is read here and changed nowhere."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from resolute.admin.api.dependencies import REFUSALS, ServicesHere, right
from resolute.admin.api.fields import Answer, Time
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.rights import Principal, Verb
from resolute.store import audit
from resolute.store.audit import Entry

router = APIRouter(prefix="/audit", tags=["audit"], responses=REFUSALS)

Actor = Annotated[str | None, Query(max_length=255, pattern=r"^[ -~]+$", description="Only what this one did.")]


class EntryShown(Answer):
    """Something that happened."""

    id: int
    time: Time
    actor: str = Field(examples=["alice, token certbot"])
    address: str = Field(examples=["192.0.2.7"])
    verb: str = Field(description="The right that was used, or the method of a refused request.")
    target: str = Field(examples=["user bob"])
    outcome: str = Field(description="done, denied or failed.", examples=["done"])
    detail: str


@router.get("", operation_id="listAudit")
async def list_audit(
    services: ServicesHere,
    _: Annotated[Principal, Depends(right(Verb.AUDIT_READ))],
    limit: Limit = USUAL,
    cursor: Cursor = None,
    actor: Actor = None,
) -> Page[EntryShown]:
    """What happened, newest first. Needs audit:read."""
    before = decode("audit", cursor, 0) or None
    found = await services.accounts.read(lambda c: audit.read(c, before=before, limit=limit + 1, actor=actor))
    rows, following = page("audit", found, limit, lambda entry: entry.id)
    return Page(items=list(map(_shown, rows)), next=following)


def _shown(entry: Entry) -> EntryShown:
    event = entry.event
    return EntryShown(
        id=entry.id,
        time=entry.time,
        actor=event.actor,
        address=event.address,
        verb=event.verb,
        target=event.target,
        outcome=event.outcome,
        detail=event.detail,
    )

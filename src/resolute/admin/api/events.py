"""The changes as they come: server-sent events (WHATWG HTML 9.2), from where the reader has stopped.

id: 17
event: change
data: {"id": 17, "revision": 12, "zone": "example.org.", "kind": "change", ...}
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere
from resolute.admin.api.history import shown
from resolute.admin.api.problems import InvalidError
from resolute.admin.feed import Feed
from resolute.admin.rights import Principal, Right, Verb, permits, require_somewhere
from resolute.errors import UnavailableError
from resolute.records import names
from resolute.store.history import Change

router = APIRouter(prefix="/events", tags=["history"], responses=REFUSALS)

LONGEST_S: Final = 900.0
"""Then the reader comes again, and is asked anew who it is."""
KEEPALIVE: Final = ": \n\n"
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@router.get("", operation_id="followChanges", responses=_STREAM, response_class=StreamingResponse)
async def follow_changes(
    services: ServicesHere,
    principal: PrincipalHere,
    last_event_id: Annotated[str | None, Header(description="From the change after this one on.")] = None,
) -> StreamingResponse:
    """Every change from now on, or after the one of Last-Event-ID. Needs zones:read, and tells what that covers;
    changes of local records need hosts:read."""
    require_somewhere(principal, Verb.ZONES_READ)
    since = _since(last_event_id)
    services.feed.require_room()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(services.feed, principal, since), media_type="text/event-stream", headers=headers)


async def stream(feed: Feed, principal: Principal, since: int | None) -> AsyncGenerator[str]:
    """The events that somebody may see; a comment now and then keeps the connection."""
    yield "retry: 2000\n\n"
    try:
        async with asyncio.timeout(LONGEST_S), aclosing(feed.follow(since)) as changes:
            async for change in changes:
                if change is None:
                    yield KEEPALIVE
                elif may_see(principal, change):
                    yield event(change)
    except (TimeoutError, UnavailableError):
        return


def event(change: Change) -> str:
    """A change as an event."""
    return f"id: {change.id}\nevent: change\ndata: {shown(change).model_dump_json()}\n\n"


def may_see(principal: Principal, change: Change) -> bool:
    """Whether somebody may know of a change."""
    if change.zone is None:
        return permits(principal, Right(Verb.HOSTS_READ))
    return permits(principal, Right(Verb.ZONES_READ, names.from_text(change.zone)))


def _since(header: str | None) -> int | None:
    if header is None or not header.strip():
        return None
    if not (header.isascii() and header.isdigit()) or len(header) > 18:
        raise InvalidError(("Last-Event-ID", "expected the id of an event"))
    return int(header)

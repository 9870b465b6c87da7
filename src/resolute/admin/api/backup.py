"""A backup of the whole store, as a stream: what `resolute backup` of another machine takes."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from resolute.admin.api.dependencies import REFUSALS, ClientHere, ServicesHere, right
from resolute.admin.rights import Principal, Verb
from resolute.admin.services import Services
from resolute.errors import UnavailableError
from resolute.store import audit, backup
from resolute.store.audit import Event
from resolute.store.store import Store

router = APIRouter(tags=["backup"], responses=REFUSALS)

MEDIA_TYPE: Final = "application/gzip"
LONGEST_S: Final = 3_600.0
"""Who reads slower holds a state of the store for no longer than this."""
PUTTING_AWAY_S: Final = 2.0
"""So long a request waits for the one before it to end."""
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A file for `resolute restore`.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/backup", operation_id="takeBackup", responses=_FILE, response_class=StreamingResponse)
async def take_backup(
    services: ServicesHere, principal: Annotated[Principal, Depends(right(Verb.BACKUP_READ))], client: ClientHere
) -> StreamingResponse:
    """One state of the whole store: zones, their history, local records, users, tokens (hashes), webhooks, the audit
    log. Others go on writing meanwhile. Needs backup:read, which only an owner has."""
    await _be_the_only_one(services)
    parts = _Parts(services.store)
    try:
        event = Event(principal.name, str(client.address), Verb.BACKUP_READ.value, "backup", "done")
        await services.accounts.write(lambda connection: audit.append(connection, event))
        first = await asyncio.to_thread(parts.take)
    except BaseException:
        await _end(services, parts)
        raise
    return _Answer(services, parts, first)


async def _be_the_only_one(services: Services) -> None:
    """Whoever has the last octet of a backup in hand may ask for the next, before we have put everything away."""
    try:
        await asyncio.wait_for(services.backing_up.acquire(), PUTTING_AWAY_S)
    except TimeoutError:
        raise UnavailableError("another backup is being taken: try again later") from None


class _Parts:
    """The parts of a backup; to be taken, and closed, in any thread."""

    def __init__(self, store: Store) -> None:
        self._parts = backup.stream(store)
        self._taking = threading.Lock()

    def take(self) -> bytes | None:
        """The next one."""
        with self._taking:
            return next(self._parts, None)

    def close(self) -> None:
        """Ends the reading of the store."""
        with self._taking:
            self._parts.close()


class _Answer(StreamingResponse):
    """An error breaks the connection: who reads it sees that the backup is not whole."""

    def __init__(self, services: Services, parts: _Parts, first: bytes | None) -> None:
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="resolute.backup"'}
        super().__init__(_stream(parts, first), media_type=MEDIA_TYPE, headers=headers)
        self._services, self._parts = services, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it; whatever becomes of that, the next one may be taken."""
        try:
            async with asyncio.timeout(LONGEST_S):
                await super().__call__(scope, receive, send)
        finally:
            await _end(self._services, self._parts)


async def _stream(parts: _Parts, first: bytes | None) -> AsyncIterator[bytes]:
    part = first
    while part is not None:
        yield part
        part = await asyncio.to_thread(parts.take)


async def _end(services: Services, parts: _Parts) -> None:
    try:
        await asyncio.to_thread(parts.close)
    finally:
        services.backing_up.release()

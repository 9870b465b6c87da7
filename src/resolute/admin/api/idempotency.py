"""`Idempotency-Key`: a change that is sent again with the same key and body is not made again, its answer is.

    reserve the key -- known --> same request? -- yes --> the answer of then
          |                          +---------- no ---> 422
          +-- new --> the route --> keep the answer; refused: release the key, nothing has changed

A plan changes nothing and takes no key. Keys belong to who sends them, and are kept for a day.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from resolute.admin.api.dependencies import principal_of, services_of
from resolute.admin.api.problems import InvalidError
from resolute.admin.services import Services
from resolute.errors import ResoluteError, RuleError, UnavailableError
from resolute.store import idempotency as store
from resolute.store.idempotency import Kept

LARGEST: Final = 1_048_576
"""Characters of an answer that is kept; a larger one is made anew."""
REPLAYED: Final = "Idempotency-Replayed"
_KEPT_HEADERS: Final = ("content-type", "etag", "location", "resolute-unconfirmed")
_NOTHING_CHANGED: Final = (ResoluteError, HTTPException, RequestValidationError)

log = logging.getLogger(__name__)


class ChangeRoute(APIRoute):
    """A route whose answers are kept when its dependency `Idempotent` has reserved a key."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Around FastAPI's own."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await handler(request)
            except _ReplayedError as replayed:
                return replayed.response
            except _NOTHING_CHANGED:
                await _release(request)
                raise
            await _keep(request, response)
            return response

        return handle


@dataclass(frozen=True, slots=True)
class _Reserved:
    services: Services
    key: bytes


class _ReplayedError(Exception):
    """The request has been answered before."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


async def _reserve(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1, max_length=255, description="The same key with the same request is one change (a day long)."
        ),
    ] = None,
) -> None:
    if idempotency_key is None or request.query_params.get("plan", "false").lower() in ("true", "1", "yes", "on"):
        return
    services, principal = await services_of(request), await principal_of(request)
    key = hashlib.sha256(f"{principal.name}\0{idempotency_key}".encode()).digest()
    asked = await asyncio.to_thread(_fingerprint, request, await request.body())
    known = await services.accounts.write(lambda connection: store.reserve(connection, key, asked))
    if known is not None:
        raise _ReplayedError(_again(known, asked))
    request.state.idempotency = _Reserved(services, key)


Idempotent: Final[Any] = Depends(_reserve)


def _again(known: Kept, asked: bytes) -> Response:
    if known.request != asked:
        raise InvalidError(("Idempotency-Key", "it was sent with another request: take a new key for each change"))
    if known.status is None:
        raise RuleError("the request with this Idempotency-Key is under way: ask again in a moment")
    return Response(known.body, known.status, {**known.headers, REPLAYED: "true"})


def _fingerprint(request: Request, body: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in (request.method, request.scope["path"], request.url.query):
        digest.update(part.encode() + b"\0")
    digest.update(body)
    return digest.digest()


async def _keep(request: Request, response: Response) -> None:
    reserved: _Reserved | None = getattr(request.state, "idempotency", None)
    if reserved is None:
        return
    body = bytes(getattr(response, "body", b"")).decode("utf-8", "replace")
    if len(body) > LARGEST:
        body = "{}"
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    answer = Kept(b"", response.status_code, headers, body)
    try:
        await reserved.services.accounts.write(lambda connection: store.keep(connection, reserved.key, answer))
    except UnavailableError as error:  # the change is made: that is what is answered
        log.error("the answer to an idempotent change could not be kept: %s", error)


async def _release(request: Request) -> None:
    reserved: _Reserved | None = getattr(request.state, "idempotency", None)
    if reserved is None:
        return
    try:
        await reserved.services.accounts.write(lambda connection: store.release(connection, reserved.key))
    except UnavailableError as error:  # it is free by itself in a while
        log.error("an idempotency key could not be released: %s", error)

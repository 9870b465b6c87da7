"""The admin application: routes, and each family of error as one line with its status."""

import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from resolute.admin import notify, records
from resolute.admin.guard import Guard
from resolute.admin.writer import Writer
from resolute.errors import PeerError, ResoluteError, RuleError, SettingsError, UnavailableError
from resolute.store.store import Store

log = logging.getLogger(__name__)

STATUSES = (
    (records.BadRequestError, 400),
    (records.NotThereError, 404),
    (SettingsError, 422),
    (RuleError, 409),
    (PeerError, 502),
    (UnavailableError, 503),
)


def build(store: Store, control: Path) -> ASGIApp:
    """The application over a store; `control` is the node's socket."""

    async def committed(revision: int) -> None:
        await notify.follow(control, revision)

    writer = Writer(store, committed)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await writer.close()

    app = FastAPI(title="Resolute", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.writer = writer
    app.include_router(records.router)
    app.add_exception_handler(ResoluteError, _refused)
    app.add_exception_handler(HTTPException, _not_served)
    app.add_exception_handler(Exception, _fault)
    return Guard(app)


async def _refused(_: Request, error: Exception) -> PlainTextResponse:
    status = next((status for family, status in STATUSES if isinstance(error, family)), 500)
    if status >= 500:
        log.error("%s", error)
    return _line(str(error), 507 if status == 503 and _is_full(error) else status)


async def _not_served(request: Request, error: Exception) -> PlainTextResponse:
    """No such path, or a method that it does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    what = {404: "there is nothing here", 405: f"{request.method} is not possible here"}
    return PlainTextResponse(what.get(status, "the request cannot be served") + "\n", status, headers)


async def _fault(_: Request, error: Exception) -> PlainTextResponse:
    log.error("a request failed: %s", error, exc_info=error)
    return _line("an internal error: see the server's log", 500)


def _line(text: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(" ".join(text.split()) + "\n", status)


def _is_full(error: BaseException) -> bool:
    """Whether the store has no space left: 507 Insufficient Storage says that better than 503 does."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            return True
        origin = getattr(cause, "orig", None)
        if getattr(origin, "sqlite_errorname", "").startswith("SQLITE_FULL"):
            return True
        cause = cause.__cause__
    return False

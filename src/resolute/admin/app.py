"""The admin application: what a request goes through, and what an error becomes.

guard (Host, Origin, size) -> gate (who asks) -> bodies (all of it, in time) -> methods (which the path has)
    -> route (the right, the work) -> answer
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from resolute.admin import records
from resolute.admin.api import history, problems, router
from resolute.admin.bodies import Bodies
from resolute.admin.compat import acmedns, dyndns2, externaldns, httpreq
from resolute.admin.compat.powerdns import routes as powerdns
from resolute.admin.controlsocket import ControlSocket
from resolute.admin.deliveries import Deliveries
from resolute.admin.gate import Gate, note_denied
from resolute.admin.guard import Guard
from resolute.admin.methods import Methods
from resolute.admin.services import Services
from resolute.admin.troubles import Trouble
from resolute.config.admin import Admin
from resolute.errors import DeniedError, ResoluteError
from resolute.store.history import Change
from resolute.store.store import Store

log = logging.getLogger(__name__)


def build(store: Store, control: Path, settings: Admin | None = None) -> ASGIApp:
    """The application over a store; `control` is the node's socket."""
    return assemble(Services.of(store, settings or Admin(), ControlSocket(control)))


def assemble(services: Services) -> ASGIApp:
    """The routes and what stands before them."""
    app = application(services)
    routes = Methods(app, app.routes)
    return Guard(Gate(Bodies(routes), services), services.clients, services.settings.hosts)


def application(services: Services) -> FastAPI:
    """The routes, without what stands before them."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.setup.start()
        private = services.settings.private_webhooks
        deliveries = Deliveries(services.writer, _event, private=private)
        telling = asyncio.create_task(deliveries.run(), name="tell webhooks")
        yield
        telling.cancel()
        await services.close()

    app = FastAPI(
        title="Resolute",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{router.PREFIX}/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.openapi = lambda: router.describe(app)  # type: ignore[method-assign]
    app.state.services = services
    app.state.trouble = Trouble(log, "a request cannot be served")
    router.include(app)
    app.include_router(records.router)
    app.include_router(powerdns.router())
    for protocol in (dyndns2, acmedns, httpreq, externaldns):
        app.include_router(protocol.router)
    for kind in (ResoluteError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(Exception, _fault)
    return app


def _event(change: Change) -> dict[str, Any]:
    return history.shown(change).model_dump(mode="json")


async def _refused(request: Request, error: Exception) -> Response:
    """What somebody, or something that is needed, said no to; a wrong password has been written down by the login."""
    problem = problems.of(error)
    path: str = request.scope["path"]
    if isinstance(error, DeniedError):
        await note_denied(request.app.state.services, request.scope, error)
    elif problem.status >= 500:
        request.app.state.trouble.there(error)
    return problems.answer(problem, path)


async def _fault(request: Request, error: Exception) -> Response:
    """A mistake of ours: the log has all of it, the answer nothing."""
    log.error("a request failed: %s", error, exc_info=error)
    return problems.answer(problems.of(error), request.scope["path"])

"""Nobody gets to the API without saying who asks, but for the few paths below: closed by default, also for routes that
do not exist yet, and before anything of the body is read.

    who asks (identity) -- nobody --> public path, /records from this machine, or the admin socket?  -- no --> 401
          |                                                                yes
          +----------------> the route, which asks for the right (`rights.require`) <--+
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from resolute.admin import setup
from resolute.admin.api import problems
from resolute.admin.clients import Client
from resolute.admin.compat import protocols
from resolute.admin.guard import is_change
from resolute.admin.rights import LOCAL, Principal, local_owner
from resolute.admin.services import Services
from resolute.errors import AccessError, DeniedError, ResoluteError, UnauthenticatedError
from resolute.store.audit import Event

PUBLIC: Final = frozenset(
    {
        ("GET", "/api/v1/health"),
        ("POST", setup.PATH),
        ("POST", "/api/v1/login"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/docs"),
        ("GET", "/api/v1/docs/page.js"),
        ("GET", "/api/v1/docs/page.css"),
        ("GET", "/health"),
        ("GET", "/externaldns/healthz"),
    }
)
"""What a stranger may ask for: nothing that tells of the server's data."""


class Gate:
    """ASGI middleware behind the guard; leaves the principal (None on a public path) in the request's state."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets somebody in, or answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client: Client = scope["state"]["client"]
        try:
            principal = await self._admit(scope, client)
        except ResoluteError as error:
            if isinstance(error, AccessError):
                await note_denied(self._services, scope, error)
            problem = problems.with_header(problems.of(error), "Connection", "close")
            await problems.answer(problem, scope["path"])(scope, receive, send)
            return
        await self._app({**scope, "state": {**scope["state"], "principal": principal}}, receive, send)

    async def _admit(self, scope: Scope, client: Client) -> Principal | None:
        path, method = scope["path"], scope["method"]
        if client.peer is not None and not client.peer.is_owner:
            raise DeniedError(f"the admin socket is for the user that runs the server, not for {client.peer.name}")
        spoken = protocols.of(path) is not None
        if (method, path) in PUBLIC or not (problems.is_api(path) or is_records(path) or spoken):
            return None
        headers = Headers(scope=scope)
        principal = await self._services.identity.of(headers, client, change=is_change(scope), basic=spoken)
        if principal is None and client.peer is not None and client.local:
            return local_owner(client.peer.name)
        if principal is None and is_records(path) and client.local and self._services.settings.open_records:
            return LOCAL
        if principal is None:
            raise UnauthenticatedError(await self._how_to_go_on())
        return principal

    async def _how_to_go_on(self) -> str:
        if not await self._services.setup.look():
            return (
                f"nobody owns this server yet: POST {setup.PATH} with the one-time token that its log shows,"
                " and the name and password of the owner"
            )
        return "who asks is not said: POST /api/v1/login, or send a token (Authorization: Bearer TOKEN)"


async def note_denied(services: Services, scope: Scope, error: AccessError) -> None:
    """Writes down what was denied, and to whom."""
    principal: Principal | None = scope["state"].get("principal")
    actor = "a stranger" if principal is None else principal.name
    event = Event(actor, str(scope["state"]["client"].address), scope["method"], scope["path"], "denied", str(error))
    await services.trail.denied(event, stranger=principal is None)


def is_records(path: str) -> bool:
    """Whether a path is that of the simple interface to local records."""
    return path == "/records" or path.startswith("/records/")

"""What a route asks for: the services, who asks, from where, and the right to go on.

    @router.get("/things", operation_id="listThings", responses=REFUSALS)
    async def list_things(services: ServicesHere, who: Annotated[Principal, Depends(right(Verb.ZONES_READ))]) -> ...

The gate has found out who asks (`resolute.admin.gate`); the schemes here tell OpenAPI how. A right that depends on the
path or the body is asked for within the route: `require(principal, Right(verb, zone, name, rtype))`.

Dependencies are coroutines, also those that wait for nothing: FastAPI runs the others in threads, a hop for each.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer

from resolute.admin.api.problems import MEDIA_TYPE, ProblemDocument
from resolute.admin.clients import Client
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.admin.services import Services
from resolute.admin.sessions import PREFIXED
from resolute.errors import UnauthenticatedError

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="An API token: `rsl_...`.")
_KEY = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="key", description="An API token.")
_COOKIE = APIKeyCookie(
    name=PREFIXED,
    auto_error=False,
    scheme_name="session",
    description="A login. Over plain HTTP on loopback its name is `resolute`. Changes must send `Origin`.",
)
SCHEMES: Final = [Security(_BEARER), Security(_KEY), Security(_COOKIE)]
"""For the router of everything that needs a principal."""


def problem(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these statuses: problem documents."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


_MEANING: Final = {
    400: "The request cannot be read.",
    401: "Nobody has said who asks.",
    403: "The right is missing; `detail` says which.",
    404: "There is no such thing.",
    409: "The change would break a rule.",
    412: "It is not what If-Match or If-None-Match say: somebody has changed it.",
    413: "The body is too large.",
    502: "Another server sent something wrong.",
    422: "Something in the request does not hold; `errors` names the fields.",
    429: "Too many tries; `Retry-After` says how long to wait.",
    503: "Something that is needed, such as the store, is not there just now.",
    507: "There is no room to keep the change, or the disk fails: it is not made.",
}
REFUSALS: Final = problem(401, 403, 422, 503, 507)
"""What every route may answer that needs a principal."""


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _client(request: Request) -> Client:
    client: Client = request.state.client
    return client


async def _principal(request: Request) -> Principal:
    principal: Principal | None = request.state.principal
    if principal is None:
        raise UnauthenticatedError("who asks is not said")
    return principal


ServicesHere = Annotated[Services, Depends(_services)]
ClientHere = Annotated[Client, Depends(_client)]
PrincipalHere = Annotated[Principal, Depends(_principal)]


def right(verb: Verb) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: the principal, which has this verb everywhere. Raises DeniedError."""

    async def having(principal: PrincipalHere) -> Principal:
        return require(principal, Right(verb))

    return having

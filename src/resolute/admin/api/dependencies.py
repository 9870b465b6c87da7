"""What a route asks for: the services, who asks, from where, and the right to go on.

    @router.get("/things", operation_id="listThings", responses=REFUSALS)
    async def list_things(services: ServicesHere, who: Annotated[Principal, Depends(right(Verb.ZONES_READ))]) -> ...

The gate has found out who asks (`resolute.admin.gate`). A right that depends on the path or the body is asked for in
the route: `require(principal, Right(verb, zone, name, rtype))`.

Dependencies are coroutines, also those that wait for nothing: FastAPI runs the others in threads, a hop for each. One
that depends on others costs as much as all of them together; so those of every change call them (`services_of`).
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from resolute.admin.api.problems import MEANING, MEDIA_TYPE, ProblemDocument
from resolute.admin.clients import Client
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.admin.services import Services
from resolute.errors import UnauthenticatedError


def problem(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these statuses: problem documents."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}}}
    return {status: {"description": MEANING[status], "content": content} for status in statuses}


REFUSALS: Final = problem(401, 403, 422, 503, 507)
"""What every route may answer that needs a principal."""


async def services_of(request: Request) -> Services:
    """What the routes work with."""
    services: Services = request.app.state.services
    return services


async def client_of(request: Request) -> Client:
    """From where a request comes."""
    client: Client = request.state.client
    return client


async def principal_of(request: Request) -> Principal:
    """Who asks. Raises UnauthenticatedError where the path is open to strangers, and one has come."""
    principal: Principal | None = request.state.principal
    if principal is None:
        raise UnauthenticatedError("who asks is not said")
    return principal


ServicesHere = Annotated[Services, Depends(services_of)]
ClientHere = Annotated[Client, Depends(client_of)]
PrincipalHere = Annotated[Principal, Depends(principal_of)]


def right(verb: Verb) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: the principal, which has this verb everywhere. Raises DeniedError."""

    async def having(principal: PrincipalHere) -> Principal:
        return require(principal, Right(verb))

    return having

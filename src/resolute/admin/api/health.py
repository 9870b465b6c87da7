"""Whether the admin process works: for load balancers and orchestrators, which have no token."""

from fastapi import APIRouter

from resolute.admin.api.dependencies import ServicesHere, problem
from resolute.admin.api.fields import Answer

router = APIRouter(tags=["server"])


class Health(Answer):
    """That it is up, and its store is there."""

    status: str = "ok"


@router.get("/health", operation_id="getHealth", responses=problem(503))
async def get_health(services: ServicesHere) -> Health:
    """Is the admin process up, and its store there? Needs no token."""
    await services.setup.look()
    await services.accounts.read(lambda _: None)
    return Health()

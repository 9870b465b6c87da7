"""Nodes: what they serve, how they are, and reading everything again. This process knows the node of its machine."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field

from resolute.admin.api.dependencies import REFUSALS, SCHEMES, PrincipalHere, ServicesHere, problem, right
from resolute.admin.api.fields import Answer
from resolute.admin.api.problems import NotThereError
from resolute.admin.controlsocket import LONG_S
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.errors import UnavailableError

router = APIRouter(prefix="/nodes", tags=["node"], dependencies=SCHEMES, responses={**REFUSALS, **problem(502)})

LOCAL: Final = "local"
Reader = Annotated[Principal, Depends(right(Verb.NODES_READ))]


class NodeShown(Answer):
    """A node. `status` is what it says of itself, without its list of zones; null when it does not answer."""

    id: str = Field(examples=[LOCAL])
    answers: bool
    revision: int | None = Field(description="Of the store, as it serves it.")
    behind: int | None = Field(description="Revisions that it has not published yet.")
    problems: list[str]
    status: dict[str, Any] | None


class Reloaded(Answer):
    """What a node could not take over, and what takes effect at its next start only."""

    problems: list[str]
    restart_needed: list[str]


@router.get("", operation_id="listNodes")
async def list_nodes(services: ServicesHere, _: Reader) -> list[NodeShown]:
    """All nodes. Needs nodes:read."""
    revision = await services.writer.off_loop(services.store.revision)
    try:
        status = await services.node.get("/status")
    except UnavailableError as error:
        return [NodeShown(id=LOCAL, answers=False, revision=None, behind=None, problems=[str(error)], status=None)]
    serves = status["store"]["revision"]
    rest = {name: value for name, value in status.items() if name != "zones"}
    return [
        NodeShown(
            id=LOCAL,
            answers=True,
            revision=serves,
            behind=None if serves is None else max(0, revision - serves),
            problems=status["problems"],
            status=rest | {"zones": len(status["zones"])},
        )
    ]


@router.get("/{node}/statistics", operation_id="getStatistics", responses=problem(404))
async def get_statistics(node: str, services: ServicesHere, _: Reader) -> dict[str, Any]:
    """The counters of a node since its start. Needs nodes:read."""
    _known(node)
    found: dict[str, Any] = await services.node.get("/statistics")
    return found


@router.post("/{node}/reload", operation_id="reloadNode", responses=problem(404))
async def reload_node(node: str, services: ServicesHere, principal: PrincipalHere) -> Reloaded:
    """Has a node read its configuration and every file again. Needs nodes:write."""
    require(principal, Right(Verb.NODES_WRITE))
    _known(node)
    done = await services.node.post("/reload", {}, timeout_s=LONG_S)
    return Reloaded(problems=list(done.get("problems", [])), restart_needed=list(done.get("restart_needed", [])))


def _known(node: str) -> None:
    if node != LOCAL:
        raise NotThereError(f"there is no node of this name here: expected {LOCAL}")

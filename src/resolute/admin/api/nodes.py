"""Nodes: what they serve, how they are, and reading everything again. This process asks the node of its machine; of
others it knows what the store has."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, Field

from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere, problem, right
from resolute.admin.api.fields import Answer
from resolute.admin.api.problems import NotThereError
from resolute.admin.controlsocket import LONG_S
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.errors import UnavailableError
from resolute.store.nodes import NodeRow, every
from resolute.store.store import read_revision

router = APIRouter(prefix="/nodes", tags=["node"], responses={**REFUSALS, **problem(502)})

LOCAL: Final = "local"
HEARD_OF: Final = timedelta(minutes=1)
"""A node says twice a minute that it is there."""
Reader = Annotated[Principal, Depends(right(Verb.NODES_READ))]


class NodeShown(Answer):
    """A node. Of the one of this machine `status` is what it says of itself, without its list of zones; of the others
    is known what they have written down in the store."""

    id: str = Field(examples=[LOCAL])
    answers: bool = Field(description="Of another node: whether it was heard of in the last minute.")
    revision: int | None = Field(description="Of the store, as it serves it.")
    behind: int | None = Field(description="Revisions that it has not published yet.")
    seen: AwareDatetime | None = Field(default=None, description="When another node was heard of last.")
    problems: list[str]
    status: dict[str, Any] | None


class Reloaded(Answer):
    """What a node could not take over, and what takes effect at its next start only."""

    problems: list[str]
    restart_needed: list[str]


@router.get("", operation_id="listNodes")
async def list_nodes(services: ServicesHere, _: Reader) -> list[NodeShown]:
    """All nodes that follow the store, and how far behind each is; the one of this machine comes first. Needs
    nodes:read."""
    revision, rows = await services.writer.look(lambda connection: (read_revision(connection), every(connection)))
    try:
        status = await services.node.get("/status")
    except UnavailableError as error:
        here = NodeShown(id=LOCAL, answers=False, revision=None, behind=None, problems=[str(error)], status=None)
        return [here, *(_other(row, revision) for row in rows)]
    return [
        _here(status, revision),
        *(_other(row, revision) for row in rows if row.name != status["store"].get("node")),
    ]


def _here(status: Mapping[str, Any], revision: int) -> NodeShown:
    serves = status["store"]["revision"]
    rest = {name: value for name, value in status.items() if name != "zones"}
    return NodeShown(
        id=LOCAL,
        answers=True,
        revision=serves,
        behind=None if serves is None else max(0, revision - serves),
        problems=status["problems"],
        status=rest | {"zones": len(status["zones"])},
    )


def _other(row: NodeRow, revision: int) -> NodeShown:
    seen = row.seen if row.seen.tzinfo else row.seen.replace(tzinfo=UTC)
    return NodeShown(
        id=row.name,
        answers=datetime.now(UTC) - seen < HEARD_OF,
        revision=row.revision,
        behind=max(0, revision - row.revision),
        seen=seen,
        problems=[],
        status=None,
    )


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

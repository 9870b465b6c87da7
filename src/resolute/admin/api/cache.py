"""The cache of the node: looked at, and emptied."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, StrictBool

from resolute.admin.api.changes import RequestHere
from resolute.admin.api.dependencies import REFUSALS, ServicesHere, problem, right
from resolute.admin.api.fields import Answer, Body
from resolute.admin.api.naming import zone_name
from resolute.admin.api.zonecontents import TEXT_ANSWER, ZONE_TEXT
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.records import names

router = APIRouter(prefix="/cache", tags=["cache"], responses={**REFUSALS, **problem(502)})

Reader = Annotated[Principal, Depends(right(Verb.CACHE_READ))]


class FlushGiven(Body):
    """What to forget: everything, a name, or a name and all below it."""

    name: str | None = Field(default=None, max_length=1_024, examples=["example.org."])
    subtree: StrictBool = False


class Flushed(Answer):
    """How many answers were, or with `planned` would be, forgotten."""

    planned: bool
    flushed: int


@router.get("", operation_id="showCache", responses=TEXT_ANSWER)
async def show_cache(
    services: ServicesHere,
    _: Reader,
    name: Annotated[str | None, Query(max_length=1_024, description="At and below this name alone.")] = None,
) -> Response:
    """The cached answers as zone text, with a comment line above each. Needs cache:read."""
    wanted = None if name is None else names.to_text(zone_name(name, "name"))
    return Response(await services.node.text("/cache", {"name": wanted}), media_type=ZONE_TEXT)


@router.post("/flush", operation_id="flushCache")
async def flush_cache(body: FlushGiven, services: ServicesHere, request: RequestHere) -> Flushed:
    """Forgets cached answers. Needs cache:write."""
    require(request.principal, Right(Verb.CACHE_WRITE))
    name = None if body.name is None else names.to_text(zone_name(body.name, "name"))
    if request.plan:
        text = await services.node.text("/cache", {"name": name})
        return Flushed(planned=True, flushed=_count(text.decode("utf-8"), None if body.subtree else name))
    answer = await services.node.post("/cache/flush", {"name": name, "subtree": body.subtree})
    return Flushed(planned=False, flushed=int(answer["flushed"]))


def _count(text: str, name: str | None) -> int:
    """Each answer has one comment line that names its question and its source."""
    heads = (line.split(" ", 2)[1] for line in text.split("\n") if line.startswith("; ") and "(source " in line)
    return sum(name is None or one.lower() == name for one in heads)

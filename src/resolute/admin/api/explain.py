"""Why a question is answered as it is: the stages of a query, run with a recorder; the node does it."""

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from resolute.admin.api.dependencies import REFUSALS, ServicesHere, problem, right
from resolute.admin.api.fields import Answer
from resolute.admin.api.naming import rtype_number, zone_name
from resolute.admin.api.problems import InvalidError
from resolute.admin.rights import Principal, Verb
from resolute.records import names, rdata

router = APIRouter(prefix="/explain", tags=["node"], responses={**REFUSALS, **problem(502)})

Reader = Annotated[Principal, Depends(right(Verb.CACHE_READ))]


class Step(Answer):
    """What one stage has found."""

    stage: str
    text: str


class Explanation(Answer):
    """The stages in their order; the answer's sections as text, null when somebody else has to be asked."""

    name: str
    type: str
    client: str
    steps: list[Step]
    answer: dict[str, list[str] | str] | list[str] | str | None


@router.get("", operation_id="explain")
async def explain(
    services: ServicesHere,
    _: Reader,
    name: Annotated[str, Query(max_length=1_024, examples=["www.example.org."])],
    rtype: Annotated[str, Query(alias="type", max_length=16)] = "A",
    client: Annotated[str, Query(max_length=45, description="The address that asks.")] = "127.0.0.1",
) -> Explanation:
    """What the node would answer, and why. Needs cache:read."""
    asked = names.to_text(zone_name(name, "name"))
    kind = rdata.type_to_text(rtype_number(rtype))
    try:
        address = str(ipaddress.ip_address(client))
    except ValueError as error:
        raise InvalidError(("client", "expected an IP address")) from error
    found = await services.node.get("/explain", {"name": asked, "type": kind, "client": address})
    return Explanation(name=asked, type=kind, client=address, steps=found["steps"], answer=found["answer"])

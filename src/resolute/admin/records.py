"""Local records over HTTP, for the simplest tools.

    GET    /records            {"app.test": "192.0.2.7", ...}
    POST   /records            {"domain": "app.test", "ip": "192.0.2.7"}   adds, or replaces: one address a name
    DELETE /records/{domain}   removes

Names are the same with and without the trailing dot and in any letter case. An answer says that the change is durable;
the next query sees it. Programs on this machine need no token, unless `admin.open_records` is off.
"""

import json

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from resolute.admin.api.dependencies import ClientHere, PrincipalHere, ServicesHere
from resolute.admin.api.problems import BadRequestError, NotThereError
from resolute.admin.clients import Client
from resolute.admin.rights import LOCAL, Principal, Right, Verb, require
from resolute.errors import RuleError
from resolute.store.records import Put, Remove
from resolute.zones.local import check_address, check_name

router = APIRouter(include_in_schema=False)


@router.get("/records")
async def list_records(services: ServicesHere, principal: PrincipalHere) -> JSONResponse:
    """Every record: names in lower case without the trailing dot."""
    require(principal, Right(Verb.HOSTS_READ))
    return JSONResponse(dict((await services.writer.read()).addresses))


@router.post("/records")
async def put_record(
    request: Request, services: ServicesHere, principal: PrincipalHere, client: ClientHere
) -> PlainTextResponse:
    """Adds a record, or replaces the address of a name."""
    who = require(principal, Right(Verb.HOSTS_WRITE))
    name, address = parse(await request.body())
    await services.writer.change(Put(name, address, author(who, client)))
    return PlainTextResponse("Record added successfully")


@router.delete("/records/{domain:path}")
async def remove_record(
    domain: str, services: ServicesHere, principal: PrincipalHere, client: ClientHere
) -> PlainTextResponse:
    """Removes a name."""
    who = require(principal, Right(Verb.HOSTS_WRITE))
    try:
        name = check_name(domain)
    except RuleError as error:
        raise BadRequestError(str(error)) from error
    if not await services.writer.change(Remove(name, author(who, client))):
        raise NotThereError(f"there is no record for {name}")
    return PlainTextResponse("Record removed successfully")


def parse(content: bytes) -> tuple[str, str]:
    """Name and address, both canonical, from a request's body. Raises BadRequestError that says what is wrong."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "it is not UTF-8 text, or too deep")
        raise BadRequestError(
            f'the body is not JSON ({reason}): expected {{"domain": "app.test", "ip": "192.0.2.7"}}'
        ) from error
    if not isinstance(body, dict):
        raise BadRequestError('the body is not a JSON object: expected {"domain": "app.test", "ip": "192.0.2.7"}')
    try:
        return check_name(body.get("domain")), check_address(body.get("ip"))
    except RuleError as error:
        raise BadRequestError(str(error)) from error


def author(principal: Principal, client: Client) -> str:
    """Who makes a change, as the history has it; of a program without proof only the address is known."""
    return f"{principal.name} {client.address}" if principal is LOCAL else principal.name

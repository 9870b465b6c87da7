"""Local records over HTTP, for the simplest tools.

    GET    /records            {"app.test": "192.0.2.7", ...}
    POST   /records            {"domain": "app.test", "ip": "192.0.2.7"}   adds, or replaces: one address a name
    DELETE /records/{domain}   removes

Names are the same with and without the trailing dot and in any letter case. An answer says that the change is durable;
the next query sees it.
"""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from resolute.admin.writer import Writer
from resolute.errors import RuleError
from resolute.store.records import Put, Remove
from resolute.zones.local import check_address, check_name

router = APIRouter()


class BadRequestError(RuleError):
    """What was sent is not what the route takes; answered with 400."""


class NotThereError(RuleError):
    """There is no such record; answered with 404."""


def _writer(request: Request) -> Writer:
    writer: Writer = request.app.state.writer
    return writer


WriterHere = Annotated[Writer, Depends(_writer)]


@router.get("/records")
async def list_records(writer: WriterHere) -> JSONResponse:
    """Every record: names in lower case without the trailing dot."""
    return JSONResponse(dict((await writer.read()).addresses))


@router.post("/records")
async def put_record(request: Request, writer: WriterHere) -> PlainTextResponse:
    """Adds a record, or replaces the address of a name."""
    name, address = parse(await request.body())
    await writer.change(Put(name, address, _author(request)))
    return PlainTextResponse("Record added successfully")


@router.delete("/records/{domain:path}")
async def remove_record(domain: str, request: Request, writer: WriterHere) -> PlainTextResponse:
    """Removes a name."""
    try:
        name = check_name(domain)
    except RuleError as error:
        raise BadRequestError(str(error)) from error
    if not await writer.change(Remove(name, _author(request))):
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


def _author(request: Request) -> str:
    """Who asked; without users that is the address, and the port is open to loopback alone."""
    return f"http {request.client.host}" if request.client else "http"

"""What is done with a zone as a whole: written out, and the verbs of servers that Resolute is not yet.

A notification, a transfer and a key belong to zone transfers and signing. Who asks for a notification is told that
nobody is there to be notified, which is no error: tools ask after each change.
"""

from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest
from sqlalchemy import Connection

from resolute.admin.api.dependencies import PrincipalHere, ServicesHere
from resolute.admin.api.problems import NotThereError
from resolute.admin.api.sources import find, in_file
from resolute.admin.compat.powerdns.content import content_of
from resolute.admin.compat.powerdns.naming import ZoneId, zone_of
from resolute.admin.compat.powerdns.refusals import PowerDnsRoute, UnprocessableError, refusals
from resolute.admin.compat.powerdns.shapes import Result
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Right, Verb, require, require_somewhere
from resolute.records import names, rdata
from resolute.store import zones
from resolute.store.zones import RRsetRow

router = APIRouter(prefix="/zones", tags=["powerdns"], responses=refusals(404), route_class=PowerDnsRoute)

NOBODY: Final = "Nobody is there to be notified: Resolute has no secondaries yet"
_TEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Zone text; within `zone` of a JSON object where Accept asks for JSON.",
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object", "properties": {"zone": {"type": "string"}}}},
        },
    }
}


@router.get("/{zone:path}/export", operation_id="exportPowerDnsZone", responses=_TEXT, response_model=None)
async def export_zone(
    zone: ZoneId, services: ServicesHere, principal: PrincipalHere, request: HttpRequest
) -> Response | dict[str, str]:
    """The zone as zone text. Needs records:read for the whole zone."""
    origin = zone_of(zone)
    require(principal, Right(Verb.RECORDS_READ, origin))
    found = await find(services, origin)
    if isinstance(found, FileZone):
        text = await in_file(services, found, origin, lambda contents: _text(list(contents.everything())))
    else:
        zone_id = found.id

        def look(connection: Connection) -> str:
            return _text(list(zones.everything(connection, zone_id)))

        text = await services.writer.look(look)
    if "application/json" in request.headers.get("accept", ""):
        return {"zone": text}
    return Response(text, media_type="text/plain")


@router.put("/{zone:path}/notify", operation_id="notifyPowerDnsZone", responses=refusals(507))
async def notify(zone: ZoneId, services: ServicesHere, principal: PrincipalHere) -> Result:
    """Says that there are no secondaries to be notified. Needs records:write somewhere, and zones:read for the zone."""
    origin = zone_of(zone)
    require_somewhere(principal, Verb.RECORDS_WRITE)
    require(principal, Right(Verb.ZONES_READ, origin))
    await find(services, origin)
    return Result(result=NOBODY)


@router.put("/{zone:path}/axfr-retrieve", operation_id="retrievePowerDnsZone", responses=refusals(507))
async def retrieve(zone: ZoneId, services: ServicesHere, principal: PrincipalHere) -> Result:
    """Refused: no zone is a secondary one yet. Needs zones:write."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_WRITE, origin))
    await find(services, origin)
    raise UnprocessableError(f"Domain '{names.to_text(origin)}' is not a secondary domain (or has no primary defined)")


@router.put("/{zone:path}/rectify", operation_id="rectifyPowerDnsZone", responses=refusals(507))
async def rectify(zone: ZoneId, services: ServicesHere, principal: PrincipalHere) -> Result:
    """Does nothing: what PowerDNS puts in order there always is. Needs zones:write."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_WRITE, origin))
    await find(services, origin)
    return Result(result="Rectified")


@router.get("/{zone:path}/cryptokeys", operation_id="listPowerDnsKeys")
async def list_keys(zone: ZoneId, services: ServicesHere, principal: PrincipalHere) -> list[dict[str, Any]]:
    """No keys. Needs zones:read."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_READ, origin))
    await find(services, origin)
    return []


@router.get("/{zone:path}/cryptokeys/{key}", operation_id="getPowerDnsKey")
async def get_key(zone: ZoneId, key: str, services: ServicesHere, principal: PrincipalHere) -> dict[str, Any]:
    """404: there are no keys. Needs zones:read."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_READ, origin))
    await find(services, origin)
    raise NotThereError(f"the zone {names.to_text(origin)} has no key {key}: Resolute does not sign zones yet")


@router.post("/{zone:path}/cryptokeys", operation_id="addPowerDnsKey", responses=refusals(507))
async def add_key(zone: ZoneId, services: ServicesHere, principal: PrincipalHere) -> dict[str, Any]:
    """Refused: Resolute does not sign zones yet. Needs zones:write."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_WRITE, origin))
    await find(services, origin)
    raise UnprocessableError("Adding a key failed: Resolute does not sign zones yet")


def _text(rows: list[RRsetRow]) -> str:
    return "".join(map(_lines, rows))


def _lines(row: RRsetRow) -> str:
    head = f"{row.name}\t{row.ttl}\tIN\t{rdata.type_to_text(row.rtype)}\t"
    return "".join(f"{head}{content_of(row.rtype, line)}\n" for line in row.data.split("\n"))

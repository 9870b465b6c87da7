"""Zones: listed, made, shown, changed, set up, removed."""

import json
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection

from resolute.admin.api.changes import say_unconfirmed
from resolute.admin.api.dependencies import PrincipalHere, ServicesHere
from resolute.admin.api.sources import do_whole, find, in_store, refuse_file
from resolute.admin.api.targets import make
from resolute.admin.api.ttls import Wanted, settled
from resolute.admin.compat.powerdns import standing
from resolute.admin.compat.powerdns.asking import AskedHere
from resolute.admin.compat.powerdns.making import ZoneGiven, contents_of
from resolute.admin.compat.powerdns.naming import ZoneId, absolute, name_of, zone_id, zone_of
from resolute.admin.compat.powerdns.refusals import CHANGES, PowerDnsRoute, UnprocessableError, refusals
from resolute.admin.compat.powerdns.rrsets import RRsetGiven, RRsetsGiven, rrsets_of, wanted_of
from resolute.admin.compat.powerdns.settings import ZoneSettings
from resolute.admin.compat.powerdns.shapes import Given, ZoneListed, ZoneShown
from resolute.admin.compat.powerdns.viewing import Sought, as_json, view
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Principal, Right, Verb, permits, require, require_somewhere
from resolute.records import names, rdata
from resolute.store import metadata
from resolute.store import zones as store
from resolute.store.zones import ZoneRow
from resolute.zones import importing
from resolute.zones.change import Author, ZoneChange
from resolute.zones.importing import NewZone
from resolute.zones.metadata import SetUp, set_up

router = APIRouter(prefix="/zones", tags=["powerdns"], responses=refusals(), route_class=PowerDnsRoute)

ONE: Final = "/{zone:path}"
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}

Flag = Annotated[str, Query(max_length=8, description="true or false.")]


class RRsetsPatched(Given):
    """RRsets that are to change, all or none."""

    rrsets: RRsetsGiven


@router.get("", operation_id="listPowerDnsZones", responses={200: {"model": list[ZoneListed]}}, response_model=None)
async def list_zones(
    services: ServicesHere,
    principal: PrincipalHere,
    zone: Annotated[str | None, Query(max_length=1_024, description="This zone alone.")] = None,
    dnssec: Flag = "true",
) -> Response:
    """All zones, without their RRsets. Needs zones:read, and shows what that covers."""
    require_somewhere(principal, Verb.ZONES_READ)
    wanted = None if zone is None else names.to_text(absolute(zone))
    with_dnssec = _flag("dnssec", dnssec)
    of_files = (await services.file_zones.known()).values()

    def look(connection: Connection) -> bytes:
        known = metadata.of_all(connection)
        rows = list(store.every(connection)) if wanted is None else [store.find(connection, wanted)]
        of_store = {row.name: row for row in rows if row is not None}
        every: list[ZoneRow | FileZone] = [*of_store.values()]
        every += [one for one in of_files if one.name not in of_store and wanted in (None, one.name)]
        shown = [
            standing.listed(one, known.get(one.id, {}) if isinstance(one, ZoneRow) else {}, dnssec=with_dnssec)
            for one in sorted(every, key=lambda one: one.name)
            if permits(principal, Right(Verb.ZONES_READ, names.from_text(one.name)))
        ]
        return json.dumps(shown).encode("ascii")

    return as_json(await services.writer.look(look))


@router.post(
    "",
    status_code=201,
    operation_id="addPowerDnsZone",
    responses={201: {"model": ZoneShown}, **refusals(*CHANGES)},
    response_model=None,
)
async def add_zone(body: ZoneGiven, services: ServicesHere, request: AskedHere, rrsets: Flag = "true") -> Response:
    """Makes a zone from RRsets and name servers, or from zone text. Needs zones:write."""
    origin, with_rrsets = absolute(body.name), _flag("rrsets", rrsets)
    require(request.principal, Right(Verb.ZONES_WRITE, origin))
    contents = await services.writer.off_loop(lambda: contents_of(body, origin))
    await refuse_file(services, origin)
    new = NewZone(origin, contents.text, request.by(), contents.policy, metadata=body.metadata())
    _, served = await do_whole(services, lambda at: importing.create(at, new), planned=False)
    response = await view(services, request.principal, origin, Sought() if with_rrsets else None)
    response.status_code = 201
    response.headers["Location"] = f"{standing.URL}/{zone_id(names.to_text(origin))}"
    say_unconfirmed(response, served)
    return response


@router.get(
    ONE,
    operation_id="getPowerDnsZone",
    responses={200: {"model": ZoneShown}, **refusals(404)},
    response_model=None,
)
async def get_zone(
    zone: ZoneId,
    services: ServicesHere,
    principal: PrincipalHere,
    rrsets: Flag = "true",
    rrset_name: Annotated[str | None, Query(max_length=1_024, description="RRsets of this name alone.")] = None,
    rrset_type: Annotated[str | None, Query(max_length=16, description="RRsets of this type alone.")] = None,
) -> Response:
    """One zone with its RRsets. Needs zones:read, and shows the RRsets that records:read covers."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_READ, origin))
    if not _flag("rrsets", rrsets):
        return await view(services, principal, origin, None)
    owner = None if rrset_name is None else name_of(rrset_name)
    rtype = None if rrset_type is None else rdata.type_from_text(rrset_type)
    return await view(services, principal, origin, Sought(owner, rtype))


@router.patch(
    ONE, status_code=204, operation_id="changePowerDnsRRsets", responses=refusals(*CHANGES), response_class=Response
)
async def change_rrsets(
    zone: ZoneId, body: RRsetsPatched, services: ServicesHere, request: AskedHere, response: Response
) -> None:
    """Changes RRsets, all or none. Needs records:write for each."""
    require_somewhere(request.principal, Verb.RECORDS_WRITE)
    origin = zone_of(zone)
    wanted = await services.writer.off_loop(lambda: _permitted(body.rrsets, origin, request.principal))
    if not wanted:
        require(request.principal, Right(Verb.ZONES_READ, origin))
    found = await find(services, origin)
    if not wanted:
        return
    edits = await settled(services, found, origin, wanted)
    _, served = await make(services, found, ZoneChange(origin, edits, request.by()))
    say_unconfirmed(response, served)


@router.put(
    ONE, status_code=204, operation_id="changePowerDnsZone", responses=refusals(*CHANGES), response_class=Response
)
async def change_zone(
    zone: ZoneId, body: ZoneSettings, services: ServicesHere, request: AskedHere, response: Response
) -> None:
    """Sets up a zone; with `rrsets` they are all that it has from now on, its SOA record apart. Needs zones:write, and
    for `rrsets` records:write for the whole zone."""
    origin = zone_of(zone)
    require(request.principal, Right(Verb.ZONES_WRITE, origin))
    if body.rrsets is not None:
        require(request.principal, Right(Verb.RECORDS_WRITE, origin))
    await in_store(services, origin)
    wanted = await services.writer.off_loop(lambda: _set_up_of(body, origin, request.by()))
    written = await services.writer.alone(lambda at: set_up(at, wanted))
    say_unconfirmed(response, written.served)


@router.delete(
    ONE, status_code=204, operation_id="removePowerDnsZone", responses=refusals(*CHANGES), response_class=Response
)
async def remove_zone(zone: ZoneId, services: ServicesHere, request: AskedHere, response: Response) -> None:
    """Removes a zone with its records; its history stays. Needs zones:write."""
    origin, by = zone_of(zone), request.by()
    require(request.principal, Right(Verb.ZONES_WRITE, origin))
    await in_store(services, origin)
    _, served = await do_whole(services, lambda at: importing.delete(at, origin, by), planned=False)
    say_unconfirmed(response, served)


def _flag(name: str, text: str) -> bool:
    value = _FLAGS.get(text.lower())
    if value is None:
        raise UnprocessableError(f"'{name}' request parameter value '{text}' is not supported: expected true or false")
    return value


def _permitted(given: Sequence[RRsetGiven], origin: bytes, principal: Principal) -> list[Wanted]:
    """What is asked for, all of which is permitted; in a thread, because there may be thousands."""

    def permit(owner: bytes, rtype: int) -> None:
        require(principal, Right(Verb.RECORDS_WRITE, origin, owner, rtype))

    return wanted_of(given, origin, permit)


def _set_up_of(body: ZoneSettings, origin: bytes, by: Author) -> SetUp:
    """What is to become of a zone; in a thread: it may have thousands of records. Raises UnprocessableError."""
    kept = body.metadata()
    rrsets = None if body.rrsets is None else rrsets_of(body.rrsets, origin)
    return SetUp(origin, by, lambda _: kept, body.policy, rrsets)

"""Zones: listed, made, shown, changed, set up, removed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection

from resolute.admin.api.changes import say_unconfirmed
from resolute.admin.api.dependencies import PrincipalHere, ServicesHere
from resolute.admin.api.rrsets import commit_one
from resolute.admin.api.sources import do_whole, find, find_rrset, in_store, refuse_file
from resolute.admin.compat.powerdns import standing
from resolute.admin.compat.powerdns.asking import AskedHere
from resolute.admin.compat.powerdns.making import ZoneGiven, contents_of, text_of, with_soa_of
from resolute.admin.compat.powerdns.naming import ZoneId, absolute, zone_id, zone_of
from resolute.admin.compat.powerdns.refusals import CHANGES, PowerDnsRoute, UnprocessableError, refusals
from resolute.admin.compat.powerdns.rrsets import RRsetGiven, RRsetsGiven, Wanted, rrsets_of, wanted_of
from resolute.admin.compat.powerdns.settings import ZoneSettings
from resolute.admin.compat.powerdns.shapes import Given, ZoneListed, ZoneShown
from resolute.admin.compat.powerdns.viewing import Sought, as_json, view
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Principal, Right, Verb, permits, require, require_somewhere
from resolute.admin.services import Services
from resolute.errors import UnavailableError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.store import metadata
from resolute.store import zones as store
from resolute.store.store import Store
from resolute.store.zones import ZoneRow
from resolute.zones import importing
from resolute.zones.change import Author, Edit, ZoneChange
from resolute.zones.importing import NewZone
from resolute.zones.metadata import set_metadata

router = APIRouter(prefix="/zones", tags=["powerdns"], responses=refusals(), route_class=PowerDnsRoute)

ONE: Final = "/{zone:path}"
_SOA: Final = rdata.type_from_text("SOA")
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
    of_files = await _of_files(services)

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
    owner = None if rrset_name is None else zone_of(rrset_name)
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
    change = ZoneChange(origin, await _with_ttls(services, origin, wanted), request.by())
    if isinstance(found, FileZone):
        _, served = await services.file_zones.change(found, change)
    else:
        _, served = await commit_one(services, change, planned=False)
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
    work = await services.writer.off_loop(lambda: _setting_up(body, origin, request.by()))
    whole = None if body.rrsets is None else await _with_soa(services, origin, rrsets_of(body.rrsets, origin))
    written = await services.writer.alone(lambda at: (None, work(at, whole)))
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


async def _of_files(services: Services) -> Sequence[FileZone]:
    """A node that does not answer has none."""
    try:
        return list((await services.file_zones.all()).values())
    except UnavailableError:
        return ()


def _flag(name: str, text: str) -> bool:
    value = _FLAGS.get(text.lower())
    if value is None:
        raise UnprocessableError(f"'{name}' request parameter value '{text}' is not supported: expected true or false")
    return value


def _permitted(given: Sequence[RRsetGiven], origin: bytes, principal: Principal) -> list[Wanted]:
    """What is asked for, all of which is permitted; in a thread, because there may be thousands."""
    wanted = wanted_of(given, origin)
    for one in wanted:
        require(principal, Right(Verb.RECORDS_WRITE, origin, *one.edit.rrset.key))
    return wanted


async def _with_ttls(services: Services, origin: bytes, wanted: Sequence[Wanted]) -> tuple[Edit, ...]:
    """Records that are added without a TTL take that of their RRset."""
    edits = []
    for one in wanted:
        edit = one.edit
        if one.open_ttl:
            there = (await find_rrset(services, origin, *edit.rrset.key)).rrset
            edit = replace(edit, rrset=replace(edit.rrset, ttl=there.ttl or edit.rrset.ttl))
        edits.append(edit)
    return tuple(edits)


def _setting_up(body: ZoneSettings, origin: bytes, by: Author) -> Callable[[Store, Sequence[RRset] | None], int]:
    """What makes a zone so; RRsets, where they are given, are all that it has. Raises UnprocessableError."""
    kept, policy = body.metadata(), body.policy

    def work(at: Store, whole: Sequence[RRset] | None) -> int:
        if whole is not None:
            importing.replace(at, NewZone(origin, text_of(whole), by))
        return set_metadata(at, origin, kept, by, policy=policy)

    return work


async def _with_soa(services: Services, origin: bytes, rrsets: Sequence[RRset]) -> Sequence[RRset]:
    return with_soa_of(rrsets, (await find_rrset(services, origin, origin, _SOA)).rrset)

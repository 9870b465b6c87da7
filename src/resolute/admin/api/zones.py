"""Zones: listed, made, shown, set up, removed. Their contents are `zonecontents.py` and `rrsets.py`."""

from datetime import UTC
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, Field

from resolute.admin.api import conditions
from resolute.admin.api.changes import RequestHere, ZoneChanged, say_unconfirmed, whole
from resolute.admin.api.conditions import NOT_MODIFIED, ConditionsHere, not_modified
from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere, problem
from resolute.admin.api.fields import Answer, Body, Reason
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.naming import ZoneInPath, owner_name, zone_name
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.api.problems import InvalidError
from resolute.admin.api.rrsetjson import Ttl
from resolute.admin.api.sources import do_whole, expected_serial, find, in_store, refuse_file
from resolute.admin.api.targets import find_target
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Principal, Right, Verb, permits, require, require_somewhere
from resolute.errors import PresentationError, RuleError
from resolute.records import names
from resolute.store import zones as store
from resolute.store.store import Store
from resolute.store.zones import ZoneRow
from resolute.zones import importing
from resolute.zones.founding import Founding, NameServer, Timers, mailbox, zone_text
from resolute.zones.importing import NewZone
from resolute.zones.local import check_address
from resolute.zones.policy import set_policy
from resolute.zones.serial import Policy

router = APIRouter(prefix="/zones", tags=["zones"], responses=REFUSALS, route_class=ChangeRoute)

_KIND: Final = "zones"


class ZoneShown(Answer):
    """A zone. `source`: `store` (changed here) or `file` (changed by editing the file)."""

    name: str = Field(examples=["example.org."])
    source: str = Field(examples=["store"])
    serial: int | None = Field(description="Null: its file has never been served.")
    records: int
    serial_policy: Policy | None = Field(default=None, description="How a change raises the serial; of the store.")
    revision: int | None = Field(default=None, description="Of its last change; of the store.")
    created: AwareDatetime | None = None
    file: str | None = Field(default=None, description="Its zone file.")
    state: str | None = Field(default=None, description="Of a file: `serving`, `serving the old zone`, `not served`.")
    problems: list[str] = Field(default=[])


class ServerGiven(Body):
    """A name server; addresses are for one within the zone."""

    name: str = Field(max_length=1_024, examples=["ns1"])
    addresses: list[str] = Field(default=[], max_length=16, examples=[["192.0.2.1"]])


class SoaGiven(Body):
    """Values of the SOA record."""

    refresh: Ttl = Timers().refresh
    retry: Ttl = Timers().retry
    expire: Ttl = Timers().expire
    minimum: Ttl = Timers().minimum
    serial: int | None = Field(default=None, strict=True, ge=0, lt=2**32, description="The first; else the policy's.")


class ZoneAdded(Body):
    """A new zone: from nothing (`nameservers`, `hostmaster`), or from zone `text`."""

    name: str = Field(max_length=1_024, examples=["example.org."])
    nameservers: list[str | ServerGiven] = Field(default=[], max_length=32, examples=[["ns1.example.net."]])
    hostmaster: str = Field(default="hostmaster", max_length=1_024, description="A mail address, or a name.")
    soa: SoaGiven = SoaGiven()
    ttl: Ttl = 3_600
    text: str | None = Field(default=None, description="Zone text instead of all this, without $INCLUDE.")
    serial_policy: Policy = Policy.INCREMENT
    reason: Reason = ""


class ZonePatched(Body):
    """What is to be different of a zone, its records apart."""

    serial_policy: Policy
    reason: Reason = ""


@router.get("", operation_id="listZones")
async def list_zones(
    services: ServicesHere,
    principal: PrincipalHere,
    holding: Annotated[
        str | None, Query(max_length=1_024, description="The one zone alone that this name is in, if there is one.")
    ] = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[ZoneShown]:
    """All zones by name: of the store, and of the node's files when it answers. Needs zones:read, and shows what that
    covers."""
    require_somewhere(principal, Verb.ZONES_READ)
    if holding is not None:
        target = await find_target(services, zone_name(holding, "holding"))
        return Page(items=[shown(one.zone) for one in (target,) if one and _may_see(principal, one.zone)], next=None)
    after = decode(_KIND, cursor, "")
    rows = await services.writer.look(lambda connection: store.page(connection, after, limit + 1))
    files = [zone for name, zone in (await services.file_zones.known()).items() if name > after]
    of_store = {row.name for row in rows}
    every: list[ZoneRow | FileZone] = [*rows, *(zone for zone in files if zone.name not in of_store)]
    some, following = page(_KIND, sorted(every, key=lambda zone: zone.name)[: limit + 1], limit, lambda zone: zone.name)
    return Page(items=[shown(zone) for zone in some if _may_see(principal, zone)], next=following)


@router.post(
    "",
    status_code=201,
    operation_id="addZone",
    responses={200: {"model": ZoneChanged, "description": "The plan."}, **problem(409)},
    dependencies=[Idempotent],
)
async def add_zone(body: ZoneAdded, services: ServicesHere, request: RequestHere, response: Response) -> ZoneChanged:
    """Makes a zone. Needs zones:write."""
    origin = zone_name(body.name, "name")
    require(request.principal, Right(Verb.ZONES_WRITE, origin))
    text = body.text.encode("utf-8") if body.text is not None else zone_text(_founding(body, origin))
    await refuse_file(services, origin)
    new = NewZone(origin, text, request.by(body.reason), body.serial_policy, planned=request.plan)
    made, served = await do_whole(services, lambda at: importing.create(at, new), planned=new.planned)
    response.status_code = 200 if request.plan else 201
    response.headers["Location"] = f"/api/v1/zones/{names.to_text(origin)}"
    say_unconfirmed(response, served)
    return whole(origin, made, served)


@router.get(
    "/{zone:path}", operation_id="getZone", response_model=ZoneShown, responses={**NOT_MODIFIED, **problem(404)}
)
async def get_zone(
    zone: ZoneInPath, services: ServicesHere, principal: PrincipalHere, wanted: ConditionsHere, response: Response
) -> ZoneShown | Response:
    """One zone. Needs zones:read."""
    origin = zone_name(zone)
    require(principal, Right(Verb.ZONES_READ, origin))
    found = await find(services, origin)
    if isinstance(found, ZoneRow):
        tag = response.headers["ETag"] = conditions.of_zone(found)
        if wanted.unchanged(tag):
            return not_modified(tag)
    return shown(found)


@router.patch("/{zone:path}", operation_id="changeZone", responses=problem(404, 409, 412), dependencies=[Idempotent])
async def change_zone(
    zone: ZoneInPath,
    body: ZonePatched,
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
) -> ZoneShown:
    """Sets how changes raise the serial. Needs zones:write."""
    origin = zone_name(zone)
    require(request.principal, Right(Verb.ZONES_WRITE, origin))
    row = await in_store(services, origin)
    expected, by = expected_serial(wanted, row), request.by(body.reason)

    def work(at: Store) -> tuple[None, int]:
        return None, set_policy(at, origin, body.serial_policy, by, expected_serial=expected, planned=request.plan)

    served = (await services.writer.alone(work)).served
    if request.plan:
        return shown(row).model_copy(update={"serial_policy": body.serial_policy})
    say_unconfirmed(response, served)
    row = await in_store(services, origin)
    response.headers["ETag"] = conditions.of_zone(row)
    return shown(row)


@router.delete("/{zone:path}", operation_id="removeZone", responses=problem(404, 409, 412), dependencies=[Idempotent])
async def remove_zone(
    zone: ZoneInPath, services: ServicesHere, request: RequestHere, wanted: ConditionsHere, response: Response
) -> ZoneChanged:
    """Removes a zone with its records; its history stays, and `revert` brings it back. Needs zones:write."""
    origin = zone_name(zone)
    require(request.principal, Right(Verb.ZONES_WRITE, origin))
    row = await in_store(services, origin)
    expected, by = expected_serial(wanted, row), request.by()
    made, served = await do_whole(
        services,
        lambda at: importing.delete(at, origin, by, expected_serial=expected, planned=request.plan),
        planned=request.plan,
    )
    say_unconfirmed(response, served)
    return whole(origin, made, served, gone=True)


def shown(zone: ZoneRow | FileZone) -> ZoneShown:
    """A zone as the API shows it."""
    if isinstance(zone, FileZone):
        return ZoneShown(
            name=zone.name,
            source="file",
            serial=zone.serial,
            records=zone.records,
            file=zone.file,
            state=zone.state,
            problems=list(zone.problems),
        )
    return ZoneShown(
        name=zone.name,
        source="store",
        serial=zone.serial,
        records=zone.records,
        serial_policy=Policy(zone.serial_policy),
        revision=zone.revision,
        created=zone.created if zone.created.tzinfo else zone.created.replace(tzinfo=UTC),
    )


def _may_see(principal: Principal, zone: ZoneRow | FileZone) -> bool:
    return permits(principal, Right(Verb.ZONES_READ, names.from_text(zone.name)))


def _founding(body: ZoneAdded, origin: bytes) -> Founding:
    """Raises InvalidError that names the field."""
    if not body.nameservers:
        raise InvalidError(("nameservers", "a zone has at least one (RFC 1034 4.2.1): give them, or zone text"))
    try:
        hostmaster = mailbox(body.hostmaster, origin)
    except PresentationError as error:
        raise InvalidError(("hostmaster", str(error))) from error
    servers = [_server(one, origin, f"nameservers[{at}]") for at, one in enumerate(body.nameservers)]
    timers = Timers(body.soa.refresh, body.soa.retry, body.soa.expire, body.soa.minimum)
    return Founding(origin, servers, hostmaster, body.serial_policy, body.ttl, body.soa.serial, timers)


def _server(given: str | ServerGiven, origin: bytes, field: str) -> NameServer:
    """A name with a dot is absolute, one without is in the zone."""
    text, addresses = (given, []) if isinstance(given, str) else (given.name, given.addresses)
    name = zone_name(text, field) if "." in text else owner_name(text, origin, field)
    found = []
    for at, address in enumerate(addresses):
        try:
            found.append(check_address(address))
        except RuleError as error:
            raise InvalidError((f"{field}.addresses[{at}]", str(error))) from error
    return NameServer(name, tuple(found))

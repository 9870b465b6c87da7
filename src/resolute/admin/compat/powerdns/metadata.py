"""A zone's metadata: notes of one's own (`X-...`) are kept; others are not there."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import Field
from sqlalchemy import Connection

from resolute.admin.api.changes import Request, say_unconfirmed
from resolute.admin.api.dependencies import PrincipalHere, ServicesHere
from resolute.admin.api.fields import NO_NUL
from resolute.admin.api.sources import find, in_store
from resolute.admin.compat.powerdns import standing
from resolute.admin.compat.powerdns.asking import AskedHere
from resolute.admin.compat.powerdns.naming import ZoneId, zone_of
from resolute.admin.compat.powerdns.refusals import CHANGES, PowerDnsRoute, UnprocessableError, refusals
from resolute.admin.compat.powerdns.shapes import Given, MetadataShown
from resolute.admin.rights import Right, Verb, require
from resolute.admin.services import Services
from resolute.store import metadata as store
from resolute.store.metadata import Metadata
from resolute.store.zones import ZoneRow
from resolute.zones.metadata import SetUp, Values, set_up

router = APIRouter(prefix="/zones", tags=["powerdns"], responses=refusals(404), route_class=PowerDnsRoute)

ALL: Final = "/{zone:path}/metadata"
ONE: Final = ALL + "/{kind}"
MOST_TEXTS: Final = 100
"""Of one kind."""
_OWN: Final = re.compile(r"X-[A-Z0-9-]{1,60}")
_KNOWN: Final = frozenset(
    {
        *("ALLOW-AXFR-FROM", "ALLOW-DNSUPDATE-FROM", "ALSO-NOTIFY", "AXFR-MASTER-TSIG", "AXFR-SOURCE", "IXFR"),
        *("FORWARD-DNSUPDATE", "NOTIFY-DNSUPDATE", "SOA-EDIT-DNSUPDATE", "GSS-ACCEPTOR-PRINCIPAL"),
        *("GSS-ALLOW-AXFR-PRINCIPAL", "PUBLISH-CDNSKEY", "PUBLISH-CDS", "SLAVE-RENOTIFY"),
        *("TSIG-ALLOW-AXFR", "TSIG-ALLOW-DNSUPDATE"),
    }
)
"""Kinds of PowerDNS that Resolute does not have: they are empty, and cannot be set."""

Kind = Annotated[
    str, Path(max_length=64, pattern="^[A-Za-z0-9-]+$", description="`X-` and what you like.", examples=["X-OWNER"])
]
Texts = Annotated[list[Annotated[str, Field(max_length=4_096, pattern=NO_NUL)]], Field(max_length=MOST_TEXTS)]


class MetadataGiven(Given):
    """What a kind is to have."""

    metadata: Texts


class MetadataAdded(MetadataGiven):
    """A kind, and what is to be there besides."""

    kind: str = Field(max_length=64, examples=["X-OWNER"])


@router.get(ALL, operation_id="listPowerDnsMetadata")
async def list_metadata(zone: ZoneId, services: ServicesHere, principal: PrincipalHere) -> list[MetadataShown]:
    """How serials are raised, and notes of one's own. Needs zones:read."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_READ, origin))
    found = await find(services, origin)
    known = await _known(services, found) if isinstance(found, ZoneRow) else {}
    first = MetadataShown(kind=standing.SOA_EDIT_API, metadata=[standing.soa_edit_api(found, known)])
    own = [MetadataShown(kind=kind, metadata=list(texts)) for kind, texts in known.items() if _OWN.fullmatch(kind)]
    return [first, *sorted(own, key=lambda one: one.kind)]


@router.get(ONE, operation_id="getPowerDnsMetadata")
async def get_metadata(zone: ZoneId, kind: Kind, services: ServicesHere, principal: PrincipalHere) -> MetadataShown:
    """One kind; without texts where there is none. Needs zones:read."""
    origin = zone_of(zone)
    require(principal, Right(Verb.ZONES_READ, origin))
    if not _OWN.fullmatch(kind) and kind not in _KNOWN:
        raise UnprocessableError(f"Unsupported metadata kind '{kind}'")
    found = await find(services, origin)
    known = await _known(services, found) if isinstance(found, ZoneRow) else {}
    return MetadataShown(kind=kind, metadata=list(known.get(kind, ())))


@router.post(ALL, status_code=201, operation_id="addPowerDnsMetadata", responses=refusals(*CHANGES))
async def add_metadata(
    zone: ZoneId, body: MetadataAdded, services: ServicesHere, request: AskedHere, response: Response
) -> MetadataShown:
    """Texts that are there besides those that are. Needs zones:write."""
    origin = _writable(zone, body.kind, request)
    await in_store(services, origin)

    def added(there: Metadata) -> Values:
        texts = list(dict.fromkeys([*there.get(body.kind, ()), *body.metadata]))
        if len(texts) > MOST_TEXTS:
            raise UnprocessableError(f"metadata {body.kind}: a kind has {MOST_TEXTS} texts at most")
        return {body.kind: texts}

    kept = await _set(services, SetUp(origin, request.by(), added), response)
    return MetadataShown(kind=body.kind, metadata=list(kept.get(body.kind, ())))


@router.put(ONE, operation_id="replacePowerDnsMetadata", responses=refusals(*CHANGES))
async def replace_metadata(
    zone: ZoneId, kind: Kind, body: MetadataGiven, services: ServicesHere, request: AskedHere, response: Response
) -> MetadataShown:
    """Makes the texts of a kind exactly these. Needs zones:write."""
    origin = _writable(zone, kind, request)
    await in_store(services, origin)
    await _set(services, SetUp(origin, request.by(), lambda _: {kind: body.metadata}), response)
    return MetadataShown(kind=kind, metadata=list(body.metadata))


@router.delete(ONE, operation_id="removePowerDnsMetadata", responses=refusals(*CHANGES), response_class=Response)
async def remove_metadata(
    zone: ZoneId, kind: Kind, services: ServicesHere, request: AskedHere, response: Response
) -> None:
    """Removes a kind. Needs zones:write."""
    origin = _writable(zone, kind, request)
    await in_store(services, origin)
    await _set(services, SetUp(origin, request.by(), lambda _: {kind: []}), response)


def _writable(zone: str, kind: str, request: Request) -> bytes:
    origin = zone_of(zone)
    require(request.principal, Right(Verb.ZONES_WRITE, origin))
    if kind in _KNOWN:
        raise UnprocessableError(f"metadata {kind}: Resolute does not have this yet")
    if not _OWN.fullmatch(kind):
        raise UnprocessableError(f"Unsupported metadata kind '{kind}': expected X- and capital letters")
    return origin


async def _known(services: Services, zone: ZoneRow) -> Metadata:
    def look(connection: Connection) -> Metadata:
        return store.of_zone(connection, zone.id)

    return await services.writer.look(look)


async def _set(services: Services, wanted: SetUp, response: Response) -> Metadata:
    """Returns what is kept about the zone now."""
    written = await services.writer.alone(lambda at: set_up(at, wanted))
    say_unconfirmed(response, written.served)
    kept: Metadata = written.result
    return kept

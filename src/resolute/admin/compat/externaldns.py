"""ExternalDNS' webhook: the records of a Kubernetes cluster's services and ingresses, kept in zones of ours.

    GET  /externaldns/                   the zones, as a domain filter
    GET  /externaldns/records            what is in them
    POST /externaldns/adjustendpoints    what ExternalDNS wants, as it will be shown when it is there
    POST /externaldns/records            Create, UpdateOld, UpdateNew, Delete: all or none, one change a zone
    GET  /externaldns/healthz

A zone is one of those when whoever asks may change something in it.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import groupby
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import RootModel
from sqlalchemy import Connection

from resolute.admin.api.dependencies import ClientHere, PrincipalHere, ServicesHere
from resolute.admin.api.naming import zone_name
from resolute.admin.api.problems import NotThereError
from resolute.admin.api.sources import RRsets
from resolute.admin.api.targets import Target, Zone, enclosing, make_all
from resolute.admin.api.ttls import Wanted, settled
from resolute.admin.compat.asking import answers, body_of, read
from resolute.admin.compat.endpoints import TYPES, Changes, Endpoints, adjusted, edits_of, shown
from resolute.admin.records import author
from resolute.admin.rights import Principal, Right, Verb, permits, permits_within, require, require_somewhere
from resolute.admin.services import Services
from resolute.records import names
from resolute.store import zones
from resolute.store.zones import PAGE, RRsetRow
from resolute.zones.change import Author, Edit, ZoneChange
from resolute.zones.rows import rrset_of

MEDIA_TYPE: Final = "application/external.dns.webhook+json;version=1"
"""Compared octet by octet by the client."""
_VARY: Final = {"Vary": "Content-Type"}
"""Which versions of the client want to see."""
_JSON: Final = {"content": {MEDIA_TYPE: {"schema": {"type": "array", "items": {"type": "object"}}}}}
_FILTER: Final = {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}

router = APIRouter(prefix="/externaldns", tags=["externaldns"], responses=answers(429, 503))
_CLOSED: Final = answers(401, 403)


class EndpointList(RootModel[Endpoints]):
    """Endpoints that ExternalDNS wants."""


@router.get("/healthz", operation_id="getExternalDnsHealth", response_class=PlainTextResponse)
async def healthz() -> Response:
    """Whether the server answers (ExternalDNS' probe)."""
    return PlainTextResponse("ok")


@router.get(
    "",
    operation_id="negotiateExternalDns",
    response_class=Response,
    responses={200: {"description": "The domain filter.", **_FILTER}, **_CLOSED},
)
async def negotiate(services: ServicesHere, principal: PrincipalHere) -> Response:
    """The zones that may be changed, as a domain filter. Needs records:write somewhere."""
    found = [name.removesuffix(".") for name, _ in await _zones(services, principal)]
    return Response(json.dumps({"include": found}), headers=_VARY, media_type=MEDIA_TYPE)


@router.get(
    "/records",
    operation_id="listExternalDnsRecords",
    response_class=Response,
    responses={200: {"description": "Endpoints.", **_JSON}, **_CLOSED},
)
async def list_records(services: ServicesHere, principal: PrincipalHere) -> Response:
    """The records of these zones, of the types that ExternalDNS knows. Needs records:write, shows what records:read
    covers."""
    found = await _zones(services, principal)
    texts = _as_json(_endpoints(services, principal, found))
    first = await anext(texts)  # what cannot be read at all is a 503, not half a list
    return StreamingResponse(_again(first, texts), headers=_VARY, media_type=MEDIA_TYPE)


@router.post(
    "/adjustendpoints",
    operation_id="adjustExternalDnsEndpoints",
    response_class=Response,
    openapi_extra=body_of(EndpointList),
    responses={200: {"description": "Endpoints.", **_JSON}, **_CLOSED, **answers(400, 413, 422)},
)
async def adjust(request: Request, services: ServicesHere, principal: PrincipalHere) -> Response:
    """The same endpoints as they will be shown when they are there. Needs records:write somewhere."""
    require_somewhere(principal, Verb.RECORDS_WRITE)
    sent = await read(EndpointList, request)
    content = await services.writer.off_loop(lambda: json.dumps(list(map(adjusted, sent.root))))
    return Response(content, headers=_VARY, media_type=MEDIA_TYPE)


@router.post(
    "/records",
    operation_id="changeExternalDnsRecords",
    status_code=204,
    openapi_extra=body_of(Changes),
    responses={**_CLOSED, **answers(400, 404, 409, 413, 422, 507)},
)
async def change_records(
    request: Request, services: ServicesHere, principal: PrincipalHere, client: ClientHere
) -> Response:
    """Makes all changes or none. Needs records:write for each RRset."""
    require_somewhere(principal, Verb.RECORDS_WRITE)
    sent = await read(Changes, request)
    wanted = await services.writer.off_loop(lambda: edits_of(sent))
    targets = await enclosing(services, (one.edit.rrset.owner for one in wanted))
    await services.writer.off_loop(lambda: _require(principal, (one.edit for one in wanted), targets))
    by = Author(author(principal, client), "externaldns")
    changes = [
        (zone, ZoneChange(origin, await settled(services, zone, origin, some), by))
        for zone, origin, some in _by_zone(wanted, targets)
    ]
    await make_all(services, changes)
    return Response(status_code=204)


def _require(principal: Principal, edits: Iterable[Edit], targets: dict[bytes, Target]) -> None:
    """Raises NotThereError and DeniedError."""
    for edit in edits:
        target = targets.get(edit.rrset.owner)
        if target is None:
            raise NotThereError(f"no zone of this server has the name {names.to_text(edit.rrset.owner)}")
        require(principal, Right(Verb.RECORDS_WRITE, target.origin, *edit.rrset.key))


def _by_zone(wanted: Sequence[Wanted], targets: dict[bytes, Target]) -> Iterable[tuple[Zone, bytes, Sequence[Wanted]]]:
    """The edits of each zone, in their order; with its wire name."""

    def origin(one: Wanted) -> bytes:
        return targets[one.edit.rrset.owner].origin

    for name, some in groupby(sorted(wanted, key=origin), origin):
        together = tuple(some)
        yield targets[together[0].edit.rrset.owner].zone, name, together


async def _zones(services: Services, principal: Principal) -> list[tuple[str, Zone]]:
    """Those in which something may be changed, by name. Raises DeniedError where it is nothing at all."""
    require_somewhere(principal, Verb.RECORDS_WRITE)
    files = await services.file_zones.known()
    found: dict[str, Zone] = {name: zone for name, zone in files.items() if zone.writable}

    def look(connection: Connection) -> list[tuple[str, Zone]]:
        found.update((zone.name, zone) for zone in zones.every(connection))
        seen = (name for name in sorted(found) if permits_within(principal, Verb.RECORDS_WRITE, zone_name(name)))
        return [(name, found[name]) for name in seen]

    return await services.writer.look(look)


async def _endpoints(
    services: Services, principal: Principal, found: Iterable[tuple[str, Zone]]
) -> AsyncIterator[list[str]]:
    """As JSON, a page at a time."""
    for name, zone in found:
        origin = zone_name(name)

        def texts(rows: Iterable[RRsetRow], origin: bytes = origin) -> list[str]:
            rrsets = (rrset_of(row) for row in rows if row.rtype in TYPES)
            return [
                json.dumps(shown(one))
                for one in rrsets
                if permits(principal, Right(Verb.RECORDS_READ, origin, *one.key))
            ]

        async for page in _pages(services, zone, origin):
            yield await services.writer.off_loop(lambda page=page, texts=texts: texts(page))  # type: ignore[misc]


async def _pages(services: Services, zone: Zone, origin: bytes) -> AsyncIterator[list[RRsetRow]]:
    """The RRsets of a zone."""
    rrsets, last = await RRsets.open(services, zone, origin), None
    while page := await rrsets.after(last, limit=PAGE):
        yield page
        last = names.from_text(page[-1].name), page[-1].rtype


async def _as_json(pages: AsyncIterator[list[str]]) -> AsyncIterator[str]:
    """A JSON array, piece by piece."""
    before = "["
    async for page in pages:
        if page:
            yield before + ",".join(page)
            before = ","
    yield "[]" if before == "[" else "]"


async def _again(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for text in rest:
        yield text

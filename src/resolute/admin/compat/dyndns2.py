"""dyndns2, which routers, ddclient and inadyn speak: a host says which address it has now.

    GET /nic/update?hostname=home.example.org&myip=192.0.2.1,2001:db8::1      good 192.0.2.1,2001:db8::1

One line is answered for each host: `good` (changed), `nochg` (it was so), `nohost` (no zone of ours has the name, or
the right is missing), `notfqdn`, `dnserr` (the address is none, or a rule of the zone is in the way). Of all together
speak `numhost` (too many), `badauth` (401, 403), `abuse` (429) and `911` (later). `system`, `offline`, `wildcard`, `mx`
and `backmx` are passed over: they are of a service that had accounts, and RRsets are changed in other ways.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse

from resolute.admin.api.dependencies import ClientHere, PrincipalHere, ServicesHere
from resolute.admin.api.sources import find_rrset
from resolute.admin.api.targets import Target, find_target, make
from resolute.admin.clients import Address
from resolute.admin.compat.addresses import MOST_HOSTS, UnusableError, host_name, shown, wanted
from resolute.admin.compat.asking import answers
from resolute.admin.filezones import FileZone
from resolute.admin.gate import note_denied
from resolute.admin.records import author
from resolute.admin.rights import Principal, Right, Verb, require, require_somewhere
from resolute.admin.services import Services
from resolute.errors import DeniedError, RuleError
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.zones.change import Action, Author, Edit, ZoneChange

log = logging.getLogger(__name__)

router = APIRouter(tags=["dyndns"], responses=answers(401, 403, 422, 429, 503, 507))
Addresses = Mapping[int, Address]
NO_HOST: Final = "nohost"

_HOSTS = Query(description=f"Names of hosts with commas, {MOST_HOSTS} at most.", examples=["home.example.org"])
_MYIP = Query(description="An IPv4 or IPv6 address, or both with a comma; empty: the address that asks.")
_MYIPV6 = Query(description="The IPv6 address, as several routers send it.")


@dataclass(frozen=True, slots=True)
class _Update:
    """What is asked for, and by whom."""

    services: Services
    principal: Principal
    by: Author
    addresses: Addresses


@router.get("/nic/update", operation_id="updateAddresses", response_class=PlainTextResponse, responses=answers(200))
async def update_addresses(
    request: Request,
    services: ServicesHere,
    principal: PrincipalHere,
    client: ClientHere,
    hostname: Annotated[str, _HOSTS] = "",
    myip: Annotated[list[str], _MYIP] = [],  # noqa: B006  FastAPI copies it
    myipv6: Annotated[list[str], _MYIPV6] = [],  # noqa: B006
) -> PlainTextResponse:
    """Sets the A and AAAA records of hosts (dyndns2). Needs records:write for each of them."""
    require_somewhere(principal, Verb.RECORDS_WRITE)
    hosts = [host for host in hostname.split(",") if host.strip()]
    if not hosts:
        return _lines("notfqdn")
    if len(hosts) > MOST_HOSTS:
        return _lines("numhost")
    try:
        addresses = wanted([*myip, *myipv6], client.address)
    except UnusableError:
        return _lines(*("dnserr" for _ in hosts))
    update = _Update(services, principal, Author(author(principal, client), "dyndns2"), addresses)
    return _lines(*[await _of_host(update, request, host.strip()) for host in hosts])


async def _of_host(update: _Update, request: Request, host: str) -> str:
    owner = host_name(host)
    if owner is None:
        return "notfqdn"
    target = await find_target(update.services, owner)
    if target is None or (isinstance(target.zone, FileZone) and not target.zone.writable):
        return NO_HOST
    try:
        for rtype in update.addresses:
            require(update.principal, Right(Verb.RECORDS_WRITE, target.origin, owner, rtype))
    except DeniedError as error:
        await note_denied(update.services, request.scope, error)
        return NO_HOST
    try:
        word = "good" if await _change(update, target) else "nochg"
    except RuleError as error:
        log.warning("dyndns2: %s cannot have %s: %s", names.to_text(owner), shown(update.addresses), error)
        return "dnserr"
    return f"{word} {shown(update.addresses)}"


async def _change(update: _Update, target: Target) -> bool:
    """Returns whether there was something to change."""
    edits = [edit for rtype in sorted(update.addresses) if (edit := await _edit(update, target, rtype)) is not None]
    if edits:
        await make(update.services, target.zone, ZoneChange(target.origin, tuple(edits), update.by))
    return bool(edits)


async def _edit(update: _Update, target: Target, rtype: int) -> Edit | None:
    """The RRset keeps its TTL; nothing is to be done where it has just this address."""
    there = (await find_rrset(update.services, target.origin, target.owner, rtype)).rrset
    address = update.addresses[rtype].packed
    if there.rdatas == (address,):
        return None
    ttl = there.ttl if there.rdatas else update.services.settings.dyndns_ttl
    return Edit(Action.REPLACE, RRset.of(target.owner, rtype, ttl, [address]))


def _lines(*lines: str) -> PlainTextResponse:
    return PlainTextResponse("".join(f"{line}\n" for line in lines))

"""acme-dns: a name of its own for each certificate client, to which `_acme-challenge` of the real name is a CNAME.

    POST /register    {"allowfrom": ["192.0.2.0/24"]}      username, password, fulldomain, subdomain, allowfrom
    POST /update      {"subdomain": "...", "txt": "..."}   X-Api-User, X-Api-Key; the last two values stay
    GET  /health

A registration is a token for TXT of that one name, from those networks; so the password is stored as tokens are, and
whoever may see and remove tokens sees and removes registrations. `admin.acme_dns_zone` names the zone.
"""

import ipaddress
import json
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BeforeValidator, Field
from sqlalchemy import Connection

from resolute.admin.api import tokens as api
from resolute.admin.api.dependencies import ClientHere, PrincipalHere, ServicesHere
from resolute.admin.api.naming import zone_name
from resolute.admin.api.problems import BadRequestError, InvalidError, NotThereError
from resolute.admin.api.sources import find_rrset, in_store
from resolute.admin.compat.asking import Sent, answers, body_of, parse, read
from resolute.admin.compat.txt import CHALLENGE_TTL, TXT, txt_rdata
from resolute.admin.patterns import Pattern
from resolute.admin.records import author
from resolute.admin.rights import Principal, Right, Scope, Verb, require, require_somewhere
from resolute.admin.services import Services
from resolute.admin.tokens import make
from resolute.errors import ConflictError, UnauthenticatedError
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.store import accounts as store
from resolute.store import audit, history
from resolute.store.accounts import NewToken
from resolute.store.audit import Event
from resolute.store.order import sort_key
from resolute.zones.change import Action, Author, Edit, ZoneChange
from resolute.zones.rows import rrset_of

JSON: Final = "application/json"
KEPT: Final = 2
"""Values of a name: of a certificate for `example.org` and `*.example.org` both are asked for at once."""
TRIES: Final = 8
"""Of a change that somebody else comes before."""

router = APIRouter(tags=["acme-dns"], responses=answers(429, 503, media_type=JSON))
_SUBDOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""What a challenge is (RFC 8555 8.4): 256 bits in base64url."""


def _list(given: object) -> object:
    return [] if given is None else given


class Registration(Sent):
    """Networks that updates may come from; none are all."""

    allowfrom: Annotated[list[Annotated[str, Field(max_length=64)]], BeforeValidator(_list)] = Field(
        default=[], max_length=100, examples=[["192.0.2.0/24"]]
    )


class Update(Sent):
    """A value for the name that was registered."""

    subdomain: str = Field(default="", max_length=255)
    txt: str = Field(default="", max_length=1_024)


@router.get("/health", operation_id="getAcmeDnsHealth", response_class=Response)
async def health() -> Response:
    """Whether the server answers (acme-dns)."""
    return Response(status_code=200)


@router.post(
    "/register",
    operation_id="registerAcmeDns",
    status_code=201,
    response_class=Response,
    openapi_extra=body_of(Registration, required=False),
    responses=answers(201, 400, 401, 403, 404, 409, 413, 422, 507, media_type=JSON),
)
async def register(request: Request, services: ServicesHere, principal: PrincipalHere, client: ClientHere) -> Response:
    """Makes a name and a password for it. Needs records:write for TXT of every name of the zone."""
    who = require_somewhere(principal, Verb.RECORDS_WRITE)
    sources = _sources(await request.body())
    origin = await _zone(services)
    subdomain = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    owner = _owner(subdomain, origin)
    require(who, Right(Verb.RECORDS_WRITE, origin, owner, TXT))
    made = make()
    scope = Scope(
        frozenset({Verb.RECORDS_WRITE}), (Pattern.of_name(origin),), (Pattern.of_name(owner),), frozenset({TXT})
    )
    wanted = NewToken(made.id, f"acme-dns {subdomain}", made.hash, scope.to_json(), sources, None)
    told = api.event_of(who, client, made.id, f"registered {names.to_text(owner)}")
    stored = await services.accounts.write(lambda connection: _register(connection, who, wanted, told))
    return _json(
        {
            "username": made.id,
            "password": made.text,
            "fulldomain": names.to_text(owner).removesuffix("."),
            "subdomain": subdomain,
            "allowfrom": list(stored.sources),
        },
        201,
    )


@router.post(
    "/update",
    operation_id="updateAcmeDns",
    response_class=Response,
    openapi_extra=body_of(Update),
    responses=answers(200, 400, 401, 404, 409, 412, 413, 422, 507, media_type=JSON),
)
async def update(request: Request, services: ServicesHere, principal: PrincipalHere, client: ClientHere) -> Response:
    """Adds a TXT value to a name that was registered; the last two stay. Needs records:write for it."""
    who = require_somewhere(principal, Verb.RECORDS_WRITE)
    _require_named(request, who)
    sent = await read(Update, request)
    if not _SUBDOMAIN.fullmatch(sent.subdomain):
        raise BadRequestError("bad_subdomain")
    origin = await _zone(services)
    owner = _owner(sent.subdomain, origin)
    require(who, Right(Verb.RECORDS_WRITE, origin, owner, TXT))
    if not _VALUE.fullmatch(sent.txt):
        raise BadRequestError("bad_txt")
    await _put(services, origin, owner, _Value(txt_rdata(sent.txt), Author(author(who, client), "acme-dns")))
    return _json({"txt": sent.txt}, 200)


@dataclass(frozen=True, slots=True)
class _Value:
    """A new value, and who brings it."""

    data: bytes
    by: Author


async def _put(services: Services, origin: bytes, owner: bytes, value: _Value) -> None:
    """Two that come at once are one after the other. Raises ConflictError when others always come first."""
    for left in reversed(range(TRIES)):
        there = (await find_rrset(services, origin, owner, TXT)).rrset
        if value.data in there.rdatas:
            return
        newest = await services.writer.look(lambda connection: _newest(connection, origin, owner))
        rdatas = next_values(there.rdatas, newest, value.data)
        edit = Edit(Action.REPLACE, RRset.of(owner, TXT, CHALLENGE_TTL, rdatas))
        try:
            await services.writer.commit(ZoneChange(origin, (edit,), value.by, expected=(there,)))
        except ConflictError:
            if not left:
                raise
        else:
            return


def next_values(there: Sequence[bytes], newest: Sequence[bytes], value: bytes) -> list[bytes]:
    """The values that stay, with the new one: those that came last."""
    latest_last = sorted((one for one in there if one != value), key=lambda one: one in newest)
    return [*latest_last[-(KEPT - 1) :], value]


def _newest(connection: Connection, origin: bytes, owner: bytes) -> Sequence[bytes]:
    """What the last change of the RRset has added, as the history has it; nothing when that was long ago."""
    last = history.last_of_rrset(connection, names.to_text(origin), sort_key(owner), TXT)
    if last is None:
        return ()
    before = rrset_of(last.before).rdatas
    return [one for one in rrset_of(last.after).rdatas if one not in before]


async def _zone(services: Services) -> bytes:
    """The zone of all registrations. Raises NotThereError, and RuleError for one of a file: history is the store's."""
    name = services.settings.acme_dns_zone
    if not name:
        raise NotThereError("acme-dns is off: admin.acme_dns_zone names the zone in which it registers names")
    origin = zone_name(name, "acme_dns_zone")
    await in_store(services, origin)
    return origin


def _owner(subdomain: str, origin: bytes) -> bytes:
    """A subdomain is one label of letters, digits and hyphens."""
    label = subdomain.lower().encode("ascii")
    return bytes([len(label)]) + label + origin


def _sources(content: bytes) -> tuple[str, ...]:
    try:
        given = parse(Registration, content).allowfrom if content.strip() else []
    except (BadRequestError, InvalidError):
        raise BadRequestError("malformed_json_payload") from None
    try:
        return tuple(str(ipaddress.ip_network(one.strip(), strict=False)) for one in given)
    except ValueError:
        raise BadRequestError("invalid_allowfrom_cidr") from None


def _register(connection: Connection, who: Principal, wanted: NewToken, told: Event) -> NewToken:
    """What a token registers ends with it, and is for no more places. Raises DeniedError for more than it has."""
    found = store.find_token(connection, who.token_id) if who.token_id else None
    if found is not None:
        mine = found[0]
        wanted = replace(wanted, expires=mine.expires, sources=wanted.sources or mine.sources, parent=mine.id)
    api.add(connection, who, api.owner_of(connection, who), wanted)
    audit.append(connection, told)
    return wanted


def _require_named(request: Request, who: Principal) -> None:
    """Raises UnauthenticatedError when the user that is named is not the one of the key."""
    user = request.headers.get("x-api-user")
    if user is not None and user != who.token_id:
        raise UnauthenticatedError("X-Api-User is not the user of X-Api-Key")


def _json(tree: object, status: int) -> Response:
    return Response(json.dumps(tree), status, media_type=JSON)

"""lego's `httpreq`, which a certificate client speaks to whatever can put a TXT record into a zone.

    POST /httpreq/present    {"fqdn": "_acme-challenge.example.org.", "value": "LHDhK3oG..."}
    POST /httpreq/cleanup    the same                                       (HTTPREQ_MODE=RAW: domain, token, keyAuth)

One value is added, or taken away, so that several challenges of a name stand beside each other (RFC 8555 8.4).
"""

from typing import Final, Self

from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from resolute.admin.api.dependencies import ClientHere, PrincipalHere, ServicesHere
from resolute.admin.api.naming import zone_name
from resolute.admin.api.problems import NotThereError
from resolute.admin.api.sources import find_rrset
from resolute.admin.api.targets import find_target, make
from resolute.admin.compat.asking import Sent, answers, body_of, read
from resolute.admin.compat.txt import CHALLENGE_TTL, LONGEST, TXT, challenge, txt_rdata
from resolute.admin.records import author
from resolute.admin.rights import Right, Verb, require, require_somewhere
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.zones.change import Action, Author, Edit, ZoneChange

router = APIRouter(
    prefix="/httpreq",
    tags=["httpreq"],
    responses=answers(400, 401, 403, 404, 409, 413, 422, 429, 503, 507),
)
_LABEL: Final = "_acme-challenge."


class Challenge(Sent):
    """What lego sends: `fqdn` and `value`, or in its mode RAW `domain` and `keyAuth`."""

    fqdn: str = Field(default="", max_length=1_024, examples=["_acme-challenge.example.org."])
    value: str = Field(default="", max_length=LONGEST)
    domain: str = Field(default="", max_length=1_024)
    token: str = Field(default="", max_length=1_024)
    key_auth: str = Field(default="", max_length=1_024, alias="keyAuth")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if not self.is_raw and not (self.fqdn and self.value):
            raise ValueError("expected fqdn and value, or domain and keyAuth")
        return self

    @property
    def is_raw(self) -> bool:
        """Whether it is of the mode RAW: it has no whole `fqdn` and `value`."""
        return bool(self.domain and self.key_auth) and not (self.fqdn and self.value)

    def owner(self) -> bytes:
        """The wire name of the TXT record. Raises InvalidError."""
        if self.is_raw:
            return zone_name(_LABEL + self.domain.removeprefix("*."), "domain")
        return zone_name(self.fqdn, "fqdn")

    def text(self) -> str:
        """What it says."""
        return challenge(self.key_auth) if self.is_raw else self.value


@router.post("/present", operation_id="presentChallenge", response_class=Response, openapi_extra=body_of(Challenge))
async def present(request: Request, services: ServicesHere, principal: PrincipalHere, client: ClientHere) -> Response:
    """Adds the TXT record of a challenge. Needs records:write for it."""
    require_somewhere(principal, Verb.RECORDS_WRITE)
    by = Author(author(principal, client), "httpreq: present")
    return await _change(request, services, Action.ADD, by)


@router.post("/cleanup", operation_id="cleanUpChallenge", response_class=Response, openapi_extra=body_of(Challenge))
async def cleanup(request: Request, services: ServicesHere, principal: PrincipalHere, client: ClientHere) -> Response:
    """Takes the TXT record of a challenge away; one that is not there is no error. Needs records:write for it."""
    require_somewhere(principal, Verb.RECORDS_WRITE)
    by = Author(author(principal, client), "httpreq: cleanup")
    return await _change(request, services, Action.REMOVE, by)


async def _change(request: Request, services: ServicesHere, action: Action, by: Author) -> Response:
    sent = await read(Challenge, request)
    owner = sent.owner()
    target = await find_target(services, owner)
    if target is None:
        raise NotThereError(f"no zone of this server has the name {names.to_text(owner)}")
    require(request.state.principal, Right(Verb.RECORDS_WRITE, target.origin, owner, TXT))
    there = (await find_rrset(services, target.origin, owner, TXT)).rrset
    ttl = there.ttl if there.rdatas else CHALLENGE_TTL
    edit = Edit(action, RRset.of(owner, TXT, ttl, [txt_rdata(sent.text())]))
    await make(services, target.zone, ZoneChange(target.origin, (edit,), by))
    return Response(status_code=200)

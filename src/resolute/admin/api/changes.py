"""What every change of zones has in common: who makes it and why, whether it is only a plan, and what is answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Query, Response
from fastapi import Request as HttpRequest
from pydantic import Field

from resolute.admin.api.dependencies import client_of, principal_of
from resolute.admin.api.fields import Answer
from resolute.admin.api.rrsetjson import Form, Record, record_shown
from resolute.admin.clients import Client
from resolute.admin.records import author
from resolute.admin.rights import Principal
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.zones.change import Author
from resolute.zones.decide import Committed, Difference
from resolute.zones.importing import SHOWN, Imported

UNCONFIRMED: Final = "Resolute-Unconfirmed"
"""The header of a change that is durable, and of which the node of this machine has not said that it serves it."""


class Side(Answer):
    """An RRset before or after."""

    ttl: int
    records: list[Record]


class RRsetChange(Answer):
    """What becomes of an RRset; null: it is not there."""

    name: str = Field(examples=["www.example.org."])
    type: str = Field(examples=["A"])
    before: Side | None
    after: Side | None


class ZoneChanged(Answer):
    """What a change has done to a zone, or with `planned` would do."""

    zone: str = Field(examples=["example.org."])
    planned: bool
    revision: int | None = Field(description="Of the store; null for a plan, and when nothing is different.")
    served: bool | None = Field(description="Whether the node has said that it serves it; null for a plan.")
    serial_before: int | None = Field(description="Null: the zone was not there.")
    serial_after: int | None = Field(description="Null: the zone is gone.")
    added: int = Field(description="Records.")
    removed: int = Field(description="Records.")
    changes: list[RRsetChange] = Field(description=f"The RRsets that differ, the first {SHOWN:,} of them.")


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a change, why, and whether it is to be made."""

    principal: Principal
    client: Client
    reason: str
    plan: bool
    form: Form = Form.TEXT

    def by(self, reason: str = "") -> Author:
        """The author, for the history; a reason in the body counts before the header's."""
        return Author(author(self.principal, self.client), reason or self.reason)


ReasonHeader = Annotated[
    str, Header(alias="x-change-reason", max_length=2_000, description="Why; kept in the history.")
]


async def _request(
    request: HttpRequest,
    plan: Annotated[bool, Query(description="Say what would change, and change nothing.")] = False,  # noqa: FBT002
    reason: ReasonHeader = "",
) -> Request:
    return await request_for(request, reason, plan=plan)


async def request_for(request: HttpRequest, reason: str, *, plan: bool) -> Request:
    """Who asks with a request; `reason` as it came in the header."""
    return Request(await principal_of(request), await client_of(request), _text(reason), plan)


def _text(header: str) -> str:
    """A header is octets (RFC 9110 5.5); those of a reason are UTF-8 where they can be, else Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


RequestHere = Annotated[Request, Depends(_request)]


def changed(made: Committed, served: bool | None, form: Form = Form.TEXT) -> ZoneChanged:  # noqa: FBT001
    """What is answered to a change; `served` is None for a plan."""
    some = bool(made.differences)
    return ZoneChanged(
        zone=names.to_text(made.zone),
        planned=served is None,
        revision=made.revision if some and served is not None else None,
        served=served,
        serial_before=made.serial_before,
        serial_after=made.serial_after,
        added=sum(one.added for one in made.differences),
        removed=sum(one.removed for one in made.differences),
        changes=differences_shown(made.differences, form),
    )


def whole(zone: bytes, made: Imported, served: bool | None, *, gone: bool = False) -> ZoneChanged:  # noqa: FBT001
    """What is answered when a zone as a whole has been made, replaced or removed."""
    return ZoneChanged(
        zone=names.to_text(zone),
        planned=served is None,
        revision=None if served is None or made.unchanged else made.revision,
        served=served,
        serial_before=made.serial_before,
        serial_after=None if gone else made.serial,
        added=made.added,
        removed=made.removed,
        changes=differences_shown(made.differences, Form.TEXT),
    )


def differences_shown(differences: Iterable[Difference], form: Form) -> list[RRsetChange]:
    """In canonical order, as they came."""
    return [
        RRsetChange(
            name=names.to_text(one.after.owner),
            type=rdata.type_to_text(one.after.rtype),
            before=_side(one.before, form),
            after=_side(one.after, form),
        )
        for one in differences
    ]


def say_unconfirmed(response: Response, served: bool | None) -> None:  # noqa: FBT001
    """Sets the header where the node has not confirmed."""
    if served is False:
        response.headers[UNCONFIRMED] = (
            "the change is durable; the node of this machine has not confirmed it yet, /api/v1/nodes has who lags"
        )


def _side(rrset: RRset, form: Form) -> Side | None:
    if not rrset.rdatas:
        return None
    return Side(ttl=rrset.ttl, records=[record_shown(rrset.rtype, data, form) for data in rrset.rdatas])

"""RRsets as JSON, and back. Pure.

    {"name": "www.example.org.", "type": "A", "ttl": 300, "records": ["192.0.2.1"]}

A record is its presentation form, or an object with the fields of its type (`resolute.records.fields`).
"""

import enum
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import Field

from resolute.admin.api.fields import Answer, Body, Reason
from resolute.admin.api.naming import owner_name, rtype_number
from resolute.admin.api.problems import InvalidError
from resolute.errors import PresentationError
from resolute.records import names, rdata
from resolute.records.fields import FieldError, from_fields, to_fields
from resolute.records.rrset import MAX_TTL, RRset

USUAL_TTL: Final = 3_600
"""Of an RRset that is made without one."""
MOST_RECORDS: Final = 10_000


class Form(enum.StrEnum):
    """How records are shown."""

    TEXT = "text"
    FIELDS = "fields"


FormHere = Annotated[
    Form,
    Query(alias="records", description="`text`: presentation form; `fields`: an object, where the type has fields."),
]
Record = str | dict[str, Any]
GivenRecord = Annotated[
    Record,
    Field(
        description="Presentation form, or an object with the type's fields. Relative names are completed by the zone.",
        examples=["192.0.2.1", {"address": "192.0.2.1"}],
    ),
]
GivenRecords = Annotated[list[GivenRecord], Field(max_length=MOST_RECORDS)]
Ttl = Annotated[int, Field(strict=True, ge=0, le=MAX_TTL, description="Seconds (RFC 2181 8).", examples=[300])]
Name = Annotated[str, Field(max_length=1_024, examples=["www.example.org."])]
Type = Annotated[str, Field(max_length=16, examples=["A"])]


class RRsetShown(Answer):
    """An RRset: names with the trailing dot, records in canonical order."""

    name: Name
    type: Type
    ttl: Ttl
    records: list[Record] = Field(examples=[["192.0.2.1"]])


class RRsetPut(Body):
    """What an RRset is to be."""

    records: Annotated[GivenRecords, Field(min_length=1)]
    ttl: Ttl | None = Field(default=None, description=f"Else the one it has, or {USUAL_TTL}.")
    name: Name | None = Field(default=None, description="May be repeated from the path; not another.")
    type: Type | None = Field(default=None, description="The same.")
    reason: Reason = ""


class RRsetPatched(Body):
    """Single records to be there, and to be gone."""

    add: GivenRecords = Field(default_factory=list)
    remove: GivenRecords = Field(default_factory=list)
    ttl: Ttl | None = Field(default=None, description="Of the whole RRset from now on.")
    reason: Reason = ""


class RRsetGiven(Body):
    """An RRset of a batch; for `delete` without records."""

    name: Name
    type: Type
    ttl: Ttl | None = None
    records: GivenRecords = Field(default_factory=list)


def shown(rrset: RRset, form: Form = Form.TEXT) -> RRsetShown:
    """An RRset as the API shows it."""
    return RRsetShown(
        name=names.to_text(rrset.owner),
        type=rdata.type_to_text(rrset.rtype),
        ttl=rrset.ttl,
        records=[record_shown(rrset.rtype, data, form) for data in rrset.rdatas],
    )


def record_shown(rtype: int, data: bytes, form: Form) -> Record:
    """One record; as fields where that is asked for and the type has them."""
    fields = to_fields(rtype, data) if form is Form.FIELDS else None
    return rdata.to_text(rtype, data) if fields is None else fields


def rdatas_of(rtype: int, records: Sequence[Record], origin: bytes, field: str) -> list[bytes]:
    """The wire rdata of records; relative names are completed by the zone. Raises InvalidError that names each record,
    and its field, that does not hold."""
    found: list[bytes] = []
    problems: list[tuple[str, str]] = []
    for at, record in enumerate(records):
        try:
            found.append(_rdata(rtype, record, origin))
        except FieldError as error:
            problems.append((f"{field}[{at}]" + (f".{error.field}" if error.field else ""), error.reason))
        except PresentationError as error:
            problems.append((f"{field}[{at}]", str(error)))
    if problems:
        raise InvalidError(*problems)
    return found


def rrset_of(given: RRsetGiven, origin: bytes, *, field: str, ttl: int) -> RRset:
    """The RRset of a batch. Raises InvalidError."""
    owner, rtype = owner_name(given.name, origin, f"{field}.name"), data_type(given.type, f"{field}.type")
    rdatas = rdatas_of(rtype, given.records, origin, f"{field}.records")
    return RRset.of(owner, rtype, ttl if given.ttl is None else given.ttl, rdatas)


def data_type(text: str, field: str = "type") -> int:
    """A type that a record of a zone may have. Raises InvalidError for one of questions only (RFC 6895 3.1)."""
    rtype = rtype_number(text, field)
    if rtype in _META:
        raise InvalidError((field, f"{rdata.type_to_text(rtype)} is a type of questions, no record has it"))
    return rtype


def all_shown(rrsets: Iterable[RRset], form: Form) -> list[RRsetShown]:
    """Many of them."""
    return [shown(rrset, form) for rrset in rrsets]


def _rdata(rtype: int, record: Record, origin: bytes) -> bytes:
    return rdata.to_wire(rtype, record, origin) if isinstance(record, str) else from_fields(rtype, record, origin)


_META: Final = frozenset({0, 41, *range(128, 256)})

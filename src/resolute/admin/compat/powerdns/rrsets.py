"""RRsets as PowerDNS has them, and what is to become of them. Pure.

    {"name": "www.example.org.", "type": "A", "ttl": 300, "changetype": "REPLACE",
     "records": [{"content": "192.0.2.1", "disabled": false}], "comments": []}

REPLACE  the RRset is exactly this; without records it goes     DELETE  it goes
EXTEND   these records are there besides those that are         PRUNE   these records are not there any more
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StrictBool

from resolute.admin.api.naming import is_within
from resolute.admin.api.problems import InvalidError
from resolute.admin.api.rrsetjson import MOST_RECORDS, USUAL_TTL, data_type
from resolute.admin.api.ttls import Wanted
from resolute.admin.compat.powerdns.content import content_of, rdata_of
from resolute.admin.compat.powerdns.naming import absolute
from resolute.admin.compat.powerdns.refusals import UnprocessableError
from resolute.admin.compat.powerdns.shapes import Given
from resolute.records import rdata
from resolute.records.rrset import MAX_TTL, RRset
from resolute.store.zones import RRsetRow
from resolute.zones.change import Action, Edit

MOST_RRSETS: Final = 20_000
LONGEST_CONTENT: Final = 262_144
"""Four characters an octet of the longest rdata (RFC 1035 5.1: \\DDD)."""
_Digits = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]


def _number(given: object) -> object:
    """Digits are a number too."""
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10 else given


Ttl = Annotated[
    int,
    Field(strict=True, ge=0, le=MAX_TTL, description="Seconds (RFC 2181 8); as text too.", examples=[300]),
    BeforeValidator(_number, json_schema_input_type=Annotated[int, Field(ge=0, le=MAX_TTL)] | _Digits),
]
CHANGE_TYPES: Final = ("REPLACE", "DELETE", "EXTEND", "PRUNE")


class RecordGiven(Given):
    """One record. What else PowerDNS once took (name, ttl, set-ptr) is not looked at."""

    content: str = Field(max_length=LONGEST_CONTENT, examples=["192.0.2.1"])
    disabled: StrictBool | None = Field(default=False, description="Records that are switched off are refused.")


class CommentGiven(Given):
    """A comment. Resolute keeps none: one with text is refused."""

    content: str = ""


class RRsetGiven(Given):
    """An RRset that is to be."""

    name: str = Field(max_length=1_024, examples=["www.example.org."])
    type: str = Field(max_length=16, examples=["A"])
    ttl: Ttl | None = None
    changetype: str = Field(default="", max_length=16, description="Of a change: REPLACE, DELETE, EXTEND or PRUNE.")
    records: Annotated[list[RecordGiven], Field(max_length=MOST_RECORDS)] | None = None
    comments: Annotated[list[CommentGiven], Field(max_length=1_000)] | None = None


RRsetsGiven = Annotated[list[RRsetGiven], Field(max_length=MOST_RRSETS)]


def wanted_of(given: Sequence[RRsetGiven], origin: bytes, permit: Callable[[bytes, int], object]) -> list[Wanted]:
    """What a PATCH asks for. `permit` is asked for each owner and type before their records are read, and raises where
    the right is missing. Raises UnprocessableError."""
    seen: set[tuple[bytes, int, str]] = set()
    found: list[Wanted] = []
    for one in given:
        place = _Place.of(one, origin)
        permit(place.owner, place.rtype)
        change = one.changetype.upper()
        if change not in CHANGE_TYPES:
            raise UnprocessableError(f"{place}: Changetype not understood: expected {', '.join(CHANGE_TYPES)}")
        if (place.owner, place.rtype, change) in seen:
            raise UnprocessableError(f"Duplicate {place} with changetype: {change}")
        seen.add((place.owner, place.rtype, change))
        found += _wanted(one, place, change)
    return found


def rrsets_of(given: Sequence[RRsetGiven], origin: bytes) -> list[RRset]:
    """The RRsets of a zone that is made; those without records are none. Raises UnprocessableError."""
    found: dict[tuple[bytes, int], RRset] = {}
    for one in given:
        place = _Place.of(one, origin)
        rrset = _rrset(one, place)
        if rrset.key in found:
            raise UnprocessableError(f"Duplicate {place}")
        if rrset.rdatas:
            found[rrset.key] = rrset
    return list(found.values())


def shown(row: RRsetRow) -> dict[str, Any]:
    """An RRset of a zone as PowerDNS shows it."""
    return {
        "comments": [],
        "name": row.name,
        "records": [{"content": content_of(row.rtype, line), "disabled": False} for line in row.data.split("\n")],
        "ttl": row.ttl,
        "type": rdata.type_to_text(row.rtype),
    }


@dataclass(frozen=True, slots=True)
class _Place:
    """The owner and type of an RRset, and how they were written."""

    owner: bytes
    rtype: int
    name: str
    type: str

    @classmethod
    def of(cls, given: RRsetGiven, origin: bytes) -> "_Place":
        """Raises UnprocessableError for a name that is not in the zone, or no type."""
        owner = absolute(given.name)
        if not is_within(owner, origin):
            raise UnprocessableError(f"RRset {given.name} IN {given.type}: Name is out of zone")
        try:
            rtype = data_type(given.type)
        except InvalidError as error:
            raise UnprocessableError(
                f"RRset {given.name} IN {given.type}: unknown type given: {error.fields[0][1]}"
            ) from error
        return cls(owner, rtype, given.name, given.type)

    def __str__(self) -> str:
        return f"RRset {self.name} IN {self.type}"


def _wanted(given: RRsetGiven, place: _Place, change: str) -> Iterator[Wanted]:
    nothing = RRset(place.owner, place.rtype, 0, ())
    if change == "DELETE":
        yield Wanted(Edit(Action.REPLACE, nothing))
        return
    _refuse_comments(given, place)
    if given.records is None:
        if given.comments is None:
            raise UnprocessableError(f"No change for {place}")
        return  # no comments are what it has
    rrset = _rrset(given, place, ttl_needed=change == "REPLACE")
    if change == "REPLACE":
        yield Wanted(Edit(Action.REPLACE, rrset if rrset.rdatas else nothing))
        return
    if not rrset.rdatas:
        raise UnprocessableError(f"{place}: {change} needs at least one record")
    action = Action.ADD if change == "EXTEND" else Action.REMOVE
    yield Wanted(Edit(action, rrset), open_ttl=change == "EXTEND" and given.ttl is None)


def _rrset(given: RRsetGiven, place: _Place, *, ttl_needed: bool = True) -> RRset:
    _refuse_comments(given, place)
    rdatas: dict[bytes, None] = {}
    for record in given.records or ():
        if record.disabled:
            raise UnprocessableError(
                f'{place} with content "{record.content}": Resolute has no disabled records: leave it out'
            )
        data = rdata_of(f"{place.name}/{place.type}", place.rtype, record.content)
        if data in rdatas:
            raise UnprocessableError(f'Duplicate record in {place} with content "{record.content}"')
        rdatas[data] = None
    if given.ttl is None and rdatas and ttl_needed:
        raise UnprocessableError(f"{place}: Key 'ttl' not an Integer or not present")
    return RRset.of(place.owner, place.rtype, USUAL_TTL if given.ttl is None else given.ttl, rdatas)


def _refuse_comments(given: RRsetGiven, place: _Place) -> None:
    if any(comment.content for comment in given.comments or ()):
        raise UnprocessableError(f"{place}: Resolute keeps no comments: leave them out")

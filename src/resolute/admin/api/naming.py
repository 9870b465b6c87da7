"""Names and types in paths, queries and bodies: with or without the trailing dot, in any case; `@` is the apex."""

from typing import Annotated, Final

from fastapi import Path

from resolute.admin.api.problems import InvalidError
from resolute.errors import PresentationError
from resolute.records import names, rdata

APEX: Final = "@"

ZoneInPath = Annotated[
    str, Path(max_length=1_024, description="The name of a zone.", examples=["example.org."], alias="zone")
]
NameInPath = Annotated[
    str,
    Path(
        max_length=1_024,
        description="An owner name: absolute with the trailing dot or with the zone's name at its end, else relative "
        "to the zone; `@` is the apex.",
        examples=["www"],
        alias="name",
    ),
]
TypeInPath = Annotated[str, Path(max_length=16, description="A record type.", examples=["A"], alias="type")]


def zone_name(text: str, field: str = "zone") -> bytes:
    """The wire name of a zone, in lower case. Raises InvalidError."""
    try:
        return names.fold(names.from_text(text))
    except PresentationError as error:
        raise InvalidError((field, str(error))) from error


def owner_name(text: str, origin: bytes, field: str = "name") -> bytes:
    """The wire name of an owner in a zone, in lower case: what does not end with the zone's name, or a dot, is relative
    to it. Raises InvalidError."""
    if text == APEX:
        return origin
    try:
        given = names.fold(names.from_text(text))
        if is_within(given, origin):
            return given
        if is_absolute(text):
            raise InvalidError((field, f"{names.to_text(given)} is not in the zone {names.to_text(origin)}"))
        return names.fold(names.from_text(names.to_text(given) + (names.to_text(origin) if origin != b"\0" else "")))
    except PresentationError as error:
        raise InvalidError((field, str(error))) from error


def rtype_number(text: str, field: str = "type") -> int:
    """The number of a record type that zones have. Raises InvalidError."""
    try:
        return rdata.type_from_text(text)
    except PresentationError as error:
        raise InvalidError((field, str(error))) from error


def is_within(name: bytes, origin: bytes) -> bool:
    """Whether a name is the origin or below it; both in lower case."""
    labels, apex = names.split(name), names.split(origin)
    return len(labels) >= len(apex) and labels[len(labels) - len(apex) :] == apex


def is_absolute(text: str) -> bool:
    r"""Whether a name ends with a dot that is not escaped (`\.`)."""
    backslashes = len(text[:-1]) - len(text[:-1].rstrip("\\"))
    return text.endswith(".") and backslashes % 2 == 0

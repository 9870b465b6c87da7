"""Names as PowerDNS has them: absolute with the trailing dot, and zones by an id that stands in a path.

`a/b.example.` has the id `a=2Fb.example.`, the root `=2E`.
"""

import re
from typing import Annotated, Final

from fastapi import Path

from resolute.admin.api.naming import is_absolute
from resolute.admin.compat.powerdns.refusals import UnprocessableError
from resolute.errors import PresentationError
from resolute.records import names

ROOT_ID: Final = "=2E"
_ENCODED: Final = re.compile(r"=([0-9A-Fa-f]{2})")

ZoneId = Annotated[
    str,
    Path(
        alias="zone",
        max_length=2_048,
        description="A zone's id: its name, `=2F` for a slash.",
        examples=["example.org."],
    ),
]


def zone_id(name: str) -> str:
    """The id of a zone by its name, which has its trailing dot."""
    if name == ".":
        return ROOT_ID
    return "".join(one if one.isalnum() or one in ".-" else f"={ord(one):02X}" for one in name)


def zone_of(text: str) -> bytes:
    """The wire name of the zone with this id; the last dot may be left out. Raises UnprocessableError."""
    return name_of(_ENCODED.sub(lambda found: chr(int(found[1], 16)), text))


def absolute(text: str) -> bytes:
    """The wire name, in lower case, of a name that ends with its dot. Raises UnprocessableError."""
    if not is_absolute(text):
        raise UnprocessableError(f"DNS Name '{text}' is not canonical: it does not end with a dot")
    return name_of(text)


def name_of(text: str) -> bytes:
    """The wire name, in lower case; the last dot may be left out. Raises UnprocessableError."""
    try:
        return names.fold(names.from_text(text))
    except PresentationError as error:
        raise UnprocessableError(f"Unable to parse DNS Name '{text}': {error}") from error

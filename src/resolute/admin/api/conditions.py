"""ETags and conditions (RFC 9110 8.8.3, 13.1): against lost updates.

An RRset's ETag is a hash of its canonical form, a zone's is its serial and policy. A change of an RRset may ask for
either: that the RRset is as it was seen, or that the whole zone is.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Response

from resolute.errors import ConflictError
from resolute.records.rrset import RRset
from resolute.store.records import Expected
from resolute.store.zones import ZoneRow

ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request's headers ask for; empty: nothing. Weak tags never match (RFC 9110 13.1.1)."""

    match: tuple[str, ...] = ()
    none_match: tuple[str, ...] = ()

    @property
    def only_if_new(self) -> bool:
        """`If-None-Match: *`: make it, do not replace it."""
        return ANY in self.none_match

    def matched(self, tags: Collection[str], *, there: bool) -> str | None:
        """The tag that holds; None when nothing is asked. Raises ConflictError (412)."""
        if self.only_if_new and there:
            raise ConflictError("it is there already, and If-None-Match: * asks for it not to be")
        if not self.match:
            return None
        if ANY in self.match and there:
            return ANY
        held = next((tag for tag in self.match if tag in tags), None)
        if held is None:
            raise ConflictError("it is not what If-Match says: somebody has changed it, look at it again")
        return held

    def expected(self, address: str | None) -> Expected | None:
        """What a local record that was seen with this address must be when it is changed. Raises ConflictError."""
        held = self.matched([] if address is None else [of_text(address)], there=address is not None)
        if self.only_if_new:
            return Expected(there=False)
        return None if held is None else Expected(there=True, address=None if held == ANY else address)

    def unchanged(self, tag: str) -> bool:
        """Whether a reader has it already: 304."""
        return tag in self.none_match or tag in {one.removeprefix("W/") for one in self.none_match}


async def _conditions(
    if_match: Annotated[
        str | None, Header(max_length=2_048, description="Only if it still has this ETag: else 412.")
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(max_length=2_048, description="A read: 304 if it has this ETag. A change with `*`: only if new."),
    ] = None,
) -> Conditions:
    return Conditions(_tags(if_match), _tags(if_none_match))


ConditionsHere = Annotated[Conditions, Depends(_conditions)]


NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "It has the ETag of If-None-Match still."}}


def not_modified(tag: str) -> Response:
    """RFC 9110 15.4.5."""
    return Response(status_code=304, headers={"ETag": tag})


def of_rrset(rrset: RRset) -> str:
    """The ETag of an RRset."""
    digest = hashlib.sha256(rrset.rtype.to_bytes(2) + rrset.ttl.to_bytes(4) + rrset.owner)
    for form in sorted(rrset.forms):
        digest.update(len(form).to_bytes(2) + form)
    return f'"{digest.hexdigest()[:32]}"'


def of_zone(zone: ZoneRow) -> str:
    """The ETag of a zone of the store."""
    return f'"{zone.serial}-{zone.serial_policy}"'


def of_text(text: str) -> str:
    """The ETag of something small."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _tags(header: str | None) -> tuple[str, ...]:
    return tuple(tag.strip() for tag in (header or "").split(",") if tag.strip())

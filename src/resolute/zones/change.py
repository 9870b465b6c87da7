"""What is asked of a zone: one `ZoneChange` says everything, whoever asks (HTTP, command line, dynamic update).

    ZoneChange(zone, edits, by)  ->  `zones.commit`  ->  check -> record -> publish

Names are canonical: wire form, ASCII letters in lower case (RFC 4034 6.2). Rdata is uncompressed wire form.
"""

import enum
from dataclasses import dataclass

from resolute.records import names, rdata


@dataclass(frozen=True, slots=True)
class RRset:
    """An RRset (RFC 2181 5): the records of one owner and type. It has one TTL; `rdatas` has no duplicates.

    Without rdatas it says that there is none.
    """

    owner: bytes
    rtype: int
    ttl: int
    rdatas: tuple[bytes, ...]

    @property
    def key(self) -> tuple[bytes, int]:
        """What identifies it in its zone."""
        return self.owner, self.rtype

    def __str__(self) -> str:
        """Its records in presentation form, a line each."""
        head = f"{names.to_text(self.owner)} {self.ttl} {rdata.type_to_text(self.rtype)}"
        return "\n".join(f"{head} {rdata.to_text(self.rtype, data)}" for data in self.rdatas)


class Action(enum.Enum):
    """What an edit does with its RRset."""

    REPLACE = "replace"
    """The RRset becomes exactly this one; without rdatas it goes."""
    ADD = "add"
    """These records are there besides those that are; the RRset takes the edit's TTL (RFC 2181 5.2)."""
    REMOVE = "remove"
    """These records are gone; records that are not there are no error. The TTL is not looked at."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One step of a change."""

    action: Action
    rrset: RRset


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, and why."""

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """What is to become of one zone, all of it or none."""

    zone: bytes
    edits: tuple[Edit, ...]
    by: Author
    expected_serial: int | None = None
    """Refused when the zone has another serial by then: somebody else was quicker."""

"""What is asked of a zone: one `ZoneChange` says everything, whoever asks (HTTP, command line, dynamic update).

ZoneChange(zone, edits, by)  ->  `zones.commit`  ->  check -> record -> publish
"""

import enum
from dataclasses import dataclass

from resolute.records.rrset import RRset


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
    expected: tuple[RRset, ...] = ()
    """Refused when one of these RRsets is not just so by then; without rdatas: when it is there."""
    kind: str = "change"
    """What the history calls it: `change` or `revert`."""

"""What a proof of absence is, whoever gives it: NSEC (`nsec.py`) or NSEC3 (`nsec3.py`).

A `Denial` has the records of one zone that may prove something, not verified yet. It says which of them prove what is
asked, or raises; the validator then verifies those and no others, so that padding costs nothing (CVE-2026-11605).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from resolute.dnssec.signatures import SignedRRset
from resolute.records.types import ANY, CNAME, DNAME, DS, NS, NSEC, NSEC3, RRSIG, SOA

_PROOF_TYPES: Final = frozenset((NSEC, NSEC3, RRSIG))


class UnprovenError(Exception):
    """The records do not prove it; the text says why."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Something is absent, if the records hold."""

    records: tuple[SignedRRset, ...]
    opt_out: bool = False
    """RFC 5155 9.2: an insecure delegation may be there all the same."""
    is_delegation: bool = False
    """The name is a zone cut (NS and no SOA), and has no DS."""
    exists: bool = False
    """The name itself is there, or is an empty non-terminal."""
    unsupported: bool = False
    """RFC 9276 3.2: too many iterations. It proves nothing; the zone is to be taken as insecure if the records hold."""


class Denial(Protocol):
    """The proofs that the records of a zone give. All names are in lower case, and within the zone."""

    def no_type(self, name: bytes, rtype: int) -> Proof:
        """The name has no such type: it has others, is an empty non-terminal, or is made by a wildcard without it."""

    def no_name(self, name: bytes) -> Proof:
        """The name is not there, and no wildcard makes it."""

    def no_closer(self, name: bytes, labels: int) -> Proof:
        """The name, made by a wildcard just below its last `labels` labels, is not there, nor is a closer one."""


def require_no_type(zone: bytes, name: bytes, rtype: int, types: frozenset[int]) -> bool:
    """A record that matches a name denies a type there (RFC 4035 5.4, RFC 5155 8.5 to 8.7, RFC 6840 4.1 and 4.3).

    Returns whether the name is a zone cut. Raises UnprovenError.
    """
    is_cut = NS in types and SOA not in types
    if is_cut and rtype != DS:
        raise UnprovenError("the parent zone's record says nothing of the types in the child")
    if name != zone and SOA in types:
        raise UnprovenError(
            "it is the record of another zone's apex, which says nothing of the DS at its parent either"
        )
    if name == zone and SOA not in types:
        raise UnprovenError("the record at the zone's apex denies its SOA")
    if rtype in types:
        raise UnprovenError("the type is there")
    if CNAME in types:
        raise UnprovenError("there is a CNAME")
    if rtype == ANY and types - _PROOF_TYPES:
        raise UnprovenError("there are other types")
    return is_cut


def require_above(zone: bytes, name: bytes, types: frozenset[int]) -> None:
    """A record at an ancestor speaks for the names below it: it is neither a zone cut nor a DNAME (RFC 6840 4.1,
    RFC 5155 8.3). Raises UnprovenError."""
    if DNAME in types:
        raise UnprovenError("there is a DNAME above the name")
    if NS in types and SOA not in types:
        raise UnprovenError("there is a zone cut above the name: the parent zone says nothing of what is below")
    if SOA in types and name != zone:
        raise UnprovenError("another zone's apex is above the name")


def unique(records: Iterable[SignedRRset]) -> tuple[SignedRRset, ...]:
    """Each RRset once: one record may prove several things."""
    return tuple({each.rrset.key: each for each in records}.values())

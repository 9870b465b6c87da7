"""Proofs by NSEC (RFC 4034 4, RFC 4035 5.4, RFC 6840 4): which records show that a name or a type is not there.

owner ────────────► next            the name between them is not there
  │ types                           the owner has these types and no others
  └ is above the name: not a cut, not a DNAME
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from resolute.dnssec import bitmap
from resolute.dnssec.budget import PROOF_RECORDS
from resolute.dnssec.denial import Proof, UnprovenError, require_above, require_no_type, unique
from resolute.dnssec.keys import MalformedError
from resolute.dnssec.signatures import SignedRRset
from resolute.errors import PresentationError
from resolute.records import names
from resolute.records.names import canonical_key
from resolute.records.types import NSEC

Key = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Nsec:
    """One NSEC of a zone."""

    owner: bytes
    following: bytes
    types: frozenset[int]
    key: Key
    """What sorts the owner."""
    following_key: Key
    is_last: bool
    """It leads back to the apex."""
    signed: SignedRRset

    @classmethod
    def of(cls, zone: bytes, signed: SignedRRset) -> "Nsec":
        """From an RRset that the zone may have signed. Raises MalformedError when it cannot be of its chain."""
        rrset = signed.rrset
        if len(rrset.rdatas) != 1 or not names.is_within(rrset.owner, zone):
            raise MalformedError("it is not one NSEC of the zone")
        try:
            following = names.read(rrset.rdatas[0], 0)
        except PresentationError as error:
            raise MalformedError("an NSEC has no next name") from error
        types = bitmap.read(rrset.rdatas[0][len(following) :])
        following = names.fold(following)
        key, following_key = canonical_key(rrset.owner), canonical_key(following)
        if not names.is_within(following, zone):
            raise MalformedError("the next name is outside the zone")
        if following_key <= key and following != zone:
            raise MalformedError("the next name comes before the owner")
        return cls(rrset.owner, following, types, key, following_key, following == zone, signed)

    def covers(self, key: Key) -> bool:
        """Whether a name of the zone lies between the owner and the next name."""
        return self.key < key and (self.is_last or key < self.following_key)


class Chain(Protocol):
    """Where NSECs are found: those of a message, or all that are known of a zone."""

    def matching(self, key: Key) -> Nsec | None:
        """The one whose owner it is."""

    def covering(self, key: Key) -> Nsec | None:
        """One that covers it."""


class MessageChain:
    """The NSECs of a message."""

    def __init__(self, zone: bytes, section: Iterable[SignedRRset]) -> None:
        self._records = read(zone, section)

    def __bool__(self) -> bool:
        return bool(self._records)

    def matching(self, key: Key) -> Nsec | None:
        """The one whose owner it is."""
        return next((nsec for nsec in self._records if nsec.key == key), None)

    def covering(self, key: Key) -> Nsec | None:
        """One that covers it."""
        return next((nsec for nsec in self._records if nsec.covers(key)), None)


class NsecDenial:
    """What a chain of NSECs of one zone proves."""

    def __init__(self, zone: bytes, chain: Chain) -> None:
        self._zone = zone
        self._depth = names.label_count(zone)
        self._chain = chain

    def no_type(self, name: bytes, rtype: int) -> Proof:
        """The name has no such type. Raises UnprovenError."""
        key = canonical_key(name)
        if (match := self._chain.matching(key)) is not None:
            is_cut = require_no_type(self._zone, name, rtype, match.types)
            return Proof((match.signed,), is_delegation=is_cut, exists=True)
        cover = self._cover(key)
        if _is_empty(cover, key):
            return Proof((cover.signed,), exists=True)
        wildcard = (*self._encloser(cover, key), b"*")
        if (match := self._chain.matching(wildcard)) is not None:
            require_no_type(self._zone, match.owner, rtype, match.types)
            return Proof(unique((cover.signed, match.signed)))
        wildcard_cover = self._cover(wildcard)
        if not _is_empty(wildcard_cover, wildcard):
            raise UnprovenError("neither the name nor a wildcard for it is there")
        return Proof(unique((cover.signed, wildcard_cover.signed)))

    def no_name(self, name: bytes) -> Proof:
        """The name is not there, and no wildcard makes it. Raises UnprovenError."""
        key = canonical_key(name)
        cover = self._absent(key)
        wildcard_cover = self._absent((*self._encloser(cover, key), b"*"))
        return Proof(unique((cover.signed, wildcard_cover.signed)))

    def no_closer(self, name: bytes, labels: int) -> Proof:
        """A wildcard below the last `labels` labels is the closest match of the name. Raises UnprovenError."""
        key = canonical_key(name)
        cover = self._absent(key)
        if len(self._encloser(cover, key)) > labels:
            raise UnprovenError("there is a name that is closer than the wildcard")
        return Proof((cover.signed,))

    def source(self, name: bytes) -> tuple[bytes, Proof] | None:
        """The wildcard that makes a name which is not there, and the proof (RFC 8198 5.3); None when there is no such
        wildcard. Raises UnprovenError."""
        key = canonical_key(name)
        cover = self._absent(key)
        encloser = self._encloser(cover, key)
        if self._chain.matching((*encloser, b"*")) is None:
            return None
        return b"\x01*" + names.last_labels(name, len(encloser)), Proof((cover.signed,))

    def _absent(self, key: Key) -> Nsec:
        cover = self._cover(key)
        if _is_empty(cover, key):
            raise UnprovenError("the name is an empty non-terminal: it is there")
        return cover

    def _cover(self, key: Key) -> Nsec:
        cover = self._chain.covering(key)
        if cover is None:
            raise UnprovenError("no NSEC covers a name that should not be there")
        if key[: len(cover.key)] == cover.key:
            require_above(self._zone, cover.owner, cover.types)
        return cover

    def _encloser(self, cover: Nsec, key: Key) -> Key:
        """The closest encloser: what the name has in common with one of the names that are there around it."""
        common = max(_common(cover.key, key), _common(cover.following_key, key))
        return key[: max(common, self._depth)]


def read(zone: bytes, section: Iterable[SignedRRset]) -> Sequence[Nsec]:
    """The NSECs of a section that are signed by the zone, as far as one can see before verifying."""
    found: list[Nsec] = []
    for signed in section:
        if signed.rrset.rtype == NSEC and zone in signed.signers() and len(found) < PROOF_RECORDS:
            try:
                found.append(Nsec.of(zone, signed))
            except MalformedError:
                continue
    return found


def _is_empty(cover: Nsec, key: Key) -> bool:
    """Whether the name that is covered is an empty non-terminal: the next name is below it."""
    return len(cover.following_key) > len(key) and cover.following_key[: len(key)] == key


def _common(one: Key, other: Key) -> int:
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count

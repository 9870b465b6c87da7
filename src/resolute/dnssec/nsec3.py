"""Proofs by NSEC3 (RFC 5155 8, RFC 6840 4, RFC 9276): which records show that a name or a type is not there.

closest encloser ── a record matches its hash: it is there, and it is not a cut nor a DNAME
       └─ next closer ── a record covers its hash: it is not there (opt-out: an insecure cut may be)
               └─ *.closest encloser ── covered: no such name; matched: the types that it lacks
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from resolute.dnssec import bitmap
from resolute.dnssec.budget import PROOF_RECORDS, Budget
from resolute.dnssec.denial import Proof, UnprovenError, require_above, require_no_type, unique
from resolute.dnssec.keys import MalformedError
from resolute.dnssec.signatures import SignedRRset
from resolute.records import names
from resolute.records.types import DS, NSEC3

SHA1: Final = 1
OPT_OUT: Final = 1
MOST_ITERATIONS: Final = 50
"""RFC 9276 3.2: with more the zone is taken as insecure, and nothing is hashed."""
_DIGEST_OCTETS: Final = 20


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a zone's names are hashed (RFC 5155 3.1)."""

    algorithm: int
    iterations: int
    salt: bytes

    @property
    def is_supported(self) -> bool:
        """Whether the names may be hashed here."""
        return self.iterations <= MOST_ITERATIONS


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of an NSEC3's data."""

    parameters: Parameters
    flags: int
    following: bytes
    bitmap: bytes

    @classmethod
    def of(cls, rdata: bytes) -> "Fields":
        """From the record's data. Raises MalformedError."""
        try:
            algorithm, flags, iterations, salt = struct.unpack_from("!BBHB", rdata)
            at = 5 + salt
            end = at + 1 + rdata[at]
        except (struct.error, IndexError) as error:
            raise MalformedError("an NSEC3 is cut short") from error
        if end > len(rdata):
            raise MalformedError("an NSEC3 is cut short")
        return cls(Parameters(algorithm, iterations, rdata[5:at]), flags, rdata[at + 1 : end], rdata[end:])


@dataclass(frozen=True, slots=True)
class Nsec3:
    """One NSEC3 of a zone."""

    digest: bytes
    following: bytes
    types: frozenset[int]
    opt_out: bool
    parameters: Parameters
    signed: SignedRRset

    @classmethod
    def of(cls, zone: bytes, signed: SignedRRset) -> "Nsec3":
        """From an RRset that the zone may have signed. Raises MalformedError when it cannot be of its chain."""
        rrset = signed.rrset
        if len(rrset.rdatas) != 1 or len(rrset.owner) < 2 or names.parent(rrset.owner) != zone:
            raise MalformedError("it is not one NSEC3 of the zone, right below its apex")
        fields = Fields.of(rrset.rdatas[0])
        digest = owner_digest(rrset.owner)
        if fields.parameters.algorithm != SHA1 or fields.flags & ~OPT_OUT:
            raise MalformedError("an NSEC3 has a hash algorithm or flags that nobody knows")
        if len(digest) != _DIGEST_OCTETS or len(fields.following) != _DIGEST_OCTETS:
            raise MalformedError("an NSEC3 has hashes of another length")
        types = bitmap.read(fields.bitmap)
        return cls(digest, fields.following, types, bool(fields.flags & OPT_OUT), fields.parameters, signed)

    def covers(self, digest: bytes) -> bool:
        """Whether a hash lies between the owner's and the next one, which for the last is the first."""
        if self.digest < self.following:
            return self.digest < digest < self.following
        return digest > self.digest or digest < self.following


class Chain(Protocol):
    """Where NSEC3s are found: those of a message, or all that are known of a zone."""

    parameters: Parameters

    def matching(self, digest: bytes) -> Nsec3 | None:
        """The one whose hash it is."""

    def covering(self, digest: bytes) -> Nsec3 | None:
        """One that covers it."""


class MessageChain:
    """The NSEC3s of a message that have the parameters of its first one (RFC 5155 8.2)."""

    def __init__(self, zone: bytes, section: Iterable[SignedRRset]) -> None:
        found = read(zone, section)
        self.parameters = found[0].parameters if found else Parameters(SHA1, 0, b"")
        self.records = [nsec3 for nsec3 in found if nsec3.parameters == self.parameters]

    def __bool__(self) -> bool:
        return bool(self.records)

    def matching(self, digest: bytes) -> Nsec3 | None:
        """The one whose hash it is."""
        return next((nsec3 for nsec3 in self.records if nsec3.digest == digest), None)

    def covering(self, digest: bytes) -> Nsec3 | None:
        """One that covers it."""
        return next((nsec3 for nsec3 in self.records if nsec3.covers(digest)), None)


@dataclass(frozen=True, slots=True)
class _Encloser:
    """The closest encloser, and the record that covers the next closer name."""

    name: bytes
    match: Nsec3
    cover: Nsec3


class Nsec3Denial:
    """What a chain of NSEC3s of one zone proves. Each hash is taken from the budget, which raises ExhaustedError."""

    def __init__(self, zone: bytes, chain: Chain, budget: Budget) -> None:
        self._zone = zone
        self._chain = chain
        self._budget = budget
        self._known: dict[bytes, bytes] = {}

    def no_type(self, name: bytes, rtype: int) -> Proof:
        """RFC 5155 8.5 to 8.7: the name has no such type. Raises UnprovenError."""
        if (match := self._chain.matching(self._hash(name))) is not None:
            is_cut = require_no_type(self._zone, name, rtype, match.types)
            return Proof((match.signed,), is_delegation=is_cut, exists=True)
        encloser = self._encloser(name)
        source = b"\x01*" + encloser.name
        wildcard = self._chain.matching(self._hash(source))
        if wildcard is not None:
            require_no_type(self._zone, source, rtype, wildcard.types)
            used = unique((encloser.match.signed, encloser.cover.signed, wildcard.signed))
            return Proof(used, opt_out=encloser.cover.opt_out)
        if not encloser.cover.opt_out:
            raise UnprovenError("no NSEC3 matches the name" + (" or covers it with opt-out" if rtype == DS else ""))
        return Proof(unique((encloser.match.signed, encloser.cover.signed)), opt_out=True)

    def no_name(self, name: bytes) -> Proof:
        """RFC 5155 8.4: the name is not there, and no wildcard makes it. Raises UnprovenError."""
        if self._chain.matching(self._hash(name)) is not None:
            raise UnprovenError("an NSEC3 matches the name: it is there")
        encloser = self._encloser(name)
        wildcard = self._chain.covering(self._hash(b"\x01*" + encloser.name))
        if wildcard is None:
            raise UnprovenError("no NSEC3 covers the wildcard that could make the name")
        used = unique((encloser.match.signed, encloser.cover.signed, wildcard.signed))
        return Proof(used, opt_out=encloser.cover.opt_out)

    def no_closer(self, name: bytes, labels: int) -> Proof:
        """RFC 5155 8.8: the wildcard below the last `labels` labels is the closest match. Raises UnprovenError."""
        cover = self._chain.covering(self._hash(names.last_labels(name, labels + 1)))
        if cover is None:
            raise UnprovenError("no NSEC3 covers the next closer name of the wildcard")
        return Proof((cover.signed,), opt_out=cover.opt_out)

    def source(self, name: bytes) -> tuple[bytes, Proof] | None:
        """The wildcard that makes a name which is not there, and the proof (RFC 8198 5.3); None when there is no such
        wildcard. Raises UnprovenError."""
        encloser = self._encloser(name)
        source = b"\x01*" + encloser.name
        if self._chain.matching(self._hash(source)) is None:
            return None
        return source, Proof((encloser.cover.signed,), opt_out=encloser.cover.opt_out)

    def _encloser(self, name: bytes) -> _Encloser:
        """RFC 5155 8.3, from the name's parent up: the first that is there, if the name below it is covered."""
        closer = name
        while closer != self._zone:
            above = names.parent(closer)
            if (match := self._chain.matching(self._hash(above))) is not None:
                require_above(self._zone, above, match.types)
                cover = self._chain.covering(self._hash(closer))
                if cover is None:
                    raise UnprovenError("no NSEC3 covers the next closer name")
                return _Encloser(above, match, cover)
            closer = above
        raise UnprovenError("no NSEC3 matches a closest encloser")

    def _hash(self, name: bytes) -> bytes:
        known = self._known.get(name)
        if known is None:
            self._budget.take_hash(self._chain.parameters.salt)
            known = self._known[name] = hashed(name, self._chain.parameters)
        return known


class UnsupportedDenial:
    """A chain with more iterations than anybody should have: nothing is hashed (RFC 9276 3.2). Its first record is
    verified, so that nobody in between has raised the number."""

    def __init__(self, chain: MessageChain) -> None:
        self._proof = Proof((chain.records[0].signed,), unsupported=True)

    def no_type(self, name: bytes, rtype: int) -> Proof:  # noqa: ARG002 - all proofs are asked for alike
        """Unsupported."""
        return self._proof

    def no_name(self, name: bytes) -> Proof:  # noqa: ARG002
        """Unsupported."""
        return self._proof

    def no_closer(self, name: bytes, labels: int) -> Proof:  # noqa: ARG002
        """Unsupported."""
        return self._proof


def hashed(name: bytes, parameters: Parameters) -> bytes:
    """RFC 5155 5: the hash of a name in lower case."""
    digest, salt = name, parameters.salt
    for _ in range(parameters.iterations + 1):
        digest = hashlib.sha1(digest + salt, usedforsecurity=False).digest()
    return digest


def owner_name(digest: bytes, zone: bytes) -> bytes:
    """The owner of the NSEC3 with a hash (RFC 5155 3)."""
    label = base64.b32hexencode(digest).lower()
    return bytes((len(label),)) + label + zone


def owner_digest(owner: bytes) -> bytes:
    """The hash that an NSEC3's owner begins with; empty when it is none."""
    try:
        return base64.b32hexdecode(owner[1 : owner[0] + 1].upper())
    except (binascii.Error, ValueError):
        return b""


def read(zone: bytes, section: Iterable[SignedRRset]) -> Sequence[Nsec3]:
    """The NSEC3s of a section that are signed by the zone, as far as one can see before verifying."""
    found: list[Nsec3] = []
    for signed in section:
        if signed.rrset.rtype == NSEC3 and zone in signed.signers() and len(found) < PROOF_RECORDS:
            try:
                found.append(Nsec3.of(zone, signed))
            except MalformedError:
                continue
    return found

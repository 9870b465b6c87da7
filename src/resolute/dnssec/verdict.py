"""What validation finds: the four states of RFC 4033 5, which records are authentic, and why the others are not.

The reasons are Extended DNS Errors (RFC 8914 4) for the client.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from resolute.dnssec.signatures import SignedRRset
from resolute.records.rrset import RRset

UNSUPPORTED_ALGORITHM: Final = 1
UNSUPPORTED_DIGEST: Final = 2
INDETERMINATE: Final = 5
BOGUS: Final = 6
EXPIRED: Final = 7
NOT_YET_VALID: Final = 8
DNSKEY_MISSING: Final = 9
RRSIGS_MISSING: Final = 10
NO_ZONE_KEY: Final = 11
NSEC_MISSING: Final = 12
UNSUPPORTED_ITERATIONS: Final = 27


class Security(IntEnum):
    """The states, the better the less: an answer is what the worst of its parts is."""

    SECURE = 0
    """There is a chain of signatures from a trust anchor."""
    INSECURE = 1
    """There is proof that there is no such chain: the zone is not signed, or not in a way that is known here."""
    INDETERMINATE = 2
    """No trust anchor speaks of the name (RFC 4033 5), or what would show the state could not be had (RFC 4035 4.3)."""
    BOGUS = 3
    """There should be such a chain, and it does not hold."""


@dataclass(frozen=True, slots=True)
class Reason:
    """An Extended DNS Error."""

    ede: int
    text: str


@dataclass(frozen=True, slots=True)
class Need:
    """The RRset that is needed next: a question for somebody else to answer, class IN, with DO and CD set; a DS at the
    parent (RFC 4035 3.1.4.1). The parent's referral will do for a DS: it has it, or the proof that there is none."""

    name: bytes
    rtype: int


@dataclass(frozen=True, slots=True)
class Authentic:
    """Records whose signature holds."""

    signed: SignedRRset
    """As they came."""
    ttl: int
    """No more than the TTLs, the signature's original TTL and the time until it expires allow (RFC 4035 5.3.3)."""
    zone: bytes
    """Who signed."""
    labels: int
    """The signature's: fewer than the owner's mean that a wildcard made the records."""
    source: bytes
    """The owner, or the wildcard."""

    @property
    def rrset(self) -> RRset:
        """The records with the TTL that they may be kept for."""
        given = self.signed.rrset
        return RRset(given.owner, given.rtype, self.ttl, given.rdatas)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended."""

    security: Security
    authentic: tuple[Authentic, ...] = ()
    """All that was verified in the message: answers, SOA, proofs. When the whole is secure nothing else of its answer
    and authority sections should be given on (RFC 4035 3.2.3), but for the CNAMEs that its DNAMEs make."""
    on_the_way: tuple[Authentic, ...] = ()
    """What was verified besides, whatever the verdict: DS, keys, proofs that there is no DS. To be learnt from."""
    reason: Reason | None = None
    """Why it is bogus or indeterminate, or a remark about what is insecure."""
    missing: Need | None = None
    """What could not be had: the state may be another one as soon as it can."""

    @property
    def may_be_given(self) -> bool:
        """Whether clients get the answer; those that check for themselves (CD) always do (RFC 4035 3.2.2)."""
        return self.security < Security.INDETERMINATE or (
            self.security is Security.INDETERMINATE and self.missing is None
        )

    @property
    def ttl(self) -> int | None:
        """The longest time in seconds that the message may be kept for; None where nothing was verified."""
        return min((each.ttl for each in self.authentic), default=None)


class RefusedError(Exception):
    """The validator's way out: the message, or a zone on the way to it, does not hold."""

    def __init__(self, ede: int, text: str, *, missing: Need | None = None) -> None:
        self.reason = Reason(ede, text)
        self.missing = missing
        super().__init__(text)


class UndeterminedError(RefusedError):
    """The state could not be found out."""

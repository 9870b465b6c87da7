"""What validation may cost one client's query; nothing resets it (CVE-2023-50387, CVE-2023-50868).

One budget is made with the query and handed to each validation that works for it.
"""

from dataclasses import dataclass
from typing import Final

CHECKS: Final = 16
"""Signature checks."""
FAILURES: Final = 2
"""Signature checks that do not succeed."""
HASHES: Final = 100
"""NSEC3 hashes, each weighed by the length of its salt."""
SAME_TAG_KEYS: Final = 2
"""Keys with one tag and algorithm that a signature is tried with."""
DS_RECORDS: Final = 8
"""DS records of a delegation that are looked at."""
PROOF_RECORDS: Final = 16
"""NSEC and NSEC3 records of a message that are looked at."""
QUESTIONS: Final = 32
"""DS and DNSKEY RRsets that are asked for."""
_BLOCK: Final = 64
"""Octets that SHA-1 takes at a time; nine of the last one are its own."""


class ExhaustedError(Exception):
    """The budget is used up; the text says of what."""


@dataclass(slots=True)
class Budget:
    """What is left."""

    checks: int = CHECKS
    failures: int = FAILURES
    hashes: int = HASHES
    questions: int = QUESTIONS

    def take_check(self) -> None:
        """Before each signature check. Raises ExhaustedError."""
        if self.checks <= 0:
            raise ExhaustedError("too many signatures to check for one query")
        if self.failures <= 0:
            raise ExhaustedError("too many signatures that do not verify for one query")
        self.checks -= 1

    def take_failure(self) -> None:
        """After each one that failed."""
        self.failures -= 1

    def take_hash(self, salt: bytes) -> None:
        """Before each NSEC3 hash. Raises ExhaustedError."""
        cost = (20 + len(salt) + 9 + _BLOCK - 1) // _BLOCK
        if self.hashes < cost:
            raise ExhaustedError("too many NSEC3 hashes for one query")
        self.hashes -= cost

    def take_question(self) -> None:
        """Before each DS or DNSKEY RRset that is asked for. Raises ExhaustedError."""
        if self.questions <= 0:
            raise ExhaustedError("too many DS and DNSKEY questions for one query")
        self.questions -= 1

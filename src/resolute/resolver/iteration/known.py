"""What iteration has learnt on its own account: addresses of name servers, and what stands at the end of aliases.

Answers to clients are not here: they are in the data plane's cache. Bounded, and each for its TTL (RFC 2308 5 for what
is not there). A failure to find a name server's address holds for 5 s, doubling to 300 s (RFC 9520 3.2).
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from resolute.records import names, types
from resolute.records.rrset import RRset
from resolute.resolver.failures import FailureMemory, Question
from resolute.resolver.iteration.judge import Found, endpoint

CAPACITY: Final = 16_384
LONGEST_S: Final = 86_400
LONGEST_NEGATIVE_S: Final = 3_600
MOST_RECORDS: Final = 20
"""An answer with more RRsets is not kept."""


class Known:
    """Answers by name and type. Fed monotonic time in seconds."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[tuple[bytes, int], tuple[Found, float]] = OrderedDict()
        self._failures = FailureMemory()
        self._failed: dict[tuple[bytes, int], float] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, name: bytes, rtype: int, now: float) -> Found | None:
        """What is known and holds."""
        held = self._answers.get((name, rtype))
        if held is None:
            return None
        if held[1] > now:
            return held[0]
        del self._answers[name, rtype]
        return None

    def put(self, name: bytes, rtype: int, found: Found) -> None:
        """Learns an answer, for as long as it says."""
        self._failed.pop((name, rtype), None)
        ttl = lifetime(found)
        if ttl <= 0 or len(found.answer) + len(found.authority) > MOST_RECORDS:
            return
        self._answers[name, rtype] = (found, found.at + ttl)
        self._answers.move_to_end((name, rtype))
        if len(self._answers) > self._capacity:
            self._answers.popitem(last=False)

    def failed(self, name: bytes, rtype: int, now: float) -> None:
        """It could not be found out."""
        lasts = self._failures.failed(Question(name, rtype, 1, 0), now)
        self._failed[name, rtype] = now + lasts
        if len(self._failed) > self._capacity:
            del self._failed[next(iter(self._failed))]

    def has_failed(self, name: bytes, rtype: int, now: float) -> bool:
        """Whether it is too early to ask again."""
        return self._failed.get((name, rtype), now) > now

    def addresses(self, name: bytes, families: frozenset[str], now: float) -> Sequence[str]:
        """The addresses that are known of a name server."""
        found: list[str] = []
        for rtype in address_types(families):
            if (known := self.get(name, rtype, now)) is not None:
                found += endpoints(known, name, rtype)
        return found

    def flush(self, name: bytes | None, *, subtree: bool) -> int:
        """Forgets what is known of a name, of those at and below it, or all; how many answers there were."""
        keys = [*self._answers, *self._failed]
        gone = {key for key in keys if name is None or key[0] == name or (subtree and names.is_within(key[0], name))}
        for key in gone:
            self._failed.pop(key, None)
        return sum(self._answers.pop(key, None) is not None for key in gone)


def address_types(families: frozenset[str]) -> Sequence[int]:
    """The types of address that are of use, in the order in which they are asked for."""
    if families == frozenset("6"):
        return (types.AAAA, types.A)
    return (types.A, types.AAAA) if "6" in families else (types.A,)


def endpoints(found: Found, name: bytes, rtype: int) -> list[str]:
    """The addresses in an answer about a name server. An alias is none (RFC 2181 10.3)."""
    rrset = next((one for one in found.answer if one.rtype == rtype and one.owner == name), None)
    usable = (endpoint(rdata) for rdata in rrset.rdatas) if rrset is not None else ()
    return [address for address in usable if address is not None]


def lifetime(found: Found) -> int:
    """For how many seconds an answer may be kept; a negative one without a SOA not at all (RFC 2308 5)."""
    kept = found.answer + found.authority
    if not kept:
        return 0
    shortest = min(rrset.ttl for rrset in kept)
    soa = next((rrset for rrset in found.authority if rrset.rtype == types.SOA), None)
    if soa is None:
        return min(shortest, LONGEST_S) if found.answer else 0
    return min(shortest, negative_ttl(soa), LONGEST_NEGATIVE_S)


def negative_ttl(soa: RRset) -> int:
    """What a SOA in the authority section allows (RFC 2308 5)."""
    return min(soa.ttl, int.from_bytes(soa.rdatas[0][-4:]))

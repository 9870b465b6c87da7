"""What is known of zones: the keys of those that are secure, and which are not; bounded, each for its time.

The times are two (`Moment`): signatures hold by the wall clock, what is kept is kept by the steady one, so that a clock
that jumps does not make everything old at once.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from resolute.dnssec.anchors import Anchors, NegativeAnchors
from resolute.dnssec.keys import DIGESTS, SHA1_ALGORITHMS, SHA1_DIGEST, SUPPORTED, Ds, Key
from resolute.dnssec.verdict import UNSUPPORTED_ALGORITHM, UNSUPPORTED_DIGEST, Reason, Security
from resolute.records import names

CAPACITY: Final = 20_000
LONGEST_S: Final = 86_400
"""A zone's keys are fetched again after this at the latest."""
BOGUS_S: Final = 30
"""A zone whose keys do not hold is tried again after this (RFC 4035 4.7)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now."""

    wall: float
    """Seconds since 1970."""
    steady: float
    """Seconds of a clock that never jumps."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decides."""

    sha1: bool = True
    """Whether algorithms 5 and 7 are validated. RFC 9905 2 has implementations go on supporting them and operators take
    such zones as insecure; as shipped they are validated, as they are by other resolvers, because a zone taken as
    insecure has no protection at all."""
    skew_s: int = 0
    """How far off the clock may be: so long before its time and after it a signature holds."""

    def supports(self, algorithm: int) -> bool:
        """Whether signatures of the algorithm are verified."""
        return algorithm in SUPPORTED and (self.sha1 or algorithm not in SHA1_ALGORITHMS)

    def usable(self, records: Iterable[Ds]) -> tuple[Ds, ...]:
        """Those that can lead to a key; none: the zone is insecure, and only then (RFC 4035 5.2, RFC 6840 5.2).

        SHA-1 digests do not count beside others (RFC 4509 3).
        """
        known = [ds for ds in records if self.supports(ds.algorithm) and ds.digest_type in DIGESTS]
        return tuple(ds for ds in known if ds.digest_type != SHA1_DIGEST) or tuple(known)

    def why_unusable(self, records: Sequence[Ds]) -> Reason:
        """Why none of a zone's DS can be used."""
        known = [ds for ds in records if self.supports(ds.algorithm)]
        if known:
            types = ", ".join(str(number) for number in sorted({ds.digest_type for ds in known}))
            return Reason(UNSUPPORTED_DIGEST, f"digest types {types}")
        algorithms = ", ".join(str(number) for number in sorted({ds.algorithm for ds in records}))
        return Reason(UNSUPPORTED_ALGORITHM, f"algorithms {algorithms}")


@dataclass(frozen=True, slots=True)
class ZoneTrust:
    """A zone, and whether it is secure, insecure (then everything below is), bogus, or without a trust anchor."""

    name: bytes
    security: Security
    keys: tuple[Key, ...] = ()
    """Of a secure one: the keys that may sign it."""
    until: float = 0.0
    """By the steady clock."""
    reason: Reason | None = None

    def find(self, tag: int, algorithm: int) -> list[Key]:
        """The keys that a signature names; tags are not unique (RFC 4034 B)."""
        return [key for key in self.keys if key.tag == tag and key.algorithm == algorithm]


class ZoneCache:
    """The zones that are known; the longest unused are forgotten first. Shared by all validations, in any thread."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._zones: OrderedDict[bytes, ZoneTrust] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._zones)

    def put(self, zone: ZoneTrust) -> None:
        """From now on this is known."""
        with self._lock:
            self._zones.pop(zone.name, None)
            self._zones[zone.name] = zone
            if len(self._zones) > self._capacity:
                self._zones.popitem(last=False)

    def closest(self, name: bytes, top: bytes, now: Moment) -> ZoneTrust | None:
        """The nearest zone that is known, at or above a name and not above `top`."""
        with self._lock:
            while True:
                zone = self._zones.get(name)
                if zone is not None and zone.until > now.steady:
                    self._zones.move_to_end(name)
                    return zone
                if name in (top, b"\0"):
                    return None
                name = names.parent(name)

    def forget(self, name: bytes) -> None:
        """Nothing is known any longer of the zones at and below a name: its trust anchor has changed, or its data."""
        with self._lock:
            for zone in [zone for zone in self._zones if names.is_within(zone, name)]:
                del self._zones[zone]


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that validations share."""

    anchors: Anchors
    negative: NegativeAnchors = field(default_factory=NegativeAnchors)
    zones: ZoneCache = field(default_factory=ZoneCache)
    policy: Policy = field(default_factory=Policy)

"""Serials of zones (RFC 1982, RFC 1035 3.3.13): how they are compared, and what the next one is."""

import enum
from datetime import UTC, datetime
from typing import Final

from resolute.records.rrset import RRset

_MODULUS: Final = 2**32
_HALF: Final = 2**31
_AFTER_NAMES: Final = 20
"""Octets of a SOA's rdata after its two names; the serial is the first four of them."""


class Policy(enum.Enum):
    """How the serial of a zone is raised by a change."""

    INCREMENT = "increment"
    """One more."""
    DATE = "date"
    """YYYYMMDDnn (RFC 1912 2.2), by UTC."""
    UNIXTIME = "unixtime"
    """Seconds since 1970."""


def is_newer(serial: int, than: int) -> bool:
    """Whether a serial is greater (RFC 1982 3.2); where that is undefined, it is not."""
    return 0 < (serial - than) % _MODULUS < _HALF


def following(before: int, policy: Policy, now: datetime) -> int:
    """The serial after this one: what the policy says if that is greater, else one more."""
    wanted = _wanted(policy, now)
    return wanted if wanted is not None and is_newer(wanted, before) else (before + 1) % _MODULUS


def of_soa(soa: RRset) -> int:
    """The serial that an SOA RRset has."""
    return int.from_bytes(soa.rdatas[0][-_AFTER_NAMES:][:4])


def with_serial(soa: RRset, serial: int) -> RRset:
    """The SOA RRset with another serial."""
    data = soa.rdatas[0]
    changed = data[:-_AFTER_NAMES] + serial.to_bytes(4) + data[len(data) - _AFTER_NAMES + 4 :]
    return RRset(soa.owner, soa.rtype, soa.ttl, (changed,))


def _wanted(policy: Policy, now: datetime) -> int | None:
    if policy is Policy.DATE:
        return int(now.astimezone(UTC).strftime("%Y%m%d00"))
    if policy is Policy.UNIXTIME:
        return int(now.timestamp()) % _MODULUS
    return None

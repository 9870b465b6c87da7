"""A zone from nothing: its SOA and NS records, as zone text. Pure.

example.org. 3600 SOA ns1.example.org. hostmaster.example.org. 1 7200 3600 1209600 300
example.org. 3600 NS  ns1.example.org.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from resolute.errors import PresentationError, RuleError
from resolute.records import names
from resolute.zones import serial

FIRST: Final = 1


@dataclass(frozen=True, slots=True)
class Timers:
    """Of an SOA record (RFC 1035 3.3.13), in seconds; `minimum` is the TTL of negative answers (RFC 2308 4)."""

    refresh: int = 7_200
    retry: int = 3_600
    expire: int = 1_209_600
    minimum: int = 300


@dataclass(frozen=True, slots=True)
class NameServer:
    """A server of the zone; addresses are given for one whose name is in the zone."""

    name: bytes
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new zone is made of."""

    origin: bytes
    servers: Sequence[NameServer]
    hostmaster: bytes
    policy: serial.Policy
    ttl: int = 3_600
    first_serial: int | None = None
    timers: Timers = field(default=Timers())


def zone_text(new: Founding) -> bytes:
    """Its zone text. Raises RuleError when nobody is to serve it."""
    if not new.servers:
        raise RuleError("a zone has at least one name server (RFC 1034 4.2.1)")
    first = new.first_serial if new.first_serial is not None else _first_serial(new.policy)
    times = new.timers
    head = f"{names.to_text(new.origin)} {new.ttl}"
    soa = f"{head} SOA {names.to_text(new.servers[0].name)} {names.to_text(new.hostmaster)} {first}"
    lines = [f"{soa} {times.refresh} {times.retry} {times.expire} {times.minimum}"]
    for server in new.servers:
        lines.append(f"{head} NS {names.to_text(server.name)}")
        lines += [f"{names.to_text(server.name)} {new.ttl} {_type(one)} {one}" for one in server.addresses]
    return ("\n".join(lines) + "\n").encode("ascii")


def mailbox(text: str, origin: bytes) -> bytes:
    r"""The name of a mailbox (RFC 1035 8): of an address (`jane.doe@example.org` is `jane\.doe.example.org.`), or of a
    name; one without a dot is in the zone. Raises PresentationError."""
    local, at, domain = text.rpartition("@")
    if at:
        if not local or not domain:
            raise PresentationError("expected a mail address or a name")
        octets = local.encode("utf-8")
        if len(octets) > 63:
            raise PresentationError("the part of a mail address before the @ may have 63 octets at most")
        return bytes([len(octets)]) + octets + names.from_text(domain)
    if "." not in text:
        return names.from_text(f"{text}.{names.to_text(origin)}" if origin != b"\0" else text)
    return names.from_text(text)


def _first_serial(policy: serial.Policy) -> int:
    if policy is serial.Policy.INCREMENT:
        return FIRST
    return serial.following(FIRST, policy, datetime.now(UTC))


def _type(address: str) -> str:
    return "AAAA" if ":" in address else "A"

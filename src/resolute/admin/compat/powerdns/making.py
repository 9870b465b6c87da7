"""A zone as PowerDNS's clients make one: from RRsets and name servers, or from zone text. Pure.

Where no SOA record is given it gets PowerDNS's timers, and the first of its name servers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import Field

from resolute.admin.api.naming import is_absolute
from resolute.admin.compat.powerdns.naming import absolute
from resolute.admin.compat.powerdns.refusals import UnprocessableError
from resolute.admin.compat.powerdns.rrsets import rrsets_of
from resolute.admin.compat.powerdns.settings import ZoneSettings
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.zones import serial
from resolute.zones.contents import apex_types
from resolute.zones.serial import Policy

TTL: Final = 3_600
NOBODY: Final = "a.misconfigured.dns.server.invalid."
"""The primary of a zone that has no name server, as PowerDNS calls it (`default-soa-content`)."""
_TIMERS: Final = "10800 3600 604800 3600"
_SOA, _NS = rdata.type_from_text("SOA"), rdata.type_from_text("NS")

Hosts = Annotated[list[str], Field(max_length=64)]


class ZoneGiven(ZoneSettings):
    """A new zone."""

    name: str = Field(max_length=1_024, examples=["example.org."])
    nameservers: Hosts | None = Field(default=None, examples=[["ns1.example.org."]])
    zone: str | None = Field(default=None, description="Zone text instead of `rrsets`.")


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be in a zone: as zone text, without $INCLUDE."""

    text: bytes
    policy: Policy


def contents_of(given: ZoneGiven, origin: bytes) -> Contents:
    """Raises UnprocessableError."""
    policy = given.policy or Policy.DATE
    servers = [_server(name) for name in given.nameservers or ()]
    if given.zone is not None:
        if given.rrsets is not None:
            raise UnprocessableError("You cannot give rrsets AND zone data as text")
        return Contents(_completed(given.zone.encode("utf-8"), origin, servers, policy), policy)
    rrsets = rrsets_of(given.rrsets or (), origin)
    if servers:
        if any(rrset.key == (origin, _NS) for rrset in rrsets):
            raise UnprocessableError("Nameservers list MUST NOT be mixed with zone-level NS in rrsets")
        rrsets.append(RRset.of(origin, _NS, TTL, servers))
    return Contents(_text_of(_with_soa(rrsets, origin, policy)), policy)


def _with_soa(rrsets: Sequence[RRset], origin: bytes, policy: Policy) -> list[RRset]:
    """A serial of nought stands for one that is still to be given."""
    servers = [data for rrset in rrsets if rrset.key == (origin, _NS) for data in rrset.rdatas]
    soa = next((rrset for rrset in rrsets if rrset.key == (origin, _SOA)), _usual_soa(origin, servers))
    if len(soa.rdatas) == 1 and serial.of_soa(soa) == 0:
        soa = serial.with_serial(soa, serial.following(0, policy, datetime.now(UTC)))
    return [soa, *(rrset for rrset in rrsets if rrset.key != soa.key)]


def _completed(text: bytes, origin: bytes, servers: Sequence[bytes], policy: Policy) -> bytes:
    """Zone text with the name servers, and with a SOA record when it has none: at its end, so that lines keep their
    numbers."""
    there = apex_types(text, origin)
    if servers and _NS in there:
        raise UnprocessableError("Nameservers list MUST NOT be mixed with zone-level NS in the zone text")
    more = [RRset.of(origin, _NS, TTL, servers)] if servers else []
    if _SOA not in there:
        more = _with_soa(more, origin, policy)
    return text + b"\n" + _text_of(more)


def _text_of(rrsets: Sequence[RRset]) -> bytes:
    """RRsets as zone text."""
    return "".join(f"{rrset}\n" for rrset in rrsets).encode("ascii")


def _usual_soa(origin: bytes, servers: Sequence[bytes]) -> RRset:
    primary = names.to_text(servers[0]) if servers else NOBODY
    apex = names.to_text(origin)
    hostmaster = f"hostmaster.{apex if apex != '.' else ''}"
    return RRset.parse(origin, _SOA, TTL, [f"{primary} {hostmaster} 0 {_TIMERS}"])


def _server(name: str) -> bytes:
    if not is_absolute(name):
        raise UnprocessableError(f"Nameserver is not canonical: '{name}'")
    return absolute(name)

"""The settings of the data plane: where it listens, who may ask, limits, and what it says of itself."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from resolute.plane import networks
from resolute.units import Count, Duration, Endpoints, parse_duration, parse_endpoint


def _clients(words: Sequence[str]) -> tuple[str, ...]:
    checked = tuple(networks.check(word) for word in words)
    if "none" in checked and len(checked) > 1:
        raise ValueError("'none' stands alone: take it out, or the other words")
    return checked


def _admin(text: str) -> str:
    return "off" if text.strip().lower() == "off" else parse_endpoint(text)


def parse_nsid(text: str) -> bytes:
    """A name server identifier: text, or 0x and hexadecimal digits. Raises ValueError."""
    try:
        nsid = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
    except ValueError:
        raise ValueError(
            f"{text!r} begins with 0x and goes on with something else than pairs of hexadecimal digits"
        ) from None
    if not 0 < len(nsid) <= MAX_NSID:
        raise ValueError(f"{text!r} has {len(nsid)} bytes: expected 1 to {MAX_NSID}")
    return nsid


def _nsid(text: str) -> str:
    parse_nsid(text)
    return text


def _secret(text: object) -> str:
    """What is wrong is said without the secret."""
    if not isinstance(text, str) or not _SECRET.fullmatch(text):
        raise ValueError("a secret of cookies is 32 hexadecimal digits, such as `openssl rand -hex 16` prints")
    return text.lower()


def _differ(secrets: Sequence[str]) -> tuple[str, ...]:
    if len(set(secrets)) < len(secrets):
        raise ValueError("a secret stands there twice: take one out")
    return tuple(secrets)


MAX_NSID: Final = 128
"""Bytes; each of them is taken from the answer."""
_SECRET: Final = re.compile("[0-9A-Fa-f]{32}")

Nsid = Annotated[str, AfterValidator(_nsid)]
Secret = Annotated[str, BeforeValidator(_secret)]
Secrets = Annotated[Sequence[Secret], AfterValidator(_differ)]
Clients = Annotated[Sequence[str], AfterValidator(_clients)]


class Listen(BaseModel):
    """Where the server listens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dns: Endpoints = Field(
        default=("127.0.0.1:5300", "[::1]:5300"),
        min_length=1,
        description="Addresses and ports for DNS over UDP and TCP; 0.0.0.0 and [::] listen on every address.",
    )
    proxied: Endpoints = Field(
        default=(),
        description="Addresses and ports for DNS behind proxies, which say with PROXY protocol v2 whom they speak for.",
    )
    proxy_from: Clients = Field(
        default=("loopback",),
        description="The proxies that are believed there, all others are dropped: loopback, private, any, or prefixes.",
    )
    admin: Annotated[str, AfterValidator(_admin)] = Field(
        default="127.0.0.1:5380", description="Address and port of the admin process; `off` starts none."
    )

    @model_validator(mode="after")
    def _clients_or_proxies(self) -> Self:
        """A listener that took both would have to guess whom a query is from."""
        for address in self.proxied:
            if address in self.dns and not address.endswith(":0"):
                raise ValueError(f"{address} is in dns and in proxied: take it out of one of them")
        return self


class Allow(BaseModel):
    """Which clients may do what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recursion: Clients = Field(
        default=("loopback", "private"),
        description="Clients that get names which are not ours: loopback, private, any, none, or prefixes.",
    )


class Limits(BaseModel):
    """Bounds that keep one client, or a flood, from taking the server from the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tcp_clients: Count = Field(default=1024, description="TCP connections at once.")
    tcp_per_client: Count = Field(default=32, description="TCP connections at once from one address.")
    tcp_idle: Duration = Field(
        default=parse_duration("10s"), description="A TCP connection without a query is closed after this."
    )
    tcp_first: Duration = Field(
        default=parse_duration("2s"), description="A new TCP connection must send its first query within this."
    )
    edns_size: int = Field(
        default=1232, ge=512, le=4096, description="Largest UDP reply in octets, whatever the client offers."
    )
    handoffs: Count = Field(default=4096, description="Questions in flight to upstreams at once.")
    waiting_per_client: Count = Field(
        default=100,
        description="Questions in flight at once of one address (one /56 of IPv6) over UDP; loopback has no limit.",
    )
    workers: int = Field(
        default=0, ge=0, le=1024, description="Worker threads of the data plane; 0 is one for each core."
    )


class Cookies(BaseModel):
    """DNS cookies, by which clients show that they are at the address they ask from (RFC 7873, RFC 9018)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether cookies are made and verified.")
    secrets: Secrets = Field(
        default=(),
        max_length=8,
        repr=False,
        description="Of 32 hexadecimal digits, the same on all servers of an address: the first makes cookies, all"
        " verify; empty is one of the server's own, kept in the data directory and made anew every day.",
    )
    require: bool = Field(
        default=False,
        description="Over UDP, clients that know cookies get BADCOOKIE and a good one until they show it.",
    )


class RateLimit(BaseModel):
    """How many replies over UDP go to one network: spoofed queries are not to flood whom they pretend to come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether replies are limited in rate.")
    rate: Count = Field(
        default=200,
        description="Replies a second to one network that are alike: of one name or wildcard; NXDOMAINs, empty answers"
        " and referrals of one zone; errors.",
    )
    total: Count = Field(default=500, description="All replies a second to one network.")
    burst: Annotated[Duration, Field(ge=timedelta(milliseconds=10), le=timedelta(minutes=1))] = Field(
        default=parse_duration("2s"), description="A network that was quiet may be so far ahead of its rates."
    )
    slip: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Of the replies held back every so many is sent truncated, so that real clients use TCP; 0: none.",
    )
    ipv4_prefix: int = Field(default=24, ge=8, le=32, description="Bits of an IPv4 address that make a network.")
    ipv6_prefix: int = Field(default=56, ge=16, le=128, description="Bits of an IPv6 address that make a network.")
    exempt: Clients = Field(
        default=("loopback", "private"),
        description="Clients that are not limited: loopback, private, any, none, or prefixes.",
    )
    dry_run: bool = Field(default=False, description="Count what would be held back, and send it all the same.")


class Answers(BaseModel):
    """What answers look like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rrset_order: Literal["fixed", "random", "cyclic"] = Field(
        default="fixed",
        description="Order of the records of an RRset: as in the zone, at random, or each first in turn.",
    )
    minimal: bool = Field(
        default=True, description="Leave out what nobody asked for; else the zone's servers go with positive answers."
    )


class Identity(BaseModel):
    """What the server says of itself (NSID, and class CH, TXT); nothing unless set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str | None = Field(default=None, max_length=255, description="Answer to version.bind and version.server.")
    server: str | None = Field(
        default=None, max_length=255, description="Answer to id.server and hostname.bind (RFC 4892)."
    )
    nsid: Nsid | None = Field(
        default=None,
        description="Name server identifier (RFC 5001), sent when asked for: text, or 0x and hexadecimal digits.",
    )

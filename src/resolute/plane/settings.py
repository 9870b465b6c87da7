"""The settings of the data plane: where it listens, who may ask, limits, and what it says of itself."""

import ipaddress
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from resolute.plane import networks
from resolute.units import Count, Duration, Endpoints, parse_duration, parse_endpoint, split_endpoint


def _clients(words: Sequence[str]) -> tuple[str, ...]:
    checked = tuple(networks.check(word) for word in words)
    if "none" in checked and len(checked) > 1:
        raise ValueError("'none' stands alone: take it out, or the other words")
    return checked


def _admin(text: str) -> str:
    """Loopback only: whoever reaches this port may change records, and there are no users and tokens yet."""
    if text.strip().lower() == "off":
        return "off"
    endpoint = parse_endpoint(text)
    if not ipaddress.ip_address(split_endpoint(endpoint)[0]).is_loopback:
        raise ValueError(
            f"{text!r} is not a loopback address, and the admin port has no users and tokens yet:"
            " expected 127.0.0.1:PORT, [::1]:PORT or 'off'"
        )
    return endpoint


Clients = Annotated[Sequence[str], AfterValidator(_clients)]


class Listen(BaseModel):
    """Where the server listens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dns: Endpoints = Field(
        default=("127.0.0.1:5300", "[::1]:5300"),
        min_length=1,
        description="Addresses and ports for DNS over UDP and TCP; 0.0.0.0 and [::] listen on every address.",
    )
    admin: Annotated[str, AfterValidator(_admin)] = Field(
        default="127.0.0.1:5380", description="Address and port of the admin process, on loopback; `off` starts none."
    )


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


class Identity(BaseModel):
    """What the server says of itself (class CH, TXT); nothing unless set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str | None = Field(default=None, max_length=255, description="Answer to version.bind and version.server.")
    server: str | None = Field(
        default=None, max_length=255, description="Answer to id.server and hostname.bind (RFC 4892)."
    )

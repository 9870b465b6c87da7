"""The settings of resolution: recursion, forwarding, routes, and the cache."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from resolute.resolver.destination import PlainUpstreams, Upstreams, parse
from resolute.units import Duration, Seconds, Size, ZoneName, parse_duration, parse_size

MODES = ("recurse", "forward", "off")
SERVERS = "ADDRESS, ADDRESS:PORT or a URL such as tls://9.9.9.9#dns.quad9.net"
Strategy = Literal["fastest", "parallel", "round-robin", "strict"]
Fallback = Annotated[Sequence[Literal["servfail", "refused", "nxdomain"]], AfterValidator(tuple)]
_STRATEGY = "Whom to ask: the fastest, several in parallel, round-robin, or the first that works (strict)."
_FALLBACK = "Answers after which the next server is asked: servfail, refused, nxdomain."


class RouteTo(BaseModel):
    """Names at and below a zone are asked elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: ZoneName = Field(description="The zone; the longest one that covers a name is taken.")
    forward: Upstreams = Field(min_length=1, description=f"Servers to ask, {SERVERS}.")
    strategy: Strategy = Field(default="fastest", description=_STRATEGY)
    fallback: Fallback = Field(default=("servfail", "refused"), description=_FALLBACK)


class Resolver(BaseModel):
    """How names that are not ours are resolved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["recurse", "forward", "off"] = Field(
        default="recurse", description="recurse from the root, forward, or off; forward when only `forward` is given."
    )
    forward: Upstreams = Field(default=(), description=f"Servers that mode forward asks, {SERVERS}.")
    strategy: Strategy = Field(default="fastest", description=_STRATEGY)
    fallback: Fallback = Field(default=("servfail", "refused"), description=_FALLBACK)
    bootstrap: PlainUpstreams = Field(
        default=(), description="Servers that are asked for the addresses of those named by host name, ADDRESS[:PORT]."
    )
    ca_file: str = Field(
        default="system",
        min_length=1,
        description="Who may sign the certificates of servers: the roots of the system, or those of a PEM file.",
    )
    route: Annotated[Sequence[RouteTo], AfterValidator(tuple)] = Field(
        default=(), description="Zones that are asked elsewhere, whatever the mode."
    )
    root_hints: str = Field(default="builtin", min_length=1, description="Root servers: builtin, or a file.")
    trust_anchors: str = Field(
        default="builtin", min_length=1, description="DNSSEC trust anchors: builtin, a file, or off."
    )
    deadline: Duration = Field(
        default=parse_duration("4s"),
        description="A client gets SERVFAIL, or a stale answer, after this time at the latest.",
    )

    @model_validator(mode="before")
    @classmethod
    def _forward_is_meant(cls, data: object) -> object:
        """Who names forwarders and no mode means mode forward."""
        if isinstance(data, dict) and data.get("forward") and "mode" not in data:
            return {**data, "mode": "forward"}
        return data

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.mode == "forward" and not self.forward and not self.route:
            raise ValueError("mode 'forward' needs servers: set forward = [\"ADDRESS\"] or another mode")
        self._names_can_be_asked_for()
        if self.ca_file != "system":
            from resolute.resolver import authorities

            authorities.check(self.ca_file)
        zones = [route.zone.lower() for route in self.route]
        for zone in sorted({zone for zone in zones if zones.count(zone) > 1}):
            raise ValueError(f"two routes are for {zone}: put their servers into one")
        if not 100 <= self.deadline.total_seconds() * 1000 <= 60_000:
            raise ValueError("deadline is out of range: expected 100ms to 60s")
        return self

    def _names_can_be_asked_for(self) -> None:
        """A server whose address was asked of ourselves would wait for itself."""
        servers = [*self.forward, *(server for route in self.route for server in route.forward)]
        for server in map(parse, servers):
            if server.named and not self.bootstrap:
                raise ValueError(
                    f"{server} is named by host name: set bootstrap to the addresses of servers that know it, or write"
                    f" its address"
                )


class Cache(BaseModel):
    """How long answers are kept, and how many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Size = Field(default=parse_size("64MiB"), ge=2**16, description="Memory for cached answers.")
    min_ttl: Seconds = Field(default=0, description="Shortest time that an answer is kept.")
    max_ttl: Seconds = Field(default=86_400, description="Longest time that an answer is kept.")
    max_negative_ttl: Seconds = Field(
        default=3_600, description="Longest time that 'no such name' or 'no data' is kept (RFC 2308)."
    )
    stale_for: Seconds = Field(
        default=86_400, description="Answers are kept for this after their end, for when upstreams are dead."
    )
    stale_ttl: Seconds = Field(default=30, description="TTL that a stale answer is sent with (RFC 8767 5.2).")
    stale_after: Duration = Field(
        default=parse_duration("1.8s"),
        description="A client waits this long before it gets a stale answer (RFC 8767 5).",
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.min_ttl > self.max_ttl:
            raise ValueError("min_ttl is more than max_ttl: lower the one or raise the other")
        return self

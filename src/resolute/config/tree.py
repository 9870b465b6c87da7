"""The one tree of settings: every section is a model that lives beside its feature, this is how they stand together."""

import ipaddress
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from resolute.config.admin import Admin
from resolute.config.log import Log
from resolute.plane.settings import Allow, Answers, Cookies, Identity, Limits, Listen, RateLimit
from resolute.resolver.settings import Cache, Resolver
from resolute.store.settings import Data, Store
from resolute.units import split_endpoint
from resolute.zones.settings import Hosts, Zones, ZoneSource


def _differ(zones: Sequence[ZoneSource]) -> tuple[ZoneSource, ...]:
    """A zone has one source of truth."""
    twice = [name for name, count in Counter(zone.name.lower() for zone in zones).items() if count > 1]
    for name in sorted(twice):
        raise ValueError(f"two zones have the name {name}: a zone has one source, take one out")
    return tuple(zones)


def _reaches(server: str, own: str) -> bool:
    """Whether who asks at `server` asks whoever listens at `own`."""
    (host, port), (own_host, own_port) = split_endpoint(server), split_endpoint(own)
    anywhere = ipaddress.ip_address(own_host).is_unspecified and ipaddress.ip_address(host).is_loopback
    return port == own_port and (host == own_host or anywhere)


class Settings(BaseModel):
    """Everything that an operator can set. Frozen; a reload makes a new one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: Listen = Field(default=Listen(), description="Where the server listens.")
    admin: Admin = Field(default=Admin(), description="Who is let in to the admin process, and how.")
    data: Data = Field(default_factory=Data, description="Where the server keeps its files.")
    store: Store = Field(default=Store(), description="Where records are kept.")
    resolver: Resolver = Field(default=Resolver(), description="How names that are not ours are resolved.")
    cache: Cache = Field(default=Cache(), description="How long answers are kept, and how many.")
    zone: Annotated[Sequence[ZoneSource], AfterValidator(_differ)] = Field(
        default=(), description="Zones read from zone files."
    )
    zones: Zones = Field(default=Zones(), description="Folders of zone files.")
    hosts: Hosts = Field(default=Hosts(), description="Names that are answered before everything else.")
    allow: Allow = Field(default=Allow(), description="Which clients may do what.")
    limits: Limits = Field(default=Limits(), description="Bounds that keep the server there for everybody.")
    cookies: Cookies = Field(default=Cookies(), description="How clients show that they are where they say.")
    rate_limit: RateLimit = Field(default=RateLimit(), description="How many replies over UDP go to one network.")
    answers: Answers = Field(default=Answers(), description="What answers look like.")
    identity: Identity = Field(default=Identity(), description="What the server says of itself.")
    log: Log = Field(default=Log(), description="What is logged, and how.")
    path: Path | None = Field(default=None, exclude=True, description="The file that these settings came from.")
    sources: Mapping[str, str] = Field(
        default={},
        exclude=True,
        description="Where each came from, by its dotted name: file, store, environment, flag.",
    )

    @model_validator(mode="after")
    def _store_is_in_the_data_directory(self) -> Self:
        """An empty `store.url` is filled in, so that readers of these settings never see it empty."""
        if not self.store.url:
            url = f"sqlite:///{self.data.directory / 'resolute.db'}"
            object.__setattr__(self, "store", self.store.model_copy(update={"url": url}))
        return self

    @field_validator("resolver")
    @classmethod
    def _bootstrap_is_somebody_else(cls, resolver: Resolver, info: ValidationInfo) -> Resolver:
        """Who asks itself for an address waits for its own answer."""
        listen = info.data.get("listen")
        ours = listen.dns if isinstance(listen, Listen) else ()
        for server in resolver.bootstrap:
            if any(_reaches(server, own) for own in ours):
                raise ValueError(f"bootstrap names this server itself, {server} (listen.dns): name another one")
        return resolver


SECTIONS = tuple(name for name, field in Settings.model_fields.items() if not field.exclude)
"""The sections as they are written in the configuration file."""

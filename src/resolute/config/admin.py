"""The settings of the admin process, beside where it listens (`listen.admin`): under which names, and behind whom."""

import ipaddress
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from resolute.units import Duration, Seconds, ZoneName, parse_duration

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def _host(text: str) -> str:
    host = text.strip().lower().rstrip(".")
    if not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is not a host name: expected one without scheme and port, such as dns.example.net")
    return host


def _proxies(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(prefix for word in words for prefix in (LOOPBACK if word == "loopback" else (_prefix(word),)))


def _prefix(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a prefix ({error}): expected loopback, or such as 192.0.2.7") from None


Hosts = Annotated[Sequence[Annotated[str, AfterValidator(_host)]], AfterValidator(tuple)]
Proxies = Annotated[Sequence[str], AfterValidator(_proxies)]


class Admin(BaseModel):
    """Who is let in to the admin process, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: Hosts = Field(
        default=(),
        description="Names under which it is reached; loopback and the address connected to are always taken.",
    )
    proxies: Proxies = Field(
        default=(),
        description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: loopback, or prefixes.",
    )
    session: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(hours=12))] = Field(
        default=parse_duration("12h"), description="A login ends after this; 12 hours at most."
    )
    private_webhooks: bool = Field(
        default=False, description="Whether webhooks may call addresses of this machine and of private networks."
    )
    open_records: bool = Field(
        default=True, description="Whether programs on this machine use /records without a token."
    )
    dyndns_ttl: Annotated[Seconds, Field(ge=0)] = Field(
        default=60, description="TTL of addresses that devices bring by dyndns2, where there is none yet."
    )
    acme_dns_zone: ZoneName | None = Field(
        default=None, description="The zone of the store in which acme-dns clients get names; without it they get none."
    )

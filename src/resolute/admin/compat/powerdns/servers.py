"""The server itself: versions, settings, counters, its cache."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from resolute.admin.api.dependencies import PrincipalHere, ServicesHere, right
from resolute.admin.compat.powerdns.naming import absolute
from resolute.admin.compat.powerdns.refusals import PowerDnsRoute, UnprocessableError, refusals
from resolute.admin.compat.powerdns.shapes import Flushed, NameAndValue, Server, Version
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.records import names

VERSION: Final = "4.9.0"
"""The PowerDNS whose API this is: tools ask for it to know what they may send."""

versions = APIRouter(tags=["powerdns"], responses=refusals(), route_class=PowerDnsRoute)
servers = APIRouter(tags=["powerdns"], responses=refusals(), route_class=PowerDnsRoute)
here = APIRouter(tags=["powerdns"], responses=refusals(502), route_class=PowerDnsRoute)

_SERVER: Final = Server(version=VERSION)
_SETTINGS: Final = {"api": "yes", "enable-lua-records": "no", "launch": "resolute", "webserver": "yes"}
"""What tools look for to find out what the server can do."""
_COUNTERS: Final = {
    "queries_udp": "udp-queries",
    "queries_tcp": "tcp-queries",
    "replies_noerror": "noerror-packets",
    "replies_nxdomain": "nxdomain-packets",
    "replies_servfail": "servfail-packets",
}
"""Counters that PowerDNS has too."""


@versions.get("/api", operation_id="listPowerDnsVersions")
async def list_versions(_: PrincipalHere) -> list[Version]:
    """The versions of PowerDNS's API that are spoken. For everybody who has logged in."""
    return [Version(url="/api/v1", version=1)]


@servers.get("", operation_id="listPowerDnsServers")
async def list_servers(_: PrincipalHere) -> list[Server]:
    """This server alone. For everybody who has logged in."""
    return [_SERVER]


@here.get("", operation_id="getPowerDnsServer")
async def get_server(_: PrincipalHere) -> Server:
    """This server. For everybody who has logged in."""
    return _SERVER


@here.get("/config", operation_id="listPowerDnsSettings")
async def list_settings(_: PrincipalHere) -> list[NameAndValue]:
    """What PowerDNS's settings would be; our own are at `/api/v1/settings`. For everybody who has logged in."""
    return [NameAndValue(name=name, type="ConfigSetting", value=value) for name, value in _SETTINGS.items()]


@here.get("/statistics", operation_id="getPowerDnsStatistics")
async def get_statistics(
    services: ServicesHere,
    _: Annotated[Principal, Depends(right(Verb.NODES_READ))],
    statistic: Annotated[str | None, Query(max_length=64, description="This one alone.")] = None,
) -> list[NameAndValue]:
    """The counters of the node since its start; those of PowerDNS under its names. Needs nodes:read."""
    found: Mapping[str, Any] = await services.node.get("/statistics")
    counters = {_COUNTERS.get(name, name.replace("_", "-")): value for name, value in _numbers(found)}
    status = await services.node.get("/status")
    counters["uptime"] = int(status["uptime_s"])
    if statistic is not None and statistic not in counters:
        raise UnprocessableError(f"Unknown statistic name '{statistic}'")
    return [
        NameAndValue(name=name, type="StatisticItem", value=str(counters[name]))
        for name in sorted(counters)
        if statistic in (None, name)
    ]


@here.put("/cache/flush", operation_id="flushPowerDnsCache", responses=refusals(507))
async def flush(
    services: ServicesHere,
    principal: PrincipalHere,
    domain: Annotated[str, Query(max_length=1_024, description="The name to forget.")] = "",
) -> Flushed:
    """Forgets the cached answers for a name. Needs cache:write."""
    require(principal, Right(Verb.CACHE_WRITE))
    name = names.to_text(absolute(domain))
    answer = await services.node.post("/cache/flush", {"name": name, "subtree": False})
    return Flushed(count=int(answer["flushed"]), result="Flushed cache.")


@here.get("/tsigkeys", operation_id="listPowerDnsTsigKeys")
async def list_tsig_keys(_: PrincipalHere) -> list[dict[str, Any]]:
    """None: Resolute has no TSIG keys yet. For everybody who has logged in."""
    return []


@here.get("/autoprimaries", operation_id="listPowerDnsAutoprimaries")
async def list_autoprimaries(_: PrincipalHere) -> list[dict[str, Any]]:
    """None: Resolute has no secondary zones yet. For everybody who has logged in."""
    return []


def _numbers(tree: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The counters of the data plane by their names, others with the chapter's name before."""
    for chapter, value in tree.items():
        if isinstance(value, Mapping):
            prefix = "" if chapter == "plane" else f"{chapter}_"
            yield from ((prefix + name, one) for name, one in value.items() if isinstance(one, int))
        elif isinstance(value, int):
            yield chapter, value

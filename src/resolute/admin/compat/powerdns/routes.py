"""All routes: `/api` and `/api/v1/servers`, where PowerDNS has them."""

from typing import Final

from fastapi import APIRouter

from resolute.admin.compat.powerdns import metadata, searching, servers, zones, zoneverbs

SERVERS: Final = "/api/v1/servers"


def router() -> APIRouter:
    """The API of a server that is called localhost. A zone's name may have a slash in it: what stands behind the name
    is looked for first."""
    everything = APIRouter()
    everything.include_router(servers.versions)
    everything.include_router(servers.servers, prefix=SERVERS)
    for part in (servers.here, searching.router, zoneverbs.router, metadata.router, zones.router):
        everything.include_router(part, prefix=f"{SERVERS}/localhost")
    return everything

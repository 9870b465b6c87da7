"""Whom another program asks: its upstreams and its routes, as settings. Pure."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from resolute.cli.imports.found import LeftOut
from resolute.errors import RuleError
from resolute.resolver.destination import parse


class Forwarding:
    """Takes servers as they are found."""

    def __init__(self) -> None:
        self._upstreams: list[str] = []
        self._bootstrap: list[str] = []
        self._routes: dict[str, list[str]] = {}
        self._where: dict[str, str] = {}

    def upstream(self, place: str) -> None:
        """A server for every name."""
        _add(self._upstreams, place)

    def route(self, where: str, zone: str, place: str) -> None:
        """A server for the names of a zone: lower case, without the last dot."""
        _add(self._routes.setdefault(zone, []), place)
        self._where.setdefault(zone, where)

    def bootstrap(self, place: str) -> None:
        """A server that is asked for the addresses of upstreams that have a host name alone."""
        _add(self._bootstrap, place)

    @property
    def bootstraps(self) -> bool:
        """Whether somebody is there to be asked for addresses."""
        return bool(self._bootstrap)

    def has(self, zone: str) -> bool:
        """Whether there is a route of exactly these names."""
        return zone in self._routes

    def hide(self, zones: Iterable[str]) -> Iterator[LeftOut]:
        """Takes away the routes at and below zones that are served here: nobody would come to them."""
        served = set(zones)
        for zone in sorted(self._routes):
            over = next((one for one in (*parents(zone), "") if one in served), None)
            if over is not None:
                servers = ", ".join(self._routes.pop(zone))
                why = (
                    f"the zone {over}. answers for these names, so that no question comes to a route: "
                    "a delegation in the zone names other servers; without the zone the route would count"
                )
                yield LeftOut(self._where[zone], f"{zone}. forwarded to {servers}", why)

    def settings(self) -> str:
        """TOML, for the configuration."""
        parts, everywhere = [], [*self._upstreams, *(one for servers in self._routes.values() for one in servers)]
        bootstrap = f"bootstrap = {_array(self._bootstrap)}\n" if any(map(is_named, everywhere)) else ""
        if self._upstreams:
            parts.append(f'[resolver]\nmode = "forward"\nforward = {_array(self._upstreams)}\n{bootstrap}')
        elif bootstrap:
            parts.append(f"[resolver]\n{bootstrap}")
        for zone, servers in sorted(self._routes.items()):
            parts.append(f'[[resolver.route]]\nzone = "{_quoted(zone)}."\nforward = {_array(servers)}\n')
        return "\n".join(parts)


def endpoint(server: str) -> str:
    """`192.0.2.1#5353` as `192.0.2.1:5353`, a URL as settings have it. Raises RuleError for what is neither."""
    if "://" in server:
        return _of_url(server)
    host, _, port = server.strip().partition("#")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port) if port else 0
    except ValueError:
        raise RuleError("neither the address of a DNS server nor a URL of one") from None
    if port and not 0 < number < 65_536:
        raise RuleError(f"{port} is no port")
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise RuleError(f"%{address.scope_id} names an interface, which no setting does: give the server's own address")
    shown = f"[{address}]" if address.version == 6 else str(address)
    return f"{shown}:{number}" if port else str(address)


def is_named(place: str) -> bool:
    """Whether its address has to be asked for."""
    return parse(place).named


def bootstrap_endpoint(server: str) -> str:
    """ADDRESS[:PORT] of one that is asked for addresses. Raises RuleError."""
    place = _of_url(server)
    if parse(place).transport != "udp":
        raise RuleError("servers for resolver.bootstrap are asked over UDP: write an address alone")
    return place


def _of_url(text: str) -> str:
    try:
        return str(parse(text))
    except ValueError as error:
        raise RuleError(f"no DNS server that can be asked: {error}") from None


def parents(name: str) -> list[str]:
    """A name and those above it, the longest first."""
    labels = name.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def _add(servers: list[str], place: str) -> None:
    if place not in servers:
        servers.append(place)


def _array(texts: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

"""Whom a request comes from: the address, whether the way is private, and whether it is a program of this machine.

Behind a proxy the connection is the proxy's. Who is behind it stands in X-Forwarded-For, which is read from the right,
and only as far as those who wrote it are trusted (`admin.proxies`): whatever stands further left may be anybody's lie.
A request that somebody forwarded is never local, trusted or not. Over the admin socket the peer is known by its user;
whether it is that socket is decided by the listener that has accepted the connection, and by nothing in the request.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from resolute.admin import peers
from resolute.admin.peers import Peer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORWARDED: Final = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via")
_UNKNOWN: Final = ipaddress.IPv4Address(0)
_HERE: Final = ipaddress.IPv4Address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class Client:
    """`secure`: over HTTPS, as far as the connection or a trusted proxy says. `local`: a program of this machine.
    `peer`: who has opened the admin socket, for what comes over that."""

    address: Address
    secure: bool
    local: bool
    peer: Peer | None = None

    @property
    def private(self) -> bool:
        """Whether a password may come this way: nobody between can read it."""
        return self.secure or self.local


class Clients:
    """Tells clients apart; `proxies` are prefixes."""

    def __init__(self, proxies: Iterable[str] = ()) -> None:
        self._proxies: tuple[Network, ...] = tuple(map(ipaddress.ip_network, proxies))

    def of(self, scope: Scope) -> Client:
        """The client of an ASGI request."""
        headers = Headers(scope=scope)
        if (owner := scope.get("state", {}).get(peers.STATE)) is not None:
            return Client(_HERE, secure=False, local=_names_this_machine(headers), peer=owner)
        peer = _parse((scope.get("client") or ("",))[0]) or _UNKNOWN
        trusted = self._trusts(peer)
        secure = scope.get("scheme") == "https" or (trusted and _last(headers, "x-forwarded-proto") == "https")
        address = self._behind(peer, headers) if trusted else peer
        return Client(address, secure, local=peer.is_loopback and _names_this_machine(headers))

    def _behind(self, peer: Address, headers: Headers) -> Address:
        """The nearest address that no trusted proxy has."""
        hops = ",".join(headers.getlist("x-forwarded-for")).split(",")
        address = peer
        while hops and self._trusts(address):
            behind = _parse(hops.pop().strip())
            if behind is None:
                break
            address = behind
        return address

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


def is_loopback(host: str) -> bool:
    """Whether a Host header (with or without a port) names this machine by itself."""
    name = host_of(host)
    address = _parse(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def _names_this_machine(headers: Headers) -> bool:
    """Whether a request was made here for this machine: under its own name, and forwarded by nobody."""
    return not any(name in headers for name in _FORWARDED) and is_loopback(headers.get("host", ""))


def host_of(host: str) -> str:
    """The name or address in a Host header, in lower case, without port, brackets and trailing dot."""
    name = re.sub(r":[0-9]*$", "", host.strip().lower())
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name.rstrip(".")


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).split(",")[-1].strip().lower()


def _parse(text: str) -> Address | None:
    """An address as proxies write it, perhaps with a port; an IPv4 address mapped into IPv6 is the IPv4 address."""
    text = re.sub(r"^\[(.*)\](:[0-9]+)?$|^([0-9.]+):[0-9]+$", lambda match: match[1] or match[3] or "", text)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address

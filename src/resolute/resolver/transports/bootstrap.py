"""The addresses of upstreams that are named by host name, asked of servers that are given by address.

Never of the system's resolver: that may be ourselves, and we would wait for our own answer. Who lies about an address
gains nothing where the certificate is bound to the name.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.message
import dns.rdatatype

from resolute import plane
from resolute.records import names
from resolute.resolver.exchanges import Request
from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.message import ExchangeError

SHORTEST_S: Final = 60
LONGEST_S: Final = 86_400
ADDRESSES: Final = 6
"""Of one upstream."""
_ALIASES: Final = 8
_TIMEOUT_MS: Final = 1_000

Ask = Callable[[Request], Awaitable["plane.Exchanged"]]


@dataclass(frozen=True, slots=True)
class Found:
    """Addresses, and for how long they hold; those of IPv4 first."""

    addresses: tuple[str, ...]
    ttl_s: int


class Bootstrap:
    """Asks for host names and remembers the answers for their TTL, and beyond it while nobody answers."""

    def __init__(self, servers: Sequence[str], ask: Ask) -> None:
        self.servers = tuple(servers)
        self._ask = ask
        self._known: dict[str, tuple[Found, float]] = {}

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a host. Raises ExchangeError when nobody tells them."""
        known = self._known.get(host)
        if known is not None and known[1] > time.monotonic():
            return known[0].addresses
        found = await self._look_up(host)
        if found is not None:
            self._known[host] = found, time.monotonic() + found.ttl_s
            return found.addresses
        if known is not None:
            return known[0].addresses
        asked = ", ".join(self.servers)
        raise ExchangeError(Reason.UNREACHABLE, f"has a name whose address none of {asked} tells (resolver.bootstrap)")

    def doubt(self, host: str) -> None:
        """At none of its addresses did it answer: they are asked for again, and used when nobody tells others."""
        if (known := self._known.get(host)) is not None:
            self._known[host] = known[0], time.monotonic()

    async def _look_up(self, host: str) -> Found | None:
        for server in self.servers:
            four, six = await asyncio.gather(*(self._one(server, host, rtype) for rtype in ("A", "AAAA")))
            addresses = (*four.addresses, *six.addresses)[:ADDRESSES]
            if addresses:
                return Found(addresses, min(found.ttl_s for found in (four, six) if found.addresses))
        return None

    async def _one(self, server: str, host: str, rtype: str) -> Found:
        number = int(dns.rdatatype.from_text(rtype))
        try:
            ended = await self._ask(Request(server, names.from_text(host), number, 1, timeout_ms=_TIMEOUT_MS))
        except (ValueError, OSError):
            return Found((), 0)
        return read(ended.reply, host, rtype) if ended.reply is not None else Found((), 0)


def read(reply: bytes, host: str, rtype: str) -> Found:
    """The addresses in a reply, through its aliases; none for what does not parse."""
    try:
        message = dns.message.from_wire(reply)
    except (dns.exception.DNSException, ValueError):
        return Found((), 0)
    sets = {(rrset.name.to_text().lower(), rrset.rdtype): rrset for rrset in message.answer}
    name, ttl = f"{host}.".lower(), LONGEST_S
    for _ in range(_ALIASES):
        if (found := sets.get((name, dns.rdatatype.from_text(rtype)))) is not None:
            ttl = max(SHORTEST_S, min(ttl, found.ttl))
            return Found(tuple(rdata.to_text() for rdata in found), ttl)
        alias = sets.get((name, dns.rdatatype.CNAME))
        if alias is None:
            break
        name, ttl = alias[0].target.to_text().lower(), min(ttl, alias.ttl)
    return Found((), 0)

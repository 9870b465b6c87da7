"""The connections to all upstreams that are not asked over plain UDP: opened, kept and ended as the settings say.

What a transport needs is loaded when the first question for it comes.
"""

import asyncio
import importlib
import ssl
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from resolute.resolver import authorities
from resolute.resolver.destination import ENCRYPTED, Destination, parse
from resolute.resolver.exchanges import Exchanges, Request
from resolute.resolver.forwarder import Reason
from resolute.resolver.settings import Resolver
from resolute.resolver.transports.bootstrap import Bootstrap
from resolute.resolver.transports.connection import Connection, Reply
from resolute.resolver.transports.failures import opening
from resolute.resolver.transports.message import ExchangeError, compose
from resolute.resolver.transports.place import Place
from resolute.resolver.transports.pool import OPEN_S, Pool

_MODULES: Final = {"tcp": "tcp", "tls": "tls", "https": "https", "h3": "http3", "quic": "quic"}
_OVER_TLS: Final = frozenset({"tls", "https"})


class _Upstream:
    """One upstream: what it is, and the connections to it. `last`: the address that was good the last time."""

    __slots__ = ("destination", "encrypted", "last", "pool")

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.encrypted = destination.transport in ENCRYPTED
        self.last = ""
        self.pool: Pool


class Connections:
    """Of one event loop. `keep` says which upstreams there are; `exchange` asks one of them."""

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges
        self._known: dict[str, _Upstream] = {}
        self._bootstrap = Bootstrap((), exchanges.exchange)
        self._trusted: object = None
        self._authorities = authorities.SYSTEM
        self._contexts: dict[str, ssl.SSLContext] = {}

    def keep(self, upstreams: Iterable[str], settings: Resolver) -> None:
        """Knows exactly these. Connections to those that stay go on, unless others may sign certificates now."""
        if tuple(settings.bootstrap) != self._bootstrap.servers:
            self._bootstrap = Bootstrap(settings.bootstrap, self._exchanges.exchange)
        trusted = authorities.fingerprint(settings.ca_file)
        if trusted != self._trusted:
            self._retire(self._known)
        self._trusted, self._authorities = trusted, settings.ca_file
        self._contexts.clear()
        wanted = set(upstreams)
        self._retire([known for known in self._known if known not in wanted])
        for upstream in wanted - self._known.keys():
            self._known[upstream] = self._made(parse(upstream))

    async def exchange(self, request: Request) -> Reply:
        """Asks, within the request's time. Raises ExchangeError."""
        known = self._known.get(request.upstream)
        if known is None:
            raise ExchangeError(Reason.UNREACHABLE, "is not among the upstreams any more")
        try:
            async with asyncio.timeout(request.timeout_ms / 1000):
                return await known.pool.ask(compose(request, padded=known.encrypted))
        except TimeoutError:
            raise ExchangeError(Reason.TIMEOUT, "did not answer") from None

    def report(self, upstream: str) -> dict[str, object]:
        """For people and programs: connections that are open, and how many have been opened."""
        known = self._known.get(upstream)
        return {"connections": known.pool.connections, "opened": known.pool.opened} if known is not None else {}

    def close(self) -> None:
        """Ends everything at once."""
        for known in self._known.values():
            known.pool.close()
        self._known.clear()

    def _retire(self, upstreams: Iterable[str]) -> None:
        for upstream in list(upstreams):
            self._known.pop(upstream).pool.retire()

    def _made(self, destination: Destination) -> _Upstream:
        known = _Upstream(destination)
        known.pool = Pool(partial(self._open, known))
        return known

    async def _open(self, known: _Upstream) -> Connection:
        """Tries the addresses one after another, the one that was good the last time first."""
        destination = known.destination
        module = await asyncio.to_thread(_load, destination.transport)
        addresses = await self._addresses(known)
        failure = ExchangeError(Reason.UNREACHABLE, "has no address")
        for address in addresses:
            place = Place(destination, address, self._authorities)
            try:
                async with asyncio.timeout(OPEN_S / len(addresses)):
                    connection = await self._connect(module, place)
            except ExchangeError as error:
                failure = error
            except TimeoutError as error:
                failure = opening(error, destination.name)
            else:
                known.last = address
                return connection
        self._bootstrap.doubt(destination.host)
        raise failure

    async def _addresses(self, known: _Upstream) -> list[str]:
        destination = known.destination
        if not destination.named:
            return [destination.host]
        found = await self._bootstrap.addresses(destination.host)
        return sorted(found, key=lambda address: address != known.last)

    async def _connect(self, module: Any, place: Place) -> Connection:  # noqa: ANN401 - one of five modules with `connect`
        if place.destination.transport not in _OVER_TLS:
            made: Connection = await module.connect(place)
            return made
        context = self._contexts.get(module.ALPN)
        if context is None:
            try:
                context = await asyncio.to_thread(authorities.context, place.authorities, module.ALPN)
            except OSError as error:
                raise opening(error, place.name) from error
            self._contexts[module.ALPN] = context
        over_tls: Connection = await module.connect(place, context)
        return over_tls


def _load(transport: str) -> Any:  # noqa: ANN401 - one of five modules with `connect`
    """The module of a transport; the libraries of HTTP/2 and QUIC come with it."""
    return importlib.import_module(f"resolute.resolver.transports.{_MODULES[transport]}")

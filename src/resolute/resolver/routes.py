"""Which upstreams are for which zone, and the number under which their answers are cached.

A number, once given to a set of upstreams, is that set's for as long as the process lives: answers of one set never
serve names that another set is asked for, also when the forwarders are changed while the server runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from resolute.records import names
from resolute.resolver.settings import Resolver, RouteTo
from resolute.resolver.strategies import USUAL, Manner, manner

ROOT: Final = b"\0"


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """One route: the zone, its number, its upstreams in the order of the settings, and, where names below it cannot be
    resolved at all, the reason with its Extended DNS Error code. `unserved`: it is ours and could not be loaded."""

    zone: bytes
    source: int
    upstreams: tuple[str, ...]
    refusal: tuple[int, str] | None = None
    unserved: bool = False
    manner: Manner = USUAL
    iterates: bool = False
    """Its names are resolved from the root."""


NOT_SUPPORTED: Final = 21
INVALID_DATA: Final = 24
NOBODY_TEXT: Final = (
    "there is nobody to ask: resolver.mode is forward, and resolver.forward is empty; only the routes have servers"
)


class RouteBook:
    """Makes the routes of a configuration, and remembers the numbers of all configurations before it."""

    def __init__(self) -> None:
        self._sources: dict[object, int] = {}

    def paths(self, settings: Resolver, unserved: Sequence[bytes] = ()) -> tuple[RoutePlan, ...]:
        """The routes. `unserved`: our own zones that could not be loaded; nobody else may be asked for their names."""
        broken = tuple(self._broken(origin) for origin in unserved)
        below = {names.fold(origin) for origin in unserved}
        routes = tuple(self._route(names.from_text(route.zone), route) for route in settings.route)
        default = () if settings.mode == "off" else (self._default(settings),)
        return (*default, *(route for route in routes if names.fold(route.zone) not in below), *broken)

    def _default(self, settings: Resolver) -> RoutePlan:
        if settings.mode == "forward" and settings.forward:
            return self._route(ROOT, settings)
        if settings.mode == "recurse":
            return RoutePlan(ROOT, self._number("iteration"), (), iterates=True)
        return RoutePlan(ROOT, self._number("nobody"), (), (NOT_SUPPORTED, NOBODY_TEXT))

    def _route(self, zone: bytes, to: RouteTo | Resolver) -> RoutePlan:
        upstreams, how = _distinct(to.forward), manner(to.strategy, to.fallback)
        return RoutePlan(zone, self._number(how.number_key(upstreams)), upstreams, manner=how)

    def _broken(self, origin: bytes) -> RoutePlan:
        text = f"the zone {names.to_text(origin)} could not be loaded: see resolute status"
        return RoutePlan(origin, self._number(names.fold(origin)), (), (INVALID_DATA, text), unserved=True)

    def _number(self, key: object) -> int:
        return self._sources.setdefault(key, 1 + len(self._sources))


def _distinct(addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(addresses))

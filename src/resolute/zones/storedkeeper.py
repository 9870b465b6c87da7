"""Keeps the zones of the store published. A zone has one source: a zone file of the same name goes before it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from resolute import plane
from resolute.records import names
from resolute.zones.stored import StoredZone, Touched

log = logging.getLogger(__name__)


class StoredKeeper:
    """All zones of the store. `is_file` says whether a zone is read from a file; `changed_state` is called after every
    change of what is served or wrong."""

    def __init__(
        self, served: "plane.Plane", is_file: Callable[[bytes], bool], changed_state: Callable[[], None]
    ) -> None:
        self._plane = served
        self._is_file = is_file
        self._changed_state = changed_state
        self._zones: dict[bytes, StoredZone] = {}
        self._hidden: set[bytes] = set()
        self._publishing = asyncio.Lock()

    @property
    def zones(self) -> tuple[StoredZone, ...]:
        """Every zone that is served from the store, or would be if it held, by name."""
        shown = (zone for origin, zone in self._zones.items() if origin not in self._hidden)
        return tuple(sorted(shown, key=lambda zone: zone.origin))

    @property
    def unserved(self) -> tuple[bytes, ...]:
        """The origins of zones of which no state ever held: their names must not be asked elsewhere."""
        return tuple(zone.origin for zone in self.zones if zone.image is None)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, a line each."""
        wrong = [f"zone {names.to_text(one.origin)}: {line}" for one in self.zones for line in one.problems]
        return (*(_clash(origin) for origin in sorted(self._hidden)), *wrong)

    async def take(self, touched: Touched) -> None:
        """Serves what has changed; returns when the next query sees it. What does not hold leaves the old state."""
        async with self._publishing:
            for origin in touched.gone:
                self._hidden.discard(origin)
            gone = [one for one in touched.gone if one in self._zones and not self._is_file(one)]
            dropped = [origin for origin in gone if self._zones[origin].image is not None]
            await self._publish(touched.zones, dropped)
            for origin in touched.gone:
                self._zones.pop(origin, None)
            for zone in touched.zones:
                self._remember(zone)
        self._changed_state()

    async def files_changed(self) -> None:
        """Serves the zones that no file hides any more."""
        async with self._publishing:
            bare = [one for origin, one in self._zones.items() if origin in self._hidden and not self._is_file(origin)]
            await self._publish(bare, [])
            self._hidden = {origin for origin in self._zones if self._is_file(origin)}

    async def _publish(self, zones: "tuple[StoredZone, ...] | list[StoredZone]", gone: list[bytes]) -> None:
        put = [zone.image for zone in zones if zone.image is not None and not self._is_file(zone.origin)]
        if put or gone:
            await asyncio.to_thread(self._plane.publish, put, drop=gone)

    def _remember(self, zone: StoredZone) -> None:
        old = self._zones.get(zone.origin)
        if zone.image is None and old is not None:
            zone = replace(zone, image=old.image)
        self._zones[zone.origin] = zone
        if self._is_file(zone.origin):
            if zone.origin not in self._hidden:
                log.error("%s", _clash(zone.origin))
            self._hidden.add(zone.origin)
        if old is None or zone.problems != old.problems:
            for line in zone.problems:
                goes_on = "is not served" if zone.image is None else "goes on as it was"
                log.error("zone %s %s: %s", names.to_text(zone.origin), goes_on, line)


def _clash(origin: bytes) -> str:
    name = names.to_text(origin)
    return f"zone {name}: the store has it, and a zone file too: the file is served; delete one of them"

"""Keeps the zones that are read from zone files: loads, publishes, re-reads what changed, remembers what is wrong.

file changed -> load -> holds? -- yes -> publish, serving
                          |
                          no -> again at 0.1, 0.25 and 0.5 s (somebody may still be writing)
                                    |
                                    no -> the old image goes on, reported once, shown until it is mended

file appears in a folder of zone files -> as if changed      file goes from it -> its zone goes
"""

import asyncio
import itertools
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from resolute import plane
from resolute.records import names
from resolute.zones import files
from resolute.zones.files import NO_FILES, Source, ZoneLoad
from resolute.zones.fingerprint import Fingerprint
from resolute.zones.folders import Found, ZoneFolder
from resolute.zones.settings import ZoneSource

RETRIES_S = (0.1, 0.25, 0.5)
"""When a zone that does not hold is read again, counted from the change."""
_AT_ONCE: Final = 2_000
"""Zone files that are read in one call."""
_LINES: Final = 100
"""Zones that are told of one by one; more at once are told of by their number."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ZoneState:
    """A configured zone as it stands: what is served of it, and what is wrong with its file now."""

    source: Source
    image: "plane.ZoneImage | None" = None
    loaded_at: float = 0.0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The zone's name as text."""
        return names.to_text(self.source.origin)


@dataclass(slots=True)
class _Zone:
    """What is kept of a zone: its last load that held, and a later one that did not. There may be 100,000."""

    source: Source
    held: ZoneLoad | None = None
    broken: ZoneLoad | None = None
    loaded_at: float = 0.0

    @property
    def ticket(self) -> int:
        return max(load.ticket if load else 0 for load in (self.held, self.broken))

    @property
    def files(self) -> Mapping[Path, Fingerprint]:
        held = self.held.files if self.held else NO_FILES
        return {**held, **self.broken.files} if self.broken else held

    @property
    def problems(self) -> tuple[str, ...]:
        return self.broken.problems if self.broken else ()

    def state(self) -> ZoneState:
        """As others see it."""
        latest = self.broken or self.held
        image = self.held.image if self.held else None
        return ZoneState(self.source, image, self.loaded_at, self.problems, latest.warnings if latest else ())


@dataclass(frozen=True, slots=True)
class Prepared:
    """Zones that were loaded and are not published yet, and the folders that some were found in."""

    loads: tuple[ZoneLoad, ...]
    folders: tuple[ZoneFolder, ...]
    problems: tuple[str, ...]


class ZoneKeeper:
    """All zones of the configuration. `changed_state` is called after every change of what is served or wrong."""

    def __init__(self, served: "plane.Plane", changed_state: Callable[[], None]) -> None:
        self._plane = served
        self._changed_state = changed_state
        self._zones: dict[bytes, _Zone] = {}
        self._tickets = itertools.count(1)
        self._publishing = asyncio.Lock()
        self._loading = asyncio.Lock()
        self._retries: dict[bytes, asyncio.Task[None]] = {}
        self._folders: tuple[ZoneFolder, ...] = ()
        self._clashes: dict[str, str] = {}

    @property
    def states(self) -> tuple[ZoneState, ...]:
        """Every zone, by name."""
        return tuple(sorted((zone.state() for zone in self._zones.values()), key=lambda state: state.name))

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with folders of zone files, and with files in them that are no zone's."""
        return (*(line for folder in self._folders for line in folder.problems), *self._clashes.values())

    @property
    def unserved(self) -> tuple[bytes, ...]:
        """The origins of zones of which no state ever held: their names must not be asked elsewhere."""
        return tuple(zone.source.origin for zone in self._zones.values() if zone.held is None)

    @property
    def files(self) -> dict[Path, Fingerprint]:
        """Every file that zones are made of and that is followed by itself, as it was when it was last read."""
        return {path: known for zone in self._zones.values() for path, known in zone.files.items()}

    @property
    def folders(self) -> frozenset[Path]:
        """The folders of zone files, which are followed as a whole."""
        return frozenset(folder.path for folder in self._folders)

    async def prepare(self, sources: Sequence[ZoneSource], folders: Sequence[Path] = ()) -> Prepared:
        """Loads every zone; publishes nothing."""
        wanted = {_fold(source): source for source in map(_source, sources)}
        fresh = tuple(ZoneFolder(path) for path in folders)
        problems: list[str] = []
        for folder in fresh:
            found = await asyncio.to_thread(folder.look)
            problems += found.problems
            for source in found.changed:
                other = wanted.setdefault(_fold(source), source)
                if other is not source:
                    problems.append(_clash(source, other))
        return Prepared(tuple(await self._load(tuple(wanted.values()))), fresh, tuple(problems))

    async def commit(self, prepared: Prepared) -> None:
        """Makes exactly these the zones, in one switch; one that does not hold keeps its old image, if it had one."""
        async with self._publishing:
            wanted = {_fold(load.source) for load in prepared.loads}
            gone = [key for key in self._zones if key not in wanted]
            fresh = [load for load in prepared.loads if load.ticket > self._ticket(load.source)]
            await self._publish([load.image for load in fresh if load.image is not None], gone)
            for key in gone:
                self._forget(key)
            self._folders = prepared.folders
            self._clashes = {line: line for line in prepared.problems}
            for line in prepared.problems:
                log.error("%s", line)
            self._remember(fresh)
        self._changed_state()

    async def changed(self, paths: frozenset[Path]) -> None:
        """Re-reads the zones that any of these files is part of, and looks at those of the folders that are among
        these paths."""
        hit = [zone.source for zone in self._zones.values() if not paths.isdisjoint(zone.files)]
        for folder in self._folders:
            if folder.path in paths:
                found = await asyncio.to_thread(folder.look)
                await self._drop(found)
                hit += self._ours(found)
        if hit:
            await self._reread(tuple(dict.fromkeys(hit)))

    def close(self) -> None:
        """Ends what is waiting."""
        for task in self._retries.values():
            task.cancel()

    def _ours(self, found: Found) -> Iterable[Source]:
        """The changed files of a folder, without those whose zone has another source."""
        for source in found.changed:
            zone = self._zones.setdefault(_fold(source), _Zone(source))
            if zone.source.path == source.path:
                yield source
            else:
                self._clashes[source.path] = _clash(source, zone.source)
                log.error("%s", self._clashes[source.path])

    async def _drop(self, found: Found) -> None:
        """The zones whose files are gone from a folder."""
        lost = set(found.gone)
        for path in lost:
            self._clashes.pop(path, None)
        gone = [key for key, zone in self._zones.items() if lost and zone.source.path in lost]
        if gone:
            async with self._publishing:
                await self._publish([], gone)
                for key in gone:
                    self._forget(key)
            self._changed_state()

    async def _publish(self, put: "list[plane.ZoneImage]", gone: Sequence[bytes]) -> None:
        drop = [self._zones[key].source.origin for key in gone if self._zones[key].held is not None]
        if put or drop:
            await asyncio.to_thread(self._plane.publish, put, drop=drop)

    async def _load(self, sources: Sequence[Source]) -> list[ZoneLoad]:
        loads: list[ZoneLoad] = []
        async with self._loading:
            ticket = next(self._tickets)
            for at in range(0, len(sources), _AT_ONCE):
                loads += await asyncio.to_thread(files.load, sources[at : at + _AT_ONCE], ticket)
        return loads

    async def _reread(self, sources: Sequence[Source]) -> None:
        loads = await self._load(sources)
        for load in loads:
            if retry := self._retries.pop(_fold(load.source), None):
                retry.cancel()
        await self._take([load for load in loads if load.image is not None])
        for load in loads:
            if load.image is None:
                self._follow_broken(load)
                task = asyncio.create_task(self._retry(load), name=f"retry {load.source.path}")
                self._retries[_fold(load.source)] = task

    async def _retry(self, load: ZoneLoad) -> None:
        started = time.monotonic()
        for at in RETRIES_S:
            await asyncio.sleep(started + at - time.monotonic())
            (load,) = await self._load([load.source])
            if load.image is not None:
                break
        self._retries.pop(_fold(load.source), None)
        await self._take([load])

    async def _take(self, loads: Sequence[ZoneLoad]) -> None:
        """Publishes the loads that hold, remembers what is wrong with those that do not."""
        async with self._publishing:
            fresh = [load for load in loads if self._is_wanted(load)]
            await self._publish([load.image for load in fresh if load.image is not None], ())
            self._remember(fresh)
        if fresh:
            self._changed_state()

    def _is_wanted(self, load: ZoneLoad) -> bool:
        zone = self._zones.get(_fold(load.source))
        return zone is not None and zone.source.path == load.source.path and load.ticket > zone.ticket

    def _ticket(self, source: Source) -> int:
        zone = self._zones.get(_fold(source))
        return zone.ticket if zone else 0

    def _remember(self, loads: Sequence[ZoneLoad]) -> None:
        changes = []
        now = time.time()
        for load in loads:
            zone = self._zones.setdefault(_fold(load.source), _Zone(load.source))
            before = zone.problems, (zone.held.warnings if zone.held else ())
            zone.source = load.source
            if load.image is not None:
                zone.held, zone.broken, zone.loaded_at = load, None, now
            else:
                zone.broken = load
            changes.append((before, zone))
        _report(changes)

    def _follow_broken(self, load: ZoneLoad) -> None:
        """What a load that does not hold has read is followed at once: the mending edit may come before the report."""
        zone = self._zones.get(_fold(load.source))
        if zone is not None:
            known = zone.broken or replace(load, ticket=0, problems=(), warnings=())
            zone.broken = replace(known, files={**known.files, **load.files})
            self._changed_state()

    def _forget(self, key: bytes) -> None:
        if retry := self._retries.pop(key, None):
            retry.cancel()
        log.info("zone %s is no longer configured", names.to_text(self._zones.pop(key).source.origin))


def _source(zone: ZoneSource) -> Source:
    return Source(names.from_text(zone.name), os.path.abspath(zone.file))


def _fold(source: Source) -> bytes:
    folded = names.fold(source.origin)
    return source.origin if folded == source.origin else folded


def _clash(source: Source, other: Source) -> str:
    """A zone has one source of truth."""
    return f"{source.path}: the zone {names.to_text(source.origin)} is read from {other.path} already: take one out"


def _report(changes: "Sequence[tuple[tuple[tuple[str, ...], tuple[str, ...]], _Zone]]") -> None:
    """One line for each thing that is wrong, and not again while it stays the same. Each zone comes with the problems
    and warnings that it had before."""
    served = [zone.held for _, zone in changes if zone.held is not None and zone.broken is None]
    if len(served) > _LINES:
        log.info(
            "%d zones are served: %d records", len(served), sum(load.image.records for load in served if load.image)
        )
    for (problems, warnings), zone in changes:
        name = names.to_text(zone.source.origin)
        if zone.problems != problems:
            goes_on = "is not served" if zone.held is None else f"goes on as it was read at {_clock(zone.loaded_at)}"
            for problem in zone.problems:
                log.error("zone %s %s: %s", name, goes_on, problem)
        if zone.held is not None and zone.broken is None and (image := zone.held.image) is not None:
            if len(served) <= _LINES:
                path = zone.source.path
                log.info("zone %s serial %d is served: %d records from %s", name, image.serial, image.records, path)
            for warning in set(zone.held.warnings) - set(warnings):
                log.warning("zone %s: %s", name, warning)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

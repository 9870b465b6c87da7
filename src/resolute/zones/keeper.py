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
from resolute.zones.files import Source, ZoneState
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
class Prepared:
    """Zones that were loaded and are not published yet, and the folders that some were found in."""

    loads: tuple[ZoneState, ...]
    folders: tuple[ZoneFolder, ...]
    clashes: Mapping[str, str]
    """Files whose zones have another source, with the line that says so."""


class ZoneKeeper:
    """All zones of the configuration. `changed_state` is called after every change of what is served or wrong."""

    def __init__(self, served: "plane.Plane", changed_state: Callable[[], None]) -> None:
        self._plane = served
        self._changed_state = changed_state
        self._zones: dict[bytes, ZoneState] = {}
        self._tickets = itertools.count(1)
        self._publishing = asyncio.Lock()
        self._loading = asyncio.Lock()
        self._retries: dict[bytes, asyncio.Task[None]] = {}
        self._folders: tuple[ZoneFolder, ...] = ()
        self._clashes: dict[str, str] = {}

    @property
    def states(self) -> tuple[ZoneState, ...]:
        """Every zone, by name."""
        return tuple(sorted(self._zones.values(), key=lambda state: state.name))

    def has(self, origin: bytes) -> bool:
        """Whether a zone is read from a file."""
        return names.fold(origin) in self._zones

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with folders of zone files, and with files in them that are no zone's."""
        return (*(line for folder in self._folders for line in folder.problems), *self._clashes.values())

    @property
    def unserved(self) -> tuple[bytes, ...]:
        """The origins of zones of which no state ever held: their names must not be asked elsewhere."""
        return tuple(zone.source.origin for zone in self._zones.values() if zone.image is None)

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
        clashes: dict[str, str] = {}
        for folder in fresh:
            found = await asyncio.to_thread(folder.look)
            for source in found.changed:
                other = wanted.setdefault(_fold(source), source)
                if other is not source:
                    clashes[source.path] = _clash(source, other)
        return Prepared(tuple(await self._load(tuple(wanted.values()))), fresh, clashes)

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
            self._clashes = dict(prepared.clashes)
            for line in self.problems:
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
            zone = self._zones.setdefault(_fold(source), ZoneState(source))
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
        drop = [self._zones[key].source.origin for key in gone if self._zones[key].image is not None]
        if put or drop:
            await asyncio.to_thread(self._plane.publish, put, drop=drop)

    async def _load(self, sources: Sequence[Source]) -> list[ZoneState]:
        loads: list[ZoneState] = []
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

    async def _retry(self, load: ZoneState) -> None:
        started = time.monotonic()
        for at in RETRIES_S:
            await asyncio.sleep(started + at - time.monotonic())
            (load,) = await self._load([load.source])
            if load.image is not None:
                break
        self._retries.pop(_fold(load.source), None)
        await self._take([load])

    async def _take(self, loads: Sequence[ZoneState]) -> None:
        """Publishes the loads that hold, remembers what is wrong with those that do not."""
        async with self._publishing:
            fresh = [load for load in loads if self._is_wanted(load)]
            await self._publish([load.image for load in fresh if load.image is not None], ())
            self._remember(fresh)
        if fresh:
            self._changed_state()

    def _is_wanted(self, load: ZoneState) -> bool:
        zone = self._zones.get(_fold(load.source))
        return zone is not None and zone.source.path == load.source.path and load.ticket > zone.ticket

    def _ticket(self, source: Source) -> int:
        zone = self._zones.get(_fold(source))
        return zone.ticket if zone else 0

    def _remember(self, loads: Sequence[ZoneState]) -> None:
        changes = []
        for load in loads:
            old = self._zones.get(_fold(load.source), ZoneState(load.source))
            self._zones[_fold(load.source)] = new = load.after(old)
            changes.append((old, new))
        _report(changes)

    def _follow_broken(self, load: ZoneState) -> None:
        """What a load that does not hold has read is followed at once: the mending edit may come before the report."""
        if zone := self._zones.get(_fold(load.source)):
            self._zones[_fold(load.source)] = replace(zone, files={**zone.files, **load.files})
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


def _report(changes: Sequence[tuple[ZoneState, ZoneState]]) -> None:
    """One line for each thing that is wrong, and not again while it stays the same."""
    served = [new for _, new in changes if not new.problems and new.image is not None]
    if len(served) > _LINES:
        records = sum(state.image.records for state in served if state.image is not None)
        log.info("%d zones are served: %d records", len(served), records)
    for old, new in changes:
        if new.problems and new.problems != old.problems:
            goes_on = "is not served" if new.image is None else f"goes on as it was read at {_clock(new.read_at)}"
            for problem in new.problems:
                log.error("zone %s %s: %s", new.name, goes_on, problem)
        if not new.problems and new.image is not None:
            if len(served) <= _LINES:
                serial, records = new.image.serial, new.image.records
                log.info("zone %s serial %d is served: %d records from %s", new.name, serial, records, new.source.path)
            for warning in set(new.warnings) - set(old.warnings):
                log.warning("zone %s: %s", new.name, warning)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

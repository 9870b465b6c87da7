"""Keeps the zones that are read from zone files: loads, publishes, re-reads what changed, remembers what is wrong.

file changed -> load -> holds? -- yes -> publish, serving
                          |
                          no -> again at 0.1, 0.25 and 0.5 s (somebody may still be writing)
                                    |
                                    no -> the old image goes on, reported once, shown until it is mended
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resolute import plane
from resolute.records import names
from resolute.zones import files
from resolute.zones.files import ZoneLoad
from resolute.zones.fingerprint import Fingerprint
from resolute.zones.settings import ZoneSource

RETRIES_S = (0.1, 0.25, 0.5)
"""When a zone that does not hold is read again, counted from the change."""
_LOADS_AT_ONCE = 4

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ZoneState:
    """A configured zone as it stands: what is served of it, and what is wrong with its file now."""

    name: str
    origin: bytes
    path: Path
    image: "plane.ZoneImage | None" = None
    loaded_at: float = 0.0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: Mapping[Path, Fingerprint] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Zones that were loaded and are not published yet."""

    loads: tuple[tuple[int, ZoneSource, ZoneLoad], ...]


class ZoneKeeper:
    """All zones of the configuration. `changed_state` is called after every change of what is served or wrong."""

    def __init__(self, served: "plane.Plane", changed_state: Callable[[], None]) -> None:
        self._plane = served
        self._changed_state = changed_state
        self._states: dict[bytes, ZoneState] = {}
        self._taken: dict[bytes, int] = {}
        self._tickets = itertools.count(1)
        self._publishing = asyncio.Lock()
        self._loading = asyncio.Semaphore(_LOADS_AT_ONCE)
        self._retries: dict[bytes, asyncio.Task[None]] = {}

    @property
    def states(self) -> tuple[ZoneState, ...]:
        """Every configured zone, by name."""
        return tuple(
            self._states[origin] for origin in sorted(self._states, key=lambda origin: self._states[origin].name)
        )

    @property
    def unserved(self) -> tuple[bytes, ...]:
        """The origins of zones of which no state ever held: their names must not be asked elsewhere."""
        return tuple(state.origin for state in self._states.values() if state.image is None)

    @property
    def files(self) -> dict[Path, Fingerprint]:
        """Every file that zones are made of, as it was when it was last read."""
        return {path: known for state in self._states.values() for path, known in (state.files or {}).items()}

    async def prepare(self, sources: Sequence[ZoneSource]) -> Prepared:
        """Loads every zone; publishes nothing."""
        return Prepared(tuple(await asyncio.gather(*map(self._prepare_one, sources))))

    async def commit(self, prepared: Prepared) -> None:
        """Makes exactly these the zones, in one switch; one that does not hold keeps its old image, if it had one."""
        async with self._publishing:
            wanted = {_key(load) for _, _, load in prepared.loads}
            gone = [origin for origin in self._states if origin not in wanted]
            fresh = [load for load in prepared.loads if load[0] > self._taken.get(_key(load[2]), 0)]
            put = [load.image for _, _, load in fresh if load.image is not None]
            drop = [self._states[origin].origin for origin in gone if self._states[origin].image is not None]
            if put or drop:
                await asyncio.to_thread(self._plane.publish, put, drop=drop)
            for origin in gone:
                self._forget(origin)
            for ticket, source, load in fresh:
                self._remember(ticket, load, source.name)
        self._changed_state()

    async def changed(self, paths: frozenset[Path]) -> None:
        """Re-reads the zones that any of these files is part of."""
        hit = [state for state in self._states.values() if not paths.isdisjoint(state.files or {})]
        await asyncio.gather(*map(self._reread, hit))

    def close(self) -> None:
        """Ends what is waiting."""
        for task in self._retries.values():
            task.cancel()

    async def _prepare_one(self, source: ZoneSource) -> tuple[int, ZoneSource, ZoneLoad]:
        ticket, load = await self._load(source.file, names.from_text(source.name))
        return ticket, source, load

    async def _load(self, path: Path, origin: bytes) -> tuple[int, ZoneLoad]:
        """The ticket tells the order in which loads began: a later one is never replaced by an earlier one."""
        async with self._loading:
            ticket = next(self._tickets)
            return ticket, await asyncio.to_thread(files.load, path, origin)

    async def _reread(self, state: ZoneState) -> None:
        ticket, load = await self._load(state.path, state.origin)
        if retry := self._retries.pop(_key(load), None):
            retry.cancel()
        if load.image is not None:
            await self._take(ticket, load)
        else:
            self._remember_files(load)
            self._retries[_key(load)] = asyncio.create_task(self._retry(ticket, load), name=f"retry {state.name}")

    async def _retry(self, ticket: int, load: ZoneLoad) -> None:
        started = time.monotonic()
        for at in RETRIES_S:
            await asyncio.sleep(started + at - time.monotonic())
            ticket, load = await self._load(load.path, load.origin)
            if load.image is not None:
                break
        self._retries.pop(_key(load), None)
        await self._take(ticket, load)

    async def _take(self, ticket: int, load: ZoneLoad) -> None:
        """Publishes a load that holds, remembers what is wrong with one that does not."""
        async with self._publishing:
            state = self._states.get(_key(load))
            if state is None or state.path != load.path or ticket <= self._taken.get(_key(load), 0):
                return
            if load.image is not None:
                await asyncio.to_thread(self._plane.publish, [load.image])
            self._remember(ticket, load, state.name)
        self._changed_state()

    def _remember(self, ticket: int, load: ZoneLoad, name: str) -> None:
        self._taken[_key(load)] = ticket
        old = self._states.get(_key(load), ZoneState(name, load.origin, load.path))
        new = replace(old, name=name, path=load.path, problems=load.problems, warnings=load.warnings)
        if load.image is not None:
            new = replace(new, origin=load.origin, image=load.image, loaded_at=time.time(), files=load.files)
        else:
            new = replace(new, files={**(old.files or {}), **load.files})
        self._states[_key(load)] = new
        _report(old, new)

    def _remember_files(self, load: ZoneLoad) -> None:
        """What a load that does not hold has read is followed at once: the mending edit may come before the report."""
        old = self._states.get(_key(load))
        if old is not None:
            self._states[_key(load)] = replace(old, files={**(old.files or {}), **load.files})
            self._changed_state()

    def _forget(self, origin: bytes) -> None:
        if retry := self._retries.pop(origin, None):
            retry.cancel()
        self._taken.pop(origin, None)
        log.info("zone %s is no longer configured", self._states.pop(origin).name)


def _key(load: ZoneLoad) -> bytes:
    return names.fold(load.origin)


def _report(old: ZoneState, new: ZoneState) -> None:
    """One line for each thing that is wrong, and not again while it stays the same."""
    if new.problems and new.problems != old.problems:
        goes_on = "is not served" if new.image is None else f"goes on as it was read at {_clock(new.loaded_at)}"
        for problem in new.problems:
            log.error("zone %s %s: %s", new.name, goes_on, problem)
    if not new.problems and new.image is not None:
        log.info(
            "zone %s serial %d is served: %d records from %s", new.name, new.image.serial, new.image.records, new.path
        )
        for warning in set(new.warnings) - set(old.warnings):
            log.warning("zone %s: %s", new.name, warning)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

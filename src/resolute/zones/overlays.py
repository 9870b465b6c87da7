"""The overlays: names from hosts files, then local records, answered before all zones.

All hosts files make one overlay together, so that one may give a name its IPv4 address and another its IPv6 address;
a name in it hides the local record of that name.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from resolute import plane
from resolute.zones import hosts, local
from resolute.zones.addresses import Named, records
from resolute.zones.fingerprint import Fingerprint, fingerprint

_GONE_GRACE_S = 0.5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostsState:
    """A hosts file as it stands."""

    path: Path
    entries: tuple[Named, ...]
    problems: tuple[str, ...]
    known: Fingerprint


@dataclass(frozen=True, slots=True)
class PreparedHosts:
    """Hosts files that were read and are not published yet."""

    states: tuple[HostsState, ...]
    image: "plane.OverlayImage | None"
    ttl_s: int


class OverlayKeeper:
    """What is laid over the zones. `changed_state` is called after every change."""

    def __init__(self, served: "plane.Plane", changed_state: Callable[[], None]) -> None:
        self._plane = served
        self._changed_state = changed_state
        self._hosts = PreparedHosts((), None, 60)
        self._local: plane.OverlayImage | None = None
        self._addresses: Mapping[str, str] = {}
        self._publishing = asyncio.Lock()

    @property
    def hosts(self) -> tuple[HostsState, ...]:
        """The hosts files, in the order of the configuration."""
        return self._hosts.states

    @property
    def files(self) -> dict[Path, Fingerprint]:
        """The hosts files as they were when they were last read."""
        return {state.path: state.known for state in self._hosts.states}

    @property
    def local_names(self) -> int:
        """How many local records are served."""
        return len(self._addresses)

    async def prepare(self, paths: Sequence[Path], *, ttl_s: int) -> PreparedHosts:
        """Reads the hosts files; publishes nothing. A file that is gone keeps what was read of it before."""
        old = {state.path: state for state in self._hosts.states}
        return await asyncio.to_thread(_read_all, paths, old, ttl_s)

    async def commit(self, prepared: PreparedHosts) -> None:
        """Serves these hosts files, and the local records with their TTL."""
        async with self._publishing:
            if prepared.ttl_s != self._hosts.ttl_s and self._addresses:
                self._local = await asyncio.to_thread(_compile_local, self._addresses, prepared.ttl_s)
            before, self._hosts = self._hosts, prepared
            await self._publish()
        _report(before.states, prepared.states)
        self._changed_state()

    async def changed(self, paths: frozenset[Path]) -> None:
        """Re-reads the hosts files when one of these is among them."""
        if paths.isdisjoint(self.files):
            return
        if any(not path.exists() for path in paths & self.files.keys()):
            await asyncio.sleep(_GONE_GRACE_S)  # an editor may be about to put it back
        ttl_s, followed = self._hosts.ttl_s, list(self.files)
        prepared = await self.prepare(followed, ttl_s=ttl_s)
        if list(self.files) == followed and self._hosts.ttl_s == ttl_s:
            await self.commit(prepared)

    async def set_local(self, addresses: Mapping[str, str]) -> None:
        """Serves these local records; returns when the next query sees them."""
        async with self._publishing:
            image = await asyncio.to_thread(_compile_local, addresses, self._hosts.ttl_s)
            self._local, self._addresses = image, addresses
            await self._publish()

    async def _publish(self) -> None:
        overlays = [image for image in (self._hosts.image, self._local) if image is not None]
        await asyncio.to_thread(self._plane.set_overlays, overlays)


def read_hosts(path: Path, old: HostsState | None) -> HostsState:
    """One hosts file; when it cannot be read, its old entries with the reason why they are old."""
    known = fingerprint(path)
    try:
        parsed = hosts.parse(path.read_bytes(), file=str(path))
    except OSError as error:
        problem = f"{path}: cannot be read: {error.strerror or error}"
        return HostsState(path, old.entries if old else (), (problem,), known)
    return HostsState(path, parsed.entries, parsed.problems, known)


def _read_all(paths: Sequence[Path], old: Mapping[Path, HostsState], ttl_s: int) -> PreparedHosts:
    places = [Path(os.path.abspath(path)) for path in paths]
    states = tuple(read_hosts(path, old.get(path)) for path in places)
    entries = [entry for state in states for entry in state.entries]
    image = plane.compile_overlay("hosts", records(entries, ttl_s=ttl_s)) if entries else None
    return PreparedHosts(states, image, ttl_s)


def _compile_local(addresses: Mapping[str, str], ttl_s: int) -> "plane.OverlayImage | None":
    if not addresses:
        return None
    return plane.compile_overlay("local records", local.overlay_records(addresses, ttl_s=ttl_s))


def _report(old: Sequence[HostsState], new: Sequence[HostsState]) -> None:
    told = {problem for state in old for problem in state.problems}
    for state in new:
        for problem in state.problems:
            if problem not in told:
                log.warning("hosts: %s", problem)
        if state not in old:
            log.info("hosts: %d names from %s", len(state.entries), state.path)

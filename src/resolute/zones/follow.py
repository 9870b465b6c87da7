"""Follows files: says which have changed, once they are quiet.

    inotify event --+
                    +-> look at every file -> changed? -> quiet for 50 ms? -> changed(paths)
    poll, each 2 s -+

Directories are watched, not files: editors replace a file by renaming another onto it, and Kubernetes swaps a link
beside it. The poll serves file systems without inotify (NFS, FUSE) and directories that are not there yet.

A folder that is followed as a whole is reported as itself when anything in it may be different, and at each poll: who
is told looks by himself. Where that takes long, the polls are rarer.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import watchfiles

from resolute.zones.fingerprint import Fingerprint, fingerprint

POLL_S = 2.0
"""How often files are looked at without having been told."""
QUIET_S = 0.05
"""A file that changes again within this time is still being written."""
LONGEST_S = 2.0
"""A file that never becomes quiet (a log by mistake) is taken as it is after this time."""
_STEP_MS = 50
_WATCH_AGAIN_S = 30.0
_LOOK_SHARE = 0.02
"""The share of the time that polls of folders may take."""

log = logging.getLogger(__name__)


class Settling:
    """Decides which changed files have become quiet. No I/O: it is fed fingerprints and monotonic time in seconds."""

    def __init__(self, *, quiet_s: float = QUIET_S, longest_s: float = LONGEST_S) -> None:
        self._quiet_s = quiet_s
        self._longest_s = longest_s
        self._known: dict[Path, Fingerprint] = {}
        self._changed: dict[Path, tuple[float, float]] = {}

    @property
    def files(self) -> list[Path]:
        """The files that are followed."""
        return list(self._known)

    def follow(self, files: Mapping[Path, Fingerprint]) -> None:
        """Replaces what is followed. A fingerprint counts for files that are new here or that were read just now."""
        self._known = dict(files)
        self._changed = {path: times for path, times in self._changed.items() if path in files}

    def seen(self, found: Mapping[Path, Fingerprint], *, touched: AbstractSet[Path] = frozenset(), at: float) -> None:
        """What the files are now. `touched`: files of which an event has come, changed whatever their fingerprint."""
        for path, now in found.items():
            if path in self._known and (now != self._known[path] or path in touched):
                self._known[path] = now
                self._changed[path] = (self._changed.get(path, (at, at))[0], at)

    def due(self, at: float) -> frozenset[Path]:
        """The files that changed and are quiet now; each is given out once."""
        due = frozenset(path for path in self._changed if self._due_at(path) <= at)
        for path in due:
            del self._changed[path]
        return due

    def next_due(self) -> float | None:
        """When `due` has something, if no more changes come."""
        return min((self._due_at(path) for path in self._changed), default=None)

    def _due_at(self, path: Path) -> float:
        first, last = self._changed[path]
        return min(last + self._quiet_s, first + self._longest_s)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a change shows: the files as they are named and as links lead to them, and all directories of both."""

    files: frozenset[Path] = frozenset()
    directories: frozenset[Path] = frozenset()
    linked: frozenset[Path] = frozenset()
    """Directories in which any name may be a link on the way to a file."""
    folders: frozenset[Path] = frozenset()
    """Folders that are followed as a whole."""

    def matters(self, path: Path) -> Path | None:
        """What an event of this path may be a change of, a file or a folder: a log beside a zone file is none."""
        if path.parent in self.folders:
            return path.parent
        return path if path in self.files or path.parent in self.linked else None


class FileFollower:
    """Watches files and calls `changed` with those that are different and quiet: one call at a time, in the loop."""

    def __init__(self, changed: Callable[[frozenset[Path]], Awaitable[None]], *, poll_s: float = POLL_S) -> None:
        self._changed = changed
        self._poll_s = poll_s
        self._settling = Settling()
        self._touched: set[Path] = set()
        self._wake = asyncio.Event()
        self._places = Places()
        self._directories: frozenset[Path] = frozenset()
        self._folders: frozenset[Path] = frozenset()
        self._folders_at = 0.0
        self._watch: asyncio.Task[None] | None = None

    def follow(self, files: Mapping[Path, Fingerprint], folders: frozenset[Path] = frozenset()) -> None:
        """Replaces the set of files, and of folders that are followed as a whole. Each file comes with the fingerprint
        that it had when it was last read; one that is different by now is reported."""
        self._folders = folders
        self._settling.follow({Path(os.path.abspath(path)): known for path, known in files.items()})
        self._wake.set()

    async def run(self) -> None:
        """Follows until it is cancelled."""
        try:
            while True:
                await self._look()
                wake_at = time.monotonic() + self._poll_s
                await self._sleep_until(min(wake_at, self._settling.next_due() or wake_at))
        finally:
            await self._stop_watching()

    async def _look(self) -> None:
        """One round: look at every file, report what is quiet."""
        self._wake.clear()
        touched, self._touched = frozenset(self._touched), set()
        files = self._settling.files
        found, self._places = await asyncio.to_thread(_look_at, files, self._folders)
        await self._watch_directories(self._places.directories)
        self._settling.seen(found, touched=touched, at=time.monotonic())
        due = self._settling.due(time.monotonic()) | (touched & self._folders)
        if self._folders and time.monotonic() >= self._folders_at:
            due |= self._folders
        if due:
            started = time.monotonic()
            await self._report(due)
            if not due.isdisjoint(self._folders):
                took = time.monotonic() - started
                self._folders_at = time.monotonic() + max(self._poll_s, took / _LOOK_SHARE)

    async def _report(self, due: frozenset[Path]) -> None:
        try:
            await self._changed(due)
        except Exception:
            log.exception("following changed files failed: %s", ", ".join(sorted(map(str, due))))

    async def _sleep_until(self, at: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, at - time.monotonic())):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _watch_directories(self, directories: frozenset[Path]) -> None:
        if directories == self._directories and not (self._watch and self._watch.done()):
            return
        await self._stop_watching()
        self._directories = directories
        if directories:
            self._watch = asyncio.create_task(self._wait_for_events(directories), name="watch files")
            # What changed after the look and before the watch stood has no event: one more look finds it.
            asyncio.get_running_loop().call_later(_STEP_MS / 1000, self._wake.set)

    async def _wait_for_events(self, directories: Iterable[Path]) -> None:
        try:
            watch = watchfiles.awatch(
                *directories, recursive=False, step=_STEP_MS, watch_filter=None, ignore_permission_denied=True
            )
            async for events in watch:
                if touched := {of for _, text in events if (of := self._places.matters(Path(text))) is not None}:
                    self._touched |= touched
                    self._wake.set()
        except (OSError, RuntimeError) as error:
            log.warning("inotify is not to be had (%s): files are looked at each %g s", error, self._poll_s)
            await asyncio.sleep(_WATCH_AGAIN_S)

    async def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None


def _look_at(files: Iterable[Path], folders: frozenset[Path]) -> tuple[dict[Path, Fingerprint], Places]:
    """What the files are, and where a change of them, or of what is in the folders, shows."""
    found = {path: fingerprint(path) for path in files}
    real = {path: Path(os.path.realpath(path)) for path in found}
    named = frozenset((*real.keys(), *real.values()))
    directories = frozenset(path for path in {path.parent for path in named} | folders if path.is_dir())
    linked = frozenset(path.parent for path, leads_to in real.items() if path != leads_to)
    return found, Places(named, directories, linked, folders)

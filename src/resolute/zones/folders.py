"""Folders of zone files: every `NAME.zone` in them is the zone NAME. A file that appears adds its zone, one that goes
takes it away.

What the files were is kept natively: a hundred thousand of them are looked at in a tenth of a second, without the
interpreter.
"""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolute import plane
from resolute.errors import ResoluteError
from resolute.records import names
from resolute.zones.files import SUFFIX, Source, usual_file

_STEP_S: Final = 0.05
_LONGEST_S: Final = 2.0
"""How long a file that is still being written is waited for."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is different in a folder."""

    changed: tuple[Source, ...] = ()
    gone: tuple[str, ...] = ()
    """Paths of files that are gone."""


class ZoneFolder:
    """One folder; remembers what it has seen."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self._native = plane.ZoneFolder(str(self.path), SUFFIX)
        self._strange: dict[str, str] = {}
        self._unreadable = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the folder itself, or with the names of files in it."""
        return (*filter(None, [self._unreadable]), *self._strange.values())

    def look(self) -> Found:
        """What is different since the last look; blocks, two seconds at most while files are being written."""
        until = time.monotonic() + _LONGEST_S
        changed, gone, unsettled = list[str](), list[str](), True
        try:
            while unsettled and time.monotonic() < until:
                fresh, lost, unsettled = self._native.look()
                changed += fresh
                gone += lost
                if unsettled:
                    time.sleep(_STEP_S)
            self._unreadable = ""
        except OSError as error:
            self._unreadable = f"{self.path}: zone files cannot be looked for: {error.strerror}"
        for name in gone:
            self._strange.pop(name, None)
        return Found(tuple(self._sources(changed)), tuple(str(self.path / name) for name in gone))

    def _sources(self, files: Iterable[str]) -> Iterator[Source]:
        folder = str(self.path)
        for file in files:
            try:
                origin = names.from_text(file.removesuffix(SUFFIX))
            except ResoluteError as error:
                self._strange[file] = f"{folder}/{file}: the file's name is to be its zone's name: {error}"
            else:
                yield Source(origin, folder, "" if file == usual_file(origin) else file)

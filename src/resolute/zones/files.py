"""Zone files: read, foreign types converted by dnspython, compiled. Nothing is published here.

    scan (native) -> convert what the scanner does not know -> compile and check (native) -> ZoneState

A load never raises for what stands in the file: a `ZoneState` without an image says what is wrong, and which files to
watch until it is mended. Many files are read in one native call, on all cores and without the interpreter.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from resolute import plane
from resolute.records import names
from resolute.zones.fingerprint import Fingerprint, fingerprint, fingerprint_since

SUFFIX: Final = ".zone"
NO_FILES: Final[Mapping[Path, Fingerprint]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Source:
    """A zone and the zone file that it is read from."""

    origin: bytes
    """The zone's name in wire form, its letter case as the operator wrote it."""
    place: str
    """The file, absolute; or the folder of zone files, which is looked at as a whole, that it was found in."""
    file: str | None = None
    """The file's name in its folder; empty where it is the zone's name as text, as it mostly is."""

    @property
    def in_folder(self) -> bool:
        """Whether the file was found in a folder of zone files."""
        return self.file is not None

    @property
    def path(self) -> str:
        """The file, absolute."""
        if self.file is None:
            return self.place
        return f"{self.place}/{self.file or usual_file(self.origin)}"


@dataclass(frozen=True, slots=True)
class ZoneState:
    """A zone as it stands after the reading of its file: what there is of it, and what is wrong with the file."""

    source: Source
    ticket: int = 0
    """The order in which loads began: a later one is never replaced by an earlier one."""
    image: "plane.ZoneImage | None" = None
    read_at: float = 0.0
    """When the file was read that the image was made of."""
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: Mapping[Path, Fingerprint] = field(default_factory=lambda: NO_FILES)
    """The files to follow, as they were before they were read: what the zone includes, and its own file unless that is
    in a folder of zone files."""

    @property
    def name(self) -> str:
        """The zone's name as text."""
        return names.to_text(self.source.origin)

    def after(self, old: "ZoneState") -> "ZoneState":
        """This state following another one: what does not hold leaves the old image, and the old files followed."""
        if self.image is not None:
            return self
        return replace(self, image=old.image, read_at=old.read_at, files={**old.files, **self.files})


def usual_file(origin: bytes) -> str:
    """The name that the file of a zone has in a folder of zone files."""
    return names.to_text(origin).removesuffix(".") + SUFFIX


def load(sources: Sequence[Source], ticket: int) -> list[ZoneState]:
    """Reads and compiles zone files; blocks."""
    started_ns, now = time.time_ns(), time.time()
    before = [None if source.in_folder else fingerprint(Path(source.path)) for source in sources]
    found = plane.load_zone_files([(source.path, source.origin) for source in sources])
    states = []
    for source, known, loaded in zip(sources, before, found, strict=True):
        files = _files(source, known, loaded.included, started_ns)
        states.append(_state(source, loaded, _Basis(ticket, now, files)))
    return states


def place(problem: "plane.Problem") -> str:
    """`file:line:column`, as far as it is known."""
    numbers = [str(number) for number in (problem.line, problem.column) if number]
    return ":".join([problem.file, *numbers[: 2 if problem.line else 0]])


def problem_lines(problems: Sequence["plane.Problem"], severity: str = "error") -> tuple[str, ...]:
    """The problems of one severity, a line each."""
    return tuple(f"{place(problem)}: {problem.message}" for problem in problems if problem.severity == severity)


@dataclass(frozen=True, slots=True)
class _Basis:
    """What is known of a load whatever its outcome."""

    ticket: int
    read_at: float
    files: Mapping[Path, Fingerprint]


def _state(source: Source, loaded: "plane.LoadedZone", basis: _Basis) -> ZoneState:
    image, problems = loaded.image, loaded.problems
    if loaded.scan is not None:
        try:
            image = _convert(loaded.scan)
        except plane.ZoneFileError as error:
            problems = error.problems
    lines = problem_lines(problems, "error")
    if loaded.error is not None:
        lines = (f"{source.path}: cannot be read: {loaded.error}",)
    warnings = problem_lines(image.warnings if image else problems, "warning")
    return ZoneState(source, basis.ticket, image, basis.read_at, lines, warnings, basis.files)


def _convert(scan: "plane.ZoneScan") -> "plane.ZoneImage":
    """dnspython is loaded only by a zone that needs it."""
    from resolute.records.foreign import convert_all

    convert_all(scan)
    return scan.compile()


def _files(source: Source, known: Fingerprint, included: Sequence[str], started_ns: int) -> Mapping[Path, Fingerprint]:
    if source.in_folder and not included:
        return NO_FILES
    own = {} if source.in_folder else {Path(source.path): known}
    others = {Path(os.path.abspath(file)) for file in included} - {Path(source.path)}
    return own | {file: fingerprint_since(file, started_ns) for file in others}

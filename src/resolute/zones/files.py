"""Zone files: read, foreign types converted by dnspython, compiled. Nothing is published here.

    scan (native) -> convert what the scanner does not know -> compile and check (native) -> ZoneLoad

A load never raises for what stands in the file: a `ZoneLoad` without an image says what is wrong, and which files to
watch until it is mended. Many files are read in one native call, on all cores and without the interpreter.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from resolute import plane
from resolute.zones.fingerprint import Fingerprint, fingerprint, fingerprint_since

NO_FILES: Final[Mapping[Path, Fingerprint]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Source:
    """A zone and the zone file that it is read from."""

    origin: bytes
    """The zone's name in wire form, its letter case as the operator wrote it."""
    path: str
    """The file, absolute."""
    in_folder: bool = False
    """The file was found in a folder of zone files, which is looked at as a whole."""


@dataclass(frozen=True, slots=True)
class ZoneLoad:
    """How the reading of one zone file has ended."""

    source: Source
    ticket: int
    """The order in which loads began: a later one is never replaced by an earlier one."""
    image: "plane.ZoneImage | None"
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: Mapping[Path, Fingerprint] = field(default_factory=lambda: NO_FILES)
    """The files to follow, as they were before they were read: what the zone includes, and its own file unless that is
    in a folder of zone files."""


def load(sources: Sequence[Source], ticket: int) -> list[ZoneLoad]:
    """Reads and compiles zone files; blocks."""
    started_ns = time.time_ns()
    before = [None if source.in_folder else fingerprint(Path(source.path)) for source in sources]
    found = plane.load_zone_files([(source.path, source.origin) for source in sources])
    return [
        _load(source, ticket, loaded, _files(source, known, loaded.included, started_ns))
        for source, known, loaded in zip(sources, before, found, strict=True)
    ]


def place(problem: "plane.Problem") -> str:
    """`file:line:column`, as far as it is known."""
    numbers = [str(number) for number in (problem.line, problem.column) if number]
    return ":".join([problem.file, *numbers[: 2 if problem.line else 0]])


def _load(source: Source, ticket: int, loaded: "plane.LoadedZone", files: Mapping[Path, Fingerprint]) -> ZoneLoad:
    if loaded.error is not None:
        return ZoneLoad(source, ticket, None, (f"{source.path}: cannot be read: {loaded.error}",), (), files)
    image, problems = loaded.image, loaded.problems
    if loaded.scan is not None:
        try:
            image = _convert(loaded.scan)
        except plane.ZoneFileError as error:
            problems = error.problems
    if image is None:
        return ZoneLoad(source, ticket, None, _lines(problems, "error"), _lines(problems, "warning"), files)
    return ZoneLoad(source, ticket, image, (), _lines(image.warnings, "warning"), files)


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


def _lines(problems: Sequence["plane.Problem"], severity: str) -> tuple[str, ...]:
    return tuple(f"{place(problem)}: {problem.message}" for problem in problems if problem.severity == severity)

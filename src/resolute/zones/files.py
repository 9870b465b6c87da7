"""One zone file: read, foreign types converted by dnspython, compiled. Nothing is published here.

    scan (native) -> convert what the scanner does not know -> compile and check (native) -> ZoneLoad

A load never raises for what stands in the file: a `ZoneLoad` without an image says what is wrong, and which files to
watch until it is mended. The native calls release the interpreter, so a load in a thread leaves the event loop free.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resolute import plane
from resolute.zones.fingerprint import Fingerprint, fingerprint, fingerprint_since


@dataclass(frozen=True, slots=True)
class ZoneLoad:
    """How the reading of one zone file has ended."""

    origin: bytes
    path: Path
    image: "plane.ZoneImage | None"
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: Mapping[Path, Fingerprint] = field(default_factory=dict)
    """Every file that was read, as it was before it was read."""


def load(path: Path, origin: bytes) -> ZoneLoad:
    """Reads and compiles a zone file; blocks. `origin`: the zone's name in wire form."""
    path = Path(os.path.abspath(path))
    started_ns = time.time_ns()
    files = {path: fingerprint(path)}
    try:
        scan = plane.scan_zone_file(str(path), origin)
        included = {Path(os.path.abspath(file)) for file in scan.files} - {path}
        files |= {file: fingerprint_since(file, started_ns) for file in included}
        _convert_foreign(scan)
        image = scan.compile()
    except OSError as error:
        where = error.filename or path
        return ZoneLoad(origin, path, None, (f"{where}: cannot be read: {error.strerror or error}",), (), files)
    except plane.ZoneFileError as error:
        return ZoneLoad(origin, path, None, _lines(error.problems, "error"), _lines(error.problems, "warning"), files)
    return ZoneLoad(origin, path, image, (), _lines(image.warnings, "warning"), files)


def place(problem: "plane.Problem") -> str:
    """`file:line:column`, as far as it is known."""
    numbers = [str(number) for number in (problem.line, problem.column) if number]
    return ":".join([problem.file, *numbers[: 2 if problem.line else 0]])


def _convert_foreign(scan: "plane.ZoneScan") -> None:
    """dnspython is loaded only by a zone that needs it."""
    if scan.foreign:
        from resolute.records.foreign import convert_all

        convert_all(scan)


def _lines(problems: Sequence["plane.Problem"], severity: str) -> tuple[str, ...]:
    return tuple(f"{place(problem)}: {problem.message}" for problem in problems if problem.severity == severity)

"""A zone checked as `resolute check` does it: linted, then compiled as the server would."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from resolute import plane
from resolute.errors import UnavailableError
from resolute.records import foreign
from resolute.zones.lint.codes import codes
from resolute.zones.lint.dnssec.signatures import Clock
from resolute.zones.lint.family import Relative
from resolute.zones.lint.finding import Finding, Report
from resolute.zones.lint.linter import Circumstances, Subject, lint


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. `image` is there when the server would serve the zone."""

    report: Report
    relative: Relative
    image: "plane.ZoneImage | None"


def check_text(text: bytes, origin: bytes, *, file: str) -> Sequence[Finding]:
    """The findings in zone text."""
    return _findings(plane.scan_zone_text(text, origin, file=file), origin)


def check_file(path: Path, origin: bytes) -> Sequence[Finding]:
    """The findings in a zone file. Raises UnavailableError when it cannot be read."""
    try:
        return _findings(plane.scan_zone_file(str(path), origin), origin)
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror or error}") from error


def check_scan(subject: Subject, circumstances: Circumstances) -> Checked:
    """Checks a scan, whose foreign records are converted by this, and compiles it."""
    foreign.convert_all(subject.scan)
    report, relative = lint(subject, circumstances)
    image, problems = _compile(subject.scan)
    if any(codes()[problem.code].refused for problem in problems):
        report.distrust_absence()
    places = {file: at for at, file in enumerate(subject.scan.files)}
    for problem in problems:
        report.add_at((places.get(problem.file, 0), problem.line, problem.column), problem.code, problem.message)
    return Checked(report, relative, image)


def _findings(scan: "plane.ZoneScan", origin: bytes) -> Sequence[Finding]:
    checked = check_scan(Subject(origin, scan), Circumstances(Clock(time.time())))
    return list(checked.report.findings())


def _compile(scan: "plane.ZoneScan") -> "tuple[plane.ZoneImage | None, Sequence[plane.Problem]]":
    try:
        image = scan.compile()
    except plane.ZoneFileError as error:
        return None, error.problems
    return image, image.warnings

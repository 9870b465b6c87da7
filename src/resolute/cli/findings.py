"""What `resolute check` finds in one configuration or zone file."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from resolute import plane
from resolute.config import environment
from resolute.config.arguments import Overrides
from resolute.config.load import load
from resolute.errors import PresentationError, SettingsError
from resolute.records import foreign, names
from resolute.zones import hosts, local

_PLACE = re.compile(r"(.+?):([0-9]+)(?::([0-9]+))?: (.*)", re.DOTALL)
_SOA = re.compile(r"^(\S+)[ \t].*\bSOA\b", re.MULTILINE | re.IGNORECASE)
_ORIGIN = re.compile(r"^\$ORIGIN[ \t]+(\S+)", re.MULTILINE | re.IGNORECASE)
_GUESS_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful; line and column are 0 where they are unknown."""

    file: str
    line: int
    column: int
    severity: str
    message: str
    code: str

    def as_json(self) -> dict[str, str | int | None]:
        """For programs; what is unknown is null."""
        return asdict(self) | {"line": self.line or None, "column": self.column or None}


def check_configuration(file: Path) -> Iterator[Finding]:
    """A configuration file by itself (no environment, no flags), and the files that it names."""
    try:
        settings = load(file, Overrides(), {})
    except SettingsError as error:
        yield from (_from_line(problem, "error", "settings", str(file)) for problem in error.problems)
        return
    for zone in settings.zone:
        yield from check_zone(zone.file, zone.name)
    for path in settings.hosts.files:
        yield from _check_lines(path, "hosts", lambda content, file: hosts.parse(content, file=file).problems)
    if settings.hosts.records is not None:
        yield from _check_lines(
            settings.hosts.records, "records", lambda content, file: local.read_seed(content, file=file)[1]
        )


def check_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like settings and are none."""
    for name in environment.unknown(environ):
        yield Finding("environment", 0, 0, "warning", f"{name} is not a setting, nothing reads it", "settings")


def check_zone(file: Path, name: str) -> Iterator[Finding]:
    """A zone file, compiled as the server would."""
    try:
        scan = plane.scan_zone_file(str(file), names.from_text(name))
        foreign.convert_all(scan)
        yield from map(_from_problem, scan.compile().warnings)
    except PresentationError as error:
        yield Finding(str(file), 0, 0, "error", f"the zone's name is none: {error}", "name")
    except OSError as error:
        yield Finding(str(error.filename or file), 0, 0, "error", f"cannot be read: {error.strerror}", "unreadable")
    except plane.ZoneFileError as error:
        yield from map(_from_problem, error.problems)


def guess_origin(file: Path) -> str:
    """The name of a zone file's zone: the owner of its SOA with its first $ORIGIN, else from the file's name
    (`example.org.zone`, `db.example.org`)."""
    try:
        with file.open(encoding="ascii", errors="replace") as stream:
            text = stream.read(_GUESS_BYTES)
    except OSError:
        text = ""
    return _from_text(text) or _from_file_name(file.name)


def _from_text(text: str) -> str | None:
    origin = _ORIGIN.search(text)
    owner = _SOA.search(text)
    if owner and owner[1].endswith("."):
        return owner[1]
    if origin is None or not origin[1].endswith(".") or (owner and origin.start() > owner.start()):
        return None
    relative = owner is not None and not owner[1].startswith(("@", "$"))
    return f"{owner[1]}.{origin[1]}" if owner and relative else origin[1]


def _from_file_name(name: str) -> str:
    return re.sub(r"\.(zone|db|txt|signed)$", "", re.sub(r"^db\.", "", name)) + "."


def _check_lines(file: Path, code: str, problems: Callable[[bytes, str], Iterable[str]]) -> list[Finding]:
    """A file whose lines are skipped where they do not hold, so that each is a warning."""
    try:
        content = file.read_bytes()
    except OSError as error:
        return [Finding(str(file), 0, 0, "error", f"cannot be read: {error.strerror}", "unreadable")]
    return [_from_line(problem, "warning", code, str(file)) for problem in problems(content, str(file))]


def _from_line(line: str, severity: str, code: str, file: str) -> Finding:
    if match := _PLACE.fullmatch(line):
        return Finding(match[1], int(match[2]), int(match[3] or 0), severity, match[4], code)
    return Finding(file, 0, 0, severity, line.removeprefix(f"{file}: "), code)


def _from_problem(problem: "plane.Problem") -> Finding:
    place = (problem.file, problem.line, problem.column)
    return Finding(*place, problem.severity, problem.message, problem.code)

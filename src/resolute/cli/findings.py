"""What `resolute check` finds in a configuration, its hosts files and its local records."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from resolute.config import environment
from resolute.config.arguments import Overrides
from resolute.config.load import load
from resolute.config.tree import Settings
from resolute.errors import SettingsError
from resolute.resolver.iteration import hints
from resolute.zones import hosts, local
from resolute.zones.lint.finding import Finding, finding

_PLACE = re.compile(r"(.+?):([0-9]+)(?::([0-9]+))?: (.*)", re.DOTALL)
_SOA = re.compile(r"^(\S+)[ \t].*\bSOA\b", re.MULTILINE | re.IGNORECASE)
_ORIGIN = re.compile(r"^\$ORIGIN[ \t]+(\S+)", re.MULTILINE | re.IGNORECASE)
_GUESS_BYTES = 65_536


def check_configuration(settings: Settings) -> Iterator[Finding]:
    """The files that a configuration names besides its zones."""
    for path in settings.hosts.files:
        yield from _check_lines(path, "hosts", lambda content, file: hosts.parse(content, file=file).problems)
    if settings.hosts.records is not None:
        yield from _check_lines(
            settings.hosts.records, "records", lambda content, file: local.read_seed(content, file=file)[1]
        )
    try:
        hints.load(settings.resolver.root_hints)
    except SettingsError as error:
        yield from (_from_line(problem, "settings", settings.resolver.root_hints) for problem in error.problems)


def load_configuration(file: Path) -> tuple[Settings | None, list[Finding]]:
    """A configuration file by itself: no environment, no flags."""
    try:
        return load(file, Overrides(), {}), []
    except SettingsError as error:
        return None, [_from_line(problem, "settings", str(file)) for problem in error.problems]


def check_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like settings and are none."""
    for name in environment.unknown(environ):
        yield finding("not-a-setting", "environment", f"{name} is not a setting, nothing reads it")


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
        return [finding("unreadable", str(file), f"cannot be read: {error.strerror}")]
    return [_from_line(problem, code, str(file)) for problem in problems(content, str(file))]


def _from_line(line: str, code: str, file: str) -> Finding:
    if match := _PLACE.fullmatch(line):
        return finding(code, match[1], match[4], at=(int(match[2]), int(match[3] or 0)))
    return finding(code, file, line.removeprefix(f"{file}: "))

"""BIND's configuration (named.conf): its primary zones, and whom it forwards to.

options { directory "/var/cache/bind"; forwarders { 192.0.2.1 port 53; }; };
zone "example.org" { type primary; file "example.org.zone"; };
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from resolute.cli.imports import text
from resolute.cli.imports.collector import Collector
from resolute.cli.imports.found import Imported, ImportedZone
from resolute.cli.samezone import twice
from resolute.errors import RuleError, ZoneDataError
from resolute.records import names
from resolute.zones.flatten import zone_text

_WORD: Final = re.compile(r'//[^\n]*|#[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|[{};]|[^\s{};"]+|\s+|.', re.DOTALL)
_OTHER: Final = "not taken over: docs/settings.md lists the settings there are"


@dataclass(frozen=True, slots=True)
class Statement:
    """Words up to a semicolon; a block of more statements may stand in braces."""

    where: str
    words: tuple[str, ...]
    block: "tuple[Statement, ...] | None" = field(default=None, repr=False)

    def __str__(self) -> str:
        """Without what is in its braces."""
        return " ".join(self.words) + (" { ... }" if self.block is not None else "")


def read(path: Path) -> Imported:
    """What named.conf says, with all that it includes. Raises RuleError for one that cannot be read, and ZoneDataError
    with every problem of every zone file."""
    reader = _Reader(path / "named.conf" if text.is_folder(path) else path)
    return reader.read()


def parse(content: str, file: str) -> tuple[Statement, ...]:
    """The statements of a configuration. Raises RuleError."""
    words = list(_words(content, file))
    found, at = _statements(words, 0, file, deep=0)
    if at != len(words):
        raise RuleError(f"{words[at][0]}: a }} closes nothing")
    return found


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = Collector()
        self._zones: list[ImportedZone] = []
        self._problems: list[str] = []
        self._directory = path.parent

    def read(self) -> Imported:
        statements = list(self._with_included(self._path, 0))
        for one in statements:
            if one.words[0] == "options":
                self._options(one)
        for one in statements:
            self._statement(one)
        self._problems += twice((zone.origin, zone.where) for zone in self._zones)
        if self._problems:
            raise ZoneDataError(self._problems[0], self._problems)
        return self._found.result(self._zones)

    def _with_included(self, path: Path, depth: int) -> Iterator[Statement]:
        if depth > text.DEPTH:
            raise RuleError(f"{path}: files include each other without end")
        for one in parse(text.read(path), str(path)):
            if one.words[0] == "include" and len(one.words) == 2:
                yield from self._with_included(self._path.parent / one.words[1], depth + 1)
            else:
                yield one

    def _statement(self, one: Statement) -> None:
        kind = one.words[0]
        if kind == "view":
            raise RuleError(
                f"{one.where}: views are not in this version: import the zones of one view, from a configuration that "
                "has them outside of `view`"
            )
        if kind == "zone" and one.block is not None and len(one.words) > 1:
            self._zone(one, one.words[1])
        elif kind != "options":
            self._found.leave(one.where, str(one), _OTHER)

    def _options(self, options: Statement) -> None:
        for one in options.block or ():
            if one.words[0] == "directory" and len(one.words) == 2:
                self._directory = self._path.parent / one.words[1]
            elif one.words[0] == "forwarders":
                self._forwarders(one, None)
            else:
                self._found.leave(one.where, str(one), _OTHER)

    def _forwarders(self, statement: Statement, domains: Sequence[str] | None) -> None:
        if not statement.block:
            self._found.leave(statement.where, str(statement), "not taken over: it forwards to nobody")
        for one in statement.block or ():
            try:
                usual, port = _port(statement.words), _port(one.words)
            except RuleError as error:
                self._found.leave(one.where, f"{statement}: {one}", str(error))
            else:
                self._found.upstream(one.where, one.words[0] + (port or usual), domains)

    def _zone(self, zone: Statement, name: str) -> None:
        values = {one.words[0]: one for one in zone.block or ()}
        kind = values["type"].words[-1] if "type" in values else ""
        what = f'zone "{name}"'
        match kind:
            case _ if zone.words[2:] and zone.words[2].lower() not in ("in", "internet"):
                self._found.leave(zone.where, what, f"not taken over: its class is {zone.words[2]}")
            case "primary" | "master" if "file" in values:
                self._primary(zone, name, values["file"].words[-1])
                self._others(zone, {"type", "file"})
            case "forward" if "forwarders" in values:
                self._forwarders(values["forwarders"], [name])
                self._others(zone, {"type", "forwarders"})
            case "hint":
                self._others(zone, {"type", "file"})  # there are root hints in every resolver
            case "secondary" | "slave" | "mirror" | "stub":
                why = f"not taken over: a {kind} zone has its primary elsewhere; import a copy: dig AXFR {name} > FILE"
                self._found.leave(zone.where, what, why)
            case _:
                self._found.leave(zone.where, what, f"not taken over: type {kind or '(none)'}, or no file")

    def _others(self, zone: Statement, taken: Container[str]) -> None:
        """What a zone has besides."""
        for one in zone.block or ():
            if one.words[0] not in taken:
                self._found.leave(one.where, f'zone "{zone.words[1]}": {one}', _OTHER)

    def _primary(self, zone: Statement, name: str, file: str) -> None:
        path = self._directory / file
        try:
            origin = names.from_text(name)
            self._zones.append(ImportedZone(origin, zone_text(path, origin, include_root=self._directory), str(path)))
        except ZoneDataError as error:
            self._problems += error.problems
        except (ValueError, OSError) as error:  # a name or a path that is none, too
            reason = error.strerror if isinstance(error, OSError) else error
            self._problems.append(f"{zone.where}: zone {name}: {path}: {reason}")
        else:
            self._journal(zone, Path(f"{path}.jnl"))

    def _journal(self, zone: Statement, path: Path) -> None:
        if text.is_file(path):
            why = "named may have changes in it that the zone file does not have: run `rndc sync`, then import again"
            self._found.leave(zone.where, str(path), why)


def _words(content: str, file: str) -> Iterator[tuple[str, str]]:
    """(place, word); a word in quotes keeps the first of them, so that \"{\" is none."""
    line = 1
    for match in _WORD.finditer(content):
        word = match[0]
        if not word.isspace() and not word.startswith(("//", "#", "/*")):
            yield f"{file}:{line}", word
        line += word.count("\n")


def _statements(
    words: Sequence[tuple[str, str]], at: int, file: str, *, deep: int
) -> tuple[tuple[Statement, ...], int]:
    """The statements from a word on, up to the brace that closes them. Raises RuleError."""
    if deep > 64:
        raise RuleError(f"{file}: braces stand too deep in each other")
    found: list[Statement] = []
    while at < len(words) and words[at][1] != "}":
        where, own, block = words[at][0], list[str](), None
        while at < len(words) and words[at][1] not in (";", "}"):
            if words[at][1] == "{":
                block, at = _statements(words, at + 1, file, deep=deep + 1)
                if at >= len(words):
                    raise RuleError(f"{where}: its {{ is not closed")
            else:
                own.append(_plain(words[at][1]))
            at += 1
        if at >= len(words) or words[at][1] != ";":
            raise RuleError(f"{where}: a ; is missing")
        at += 1
        if own:
            found.append(Statement(where, tuple(own), block))
    return tuple(found), at


def _port(words: Sequence[str]) -> str:
    """`port 5353` after the first word, as `#5353`. Raises RuleError for what stands there besides."""
    match words[1:]:
        case ():
            return ""
        case ("port", number):
            return f"#{number}"
        case _:
            raise RuleError("not taken over: plain UDP and TCP is all there is yet")


def _plain(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if len(word) > 1 and word[0] == word[-1] == '"' else word

"""Where a setting stands in a TOML file: line and column, which `tomllib` does not tell.

A light reading: it finds tables, arrays of tables and keys at the start of a line, as people write them. What it does
not find (keys within an inline table) is reported at the table that has it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from resolute.config.layers import Location

_TABLE = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_\-.\s\"']+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-.\"']+(?:\s*\.\s*[A-Za-z0-9_\-\"']+)*)\s*=")


@dataclass(frozen=True, slots=True)
class _Found:
    """A table or key: where it is in the tree and in the file."""

    location: tuple[int | str, ...]
    line: int
    column: int


def find(text: str, location: Location) -> tuple[int, int] | None:
    """Line and column, from 1, of the setting or of the innermost table around it that stands in the text."""
    wanted = tuple(location)
    found = [item for item in _read(text) if item.location and wanted[: len(item.location)] == item.location]
    best = max(found, key=lambda item: len(item.location), default=None)
    return (best.line, best.column) if best else None


def _read(text: str) -> Iterator[_Found]:
    table: tuple[int | str, ...] = ()
    counts: dict[tuple[int | str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _TABLE.fullmatch(line):
            table = _split(match[2])
            if match[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield _Found(table, number, match.start(1) + 1)
        elif match := _KEY.match(line):
            yield _Found((*table, *_split(match[1])), number, match.start(1) + 1)


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))

"""Edits of a zone whose source is a file are written back into the file.

    read -> is it what is served? -> rewrite -> a zone still? -> write beside it -> read again: the same? -> rename

A failure anywhere leaves the old file. What the zone includes is read, and never written.
"""

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolute import durable, plane
from resolute.errors import RuleError, UnavailableError, ZoneDataError, not_kept
from resolute.records.foreign import convert_all
from resolute.records.rrset import RRset
from resolute.zones.files import problem_lines
from resolute.zones.filetext import rewrite
from resolute.zones.fingerprint import Fingerprint, fingerprint
from resolute.zones.settings import ZoneSource

_INCLUDE: Final = b"$INCLUDE"


@dataclass(frozen=True, slots=True)
class Written:
    """A zone file after an edit."""

    file: Path
    """The file itself, where the path is a link."""
    known: Fingerprint
    """What it is now."""
    image: "plane.ZoneImage"
    """The zone that it holds."""


def check_writable(zone: ZoneSource) -> None:
    """Raises RuleError for a zone file that is not to be written."""
    if not zone.writable:
        raise RuleError(
            f"the zone {zone.name} is not edited here: its [[zone]] says `writable = false`; edit {zone.file} by hand"
        )


def write_back(path: Path, origin: bytes, wanted: Sequence[RRset], *, known: Fingerprint) -> Written:
    """Makes RRsets of a zone file exactly those that are wanted; blocks. It survives a crash when this returns.

    `origin` is the zone's name in wire form; `known` what the file was when the zone that is served was read from it,
    None where that is not known.

    Raises RuleError when the file is not that any more, or cannot be edited so; ZoneDataError when the result would be
    no zone; UnavailableError when the file cannot be read or written. Then it is as it was.
    """
    file, path = Path(os.path.realpath(path)), Path(os.path.abspath(path))
    before = fingerprint(file)

    def look() -> None:
        if fingerprint(file) != before or Path(os.path.realpath(path)) != file:
            raise _changed_meanwhile(path)

    if known is not None and before != known:
        raise _changed_meanwhile(path)
    text, status = _read(path)
    edited = rewrite(text, origin, wanted, file=str(path), scan=lambda text: _scan(text, origin, path))
    image = _compile(_scan(edited, origin, path), path)
    if edited != text:
        _write(path, file, edited, Condition(status, look))
    return Written(file, fingerprint(file), image)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a file is before it is replaced, and the last look at whether it still is."""

    status: os.stat_result
    look: Callable[[], None]


def _read(path: Path) -> tuple[bytes, os.stat_result]:
    try:
        with path.open("rb") as file:
            return file.read(), os.fstat(file.fileno())
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror}") from error


def _write(path: Path, file: Path, text: bytes, condition: Condition) -> None:
    try:
        if not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, "it is read-only")
        durable.replace(file, text, like=condition.status, last_look=condition.look)
    except durable.UncertainError as error:
        raise UnavailableError(
            f"{path}: the edit is written, but may be lost in a crash: {error.filename}: {error.strerror}"
        ) from error
    except OSError as error:
        raise not_kept(f"{path}: cannot be written: {error.strerror}; the file is as it was", error) from error


def _scan(text: bytes, origin: bytes, path: Path) -> "plane.ZoneScan":
    """Reads a text as if it stood in the file, with what it includes."""
    if _INCLUDE not in text.upper():
        return plane.scan_zone_text(text, origin, file=str(path))
    with open(os.memfd_create(path.name), "wb") as memory:  # noqa: PTH123, a descriptor
        memory.write(text)
        memory.flush()
        return plane.scan_zone_file(f"/proc/self/fd/{memory.fileno()}", origin, include_root=str(path.parent))


def _compile(scan: "plane.ZoneScan", path: Path) -> "plane.ZoneImage":
    read_from = scan.files[0]
    try:
        convert_all(scan)
        return scan.compile()
    except plane.ZoneFileError as error:
        lines = [line.replace(read_from, str(path), 1) for line in problem_lines(error.problems)]
        raise ZoneDataError(f"{path}: with this edit it would be no zone: {lines[0]}", lines) from error


def _changed_meanwhile(path: Path) -> RuleError:
    return RuleError(f"{path}: somebody else edits it at the same time; nothing is written: try again")

"""A zone file as zone text without directives, in canonical order: for who is sent text and has no files to include."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from resolute import plane
from resolute.errors import ZoneDataError
from resolute.records.foreign import convert_all
from resolute.zones.files import problem_lines
from resolute.zones.rows import as_zone_text, rows_of

_PAGE: Final = 5_000


def zone_text(path: Path, origin: bytes, *, include_root: Path | None = None) -> bytes:
    """The text of a zone file. `$INCLUDE` is followed below `include_root`, or else the file's own folder.

    Raises ZoneDataError with file, line and column of everything that is wrong; OSError when it cannot be read.
    """
    root = None if include_root is None else str(include_root)
    return _text(lambda: plane.scan_zone_file(str(path), origin, include_root=root))


def flat(text: bytes, origin: bytes, *, file: str) -> bytes:
    """The same of zone text; `file` is what problems call it. Raises ZoneDataError."""
    return _text(lambda: plane.scan_zone_text(text, origin, file=file))


def _text(scan: "Callable[[], plane.ZoneScan]") -> bytes:
    """Scanned twice: a zone that is compiled, and so checked, has let its records go."""
    try:
        _converted(scan).compile()
    except plane.ZoneFileError as error:
        lines = problem_lines(error.problems)
        raise ZoneDataError(lines[0], lines) from error
    return as_zone_text(rows_of(_records(_converted(scan))))


def _converted(scan: "Callable[[], plane.ZoneScan]") -> "plane.ZoneScan":
    found = scan()
    convert_all(found)
    return found


def _records(scan: "plane.ZoneScan") -> Iterator[tuple[bytes, int, int, bytes]]:
    listing = scan.listing()
    for start in range(0, len(listing), _PAGE):
        for owner, rtype, ttl, data, *_ in listing.records(start, min(start + _PAGE, len(listing))):
            yield owner, rtype, ttl, data

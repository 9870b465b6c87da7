"""Technitium DNS Server: zones that it has exported as text (Zones, Export Zone), a file each.

Its backups and its folder `config/zones` have zones in a form of its own that nobody else reads: those are named, and
how to export them.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from resolute.cli.imports import text
from resolute.cli.imports.collector import Collector
from resolute.cli.imports.found import Imported, ImportedZone
from resolute.cli.samezone import twice
from resolute.errors import PresentationError, RuleError, ZoneDataError
from resolute.records import names
from resolute.zones.flatten import flat

_BINARY: Final = (
    "zones are kept there in a form that only Technitium reads: export each (Zones, the zone's menu, Export Zone), or "
    "copy it with `dig AXFR ZONE @SERVER > ZONE.zone`"
)
_ORIGIN: Final = re.compile(rb"^\$ORIGIN\s+(\S+)", re.MULTILINE)
_OWN_TYPES: Final = re.compile(
    rb"""(?:\\.|[^\s;"()\\])*    # the owner, or none
    (?:\s+(?:\d\w*|IN))*        # TTL and class, in either order
    \s+(FWD|APP|ANAME)\s""",
    re.IGNORECASE | re.VERBOSE,
)
_LINE_END: Final = re.compile(rb"\r?\n")
_ENDINGS: Final = (".zone", ".txt")
_LOOKED_AT: Final = 4_096
"""Octets in which what is no text has a zero."""


def read(path: Path) -> Imported:
    """What exported zones say: of a file, or of all files of a folder. Raises RuleError, and ZoneDataError with every
    problem of every file."""
    found, zones, problems = Collector(), list[ImportedZone](), list[str]()
    for file in _files(path):
        content = b"" if file.suffix == ".zip" else text.octets(file)
        if not content or b"\0" in content[:_LOOKED_AT]:
            found.leave(str(file), "zones", _BINARY)
            continue
        try:
            zones.append(_zone(found, file, content))
        except ZoneDataError as error:
            problems += error.problems
        except PresentationError as error:
            problems.append(f"{file}: {error}")
    problems += twice((zone.origin, zone.where) for zone in zones)
    if problems:
        raise ZoneDataError(problems[0], problems)
    return found.result(zones)


def _files(path: Path) -> list[Path]:
    if not text.is_folder(path):
        return [path]
    found = sorted(one for place in (path, path / "zones") if text.is_folder(place) for one in text.files(place))
    files = [one for one in found if one.suffix in (*_ENDINGS, ".zip")]
    if not files:
        raise RuleError(f"{path} has no file that ends with {' or '.join(_ENDINGS)}: export the zones into it")
    return files


def _zone(found: Collector, file: Path, content: bytes) -> ImportedZone:
    """Zone text is octets: what is not UTF-8 stays as it is."""
    known = b"\n".join(_known(found, content.removeprefix(codecs.BOM_UTF8), str(file)))
    match = _ORIGIN.search(known)
    origin = names.from_text(match[1].decode("utf-8", "replace") if match else file.stem)
    return ImportedZone(origin, flat(known, origin, file=str(file)), str(file))


def _known(found: Collector, content: bytes, file: str) -> Iterator[bytes]:
    """The lines, those of types that only Technitium has made empty."""
    for number, line in enumerate(_LINE_END.split(content), start=1):
        if match := _OWN_TYPES.match(line):
            what = " ".join(line.decode("utf-8", "replace").split())
            found.leave(f"{file}:{number}", what, f"{match[1].decode().upper()} is a type that only Technitium has")
            yield b""
        else:
            yield line

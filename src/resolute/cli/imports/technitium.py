"""Technitium DNS Server: zones that it has exported as text (Zones, Export Zone), a file each.

Its backups and its folder `config/zones` have zones in a form of its own that nobody else reads: those are named, and
how to export them.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from resolute.cli.imports import text
from resolute.cli.imports.found import Collector, Imported, ImportedZone
from resolute.errors import PresentationError, RuleError, ZoneDataError
from resolute.records import names
from resolute.zones.flatten import flat

DEFAULT: Final = Path("/etc/dns")
_BINARY: Final = (
    "zones are kept there in a form that only Technitium reads: export each (Zones, the zone's menu, Export Zone), or "
    "copy it with `dig AXFR ZONE @SERVER > ZONE.zone`"
)
_ORIGIN: Final = re.compile(r"^\$ORIGIN\s+(\S+)", re.MULTILINE)
_OWN_TYPES: Final = re.compile(r"^[^;\"]*\s(FWD|APP|ANAME)\s", re.IGNORECASE)
_ENDINGS: Final = (".zone", ".txt")


def read(path: Path) -> Imported:
    """What exported zones say: of a file, or of all files of a folder. Raises RuleError, and ZoneDataError with every
    problem of every file."""
    found, zones, problems = Collector(), list[ImportedZone](), list[str]()
    for file in _files(path):
        if _is_binary(file):
            found.leave(str(file), "zones", _BINARY)
            continue
        try:
            zones.append(_zone(found, file))
        except ZoneDataError as error:
            problems += error.problems
        except PresentationError as error:
            problems.append(f"{file}: {error}")
    if problems:
        raise ZoneDataError(problems[0], problems)
    return found.result(zones)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(one for place in (path, path / "zones") if place.is_dir() for one in place.iterdir())
    files = [one for one in found if one.is_file() and one.suffix in (*_ENDINGS, ".zip")]
    if not files:
        raise RuleError(f"{path} has no file that ends with {' or '.join(_ENDINGS)}: export the zones into it")
    return files


def _is_binary(file: Path) -> bool:
    """Also an archive, which is a backup."""
    with file.open("rb") as opened:
        return b"\0" in opened.read(4_096) or file.suffix == ".zip"


def _zone(found: Collector, file: Path) -> ImportedZone:
    content = "\n".join(_known(found, text.read(file), str(file)))
    match = _ORIGIN.search(content)
    origin = names.from_text(match[1] if match else file.stem)
    return ImportedZone(origin, flat(content.encode(), origin, file=str(file)), str(file))


def _known(found: Collector, content: str, file: str) -> Iterator[str]:
    """The lines, those of types that only Technitium has made empty."""
    for number, line in enumerate(content.splitlines(), start=1):
        if match := _OWN_TYPES.match(line):
            found.leave(
                f"{file}:{number}", " ".join(line.split()), f"{match[1].upper()} is a type that only Technitium has"
            )
            yield ""
        else:
            yield line

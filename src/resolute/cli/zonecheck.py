"""Zone files for `resolute check`: read, linted and compiled as the server would, each by itself and all together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resolute import plane
from resolute.errors import PresentationError
from resolute.records import names
from resolute.zones.checking import check_scan
from resolute.zones.lint import family
from resolute.zones.lint.codes import codes
from resolute.zones.lint.finding import Finding, finding
from resolute.zones.lint.linter import Circumstances, Subject


@dataclass(frozen=True, slots=True)
class NamedZone:
    """A zone's name as text, and its file."""

    name: str
    file: Path


@dataclass(slots=True)
class ZoneChecks:
    """Checks zones. When `findings` has ended, `images` has those that would be served, if they were asked for."""

    zones: Sequence[NamedZone]
    circumstances: Circumstances
    keep_images: bool = False
    images: "list[plane.ZoneImage]" = field(default_factory=list)
    _children: dict[bytes, list[bytes]] = field(default_factory=dict)
    _related: set[bytes] = field(default_factory=set)
    _relatives: list[family.Relative] = field(default_factory=list)

    def findings(self) -> Iterator[Finding]:
        """What is found in each zone, then between them."""
        self._children = family.children(wire for zone in self.zones if (wire := _wire(zone.name)) is not None)
        self._related = {*self._children, *(below for some in self._children.values() for below in some)}
        for zone in self.zones:
            yield from self._check(zone)
        ignored = self.circumstances.ignored
        yield from (found for found in family.check(self._relatives) if found.code not in ignored)

    def _check(self, zone: NamedZone) -> list[Finding]:
        try:
            origin = names.from_text(zone.name)
            scan = plane.scan_zone_file(str(zone.file), origin)
        except PresentationError as error:
            return [finding("name", str(zone.file), f"the zone's name is none: {error}")]
        except OSError as error:
            return [finding("unreadable", str(error.filename or zone.file), f"cannot be read: {error.strerror}")]
        children = self._children.get(names.fold(origin), ())
        checked = check_scan(Subject(origin, scan, children), self.circumstances)
        if names.fold(origin) in self._related:
            self._relatives.append(checked.relative)
        if self.keep_images and checked.image is not None:
            self.images.append(checked.image)
        return list(checked.report.findings())


def check_ignored(words: Sequence[str]) -> frozenset[str]:
    """Codes that may be ignored. Raises ValueError."""
    for word in words:
        if word not in codes():
            raise ValueError(f"{word!r} is not a code: `resolute check --codes` lists them")
        if codes()[word].refused:
            raise ValueError(f"{word} cannot be ignored: the server refuses such a zone")
    return frozenset(words)


def _wire(name: str) -> bytes | None:
    try:
        return names.fold(names.from_text(name))
    except PresentationError:
        return None

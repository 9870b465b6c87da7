"""A finding, and the report that collects findings: bounded for each code, so that a zone of a million mistakes can be
checked too."""

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass

from resolute.zones.lint.codes import codes
from resolute.zones.lint.records import Record

MOST_OF_A_CODE = 100
"""Findings of one code that are reported for one zone; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or doubtful; line and column are 0 where they are unknown."""

    file: str
    line: int
    column: int
    severity: str
    """`error`, `warning` or `info`."""
    message: str
    code: str
    mend: str
    """What to do about it."""

    def as_json(self) -> dict[str, str | int | None]:
        """For programs; what is unknown is null."""
        return asdict(self) | {"line": self.line or None, "column": self.column or None}


def finding(code: str, file: str, message: str, *, at: tuple[int, int] = (0, 0), mend: str | None = None) -> Finding:
    """A finding of a registered code; severity and remedy are the registry's."""
    known = codes()[code]
    return Finding(file, *at, known.severity, message, code, mend or known.mend)


class Report:
    """Collects the findings of one zone."""

    def __init__(self, files: Sequence[str], ignored: AbstractSet[str] = frozenset()) -> None:
        self._files = files
        self._ignored = ignored
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def add(self, code: str, at: Record | None, message: str, *, mend: str | None = None) -> None:
        """Notes a finding at a record's place, or of the zone as a whole."""
        place = (at.file, at.line, at.column) if at is not None else (0, 0, 0)
        self.add_at(place, code, message, mend=mend)

    def add_at(self, place: tuple[int, int, int], code: str, message: str, *, mend: str | None = None) -> None:
        """Notes a finding at a file (its index), line and column; 0 where they are unknown."""
        if code in self._ignored:
            return
        self._counts[code] += 1
        if self._counts[code] <= MOST_OF_A_CODE:
            file, line, column = place
            self._findings.append(finding(code, self._files[file], _printable(message), at=(line, column), mend=mend))

    def distrust_absence(self) -> None:
        """Entries of the file could not be read: what is said not to be there may stand in one of them."""
        self._findings = [each for each in self._findings if not codes()[each.code].absence]
        self._counts = Counter({code: count for code, count in self._counts.items() if not codes()[code].absence})

    def findings(self) -> Iterator[Finding]:
        """All in the order of the files and lines, then what was counted only."""
        order = {file: at for at, file in enumerate(self._files)}
        yield from sorted(self._findings, key=lambda each: (order[each.file], each.line, each.column, each.code))
        for code, count in self._counts.items():
            if count > MOST_OF_A_CODE:
                more = count - MOST_OF_A_CODE
                yield finding(code, self._files[0], f"and {more} more of the kind {code}")


def _printable(message: str) -> str:
    """What stands in a zone must not move a terminal's cursor or break a line of a log."""
    return "".join(each if " " <= each <= "~" else f"\\{ord(each) % 256:03d}" for each in message)

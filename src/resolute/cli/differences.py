"""What changes or would change in zones, as people read it: a line a record, with + and -."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from resolute.cli.terminal import print_line

ADDED: Final = "green"
REMOVED: Final = "red"


def print_differences(changes: Iterable[Mapping[str, Any]], *, indent: str = "  ") -> None:
    """RRsets as the API has them (`RRsetChange`), those of their records that differ."""
    for change in changes:
        for sign, line in record_lines(change):
            print_line((f"{indent}{sign} {line}", ADDED if sign == "+" else REMOVED))


def record_lines(change: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(`-` or `+`, record) for each record that goes or comes; one whose TTL is another one does both."""
    before, after = _records(change["before"]), _records(change["after"])
    for sign, ours, others in (("-", before, after), ("+", after, before)):
        for ttl, data in ours:
            if (ttl, data) not in others:
                yield sign, f"{change['name']} {ttl} {change['type']} {data}"


def _records(side: Mapping[str, Any] | None) -> list[tuple[int, str]]:
    return [] if side is None else [(int(side["ttl"]), str(record)) for record in side["records"]]

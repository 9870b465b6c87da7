"""What a change has done, or would do, as lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from resolute.cli.terminal import counted, print_json, print_line, print_warning

JSON = Mapping[str, Any]


def print_change(change: JSON, *, json: bool) -> None:
    """The answer to a change of a zone: what it did to each RRset, then a line for the zone."""
    if json:
        print_json(change)
    else:
        print_differences(change["changes"])
        print_line(_summary(change))
    if change["served"] is False:
        print_warning("the change is durable; the node of that machine has not confirmed yet that it serves it")


def print_differences(changes: list[JSON], *, indent: str = "") -> None:
    """RRsets before and after: what goes with a minus, what comes with a plus."""
    for change in changes:
        before, after = set(_lines(change, "before")), set(_lines(change, "after"))
        for line in _lines(change, "before"):
            if line not in after:
                print_line((f"{indent}- {line}", "error"))
        for line in _lines(change, "after"):
            if line not in before:
                print_line((f"{indent}+ {line}", "ok"))


def _lines(change: JSON, side: str) -> Iterator[str]:
    rrset = change[side]
    if rrset is not None:
        yield from (f"{change['name']} {rrset['ttl']} {change['type']} {record}" for record in rrset["records"])


def _summary(change: JSON) -> str:
    before, after = change["serial_before"], change["serial_after"]
    if not change["added"] and not change["removed"] and before == after:
        return f"{change['zone']} nothing is different"
    would = "would be " if change["planned"] else ""
    if before is None:
        what = f"{would}made, serial {after}"
    elif after is None:
        what = f"{would}removed"
    else:
        what = f"{would}changed, serial {before} -> {after}"
    counts = f"{counted(change['added'], 'record')} added, {change['removed']} removed"
    revision = "" if change["revision"] is None else f", revision {change['revision']}"
    return f"{change['zone']} {what}, {counts}{revision}"

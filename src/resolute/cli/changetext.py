"""What a change has done, or would do, as lines for people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from resolute.cli.terminal import counted, print_json, print_line, print_warning

JSON = Mapping[str, Any]


def print_change(change: JSON, *, json: bool) -> None:
    """The answer to a change of a zone: what it did to each RRset, then a line for the zone."""
    if json:
        print_json({**change, "not_shown": not_shown(change)})
    else:
        print_differences(change["changes"])
        print_not_shown(change)
        print_line(_summary(change))
    warn_unconfirmed([change])


def warn_unconfirmed(answers: Iterable[JSON]) -> None:
    """Says it where a node has not."""
    if any(one.get("served") is False for one in answers):
        print_warning("the change is durable; the node of that machine has not confirmed yet that it serves it")


def print_not_shown(change: JSON, *, indent: str = "") -> None:
    """Says that the server's list of what differs in a zone is not all of it."""
    if is_cut(change):
        print_line((f"{indent}and {counted(not_shown(change), 'record')} more, which the server does not list", "dim"))


def is_cut(change: JSON) -> bool:
    """Whether there is such a list, and it ends early: of a zone that is made or removed there is none."""
    return bool(change["changes"] and not_shown(change))


def not_shown(change: JSON) -> int:
    """Records that differ and are not in the list: the server lists the first RRsets alone."""
    listed = sum(len(_records(one, "before") ^ _records(one, "after")) for one in change["changes"])
    return max(0, int(change["added"]) + int(change["removed"]) - listed)


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


def _records(change: JSON, side: str) -> set[str]:
    return set(change[side]["records"]) if change[side] is not None else set()


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

"""`resolute apply DIR`: the zones of the store become those of a folder of zone files."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from resolute.cli.applying import Doing, ZonePlan, carry_out, check_folder, plan
from resolute.cli.changetext import is_cut, not_shown, print_differences, print_not_shown, warn_unconfirmed
from resolute.cli.options import Config, Data, Json, Plan, Reason, Server, TokenFile, admin
from resolute.cli.progress import progress_bar
from resolute.cli.terminal import print_json, print_line
from resolute.errors import ResoluteError

WOULD_CHANGE: Final = 3
"""The exit code of a plan that is not empty: neither an error (1) nor a wrong call (2)."""
_SIGNS: Final = {Doing.ADD: ("+", "ok"), Doing.CHANGE: ("~", "yellow"), Doing.REMOVE: ("-", "error")}
_SHOWN: Final = 50
"""RRsets of a zone that are shown when nobody has asked for the plan alone."""


def apply(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Zone files: NAME.zone is the zone NAME.", exists=True, file_okay=False),
    ],
    delete: Annotated[
        bool, typer.Option("--delete", help="Also remove the zones of the store that have no file here.")
    ] = False,
    only_plan: Plan = False,
    reason: Reason = "",
    server: Server = None,
    token_file: TokenFile = None,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make the zones of the store equal to a folder of zone files, and show what that changes.

    All files are checked before anything is changed, and each zone is changed as a whole or not at all. A newer serial
    in a file counts; otherwise the zone's serial is raised where something differs. With --plan nothing is changed, and
    the exit code is 0 when there is nothing to do, 3 when there is.
    """
    client = admin(config, data, server, token_file, reason=reason)
    with progress_bar(quiet=json, doing="checking", worth=100) as progress:
        sources = check_folder(folder, progress)
    with progress_bar(quiet=json, doing="comparing", worth=100) as progress:
        plans = list(plan(client, sources, remove=delete, progress=progress))
    if not json:
        _print_plans(plans, whole=only_plan)
    to_do = [one for one in plans if one.would_change]
    if only_plan:
        _report(plans, planned=True, json=json)
        raise typer.Exit(WOULD_CHANGE if to_do else 0)
    with progress_bar(quiet=json, doing="applying", worth=100) as progress:
        outcome = carry_out(client, to_do, progress)
    _report(
        [*outcome.done, *(one for one in plans if not one.would_change)],
        planned=False,
        json=json,
        rest=outcome.rest,
        error=outcome.error,
    )
    if outcome.error is not None:
        raise typer.Exit(1) if json else outcome.error


def _print_plans(plans: Sequence[ZonePlan], *, whole: bool) -> None:
    shown = None if whole else _SHOWN if sys.stdout.isatty() else 0
    for one in plans:
        if one.would_change:
            print_step(one.name, one.doing, one.change, shown=shown)
    for one in plans:
        if one.doing is Doing.LEAVE:
            print_line((f"  {one.name}  left alone: {one.note}", "dim"))


def print_step(name: str, doing: Doing, change: Mapping[str, Any], *, shown: int | None) -> None:
    """A zone that is another one then, and so many of its RRsets that differ; None: all."""
    sign, style = _SIGNS[doing]
    serials = " -> ".join(str(change[key]) for key in ("serial_before", "serial_after") if change[key] is not None)
    print_line((f"{sign} {name}", style), f"  +{change['added']} -{change['removed']} records, serial {serials}")
    some = change["changes"][:shown]
    print_differences(some, indent="    ")
    if some and len(some) < len(change["changes"]):
        them = f"the first {len(change['changes']):,} of all" if is_cut(change) else "them"
        print_line((f"    and {len(change['changes']) - len(some):,} RRsets more: --plan shows {them}", "dim"))
    elif some:
        print_not_shown(change, indent="    ")


def print_rest(names: Sequence[str], verb: str) -> None:
    """What was not done when something refused."""
    if names:
        print_line((f"not done: {', '.join(names)[:400]}; {verb} again completes it", "error"))


def _report(
    plans: Sequence[ZonePlan],
    *,
    planned: bool,
    json: bool,
    rest: Sequence[ZonePlan] = (),
    error: ResoluteError | None = None,
) -> None:
    counts = {doing: sum(one.doing is doing for one in plans) for doing in Doing}
    warn_unconfirmed(one.change for one in plans)
    if json:
        done = [_as_json(one, done=not planned and one.would_change) for one in plans]
        tree: dict[str, Any] = {"planned": planned, "zones": [*done, *(_as_json(one, done=False) for one in rest)]}
        print_json(tree | ({} if error is None else {"error": {"message": str(error)}}))
        return
    what = ("to add", "to change", "to remove") if planned else ("added", "changed", "removed")
    figures = zip((Doing.ADD, Doing.CHANGE, Doing.REMOVE), what, strict=True)
    line = ", ".join(f"{counts[doing]} {word}" for doing, word in figures)
    print_line(f"{line}, {counts[Doing.NOTHING]} as they are")
    if counts[Doing.KEEP]:
        kept = ", ".join(one.name for one in plans if one.doing is Doing.KEEP)[:400]
        print_line((f"kept without a file here: {counts[Doing.KEEP]} ({kept}); --delete removes them", "warning"))
    print_rest([one.name for one in rest], "apply")


def _as_json(one: ZonePlan, *, done: bool) -> dict[str, Any]:
    change = {key: one.change.get(key) for key in ("serial_before", "serial_after", "added", "removed", "changes")}
    return {
        "zone": one.name,
        "action": one.doing.value,
        "done": done,
        "note": one.note,
        **({**change, "not_shown": not_shown(one.change)} if one.change else {}),
    }

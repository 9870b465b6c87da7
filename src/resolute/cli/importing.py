"""`resolute import PROGRAM PATH`: zones, local records and settings from another program's own files."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from resolute.cli.apply import WOULD_CHANGE, print_rest, print_step
from resolute.cli.applying import Doing, carry_out
from resolute.cli.changetext import warn_unconfirmed
from resolute.cli.options import Config, Data, Json, Plan, Reason, Server, TokenFile, admin
from resolute.cli.progress import progress_bar
from resolute.cli.terminal import print_json, print_line

if TYPE_CHECKING:
    from resolute.cli.applying import Outcome
    from resolute.cli.imports.found import Imported
    from resolute.cli.takeover import LocalStep, Steps, ZoneStep

app = typer.Typer(no_args_is_help=True, help="Take over what other DNS servers know, from their own files.")

Replace = Annotated[bool, typer.Option("--replace", help="Also what is there already and is not the same.")]
_EXIT: Final = (
    f"With --plan nothing is changed, and the exit code is 0 when there is nothing to do, {WOULD_CHANGE} when there is."
)


class _Program(NamedTuple):
    name: str
    """Of its reader too."""
    what: str
    """What is taken over."""
    path: str
    """What PATH is."""
    default: str


def _command(program: _Program) -> Callable[..., None]:
    """The verb of one program."""

    def run(
        path: Annotated[Path, typer.Argument(metavar="PATH", help=program.path, exists=True)] = Path(program.default),
        replace: Replace = False,
        only_plan: Plan = False,
        reason: Reason = "",
        server: Server = None,
        token_file: TokenFile = None,
        config: Config = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        from importlib import import_module

        from resolute.cli import takeover  # what knows zones takes its time to load

        found: Imported = import_module(f"resolute.cli.imports.{program.name}").read(path)
        client = admin(config, data, server, token_file, reason=reason or f"imported from {program.name}")
        steps = takeover.compare(client, found)
        if not json:
            _print(found, steps, whole=only_plan)
        if only_plan:
            if json:
                print_json(_as_json(found, steps, None))
            raise typer.Exit(WOULD_CHANGE if steps.to_do else 0)
        if not replace:
            steps.refuse_changes()
        with progress_bar(quiet=json, doing="importing", worth=100) as progress:
            outcome = carry_out(client, steps.to_do, progress)
        _report(found, steps, outcome, json=json)

    run.__doc__ = f"""Take over {program.what}.

    What is not taken over is listed with its file, line and reason; upstreams and routes are printed for the
    configuration. {_EXIT}
    """
    return run


_PROGRAMS: Final = (
    _Program("bind", "the primary zones of BIND", "named.conf.", "/etc/bind/named.conf"),
    _Program("pihole", "Pi-hole's own names", "Its folder, or an archive of its Teleporter.", "/etc/pihole"),
    _Program("adguard", "the rewrites of AdGuard Home", "AdGuardHome.yaml.", "/opt/AdGuardHome/AdGuardHome.yaml"),
    _Program("dnsmasq", "dnsmasq's own names", "Its configuration, a file or a folder.", "/etc/dnsmasq.conf"),
    _Program(
        "technitium",
        "zones that Technitium DNS Server has exported as text",
        "One of them, or a folder of them.",
        "/etc/dns",
    ),
)
for _program in _PROGRAMS:
    app.command(_program.name)(_command(_program))


def _print(found: "Imported", steps: "Steps", *, whole: bool) -> None:
    for zone in steps.zones:
        if zone.doing is Doing.LEAVE:
            print_line((f"  {zone.name}  left alone: the server reads it from a file of its own", "dim"))
        elif zone.doing is not Doing.NOTHING:
            print_step(zone.name, zone.doing, zone.change, shown=None if whole else 0)
    for one in steps.local:
        if one.doing is Doing.ADD:
            print_line((f"+ {one.name} {one.address}", "ok"))
        elif one.doing is Doing.CHANGE:
            print_line((f"~ {one.name} {one.address}", "yellow"), f"  it was {one.before}")
    if found.left_out:
        print_line("")
        print_line((f"not taken over, or not as it was ({len(found.left_out)}):", "warning"))
        for where, what, why in found.left_out:
            print_line(f"  {where}: {what}", (f"  {why}", "dim"))
    if found.settings:
        print_line("")
        print_line(("for the configuration:", "warning"))
        typer.echo(found.settings)


def _report(found: "Imported", steps: "Steps", outcome: "Outcome[ZoneStep | LocalStep]", *, json: bool) -> None:
    """What was done, and what was not. Raises what the first of that was refused with."""
    warn_unconfirmed(one.change for one in outcome.done)
    if json:
        print_json(_as_json(found, steps, outcome))
    elif outcome.error is None:
        print_line(("done", "ok") if steps.to_do else "there was nothing to do")
    else:
        print_line(f"done: {len(outcome.done)} of {len(steps.to_do)}")
        print_rest([one.name for one in outcome.rest], "import")
    if outcome.error is not None:
        raise typer.Exit(1) if json else outcome.error


def _as_json(found: "Imported", steps: "Steps", outcome: "Outcome[ZoneStep | LocalStep] | None") -> dict[str, Any]:
    """`outcome` is None for a plan."""
    done = {(type(one), one.name): one.change for one in outcome.done} if outcome else {}
    keys = ("serial_before", "serial_after", "added", "removed", "served")
    zones, local = [], []
    for zone in steps.zones:
        change = done.get((type(zone), zone.name))
        shown = {key: (change or zone.change).get(key) for key in keys if change or zone.change}
        head = {"zone": zone.name, "file": zone.zone.where, "action": zone.doing.value}
        zones.append(head | {"done": change is not None} | shown)
    for one in steps.local:
        change = done.get((type(one), one.name))
        what = {"name": one.name, "address": one.address, "action": one.doing.value, "before": one.before}
        local.append({**what, "done": change is not None, "served": (change or {}).get("served")})
    error = {"error": {"message": str(outcome.error)}} if outcome and outcome.error else {}
    left = [one._asdict() for one in found.left_out]
    whole = {"planned": outcome is None, "zones": zones, "local_records": local, "settings": found.settings}
    return whole | {"left_out": left} | error

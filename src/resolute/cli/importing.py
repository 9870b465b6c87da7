"""`resolute import PROGRAM PATH`: zones, local records and settings from another program's own files."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from resolute.cli.apply import WOULD_CHANGE, print_change
from resolute.cli.applying import Doing
from resolute.cli.options import Config, Data, Json, Plan, Reason, Server, TokenFile, admin
from resolute.cli.progress import progress_bar
from resolute.cli.terminal import print_json, print_line

if TYPE_CHECKING:
    from resolute.cli.imports.found import Imported
    from resolute.cli.takeover import Steps

app = typer.Typer(no_args_is_help=True, help="Take over what other DNS servers know, from their own files.")

Replace = Annotated[bool, typer.Option("--replace", help="Also what is there already and is not the same.")]
_EXIT: Final = (
    f"With --plan nothing is changed, and the exit code is 0 when there is nothing to do, {WOULD_CHANGE} when there is."
)


def _command(program: str, what: str, default: str) -> Callable[..., None]:
    """The verb of one program."""

    def run(
        path: Annotated[Path, typer.Argument(metavar="PATH", help=what, exists=True)] = Path(default),
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

        found: Imported = import_module(f"resolute.cli.imports.{program}").read(path)
        client = admin(config, data, server, token_file, reason=reason or f"imported from {program}")
        steps = takeover.compare(client, found)
        if not json:
            _print(found, steps, whole=only_plan)
        if not only_plan:
            if not replace:
                steps.refuse_changes()
            with progress_bar(quiet=json, doing="importing", worth=100) as progress:
                steps.carry_out(client, progress)
        if json:
            print_json(_as_json(found, steps, planned=only_plan))
        elif not only_plan:
            print_line(("done", "ok") if steps.to_do else "there was nothing to do")
        if only_plan and steps.to_do:
            raise typer.Exit(WOULD_CHANGE)

    run.__doc__ = f"""Take over {what[0].lower()}{what[1:]}

    What is not taken over is listed with its file, line and reason; upstreams and routes are printed for the
    configuration. {_EXIT}
    """
    return run


_PROGRAMS: Final = (
    ("bind", "BIND's named.conf: its primary zones.", "/etc/bind/named.conf"),
    ("pihole", "Pi-hole's folder, or an archive of its Teleporter: its own names.", "/etc/pihole"),
    ("adguard", "AdGuardHome.yaml: rewrites.", "/opt/AdGuardHome/AdGuardHome.yaml"),
    ("dnsmasq", "Dnsmasq's configuration, a file or a folder: its own names.", "/etc/dnsmasq.conf"),
    ("technitium", "Zones that Technitium DNS Server has exported as text, a file or a folder.", "/etc/dns"),
)
for _program, _what, _default in _PROGRAMS:
    app.command(_program)(_command(_program, _what, _default))


def _print(found: "Imported", steps: "Steps", *, whole: bool) -> None:
    for zone in steps.zones:
        if zone.doing is Doing.LEAVE:
            print_line((f"  {zone.name}  left alone: the server reads it from a file of its own", "dim"))
        elif zone.doing is not Doing.NOTHING:
            print_change(zone.name, zone.doing, zone.change, shown=None if whole else 0)
    for one in steps.local:
        if one.doing is Doing.ADD:
            print_line((f"+ {one.name}. {one.address}", "ok"))
        elif one.doing is Doing.CHANGE:
            print_line((f"~ {one.name}. {one.address}", "yellow"), f"  it was {one.before}")
    if found.left_out:
        print_line("")
        print_line((f"not taken over, or not as it was ({len(found.left_out)}):", "warning"))
        for where, what, why in found.left_out:
            print_line(f"  {where}: {what}", (f"  {why}", "dim"))
    if found.settings:
        print_line("")
        print_line(("for the configuration:", "warning"))
        typer.echo(found.settings)


def _as_json(found: "Imported", steps: "Steps", *, planned: bool) -> dict[str, Any]:
    keys = ("serial_before", "serial_after", "added", "removed")
    return {
        "planned": planned,
        "zones": [
            {"zone": one.name, "file": one.zone.where, "action": one.doing.value}
            | {key: one.change.get(key) for key in keys if one.change}
            for one in steps.zones
        ],
        "local_records": [
            {"name": f"{one.name}.", "address": one.address, "action": one.doing.value, "before": one.before}
            for one in steps.local
        ],
        "settings": found.settings,
        "left_out": [one._asdict() for one in found.left_out],
    }

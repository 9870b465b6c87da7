"""`resolute zone`: zones made, listed, imported, exported, checked, compared, brought back and removed."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from resolute.cli.adminclient import segment
from resolute.cli.changetext import print_change, print_differences
from resolute.cli.check import print_finding
from resolute.cli.completion import complete_zone
from resolute.cli.options import Config, Data, Json, Plan, Reason, Server, TokenFile, Yes, admin, confirm, planned
from resolute.cli.terminal import counted, print_json, print_line, print_rows
from resolute.cli.zonetext import import_new, import_text, write
from resolute.zones.lint.finding import Finding
from resolute.zones.serial import Policy

app = typer.Typer(no_args_is_help=True, help="Make, show, change and remove zones.")

JSON = Mapping[str, Any]

Zone = Annotated[
    str, typer.Argument(metavar="ZONE", help="The zone's name, such as example.org.", autocompletion=complete_zone)
]
NewZone = Annotated[str, typer.Argument(metavar="ZONE", help="The zone's name, such as example.org.")]
ZoneFile = Annotated[str, typer.Argument(metavar="FILE", help="A zone file; - is stdin.")]
PolicyOption = Annotated[Policy | None, typer.Option("--serial-policy", help="How changes raise the serial.")]


@app.command("list")
def list_zones(
    config: Config = None, data: Data = None, server: Server = None, token_file: TokenFile = None, json: Json = False
) -> None:
    """List the zones: those of the store, and those of files.

    Example: resolute zone list --json | jq -r '.[].name'
    """
    zones = list(admin(config, data, server, token_file).pages("/zones"))
    if json:
        print_json(zones)
    else:
        print_rows("zone", [_row(zone) for zone in zones], ("source", "serial", "records", "state", "file"))


@app.command()
def create(
    zone: NewZone,
    nameserver: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=ADDRESS,...]",
            help="A name server; without a dot it is in the zone, and has addresses. May be repeated.",
        ),
    ] = None,
    hostmaster: Annotated[str | None, typer.Option(metavar="MAIL", help="Who is responsible for it.")] = None,
    serial_policy: PolicyOption = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="Take the records from a zone file; - is stdin."),
    ] = None,
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Make a zone in the store: from name servers, or from a zone file.

    Example: resolute zone create example.org --nameserver ns1=192.0.2.1 --nameserver ns.example.net.
    """
    if (file is None) == (not nameserver) or (file and (hostmaster or serial_policy)):
        raise typer.BadParameter("give --nameserver with --hostmaster and --serial-policy, or --file alone")
    client = admin(config, data, server, token_file, reason=reason)
    if file is not None:
        answer = import_new(client, zone, file, planned(plan=plan), quiet=json)
    else:
        body: dict[str, object] = {"name": zone, "nameservers": list(map(_nameserver, nameserver or ()))}
        body |= {"hostmaster": hostmaster} if hostmaster else {}
        body |= {"serial_policy": serial_policy.value} if serial_policy else {}
        answer = client.call("POST", "/zones", query=planned(plan=plan), json=body)
    print_change(answer.json(), json=json)


@app.command()
def show(
    zone: Zone,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Show where a zone stands, its serial and its size; `resolute record list` shows its records.

    Example: resolute zone show example.org
    """
    found = admin(config, data, server, token_file).call("GET", f"/zones/{segment(zone)}").json()
    if json:
        print_json(found)
        return
    for name, value in found.items():
        if value is not None and value != []:
            print_line((f"{name.replace('_', ' '):14}", "dim"), "; ".join(value) if name == "problems" else str(value))


@app.command("set")
def set_up(
    zone: Zone,
    serial_policy: Annotated[Policy, typer.Option("--serial-policy", help="How changes raise the serial.")],
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Set how the changes of a zone raise its serial.

    Example: resolute zone set example.org --serial-policy date
    """
    client = admin(config, data, server, token_file, reason=reason)
    body = {"serial_policy": serial_policy.value}
    found = client.call("PATCH", f"/zones/{segment(zone)}", query=planned(plan=plan), json=body).json()
    if json:
        print_json(found)
    else:
        print_line(f"{found['name']} {'would have' if plan else 'has'} the serial policy {found['serial_policy']}")


@app.command()
def delete(
    zone: Zone,
    yes: Yes = False,
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Remove a zone with its records; `resolute zone revert` brings it back.

    Example: resolute zone delete example.org --yes --reason "sold"
    """
    client = admin(config, data, server, token_file, reason=reason)
    if not plan:
        confirm(f"Remove the zone {zone} with its records?", yes=yes)
    print_change(client.call("DELETE", f"/zones/{segment(zone)}", query=planned(plan=plan)).json(), json=json)


@app.command("import")
def import_zone(
    zone: Zone,
    file: ZoneFile,
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Make a zone's records exactly those of a zone file, in one change; the zone too when it is not there.

    Example: resolute zone import example.org example.org.zone --plan
    """
    client = admin(config, data, server, token_file, reason=reason)
    print_change(import_text(client, zone, file, planned(plan=plan), quiet=json).json(), json=json)


@app.command("export")
def export_zone(
    zone: Zone,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")] = None,
    revision: Annotated[int | None, typer.Option(min=0, help="As it was at this revision.")] = None,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Print a zone as zone text, or write it to a file.

    Example: resolute zone export example.org --output example.org.zone
    """
    query = {} if revision is None else {"revision": str(revision)}
    text = admin(config, data, server, token_file).call("GET", f"/zones/{segment(zone)}/export", query=query).content
    if output is not None:
        write(output, text)
    if json:
        print_json({"zone": zone, "file": str(output)} if output else {"zone": zone, "text": text.decode()})
    elif output is None:
        sys.stdout.write(text.decode())


@app.command()
def check(
    zone: Zone,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Check a zone as it is served, as `resolute check` does a file. Exits with 1 when there are errors.

    Example: resolute zone check example.org
    """
    found = admin(config, data, server, token_file).call("GET", f"/zones/{segment(zone)}/check").json()
    if json:
        print_json(found)
    else:
        for one in found["findings"]:
            print_finding(Finding(**{**one, "line": one["line"] or 0, "column": one["column"] or 0}))
        print_line(f"{counted(found['errors'], 'error')}, {counted(found['warnings'], 'warning')}")
    if found["errors"]:
        raise typer.Exit(1)


@app.command()
def diff(
    zone: Zone,
    since: Annotated[int, typer.Argument(metavar="FROM", min=0, help="A revision: see `resolute zone history`.")],
    until: Annotated[int | None, typer.Argument(metavar="[TO]", min=0, help="Another; now without it.")] = None,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Show what differs between a zone at one revision and at another. Exits with 0 also when nothing does.

    Example: resolute zone diff example.org 17 21
    """
    query = {"from": str(since), **({} if until is None else {"to": str(until)})}
    found = admin(config, data, server, token_file).call("GET", f"/zones/{segment(zone)}/diff", query=query).json()
    if json:
        print_json(found)
    else:
        print_differences(found["changes"])


@app.command()
def history(
    zone: Zone,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="So many, the latest first.")] = 20,
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List the changes of a zone, the latest first: who, when, what and why; also of one that was deleted.

    Example: resolute zone history example.org --limit 5
    """
    client, path = admin(config, data, server, token_file), f"/zones/{segment(zone)}/history"
    found = client.call("GET", path, query={"limit": str(limit)}).json()["items"]
    if json:
        print_json(found)
        return
    rows = [
        {**one, "name": str(one["revision"]), "time": f"{one['time'][:19]}Z", "serial": one["serial_after"]}
        for one in found
    ]
    print_rows("revision", rows, ("time", "author", "serial", "summary", "reason"))


@app.command()
def revert(
    zone: Zone,
    revision: Annotated[int, typer.Argument(min=0, help="The zone becomes what it was then.")],
    plan: Plan = False,
    reason: Reason = "",
    config: Config = None,
    data: Data = None,
    server: Server = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Make a zone what it was at a revision, also one that was deleted; its serial goes on.

    Example: resolute zone revert example.org 17 --reason "the new host does not answer"
    """
    client = admin(config, data, server, token_file, reason=reason)
    body = {"revision": revision}
    answer = client.call("POST", f"/zones/{segment(zone)}/revert", query=planned(plan=plan), json=body)
    print_change(answer.json(), json=json)


def _row(zone: JSON) -> JSON:
    return {**zone, "state": zone["state"] or ""}


def _nameserver(text: str) -> object:
    name, equals, addresses = text.partition("=")
    return {"name": name, "addresses": addresses.split(",")} if equals else text

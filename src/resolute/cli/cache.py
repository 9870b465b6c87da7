"""`resolute cache`: the answers that are known, and the zone cuts and servers that lead to others."""

from typing import Annotated

import typer

from resolute.cli.options import Config, Data, Json, client
from resolute.cli.terminal import print_json, print_line, print_rows

app = typer.Typer(no_args_is_help=True, help="Show or forget cached answers, zone cuts and servers.")


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="At and below this name; all without it.")] = None,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show cached answers as zone-file text. Exits with 1 when there is none."""
    text = client(config, data).cache(name)
    records = _records(text)
    if json:
        print_json({"records": records, "text": text})
    elif text:
        typer.echo(text, nl=not text.endswith("\n"))
    if not text.strip():
        raise typer.Exit(1)


@app.command()
def cuts(
    name: Annotated[str | None, typer.Argument(help="At and below this name; all without it.")] = None,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the zone cuts that iteration from the root knows, and for how long. Exits with 1 when there is none."""
    found = client(config, data).cuts(name)["cuts"]
    if json:
        print_json({"cuts": found})
    else:
        rows = [{**cut, "name": cut["zone"], "servers": " ".join(cut["servers"])} for cut in found]
        print_rows("zone", rows, ("ttl_s", "servers"))
    if not found:
        raise typer.Exit(1)


@app.command()
def servers(config: Config = None, data: Data = None, json: Json = False) -> None:
    """Show the name servers that were asked, with their round trips in ms. Exits with 1 when there is none."""
    found = client(config, data).servers()["servers"]
    if json:
        print_json({"servers": found})
    else:
        rows = [{**one, "name": one["address"], "lame_for": " ".join(one["lame_for"])} for one in found]
        print_rows("server", rows, ("rtt_ms", "state", "failures", "lame_for"))
    if not found:
        raise typer.Exit(1)


@app.command()
def flush(
    name: Annotated[str | None, typer.Argument(help="The name whose answers are forgotten.")] = None,
    subtree: Annotated[bool, typer.Option("--subtree", help="And all names below it.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Forget every answer.")] = False,
    config: Config = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Forget cached answers: of a name, of a name and all below it, or all."""
    if (name is None) != everything:
        raise typer.BadParameter("give a NAME, or --all for every name")
    if everything and subtree:
        raise typer.BadParameter("--subtree goes with a NAME")
    count = client(config, data).flush(name, subtree=subtree)
    if json:
        print_json({"flushed": count})
    else:
        print_line(f"{count} answer{'' if count == 1 else 's'} forgotten")


def _records(text: str) -> list[dict[str, str | int]]:
    """The records of zone-file text with one record a line, comments left out."""
    rows = [line.split(None, 4) for line in text.splitlines() if line.strip() and not line.startswith(";")]
    return [
        {"name": row[0], "ttl": int(row[1]), "class": row[2], "type": row[3], "rdata": row[4]}
        for row in rows
        if len(row) == 5 and row[1].isdigit()
    ]

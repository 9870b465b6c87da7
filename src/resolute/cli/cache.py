"""`resolute cache show` and `resolute cache flush`."""

from typing import Annotated

import typer

from resolute.cli.options import Config, Data, Json, client
from resolute.cli.terminal import print_json, print_line

app = typer.Typer(no_args_is_help=True, help="Show or forget cached answers.")


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

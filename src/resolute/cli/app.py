"""The full command line: every verb, help, completion, and the one place where errors become words and exit codes."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from resolute import __version__
from resolute.cli import (
    apply,
    backup,
    cache,
    check,
    explain,
    importing,
    query,
    record,
    reload,
    serve,
    status,
    token,
    user,
    zone,
)
from resolute.cli.terminal import print_error
from resolute.errors import ResoluteError, SettingsError

app = typer.Typer(
    name="resolute",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
_SERVER, _ZONES, _ACCESS, _QUESTIONS = "The server", "Zones and records", "Who may do what", "Questions and answers"
app.command(rich_help_panel=_SERVER)(serve.serve)
app.command(rich_help_panel=_SERVER)(check.check)
app.command(rich_help_panel=_SERVER)(reload.reload)
app.command(rich_help_panel=_SERVER)(status.status)
app.command(rich_help_panel=_SERVER)(backup.backup)
app.command(rich_help_panel=_SERVER)(backup.restore)
app.add_typer(zone.app, name="zone", rich_help_panel=_ZONES)
app.add_typer(record.app, name="record", rich_help_panel=_ZONES)
app.command(rich_help_panel=_ZONES)(apply.apply)
app.add_typer(importing.app, name="import", rich_help_panel=_ZONES)
app.add_typer(token.app, name="token", rich_help_panel=_ACCESS)
app.add_typer(user.app, name="user", rich_help_panel=_ACCESS)
app.command(rich_help_panel=_QUESTIONS)(query.query)
app.command(rich_help_panel=_QUESTIONS)(explain.explain)
app.add_typer(cache.app, name="cache", rich_help_panel=_QUESTIONS)


def run(argv: Sequence[str]) -> int:
    """Runs a command line and returns its exit code."""
    try:
        app(args=list(argv), prog_name="resolute")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ResoluteError as error:
        print_error(error, as_json="--json" in argv)
        return 2 if isinstance(error, SettingsError) else 1
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has read enough
        return 1
    return 0


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"resolute {__version__}")
        raise typer.Exit


@app.callback()
def _resolute(
    version: Annotated[
        bool, typer.Option("--version", callback=lambda value: _version(wanted=value), is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Resolute: an authoritative, forwarding and caching DNS server."""

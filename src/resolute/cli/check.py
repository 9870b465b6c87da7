"""`resolute check`: configurations and zone files, with file, line and column of everything that is wrong."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from resolute.cli.findings import Finding, check_configuration, check_environment, check_zone, guess_origin
from resolute.cli.options import Json
from resolute.cli.terminal import STYLES, print_json, print_line
from resolute.config import environment
from resolute.config.manual import json_schema, manual


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Configurations (.toml), zone files.")
    ] = None,
    zone: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FILE", help="A zone file, and its zone's name.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the configuration.")] = False,
    reference: Annotated[bool, typer.Option("--manual", help="Print the reference of every setting.")] = False,
    json: Json = False,
) -> None:
    """Check configuration and zone files, and say file, line and column of every problem.

    A configuration's zone files are checked with it. A zone's name is taken from --zone, from the file's $ORIGIN or
    SOA, or from its name. Exits with 1 when there are errors; warnings are none.
    """
    if schema or reference:
        _print_reference(schema=schema, json=json)
        return
    zones = [_name_and_file(text) for text in zone or []]
    files = files or []
    if not files and not zones and (named := os.environ.get(environment.CONFIG)):
        files = [Path(named)]
    if not files and not zones:
        raise typer.BadParameter("expected a FILE, --zone NAME=FILE, --schema or --manual")
    _report([*_check_files(files), *(finding for name, file in zones for finding in check_zone(file, name))], json=json)


def _check_files(files: list[Path]) -> Iterator[Finding]:
    if any(file.suffix == ".toml" for file in files):
        yield from check_environment(os.environ)
    for file in files:
        if file.suffix == ".toml":
            yield from check_configuration(file)
        else:
            yield from check_zone(file, guess_origin(file))


def _report(findings: list[Finding], *, json: bool) -> None:
    errors = sum(finding.severity == "error" for finding in findings)
    if json:
        print_json({"errors": errors, "findings": [finding.as_json() for finding in findings]})
    else:
        for finding in findings:
            place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
            style = STYLES.get(finding.severity, "")
            print_line(f"{place}: ", (f"{finding.severity}: ", style), finding.message, (f" [{finding.code}]", "dim"))
        if not findings:
            print_line(("ok", "ok"))
    if errors:
        raise typer.Exit(1)


def _print_reference(*, schema: bool, json: bool) -> None:
    if schema or json:
        print_json(json_schema())
    else:
        typer.echo(manual(), nl=False)


def _name_and_file(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise typer.BadParameter(f"--zone: {text!r} is not NAME=FILE, such as hello.=zones/hello.zone")
    return name, Path(file)

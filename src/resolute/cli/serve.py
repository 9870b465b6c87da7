"""`resolute serve`: its help and completion. Flags that need neither go straight to the node (`resolute.cli.main`)."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from resolute.config.arguments import FLAGS, Arguments, Overrides, unparse

_FLAGS = {flag.name: flag for flag in FLAGS}


def _option(name: str) -> object:
    flag = _FLAGS[name]
    return typer.Option(name, help=flag.help, metavar=flag.takes or None)


def serve(
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The configuration file.")] = None,
    listen: Annotated[list[str] | None, _option("--listen")] = None,
    zone: Annotated[list[str] | None, _option("--zone")] = None,
    zones: Annotated[list[str] | None, _option("--zones")] = None,
    hosts: Annotated[list[Path] | None, _option("--hosts")] = None,
    records: Annotated[Path | None, _option("--records")] = None,
    forward: Annotated[list[str] | None, _option("--forward")] = None,
    recurse: Annotated[bool, _option("--recurse")] = False,
    admin: Annotated[str | None, _option("--admin")] = None,
    data: Annotated[Path | None, _option("--data")] = None,
    log_queries: Annotated[bool, _option("--log-queries")] = False,
    log_format: Annotated[str | None, _option("--log-format")] = None,
    allow_recursion: Annotated[list[str] | None, _option("--allow-recursion")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --log-format json.")] = False,
) -> None:
    """Run the server: without any setting, with flags, or from a configuration file; flags win.

    SIGTERM and SIGINT drain and stop it, SIGHUP reloads. `resolute check --manual` lists every setting.
    """
    overrides = Overrides(
        listen=tuple(listen or ()),
        zone=tuple(zone or ()),
        zones=tuple(zones or ()),
        hosts=tuple(map(str, hosts or ())),
        records=None if records is None else str(records),
        forward=tuple(forward or ()),
        recurse=recurse,
        admin=admin,
        data=None if data is None else str(data),
        log_queries=log_queries,
        log_format="json" if json else log_format,
        allow_recursion=tuple(allow_recursion or ()),
    )
    argv = unparse(Arguments(config, overrides))
    os.execv(  # noqa: S606 - a list of words, no shell
        sys.executable, [sys.executable, "-m", "resolute.node", *argv]
    )

"""Options that several verbs have, and what they mean."""

import os
from pathlib import Path
from typing import Annotated

import dns.rdatatype
import typer

from resolute.config.arguments import Overrides
from resolute.config.load import load
from resolute.config.tree import Settings
from resolute.node.client import SOCKET_NAME, ControlClient

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The server's configuration file.", dir_okay=False)
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The server's data directory.", file_okay=False)
]


def settings(config: Path | None, data: Path | None = None) -> Settings:
    """The settings that a server with this configuration has. Raises SettingsError."""
    return load(config, Overrides(data=None if data is None else str(data)), os.environ)


def client(config: Path | None, data: Path | None) -> ControlClient:
    """The way to the running server: by its data directory, by its configuration, else the one below `./data`, else the
    one in the default place."""
    here = Path("data")
    if data is None and config is None and not _environment_says() and (here / SOCKET_NAME).exists():
        return ControlClient(here / SOCKET_NAME)
    directory = data if data is not None else settings(config).data.directory
    return ControlClient(directory / SOCKET_NAME)


def complete_type(incomplete: str) -> list[str]:
    """Record types that begin so, for the shell."""
    return sorted(kind.name for kind in dns.rdatatype.RdataType if kind.name.startswith(incomplete.upper()))


def _environment_says() -> bool:
    return bool(os.environ.get("RESOLUTE_CONFIG") or os.environ.get("RESOLUTE_DATA_DIRECTORY"))

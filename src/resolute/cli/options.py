"""Options that several verbs have, and what they mean."""

import os
from pathlib import Path
from typing import Annotated

import dns.rdatatype
import typer

from resolute.config.arguments import Overrides
from resolute.config.load import load
from resolute.config.tree import Settings
from resolute.errors import UnavailableError
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
    """The way to the running server: by its data directory, by its configuration, else the one below `./data` (where
    `make serve` runs it), else the one in the default place. Raises UnavailableError that names both of these."""
    if data is not None:
        return ControlClient(data / SOCKET_NAME)
    default = settings(config).data.directory / SOCKET_NAME
    here = Path("data") / SOCKET_NAME
    if config is not None or _environment_says():
        return ControlClient(default)
    if _is_ours(here):
        return ControlClient(here)
    if not default.exists():
        raise UnavailableError(
            f"no server answers on ./{here} or {default}: start one with `resolute serve`, "
            "or name its directory with --data"
        )
    return ControlClient(default)


def complete_type(incomplete: str) -> list[str]:
    """Record types that begin so, for the shell."""
    return sorted(kind.name for kind in dns.rdatatype.RdataType if kind.name.startswith(incomplete.upper()))


def _environment_says() -> bool:
    return bool(os.environ.get("RESOLUTE_CONFIG") or os.environ.get("RESOLUTE_DATA_DIRECTORY"))


def _is_ours(path: Path) -> bool:
    """Whether a socket is there that this user or root has made: what others leave in a folder is not believed."""
    try:
        return path.stat().st_uid in (os.geteuid(), 0)
    except OSError:
        return False

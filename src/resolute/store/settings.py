"""The settings of what is kept on disk: the data directory and the store."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


def default_directory(environ: Mapping[str, str], *, root: bool) -> Path:
    """Where this platform keeps a program's data: systemd's state directory, /var/lib for root, else the user's own
    (XDG Base Directory Specification)."""
    if state := environ.get("STATE_DIRECTORY"):
        return Path(state.split(":")[0])
    if root:
        return Path("/var/lib/resolute")
    base = Path(environ.get("XDG_DATA_HOME") or "~/.local/share")
    return base.expanduser() / "resolute"


def _default() -> Path:
    return default_directory(os.environ, root=os.geteuid() == 0)


class Data(BaseModel):
    """Where the server keeps its files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: Path = Field(
        default_factory=_default,
        description="Folder for the store, the lock and the control socket; made when it is not there.",
    )


class Store(BaseModel):
    """Where records, and later keys and users, are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        default="",
        pattern=r"^(sqlite:///.+|postgresql://.+)?$",
        description="Database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE; empty is SQLite in the data "
        "directory (resolute.db).",
    )
    node: str = Field(
        default="",
        max_length=255,
        description="What this node is called among those that follow the store; empty is the host's name.",
    )

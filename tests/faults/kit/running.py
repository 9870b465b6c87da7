"""Resolute run from a configuration file alone, so that every setting can be changed; and its commands."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.peers import Endpoint, Resolute, Service
from bench.peers.resolute import COMMAND
from resolute.node.client import ControlClient


class Configured(Resolute):
    """Resolute with nothing but `--config`; the file has `data.directory = "data"` and says where to listen."""

    def __init__(self, config: Path, *, flags: Sequence[str] = ()) -> None:
        super().__init__(Service(), data=config.parent / "data", flags=flags)
        self.config = config

    def arguments(self) -> Sequence[str]:
        return ["serve", f"--config={self.config}", *self._flags]

    @property
    def control(self) -> ControlClient:
        """The way to its control socket."""
        return ControlClient(self.data)

    def problems(self) -> list[str]:
        """What is wrong just now."""
        return list(self.control.status()["problems"])

    def zone(self, name: str) -> dict[str, Any]:
        """The status of one zone."""
        return next(zone for zone in self.control.status()["zones"] if zone["name"] == name)


def command(
    *words: str, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `resolute` with these words, without this process's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RESOLUTE_")}
    return subprocess.run(
        [COMMAND, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env={**kept, **(environ or {})},
    )


def as_json(*words: str, status: int = 0) -> Any:  # noqa: ANN401  whatever JSON there is
    """What a command says with `--json`, when it ends with this status."""
    done = command(*words, "--json")
    assert done.returncode == status, done
    return json.loads(done.stdout)


def local(port: int) -> Endpoint:
    """A port of 127.0.0.1."""
    return Endpoint("127.0.0.1", port)

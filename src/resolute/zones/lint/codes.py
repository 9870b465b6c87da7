"""The registry of what `resolute check` can find: code, severity, what it means, how it is mended; from codes.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Code:
    """What one kind of finding means."""

    name: str
    severity: str
    """`error`, `warning` or `info`."""
    about: str
    """What is wrong, and the RFC that says so."""
    mend: str
    """What to do about it, as an order."""
    refused: bool
    """Whether the server does not serve such a zone; such a code cannot be ignored."""
    absence: bool
    """Whether it says that something is not there: not told of a file with entries that could not be read."""


@cache
def codes() -> dict[str, Code]:
    """Every code by its name."""
    text = resources.files("resolute.zones.lint").joinpath("codes.toml").read_text("utf-8")
    return {name: _code(name, entry) for name, entry in tomllib.loads(text).items()}


def page() -> str:
    """The page of all codes (Markdown)."""
    lines = [
        "# What `resolute check` finds",
        "",
        "`refused`: the server does not serve such a zone, and goes on with the one before. The command exits with 1",
        "for `error` and `refused`, with `--strict` for `warning` too. `--ignore CODE` leaves out what is not refused.",
        "",
        "| code | severity | what is wrong | how to mend it |",
        "|---|---|---|---|",
    ]
    for code in sorted(codes().values(), key=lambda code: code.name):
        severity = "refused" if code.refused else code.severity
        lines.append(f"| `{code.name}` | {severity} | {code.about} | {code.mend} |")
    return "\n".join(lines) + "\n"


def _code(name: str, entry: dict[str, Any]) -> Code:
    refused = entry["severity"] == "refused"
    return Code(
        name,
        "error" if refused else entry["severity"],
        entry["about"],
        entry["mend"],
        refused,
        entry.get("absence", False),
    )

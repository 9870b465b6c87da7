"""What the verbs say on the terminal: plain lines, JSON, errors. Colours only where a terminal reads them."""

import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from resolute.errors import ResoluteError, SettingsError, ZoneDataError

STYLES = {"error": "bold red", "warning": "yellow", "ok": "green", "dim": "dim"}


def print_line(*parts: str | tuple[str, str]) -> None:
    """One line on standard output; a part may be (text, style of STYLES)."""
    _print(Console(file=sys.stdout, soft_wrap=True, highlight=False), parts)


def print_json(value: object) -> None:
    """A value as JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_error(error: ResoluteError, *, as_json: bool) -> None:
    """An error, one line for each problem, on standard error; with `as_json` as an object on standard output."""
    problems = error.problems if isinstance(error, SettingsError | ZoneDataError) else (str(error),)
    if as_json:
        print_json({"error": {"message": problems[0], "problems": list(problems)}})
        return
    console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
    for problem in problems:
        _print(console, (("resolute: ", STYLES["error"]), problem))


def print_tree(value: object, indent: str = "") -> None:
    """A JSON value as indented lines, for people."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _print_item(f"{indent}{str(key).replace('_', ' ')}:", item, indent)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            _print_item(f"{indent}-", item, indent)


def _print_item(head: str, item: object, indent: str) -> None:
    if (
        isinstance(item, Mapping)
        and all(not isinstance(inner, Mapping | list) for inner in item.values())
        and head.endswith("-")
    ):
        print_line(head, " ", ", ".join(f"{key} {_scalar(inner)}" for key, inner in item.items()))
    elif isinstance(item, Mapping | list) and item:
        print_line((head, "bold"))
        print_tree(item, indent + "  ")
    else:
        print_line((head, "bold"), " ", _scalar(item))


def _scalar(value: object) -> str:
    if value is None or isinstance(value, Mapping | list):
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _print(console: Console, parts: Sequence[str | tuple[str, str]]) -> None:
    text = Text()
    for part in parts:
        content, style = (part, "") if isinstance(part, str) else part
        text.append(content, STYLES.get(style, style))
    console.print(text)

"""What the verbs say on the terminal: plain lines, JSON, errors. Colours only where a terminal reads them."""

import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resolute.errors import ResoluteError

STYLES = {"error": "bold red", "warning": "yellow", "ok": "green", "dim": "dim"}
_WIDE = 1_000
"""Columns of a table that no terminal shows."""


def print_line(*parts: str | tuple[str, str]) -> None:
    """One line on standard output; a part may be (text, style of STYLES)."""
    _print(Console(file=sys.stdout, soft_wrap=True, highlight=False), parts)


def print_json(value: object) -> None:
    """A value as JSON on standard output."""
    sys.stdout.write(_printable(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def print_error(error: ResoluteError, *, as_json: bool) -> None:
    """An error, one line for each problem, on standard error; with `as_json` as an object on standard output."""
    problems: Sequence[str] = getattr(error, "problems", ()) or (str(error),)
    if as_json:
        print_json({"error": {"message": problems[0], "problems": list(problems)}})
        return
    console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
    for problem in problems:
        _print(console, (("resolute: ", STYLES["error"]), problem))


def print_warning(text: str) -> None:
    """One line on standard error, for what went well and is not as it should be."""
    _print(Console(file=sys.stderr, soft_wrap=True, highlight=False), (("warning: ", STYLES["warning"]), text))


def note(text: str) -> None:
    """One line on standard error, beside output that somebody may take away."""
    _print(Console(file=sys.stderr, soft_wrap=True, highlight=False), (text,))


def print_rows(title: str, rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    """A table with a row for each thing; `title` is the head of their names. A column that is empty is left out."""
    shown = [column for column in columns if any(row.get(column) not in (None, "", []) for row in rows)]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in (title, *shown):
        numbers = bool(rows) and all(isinstance(row.get(column), int | None) for row in rows)
        table.add_column(column, justify="right" if numbers and column != title else "left")
    for row in rows:
        table.add_row(*(Text("" if row.get(key) is None else str(row[key])) for key in ("name", *shown)))
    if rows:
        print_table(table)


def counted(number: int, word: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def print_table(table: Table) -> None:
    """A table on standard output; where no terminal sets a width, no cell is cut or broken."""
    width = None if sys.stdout.isatty() else _WIDE
    Console(file=sys.stdout, highlight=False, width=width).print(table)


def _print(console: Console, parts: Sequence[str | tuple[str, str]]) -> None:
    text = Text()
    for part in parts:
        content, style = (part, "") if isinstance(part, str) else part
        text.append(_printable(content), STYLES.get(style, style))
    console.print(text)


def _printable(text: str) -> str:
    r"""Octets of the command line that are no UTF-8 have no character: they are `\udcff`, as in JSON."""
    return text.encode("utf-8", "backslashreplace").decode()

"""A progress bar on standard error for long work; where nobody watches it there is none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

Progress = Callable[[int, int], None]
"""Told what is done, and how much there is."""
_WORTH_IT = {"records": 50_000, "rows": 50_000}
_ELSE_WORTH_IT = 100


@contextmanager
def progress_bar(*, quiet: bool, what: str = "checking", of: str = "records") -> Iterator[Progress]:
    """Gives the function to tell how far a long work of many parts is; each part begins anew."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(of, total=None, visible=False)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total >= _WORTH_IT.get(of, _ELSE_WORTH_IT))

        yield tell

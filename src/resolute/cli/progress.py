"""A progress bar on standard error for long work; where nobody watches it there is none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from resolute.progress import Progress, silent

WORTH_IT = 50_000


@contextmanager
def progress_bar(*, quiet: bool, doing: str = "checking", then: str = "", worth: int = WORTH_IT) -> Iterator[Progress]:
    """Gives the function to tell how far a long work of many parts is; each part begins anew. `doing` is what is done,
    `then` what comes when all of a part is done; a part of fewer than `worth` has no bar."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(doing, total=None, visible=False)

        def tell(done: int, total: int) -> None:
            now = then if then and done >= total else doing
            bar.update(task, description=now, completed=done, total=total, visible=total >= worth)

        yield tell

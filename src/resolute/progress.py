"""How far a long work is: told by who does it, to whoever looks."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told what is done, and how much there is."""


def silent(done: int, total: int) -> None:
    """Nobody looks."""

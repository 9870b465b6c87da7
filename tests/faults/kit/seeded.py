"""Numbers that look random and are the same in every run."""

import hashlib
import itertools
from collections.abc import Callable


def below(seed: str) -> Callable[[int], int]:
    """A function whose calls give the seed's next number below a limit."""
    counter = itertools.count()

    def next_below(limit: int) -> int:
        digest = hashlib.sha256(f"{seed} {next(counter)}".encode()).digest()
        return int.from_bytes(digest[:8]) % limit

    return next_below

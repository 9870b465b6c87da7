"""A user who may not do everything, as the tests' own may: root reads what it likes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

NOBODY: Final = 65_534


@contextmanager
def as_nobody() -> Iterator[None]:
    """In the block root is nobody; any other user is itself."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def reachable(folder: Path) -> Path:
    """A folder below pytest's temporary one, which others may walk to."""
    for one in folder.parents:
        if one.stat().st_uid == os.geteuid() and one != Path("/"):
            one.chmod(one.stat().st_mode | 0o111)
    return folder

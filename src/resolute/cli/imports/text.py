"""Files of other programs: read whole, within bounds; errors name the file and what can be done."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from resolute.errors import RuleError

LARGEST: Final = 64 * 2**20
"""Octets of one file."""
DEPTH: Final = 16
"""Files that include each other."""


def read(path: Path) -> str:
    """The text of a file. Raises RuleError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RuleError(f"{path} is no plain file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise RuleError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST:
        raise RuleError(f"{path} is larger than {LARGEST // 2**20} MiB")
    return content.decode("utf-8", "replace").removeprefix("\N{BYTE ORDER MARK}")


def lines(text: str, file: str) -> Iterator[tuple[str, str]]:
    """(`file:line`, the line without what surrounds it) for each line that has something."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield f"{file}:{number}", line.strip()

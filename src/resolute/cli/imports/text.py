"""Files of other programs: read whole, within bounds; errors name the file and what can be done."""

import os
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
    return decoded(octets(path))


def decoded(content: bytes) -> str:
    """Text without a byte order mark; what is not UTF-8 is replaced."""
    return content.decode("utf-8", "replace").removeprefix("\N{BYTE ORDER MARK}")


def octets(path: Path) -> bytes:
    """A file as it is. Raises RuleError."""
    if not is_file(path):
        raise RuleError(f"{path} {'is no plain file' if _state(path) else 'cannot be read: No such file or directory'}")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(content) > LARGEST:
        raise RuleError(f"{path} is larger than {LARGEST // 2**20} MiB")
    return content


def is_file(path: Path) -> bool:
    """Whether a plain file is there. Raises RuleError where this user may not know."""
    state = _state(path)
    return state is not None and stat.S_ISREG(state.st_mode)


def is_folder(path: Path) -> bool:
    """The same of a folder."""
    state = _state(path)
    return state is not None and stat.S_ISDIR(state.st_mode)


def files(folder: Path) -> list[Path]:
    """The plain files of a folder, by name. Raises RuleError."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise _unreadable(folder, error) from error
    return [path for path in found if is_file(path)]


def lines(text: str, file: str) -> Iterator[tuple[str, str]]:
    """(`file:line`, the line without what surrounds it) for each line that has something."""
    for number, line in enumerate(text.split("\n"), start=1):  # what else Unicode calls a line's end is in a line
        if line.strip():
            yield f"{file}:{number}", line.strip()


def _state(path: Path) -> os.stat_result | None:
    """None: there is nothing."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:  # a zero octet, or half of a surrogate pair
        raise RuleError(f"{str(path)!r} is no path") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> RuleError:
    return RuleError(f"{path} cannot be read: {error.strerror or error}")

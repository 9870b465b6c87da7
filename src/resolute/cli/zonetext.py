"""Zone text on its way to the server, from a file of any size or standard input, and from it into a file."""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from resolute import durable
from resolute.cli.adminclient import ONLY_NEW, ZONE_TEXT, AdminClient, Reply, segment
from resolute.cli.progress import progress_bar
from resolute.cli.refusals import FieldsError
from resolute.errors import ConflictError, RuleError
from resolute.progress import Progress

STDIN: Final = "-"
_SENT: Final = "zone text"
"""What the server calls it."""


def import_text(client: AdminClient, zone: str, file: str, query: Mapping[str, str], *, quiet: bool) -> Reply:
    """Makes a zone's records those of a file."""
    return _send(client, f"/zones/{segment(zone)}/import", file, (query, ZONE_TEXT), quiet=quiet)


def import_new(client: AdminClient, zone: str, file: str, query: Mapping[str, str], *, quiet: bool) -> Reply:
    """The same for a zone that is not there yet. Raises RuleError for one that is."""
    given = ZONE_TEXT | ONLY_NEW
    try:
        return _send(client, f"/zones/{segment(zone)}/import", file, (query, given), quiet=quiet)
    except ConflictError as error:
        raise RuleError(f"there is a zone {zone} already: `resolute zone import` replaces its records") from error


def write(file: Path, text: bytes) -> None:
    """Writes a file: whole, or the old one stays. Raises RuleError."""
    try:
        file = file.resolve()
        state = file.stat() if file.exists() else None
        if state is not None and not stat.S_ISREG(state.st_mode):
            file.write_bytes(text)
            return
        with durable.replacing(file, like=state) as written:
            written.write(text)
            if state is None:
                os.fchmod(written.fileno(), 0o666 & ~_umask())
    except durable.UncertainError as error:
        raise RuleError(f"{file} is written; whether it survives a crash is not known: {error.strerror}") from error
    except (OSError, RuntimeError) as error:  # a loop of links
        raise RuleError(f"{file}: cannot be written: {getattr(error, 'strerror', None) or error}") from error


def _umask() -> int:
    """What new files of this process are not to have; it can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _send(
    client: AdminClient, path: str, file: str, given: tuple[Mapping[str, str], Mapping[str, str]], *, quiet: bool
) -> Reply:
    query, headers = given
    with _opened(file) as stream, progress_bar(quiet=quiet, doing="sending", then="importing") as tell:
        state = os.fstat(stream.fileno())
        size = 0
        if stat.S_ISREG(state.st_mode):
            size = state.st_size - stream.tell()
            headers = {**headers, "Content-Length": str(size)}
        try:
            return client.call("POST", path, query=query, body=_Reading(stream, size, tell), headers=headers)
        except FieldsError as error:
            raise FieldsError([_in_file(problem, file) for problem in error.problems], error.fields) from error


def _in_file(problem: str, file: str) -> str:
    """A problem of the text that was sent is one of the file."""
    where = "stdin" if file == STDIN else file
    return f"{where}{problem.removeprefix(_SENT)}" if problem.startswith(f"{_SENT}:") else problem


@dataclass(slots=True)
class _Reading:
    """Reads a stream of `size` octets (0: unknown), and tells how far it is."""

    stream: IO[bytes]
    size: int
    tell: Progress
    done: int = 0

    def read(self, most: int = -1, /) -> bytes:
        """The next octets."""
        some = self.stream.read(most)
        self.done += len(some)
        self.tell(self.done, self.size)
        return some


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """Raises RuleError for a file that cannot be read."""
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115, closed below
    except OSError as error:
        raise RuleError(f"{file}: cannot be read: {error.strerror}") from error
    with stream:
        yield stream

"""One node for a data directory: an advisory lock on the file `lock`, which holds the node's process id.

The kernel frees the lock when the process ends, however it ends, so there is no stale lock to be cleaned up.
"""

import fcntl
import os
from pathlib import Path

from resolute.errors import SettingsError


class DirectoryLock:
    """The right to use a data directory. Held until `release`, or the end of the process."""

    def __init__(self, directory: Path) -> None:
        """Makes the directory (mode 0700) where there is none. Raises SettingsError when it is taken or not usable."""
        self._path = directory / "lock"
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError([_unusable(directory, error)]) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            os.close(self._file)
            raise SettingsError([_taken(directory, holder)]) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Frees the directory."""
        os.close(self._file)


def _taken(directory: Path, holder: str) -> str:
    who = f"the server with process id {holder}" if holder else "another server"
    return f"data.directory: {directory} is used by {who}: stop it, or name another directory with --data"


def _unusable(directory: Path, error: OSError) -> str:
    where = error.filename or directory
    return f"data.directory: {where}: {error.strerror}: name a directory that can be written, with --data"

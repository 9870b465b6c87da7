"""Whether a file is still what it was: modification and change time, size, inode. Its content is not read."""

import stat
import time
from pathlib import Path

_TICK_NS = 20_000_000

Fingerprint = tuple[int, int, int, int] | None
"""(mtime_ns, ctime_ns, size, inode); None for a file that is not there, or that must be read again whatever it is."""


def fingerprint(path: Path) -> Fingerprint:
    """What a file is now; links are followed, so that a link that is pointed elsewhere counts as a change."""
    try:
        found = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def fingerprint_since(path: Path, started_ns: int) -> Fingerprint:
    """The same for a file that was read after `started_ns`: None when it may have changed while it was read."""
    found = fingerprint(path)
    if found is None:
        return None
    # File times have the kernel's tick; a time that is yet to come is a wrong clock's, and says nothing.
    written_meanwhile = any(started_ns - _TICK_NS <= when <= time.time_ns() for when in found[:2])
    return None if written_meanwhile else found

"""Files that are replaced in one step: after a crash there is the old file or the new one, whole.

    FILE.new: write, fsync -> `last_look` -> rename onto FILE -> fsync of the folder

The new file stands hidden beside the old one until then (`.FILE.new`). What a crash leaves of it the next writer takes.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


class UncertainError(OSError):
    """The file is replaced; whether it still is after a crash is not known."""


def replace(
    path: Path, content: bytes, *, like: os.stat_result | None = None, last_look: Callable[[], None] = lambda: None
) -> None:
    """Replaces a file, or makes it. It survives a crash when this returns.

    `like`: the mode, the owner and the group that it gets; without it only its owner can read it. `last_look` is called
    right before the old file goes, and may raise. Raises OSError; but for UncertainError the old file
    is as it was then.
    """
    with replacing(path, like=like, last_look=last_look) as file:
        file.write(content)


@contextmanager
def replacing(
    path: Path, *, like: os.stat_result | None = None, last_look: Callable[[], None] = lambda: None
) -> Iterator[BinaryIO]:
    """The same for contents that come part by part: the file is replaced when the block is left, and as it was when an
    exception leaves it. What is written can be read again in the block."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = _open(fresh)
    try:
        with open(descriptor, "w+b") as file:  # noqa: PTH123, a descriptor
            yield file
            file.flush()
            if like is not None:
                _take_over(descriptor, path, like)
            os.fsync(descriptor)
            last_look()
            fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
    _sync_folder(path.parent)


def _open(fresh: Path) -> int:
    """The new file, empty, nobody else's and locked: there is one writer at a time. Raises OSError."""
    try:
        return _locked(fresh, os.O_EXCL)
    except FileExistsError:
        left = _locked(fresh)
        try:
            fresh.unlink()
        finally:
            os.close(left)
        return _locked(fresh, os.O_EXCL)


def _locked(fresh: Path, flags: int = 0) -> int:
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), fresh.lstat()):
            raise BlockingIOError(errno.EAGAIN, "somebody else writes it just now")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _take_over(descriptor: int, path: Path, like: os.stat_result) -> None:
    """Owner before mode, because a new owner takes mode bits away; attributes (ACLs) as far as they can be had."""
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    os.fchmod(descriptor, like.st_mode & 0o7777)
    with suppress(OSError):
        for name in os.listxattr(path):
            with suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(path, name))


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UncertainError(error.errno, error.strerror, str(folder)) from error

"""Files that are replaced in one step."""

import fcntl
import os
import stat
from pathlib import Path

import pytest

from resolute import durable


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable.replace(path, b"one")
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    durable.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_last_look_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def look() -> None:
        assert path.read_bytes() == b"old"
        raise LookupError

    with pytest.raises(LookupError):
        durable.replace(path, b"new", last_look=look)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_there_is_one_writer_at_a_time(tmp_path: Path) -> None:
    path, fresh = tmp_path / "file", tmp_path / ".file.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            durable.replace(path, b"new")
        assert fresh.exists()
    finally:
        os.close(descriptor)
    durable.replace(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_the_place_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".file.new").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        durable.replace(tmp_path / "file", b"new")
    assert victim.read_bytes() == b"precious"

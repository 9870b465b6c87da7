"""One server for a data directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resolute.errors import SettingsError
from resolute.node.lock import DirectoryLock


def test_a_second_one_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    with pytest.raises(SettingsError, match=f"process id {os.getpid()}"):
        DirectoryLock(tmp_path)
    lock.release()
    DirectoryLock(tmp_path).release()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = "import os,sys;from pathlib import Path;from resolute.node.lock import DirectoryLock as L;"
    code += "L(Path(sys.argv[1]));os.kill(os.getpid(),9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    DirectoryLock(tmp_path).release()


def test_a_directory_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    DirectoryLock(tmp_path / "deep" / "data").release()
    assert (tmp_path / "deep" / "data").stat().st_mode & 0o777 == 0o700


def test_a_place_that_is_no_directory_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="--data"):
        DirectoryLock(tmp_path / "file" / "data")

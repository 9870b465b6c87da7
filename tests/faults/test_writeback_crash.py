"""A zone file whose edit is cut off: killed at each system call, or the disk is full. The old file is there or the new
one, whole; the next edit succeeds and leaves nothing behind."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ZONE = "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.53\nwww A 192.0.2.1 ; the web\n"
ZONE += "".join(f"h{number} A 10.0.{number >> 8}.{number & 255}\n" for number in range(5_000))
EDITED = ZONE.replace("192.0.2.1 ", "192.0.2.9 ")
EDIT = """\
import sys
from pathlib import Path
from resolute.errors import UnavailableError
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.zones.writeback import write_back
www = RRset(names.from_text("www.example."), 1, 60, (bytes((192, 0, 2, 9)),))
try:
    write_back(Path(sys.argv[1]), names.from_text("example."), [www], known=None)
except UnavailableError as error:
    sys.exit(str(error))
"""
MOMENTS = [("openat", 1), ("flock", 1), ("write", 1), ("fchmod", 1), ("fsync", 1), ("rename", 1), ("fsync", 2)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "example.zone"
    path.write_text(ZONE, encoding="ascii")
    return path


def edit(file: Path, *before: str) -> "subprocess.CompletedProcess[str]":
    command = [*before, sys.executable, "-c", EDIT, str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize(("call", "when"), MOMENTS)
def test_killed_at(file: Path, call: str, when: int) -> None:
    """The last moment is after the rename: the new file is there, whether the folder is synced or not."""
    paths = [word for path in (file.parent, file.with_name(f".{file.name}.new")) for word in ("-P", str(path))]
    strace = ["strace", "-f", "-o", "/dev/null", *paths, "-e", f"inject={call}:signal=KILL:when={when}"]
    killed = edit(file, *strace)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert file.read_text() == (EDITED if (call, when) == ("fsync", 2) else ZONE)
    assert edit(file).returncode == 0
    assert file.read_text() == EDITED
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare is not installed")
def test_a_full_disk(file: Path) -> None:
    """In a file system of its own there is room for the file and not for another one."""
    fill = 'mount -t tmpfs -o size=160k none "$0" && cp "$1" "$0" && shift && "$@"; code=$?; ls -A "$0"; cat "$0"/*'
    disk = file.parent / "disk"
    disk.mkdir()
    inner = [sys.executable, "-c", EDIT, str(disk / file.name)]
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", fill + "; exit $code", str(disk), str(file), *inner]
    full = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    if "unshare" in full.stderr or "mount" in full.stderr:
        pytest.skip(f"no file system of one's own: {full.stderr}")
    assert full.returncode == 1
    assert full.stderr == f"{disk / file.name}: cannot be written: No space left on device; the file is as it was\n"
    assert full.stdout == f"{file.name}\n{ZONE}"

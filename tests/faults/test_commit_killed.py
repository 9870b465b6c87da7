"""R1, R2: killed at every write and fsync of a commit, nothing acknowledged is lost and nothing half-done is seen."""

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from resolute.records import names
from resolute.store import history, zones
from resolute.store.store import Store
from resolute.zones.rows import rrset_of
from tests.faults.kit.committer import FIRST, LAST, create

CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink")
AT_MOST = 60
"""Calls of one name in a whole run; there are fewer."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the zone, closed."""
    folder = tmp_path_factory.mktemp("fresh")
    create(str(folder / "store.db"))
    return folder


def run(folder: Path, *tracing: str) -> tuple[int, list[int]]:
    """Runs the committer; returns its status and the serials that it was told are durable."""
    command = [
        "strace",
        "-f",
        "-o",
        str(folder / "trace"),
        *tracing,
        sys.executable,
        "-m",
        "tests.faults.kit.committer",
    ]
    done = subprocess.run([*command, str(folder / "store.db")], capture_output=True, text=True, check=False, timeout=60)
    lines = done.stdout.split()
    return done.returncode, [int(line) for line in lines[1:]]


def state(folder: Path) -> int:
    """The serial of the zone; everything in the store agrees with it."""
    with sqlite3.connect(folder / "store.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = Store(f"sqlite:///{folder / 'store.db'}")
    try:
        with store.reading() as connection:
            zone = zones.find(connection, "example.org.")
            assert zone is not None
            rrsets = [rrset_of(row) for row in zones.everything(connection, zone.id)]
            changes = history.of_zone(connection, "example.org.")
        texts = {rrset.lines[0] for rrset in rrsets if names.to_text(rrset.owner)[1] == "."}
        assert texts == ({f'"{zone.serial}"'} if zone.serial > FIRST else set())
        (soa,) = [rrset.lines[0] for rrset in rrsets if rrset.rtype == 6]
        assert soa.split()[2] == str(zone.serial)
        assert [change.serial_after for change in changes] == list(range(zone.serial, FIRST - 1, -1))
        assert zone.records == sum(len(rrset.rdatas) for rrset in rrsets)
        assert store.revision() == zone.revision == zone.serial
        return zone.serial
    finally:
        store.close()


@pytest.mark.timeout(300)  # a start of Python for each call
@pytest.mark.parametrize("call", CALLS)
def test_r1_killed_at_each_call(fresh: Path, tmp_path: Path, call: str) -> None:
    """Counts the calls of an undisturbed run, then dies at each of them in turn."""
    counted = tmp_path / "counted"
    shutil.copytree(fresh, counted)
    status, told = run(counted, "-e", f"trace={call}")
    assert (status, told) == (0, list(range(FIRST + 1, LAST + 1)))
    calls = len(re.findall(rf"^\d+ +{call}\(", (counted / "trace").read_text(), re.MULTILINE))
    assert calls <= AT_MOST
    for number in range(1, calls + 1):
        folder = tmp_path / f"{number}"
        shutil.copytree(fresh, folder)
        status, told = run(folder, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
        assert status != 0
        assert state(folder) >= max(told, default=FIRST)


def test_r2_a_commit_is_told_of_after_its_sync(fresh: Path, tmp_path: Path) -> None:
    """fdatasync or fsync of the log comes before the line that says so."""
    shutil.copytree(fresh, tmp_path / "run")
    status, told = run(tmp_path / "run", "-e", "trace=pwrite64,fdatasync,fsync,write")
    assert status == 0
    assert len(told) == LAST - FIRST
    trace = (tmp_path / "run" / "trace").read_text().splitlines()
    steps = ["say" if re.search(r' write\(1, "\d', line) else "sync" if "sync(" in line else "write" for line in trace]
    for at, step in enumerate(steps):
        if step == "say":
            last_write = max(i for i in range(at) if "pwrite64(" in trace[i])
            assert "sync" in steps[last_write:at]

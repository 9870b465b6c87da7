"""Folders of zone files: what is in them is served, as long as it is in them; a zone has one source of truth."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers import Resolute, Service
from bench.peers.resolute import COMMAND
from tests.faults.kit.asking import addresses, wait_for

ZONE = """\
$TTL 300
@    SOA ns1 hostmaster {serial} 7200 3600 1209600 60
@    NS  ns1
ns1  A   192.0.2.53
www  A   192.0.2.{serial}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two zones and a file that is none."""
    path = tmp_path / "zones"
    path.mkdir()
    write(path / "one.example.zone", 1)
    write(path / "Two.example.zone", 2)
    (path / "README").write_text("no zone")
    return path


@pytest.fixture
def server(folder: Path) -> Iterator[Resolute]:
    with Resolute(Service(), flags=[f"--zones={folder}"]) as running:
        yield running


def test_files_come_change_and_go(server: Resolute, folder: Path) -> None:
    assert addresses(server.endpoint, "www.one.example.") == ["192.0.2.1"]
    assert addresses(server.endpoint, "www.two.example.") == ["192.0.2.2"]
    write(folder / "three.example.zone", 3)
    reads(server, "www.three.example.", ["192.0.2.3"])
    write(folder / "one.example.zone", 4)
    reads(server, "www.one.example.", ["192.0.2.4"])
    (folder / "one.example.zone").unlink()
    wait_for(lambda: not addresses(server.endpoint, "www.one.example."), what="the zone is gone")
    assert addresses(server.endpoint, "www.three.example.") == ["192.0.2.3"]


def test_a_broken_file_leaves_the_old_zone(server: Resolute, folder: Path) -> None:
    (folder / "one.example.zone").write_text(ZONE.format(serial=9) + "www A not-an-address\n")
    problems = wait_for(lambda: status(server)["problems"], what="the problem is shown")
    assert re.search(r"one\.example\.zone:6:7: ", str(problems))
    assert addresses(server.endpoint, "www.one.example.") == ["192.0.2.1"]
    write(folder / "one.example.zone", 5)
    reads(server, "www.one.example.", ["192.0.2.5"])
    wait_for(lambda: not status(server)["problems"], what="nothing is wrong any more")


def test_a_zone_has_one_source(folder: Path, tmp_path: Path) -> None:
    """The one that the configuration names by itself goes before the folder's, and the folder's is told of."""
    own = tmp_path / "own.zone"
    write(own, 7)
    with Resolute(Service(zones={"one.example.": own}), flags=[f"--zones={folder}"]) as server:
        assert addresses(server.endpoint, "www.one.example.") == ["192.0.2.7"]
        (problem,) = status(server)["problems"]
        assert f"{folder}/one.example.zone: the zone one.example. is read from {own} already" in problem
        (folder / "one.example.zone").unlink()
        wait_for(lambda: not status(server)["problems"], what="the clash is over")
        assert addresses(server.endpoint, "www.one.example.") == ["192.0.2.7"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with Resolute(Service(), flags=[f"--zones={folder}"]) as server:
        assert f"{folder}: zone files cannot be looked for: No such file or directory" in str(
            status(server)["problems"]
        )
        folder.mkdir()
        write(folder / "one.example.zone", 1)
        reads(server, "www.one.example.", ["192.0.2.1"])
        wait_for(lambda: not status(server)["problems"], what="nothing is wrong any more")


@pytest.mark.parametrize("name", ["a..b.zone", f"{'x' * 64}.zone", "a\\300.zone"])
def test_a_file_whose_name_is_no_name(folder: Path, name: str) -> None:
    (folder / name).write_text(ZONE.format(serial=1))
    with Resolute(Service(), flags=[f"--zones={folder}"]) as server:
        assert addresses(server.endpoint, "www.one.example.") == ["192.0.2.1"]
        assert "the file's name is to be its zone's name" in str(status(server)["problems"])


def write(file: Path, serial: int) -> None:
    file.write_text(ZONE.format(serial=serial))


def reads(server: Resolute, name: str, expected: list[str]) -> None:
    wait_for(lambda: addresses(server.endpoint, name) == expected, what=f"{name} is {expected}")


def status(server: Resolute) -> dict[str, list[str]]:
    done = subprocess.run(
        [COMMAND, "status", "--json", f"--data={server.data}"], check=True, capture_output=True, text=True, timeout=20
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found

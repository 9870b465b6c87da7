"""R3: a full disk, one that fails, and one that is read-only: queries are answered, changes are refused clearly, and
all goes on by itself when there is room again."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.peers import Resolute, Service
from tests.apiclient import Client, Said
from tests.faults.kit.asking import addresses, wait_for
from tests.faults.kit.running import command

ZONE = "/zones/example.org"
TEXT = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n"
SIZE = "8m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "resolute-test", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a file system cannot be mounted here (it takes root and CAP_SYS_ADMIN): {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextlib.contextmanager
def serving(data: Path, extra: str = "") -> Iterator[Client]:
    """A server with a zone in its store."""
    with Resolute(Service(extra=extra), admin=True, data=data) as server:
        client = Client(server)
        assert client.send("POST", ZONE + "/import", TEXT, Content_Type="text/dns").status == 200
        assert put(client, 3, size=60).status == 200
        yield client


def fill(disk: Path) -> Path:
    """Takes all the room that there is; returns what has to go again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    assert os.statvfs(disk).f_bavail == 0
    return ballast


def put(client: Client, number: int, *, size: int = 1) -> Said:
    """An address of `www`, and so many records of text that a page of the store does not hold them."""
    text = [{"strings": [f"{number} {at} " + "t" * 200]} for at in range(size)]
    edits = [
        {"action": "replace", "name": "www", "type": "A", "records": [f"192.0.2.{number}"]},
        {"action": "replace", "name": "text", "type": "TXT", "records": text},
    ]
    return client.send("POST", "/batches", {"changes": [{"zone": "example.org", "edits": edits}]})


def fill_up(client: Client) -> Said:
    """Changes until one is refused: what the log of SQLite has room for already is still taken."""
    for number in range(4, 200):
        said = put(client, number, size=60)
        if said.status != 200:
            return said
        assert addresses(client.server.endpoint, "www.example.org") == [f"192.0.2.{number}"]
    raise AssertionError("the disk is never full")


def seen(client: Client) -> list[Any]:
    """The zone, whoever is asked: DNS, the API, the history."""
    zone = client.send("GET", ZONE).json
    text = client.send("GET", ZONE + "/rrsets/text/TXT").json["records"]
    last = client.send("GET", ZONE + "/history?limit=1").json["items"][0]
    return [
        addresses(client.server.endpoint, "www.example.org"),
        client.send("GET", ZONE + "/rrsets/www/A").json["records"],
        (zone["serial"], zone["revision"]),
        (last["serial_after"], last["revision"]),
        {line.split()[0].strip('"') for line in text},
    ]


def test_a_full_disk(disk: Path) -> None:
    """Refused with 507 (RFC 4918 11.5), nothing half-done, and as before when there is room, without a restart."""
    with serving(disk / "data") as client:
        server = client.server
        ballast = fill(disk)
        refused = fill_up(client)
        assert (refused.status, refused.json["type"]) == (507, "urn:problem-type:resolute:storage")
        assert re.search(r"the disk is full.*free some space", refused.json["detail"])
        before = seen(client)
        assert before[0] == before[1]
        assert before[2] == before[3]
        assert before[4] == {before[0][0].rsplit(".", 1)[1]}
        for number in range(200, 230):
            assert put(client, number, size=60).status == 507
            assert client.send("DELETE", ZONE + "/rrsets/nobody/A").status == 404
        assert seen(client) == before
        server.require_running()
        assert len([line for line in server.log_text().splitlines() if "disk is full" in line]) <= 10
        ballast.unlink()
        wait_for(lambda: put(client, 7, size=60).status == 200, what="a change when there is room")
        after = seen(client)
        assert (after[0], after[1], after[4]) == (["192.0.2.7"], ["192.0.2.7"], {"7"})
        assert after[2] == after[3]
        wait_for(lambda: not client.send("GET", "/nodes").json[0]["problems"], what="no problem is left")


def test_a_full_disk_is_no_end_for_a_start(disk: Path) -> None:
    """Of a node, of its last copy, and of the admin process."""
    with serving(disk / "data") as client:
        server = client.server
        fill(disk)
        fill_up(client)
        before = seen(client)
        server.kill()
        server.start()
        assert seen(client) == before
        assert put(client, 7, size=200).status == 507
        (disk / "ballast").unlink()
        wait_for(lambda: put(client, 7, size=200).status == 200, what="a change when there is room")
        assert seen(client)[0] == ["192.0.2.7"]


def test_a_zone_file_on_a_full_disk_is_as_it_was(disk: Path, tmp_path: Path) -> None:
    file = disk / "hello.zone"
    file.write_text(TEXT)
    with Resolute(Service(zones={"hello.": file}), admin=True, data=tmp_path / "data") as server:
        client = Client(server)
        ballast = fill(disk)
        refused = client.send("PUT", "/zones/hello./rrsets/www/A", {"records": ["192.0.2.9"]})
        assert (refused.status, "No space left" in refused.json["detail"]) == (507, True)
        assert file.read_text() == TEXT
        assert addresses(server.endpoint, "www.hello") == ["192.0.2.2"]
        assert sorted(one.name for one in disk.iterdir()) == ["ballast", "hello.zone"]
        ballast.unlink()
        assert client.send("PUT", "/zones/hello./rrsets/www/A", {"records": ["192.0.2.9"]}).json["served"] is True


def test_a_read_only_disk_is_said_at_the_start(disk: Path) -> None:
    """What is wrong, where, and how to mend it; nothing is served by a server that cannot keep anything."""
    with serving(disk / "data"):
        pass
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    said = command("serve", f"--data={disk / 'data'}", "--listen=127.0.0.1:0", "--admin=off")
    assert said.returncode == 2, said
    assert re.search(rf"{re.escape(str(disk / 'data'))}.*[Rr]ead-only file system", said.stderr + said.stdout), said


@contextlib.contextmanager
def failing(process: int, folder: Path) -> Iterator[None]:
    """A process whose syncs fail with EIO, as those of a disk that dies do."""
    inject = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"]
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", folder / "trace", "-p", str(process), *inject], stderr=subprocess.DEVNULL
    )
    try:
        status = Path(f"/proc/{process}/status")
        wait_for(lambda: f"TracerPid:\t{tracer.pid}\n" in status.read_text(), what="it is traced")
        yield
        assert "(INJECTED)" in (folder / "trace").read_text()
    finally:
        tracer.terminate()
        tracer.wait(10)


@pytest.mark.parametrize("killed", [False, True])
def test_a_sync_that_fails_is_not_acknowledged(tmp_path: Path, killed: bool) -> None:  # noqa: FBT001
    """Refused, and not served. After a crash the disk may have it all the same, whole: the store agrees with itself."""
    with serving(tmp_path / "data") as client:
        server = client.server
        before = seen(client)
        (admin,) = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        with failing(int(admin), tmp_path):
            refused = put(client, 9)
        assert (refused.status, refused.json["type"]) == (507, "urn:problem-type:resolute:storage")
        assert "the disk is full, or cannot be written" in refused.json["detail"]
        assert seen(client) == before
        if killed:
            server.kill()
            server.start()
        found = seen(client)
        assert found[0] == found[1]
        assert found[2] == found[3]
        assert (found[0], found[4]) in ((["192.0.2.3"], {"3"}), (["192.0.2.9"], {"9"}))
        assert killed or found == before
        assert put(client, 11).status == 200
        assert seen(client)[0] == ["192.0.2.11"]

"""`resolute apply` with a running server: zones in a folder of files, as people keep them in git."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.peers import Resolute, Service
from resolute.store.store import Store
from tests.apiclient import Client
from tests.faults.kit.asking import addresses, ask, rcode
from tests.faults.kit.running import command
from tests.interop.test_api import TEXT

pytestmark = pytest.mark.timeout(300)
ONE = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.7\n"


class Folder:
    """Zone files, and a server to apply them to."""

    def __init__(self, path: Path, server: Resolute) -> None:
        self.path, self.server = path, server
        path.mkdir()
        self._token = path.parent / "token"
        self.client = Client(server)
        self._token.write_text(self.client.headers["Authorization"].split()[1])

    def write(self, zone: str, text: str) -> None:
        (self.path / f"{zone}.zone").write_text(text)

    def apply(self, *words: str) -> subprocess.CompletedProcess[str]:
        where = f"--server={self.server.admin_url}".replace("/api/v1", "")
        return command("apply", str(self.path), where, f"--token-file={self._token}", *words)

    def as_json(self, *words: str, status: int = 0) -> Any:  # noqa: ANN401  whatever JSON there is
        done = self.apply(*words, "--json")
        assert done.returncode == status, done
        return json.loads(done.stdout)

    def actions(self, *words: str, status: int = 0) -> dict[str, str]:
        return {one["zone"]: one["action"] for one in self.as_json(*words, status=status)["zones"]}

    def serial(self, zone: str) -> int:
        (soa,) = ask(self.server.endpoint, zone, "SOA").answer
        return int(soa[0].serial)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    hello = tmp_path / "hello.zone"
    hello.write_text(TEXT)
    with Resolute(
        Service(zones={"hello.": hello}, extra='[resolver]\nmode = "off"\n'), admin=True, data=tmp_path / "data"
    ) as server:
        yield Folder(tmp_path / "git", server)


def test_the_store_becomes_the_folder(folder: Folder) -> None:
    """Planned first, then made; a second run has nothing to do, and raises no serial."""
    folder.write("a.test", ONE)
    folder.write("b.test", ONE.replace("www", "mail"))
    planned = folder.apply("--plan")
    assert (planned.returncode, planned.stdout.splitlines()[-1]) == (
        3,
        "2 to add, 0 to change, 0 to remove, 0 as they are",
    )
    assert rcode(ask(folder.server.endpoint, "www.a.test")) == "REFUSED"
    assert folder.apply().returncode == 0
    assert addresses(folder.server.endpoint, "www.a.test") == ["192.0.2.7"]
    assert addresses(folder.server.endpoint, "mail.b.test") == ["192.0.2.7"]
    assert folder.actions("--plan") == {"a.test.": "nothing", "b.test.": "nothing", "hello.": "leave"}
    folder.write("a.test", ONE.replace(" h 5 ", " h 4 "))
    assert folder.actions("--plan")["a.test."] == "nothing"
    assert folder.serial("a.test.") == 5


def test_only_what_differs_is_changed(folder: Folder) -> None:
    folder.write("a.test", ONE)
    folder.write("b.test", ONE)
    folder.apply()
    folder.write("a.test", ONE.replace("192.0.2.7", "192.0.2.8") + 'new 30 TXT "a;b"\n')
    planned = folder.apply("--plan")
    assert planned.returncode == 3
    lines = [line.strip() for line in planned.stdout.splitlines()]
    assert lines[:6] == [
        "~ a.test.  +3 -2 records, serial 5 -> 6",
        "- a.test. 60 SOA ns1.a.test. h.a.test. 5 7200 3600 1209600 300",
        "+ a.test. 60 SOA ns1.a.test. h.a.test. 6 7200 3600 1209600 300",
        '+ new.a.test. 30 TXT "a;b"',
        "- www.a.test. 60 A 192.0.2.7",
        "+ www.a.test. 60 A 192.0.2.8",
    ]
    done = folder.as_json("--reason", "the web moves")
    (changed,) = [one for one in done["zones"] if one["done"]]
    assert (changed["zone"], changed["serial_after"]) == ("a.test.", 6)
    assert addresses(folder.server.endpoint, "www.a.test") == ["192.0.2.8"]
    history = folder.client.send("GET", "/zones/a.test/history").json["items"][0]
    assert history["reason"] == "the web moves"
    folder.write("a.test", ONE.replace(" h 5 ", " h 2026010100 "))
    folder.apply()
    assert (folder.serial("a.test."), folder.serial("b.test.")) == (2026010100, 5)


def test_more_differences_than_the_server_lists(folder: Folder) -> None:
    """1,200 names: the plan says that its list ends, and how many records are not in it."""
    folder.write("a.test", ONE)
    folder.apply()
    folder.write("a.test", ONE + "$GENERATE 1-1200 h$ A 192.0.2.1\n")
    planned = folder.apply("--plan").stdout.splitlines()
    assert planned[0] == "~ a.test.  +1201 -1 records, serial 5 -> 6"
    listed = [line for line in planned if line.startswith("    ") and line.strip()[0] in "+-"]
    (more,) = [line for line in planned if "which the server does not list" in line]
    assert int(more.split()[1]) + len(listed) == 1_202
    (zone,) = [one for one in folder.as_json("--plan", status=3)["zones"] if one["zone"] == "a.test."]
    assert zone["not_shown"] == 1_202 - len(listed)
    assert zone["not_shown"] > 0


def test_zones_without_a_file_go_only_when_it_is_said(folder: Folder) -> None:
    folder.write("a.test", ONE)
    folder.write("b.test", ONE)
    folder.apply()
    (folder.path / "b.test.zone").unlink()
    kept = folder.apply()
    assert (kept.returncode, "kept without a file here: 1 (b.test.); --delete removes them" in kept.stdout) == (0, True)
    assert addresses(folder.server.endpoint, "www.b.test") == ["192.0.2.7"]
    assert folder.actions("--plan", "--delete", status=3)["b.test."] == "remove"
    assert folder.apply("--delete").returncode == 0
    assert rcode(ask(folder.server.endpoint, "www.b.test")) == "REFUSED"
    assert addresses(folder.server.endpoint, "www.hello") == ["192.0.2.7"]  # of a file of the server
    (folder.path / "a.test.zone").unlink()
    empty = folder.apply("--delete")
    assert (empty.returncode, "no zone file" in empty.stderr) == (1, True)
    assert addresses(folder.server.endpoint, "www.a.test") == ["192.0.2.7"]


def test_one_broken_file_changes_nothing(folder: Folder) -> None:
    folder.write("a.test", ONE)
    folder.write("b.test", ONE + "www CNAME a\nx A 192.0.2.256\n")
    folder.write("bad..name", ONE)
    done = folder.apply()
    assert done.returncode == 1
    assert f"{folder.path}/b.test.zone:6:1: " in done.stderr
    assert f"{folder.path}/b.test.zone:7:5: " in done.stderr
    assert "bad..name.zone" in done.stderr
    assert rcode(ask(folder.server.endpoint, "www.a.test")) == "REFUSED"


def test_what_files_include_comes_along(folder: Folder) -> None:
    (folder.path / "common").mkdir()
    (folder.path / "common" / "web").write_text("www A 192.0.2.80\n$GENERATE 1-3 h$ A 192.0.2.$\n")
    folder.write("a.test", ONE.replace("www A 192.0.2.7", "$INCLUDE common/web") + "x TYPE65400 \\# 2 0a0b\n")
    assert folder.apply().returncode == 0
    assert addresses(folder.server.endpoint, "www.a.test") == ["192.0.2.80"]
    assert addresses(folder.server.endpoint, "h3.a.test") == ["192.0.2.3"]
    assert addresses(folder.server.endpoint, "x.a.test", "TYPE65400") == ["\\# 2 0a0b"]
    (folder.path / "common" / "web").write_text("www A 192.0.2.81\n")
    assert folder.actions() == {"a.test.": "change", "hello.": "leave"}
    folder.write("b.test", ONE + "$INCLUDE /etc/hostname\n")
    refused = folder.apply()
    assert (refused.returncode, "b.test.zone:6" in refused.stderr) == (1, True)


def test_a_break_in_the_middle_is_told_and_completed_later(folder: Folder) -> None:
    """The store goes when one of three zones is changed; what was done stays done."""
    for zone in ("a.test", "b.test", "c.test"):
        folder.write(zone, ONE)
    store = Store(f"sqlite:///{folder.server.data / 'resolute.db'}")
    with store.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON zones WHEN NEW.name = 'b.test.' AND "
            "(SELECT count(*) FROM zones) > 0 BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END"
        )
    broken = folder.apply()
    assert broken.returncode == 1
    assert "1 added" in broken.stdout
    assert "not done: b.test., c.test.; apply again completes it" in broken.stdout
    assert "the disk is gone" in broken.stderr
    assert addresses(folder.server.endpoint, "www.a.test") == ["192.0.2.7"]
    with store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken")
    store.close()
    assert folder.actions() == {"a.test.": "nothing", "b.test.": "add", "c.test.": "add", "hello.": "leave"}
    assert addresses(folder.server.endpoint, "www.c.test") == ["192.0.2.7"]

"""Files that change while the server runs are followed by themselves, however they are written."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.peers.server import free_port
from tests.faults.kit.asking import OVER_TCP, addresses, answers, ask, rcode, wait_for
from tests.faults.kit.load import Load
from tests.faults.kit.running import Configured, as_json, local
from tests.faults.kit.upstream import Upstream, answering

ZONE = """\
$TTL 300
@    SOA ns1 hostmaster {serial} 7200 3600 1209600 60
@    NS  ns1
ns1  A   192.0.2.53
www  A   192.0.2.{serial}
"""
CONFIG = """\
[listen]
dns = ["127.0.0.1:{port}"]
admin = "off"
[data]
directory = "data"
[[zone]]
name = "follow.example."
file = "follow.zone"
"""
AT_ONCE_S = 2.0
"""Much less than the poll's time would do, too: events come at once."""


class Folder:
    """A configuration, its files, and the server that runs from it."""

    def __init__(self, path: Path) -> None:
        self.path, self.port = path, free_port()
        self.zone, self.config = path / "follow.zone", path / "resolute.toml"
        self.zone.write_text(zone(1))
        self.config.write_text(self.text())
        self.server = Configured(self.config)

    def text(self, more: str = "") -> str:
        return CONFIG.format(port=self.port) + more

    def reads(self, name: str, expected: list[str], *, port: int | None = None, timeout_s: float = 6.0) -> None:
        """Waits until a name has these addresses."""
        there = local(port or self.port)
        wait_for(lambda: addresses(there, name) == expected, timeout_s=timeout_s, what=f"{name} is {expected}")

    def reads_www(self, serial: int, timeout_s: float = 6.0) -> None:
        self.reads("www.follow.example.", [f"192.0.2.{serial}"], timeout_s=timeout_s)


def zone(serial: int, more: str = "") -> str:
    return ZONE.format(serial=serial) + more


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    with made.server:
        made.reads_www(1)
        yield made


class TestWaysOfWriting:
    """Each way in which editors and tools change a file."""

    def in_place(self, path: Path, text: str) -> None:
        path.write_text(text)

    def by_rename(self, path: Path, text: str) -> None:
        fresh = path.with_name(".swap")
        fresh.write_text(text)
        fresh.replace(path)

    def by_backup(self, path: Path, text: str) -> None:
        """As vim does with `backupcopy=no`: the old one moves away, the new one is made."""
        path.rename(path.with_name(path.name + "~"))
        path.write_text(text)

    def by_sed(self, path: Path, text: str) -> None:
        serial = re.search(r"192\.0\.2\.(\d+)\n\Z", text)
        assert serial is not None
        subprocess.run(["sed", "-i", f"s/192\\.0\\.2\\.[0-9]*$/192.0.2.{serial[1]}/", str(path)], check=True)

    def by_copy(self, path: Path, text: str) -> None:
        (path.parent / "source").write_text(text)
        shutil.copy(path.parent / "source", path)

    def in_pieces(self, path: Path, text: str) -> None:
        """Part of it, and the rest after 200 ms: what was there goes on meanwhile."""
        half = len(text) - 20
        with path.open("w") as file:
            file.write(text[:half])
            file.flush()
            time.sleep(0.2)
            file.write(text[half:])

    def with_an_old_time(self, path: Path, text: str) -> None:
        """As `cp -p` and package managers do."""
        fresh = path.with_name(".swap")
        fresh.write_text(text)
        os.utime(fresh, (1_000_000_000, 1_000_000_000))
        fresh.replace(path)

    @pytest.mark.parametrize(
        "way", ["in_place", "by_rename", "by_backup", "by_sed", "by_copy", "in_pieces", "with_an_old_time"]
    )
    def test_three_edits(self, folder: Folder, way: str) -> None:
        write: Callable[[Path, str], None] = getattr(self, way)
        for serial in (2, 3, 4):
            write(folder.zone, zone(serial))
            folder.reads_www(serial, AT_ONCE_S)
        assert folder.server.problems() == []
        assert "error" not in folder.server.log_text()

    def test_a_file_that_is_away_for_a_moment(self, folder: Folder) -> None:
        folder.zone.unlink()
        time.sleep(0.3)
        folder.reads_www(1)
        folder.zone.write_text(zone(2))
        folder.reads_www(2, AT_ONCE_S)
        assert folder.server.problems() == []

    def test_a_file_that_stays_away_and_comes_back(self, folder: Folder) -> None:
        folder.zone.unlink()
        (problem,) = wait_for(folder.server.problems)
        assert problem == f"zone follow.example.: {folder.zone}: cannot be read: No such file or directory"
        folder.reads_www(1)
        assert folder.server.zone("follow.example.")["state"] == "serving the old zone"
        folder.zone.write_text(zone(2))
        folder.reads_www(2, AT_ONCE_S)
        wait_for(lambda: folder.server.problems() == [])

    def test_a_link_that_is_pointed_elsewhere(self, folder: Folder) -> None:
        """As Kubernetes does with its ConfigMaps: the folder behind a link is another one at once."""
        for serial in (2, 3):
            (folder.path / f"version{serial}").mkdir()
            (folder.path / f"version{serial}" / "follow.zone").write_text(zone(serial))
        (folder.path / "current").symlink_to("version2")
        folder.config.write_text(folder.text().replace("follow.zone", "current/follow.zone"))
        folder.reads_www(2)
        (folder.path / "fresh").symlink_to("version3")
        (folder.path / "fresh").replace(folder.path / "current")
        folder.reads_www(3)

    def test_a_log_beside_the_files_is_not_followed(self, folder: Folder) -> None:
        """A server that logs into the folder of its zones must not log that something changes there."""
        folder.zone.write_text(zone(2))
        folder.reads_www(2, AT_ONCE_S)
        wait_for(lambda: "serial 2 is served" in folder.server.log_text())
        before = folder.server.log_text()
        for number in range(20):
            (folder.path / "other.log").write_text(f"{number}\n")
            time.sleep(0.05)
        assert folder.server.log_text() == before

    def test_the_same_content_is_no_error(self, folder: Folder) -> None:
        folder.zone.touch()
        folder.zone.write_text(zone(2))
        folder.reads_www(2, AT_ONCE_S)


class TestBrokenEdits:
    """The old state goes on; it is said once, with the place, until it is mended."""

    def test_a_broken_zone(self, folder: Folder) -> None:
        with Load(local(folder.port), [("www.follow.example.", "A")], pause_s=0.002) as load:
            folder.zone.write_text(zone(2, "bad A 192.0.2.x\n"))
            (problem,) = wait_for(folder.server.problems)
            assert problem.startswith(f"zone follow.example.: {folder.zone}:6:7: ")
            shown = as_json("status", "--data", str(folder.server.data))
            assert shown["problems"] == [problem]
            assert shown["zones"][0]["state"] == "serving the old zone"
            assert shown["zones"][0]["serial"] == 1
            time.sleep(2.5)  # longer than the poll: nothing is said again
            folder.reads_www(1)
            line = problem.partition(": ")[2]
            assert folder.server.log_text().count(line) == 1
            folder.zone.write_text(zone(3))
            folder.reads_www(3, AT_ONCE_S)
            wait_for(lambda: folder.server.problems() == [])
            tally = load.stop()
        assert (tally.lost, set(tally.rcodes)) == (0, {0})

    def test_two_zones_of_which_one_is_broken(self, folder: Folder) -> None:
        (folder.path / "other.zone").write_text(zone(7))
        folder.config.write_text(folder.text('[[zone]]\nname = "other.example."\nfile = "other.zone"\n'))
        folder.reads("www.other.example.", ["192.0.2.7"])
        folder.zone.write_text("no zone at all\n")
        wait_for(folder.server.problems)
        (folder.path / "other.zone").write_text(zone(8))
        folder.reads("www.other.example.", ["192.0.2.8"])
        folder.reads_www(1)

    def test_a_new_zone_that_is_broken_does_not_stop_the_others(self, folder: Folder) -> None:
        (folder.path / "other.zone").write_text("no zone at all\n")
        folder.config.write_text(folder.text('[[zone]]\nname = "other.example."\nfile = "other.zone"\n'))
        (problem, *_) = wait_for(folder.server.problems)
        assert problem.startswith(f"zone other.example.: {folder.path}/other.zone: no SOA")
        assert folder.server.zone("other.example.")["state"] == "not served"
        assert rcode(ask(local(folder.port), "www.other.example.")) == "SERVFAIL"
        folder.zone.write_text(zone(2))
        folder.reads_www(2)
        (folder.path / "other.zone").write_text(zone(7))
        folder.reads("www.other.example.", ["192.0.2.7"])
        wait_for(lambda: folder.server.problems() == [])

    def test_a_broken_configuration(self, folder: Folder) -> None:
        folder.config.write_text(folder.text("[lisp]\n"))
        (problem,) = wait_for(folder.server.problems)
        assert problem.startswith(f"{folder.config}:9:1: lisp: is not a setting: did you mean li")
        time.sleep(2.5)
        assert folder.server.log_text().count(problem) == 1
        # Its zones are still followed.
        folder.zone.write_text(zone(2))
        folder.reads_www(2, AT_ONCE_S)
        folder.config.write_text(folder.text())
        wait_for(lambda: folder.server.problems() == [])


class TestOtherFiles:
    """Included files, hosts files, local records, and the configuration itself."""

    def test_an_included_file(self, folder: Folder) -> None:
        (folder.path / "more.inc").write_text("inc A 192.0.2.70\n")
        folder.zone.write_text(zone(2, "$INCLUDE more.inc\n"))
        folder.reads("inc.follow.example.", ["192.0.2.70"])
        (folder.path / "more.inc").write_text("inc A 192.0.2.71\n")
        folder.reads("inc.follow.example.", ["192.0.2.71"], timeout_s=AT_ONCE_S)
        (folder.path / "more.inc").write_text("inc A nonsense\n")
        (problem,) = wait_for(folder.server.problems)
        assert f"{folder.path}/more.inc:1:7: " in problem
        folder.reads("inc.follow.example.", ["192.0.2.71"])
        (folder.path / "more.inc").write_text("inc A 192.0.2.72\n")
        folder.reads("inc.follow.example.", ["192.0.2.72"], timeout_s=AT_ONCE_S)
        wait_for(lambda: folder.server.problems() == [])

    def test_a_hosts_file(self, folder: Folder) -> None:
        hosts = folder.path / "hosts"
        hosts.write_text("192.0.2.100 printer.test\n")
        folder.config.write_text(folder.text('[hosts]\nfiles = ["hosts"]\n'))
        folder.reads("printer.test.", ["192.0.2.100"])
        hosts.write_text("192.0.2.101 printer.test\n2001:db8::1 six.test # comment\n")
        folder.reads("printer.test.", ["192.0.2.101"], timeout_s=AT_ONCE_S)
        assert addresses(local(folder.port), "six.test.", "AAAA") == ["2001:db8::1"]
        assert answers(ask(local(folder.port), "101.2.0.192.in-addr.arpa.", "PTR")) == ["printer.test."]
        hosts.write_text("192.0.2.102 printer.test\nnonsense here\n")
        folder.reads("printer.test.", ["192.0.2.102"], timeout_s=AT_ONCE_S)
        (problem,) = wait_for(folder.server.problems)
        assert problem.startswith(f"hosts: {hosts}:2: ")
        hosts.unlink()
        wait_for(lambda: "cannot be read" in str(folder.server.problems()))
        folder.reads("printer.test.", ["192.0.2.102"])
        hosts.write_text("192.0.2.103 printer.test\n")
        folder.reads("printer.test.", ["192.0.2.103"])
        wait_for(lambda: folder.server.problems() == [])

    def test_a_seed_of_local_records(self, folder: Folder) -> None:
        records = folder.path / "records.yml"
        records.write_text("app.test: 192.0.2.7\n")
        folder.config.write_text(folder.text('[hosts]\nrecords = "records.yml"\n'))
        folder.reads("app.test.", ["192.0.2.7"])
        records.write_text("app.test: 192.0.2.7\ndb.test: 2001:db8::7\n")
        wait_for(lambda: addresses(local(folder.port), "db.test.", "AAAA") == ["2001:db8::7"])
        records.write_text("app.test: [\n")
        wait_for(lambda: f"hosts.records: {records}:" in str(folder.server.problems()))
        folder.reads("app.test.", ["192.0.2.7"])
        records.write_text("app.test: 192.0.2.7\nlate.test: 192.0.2.9\n")
        folder.reads("late.test.", ["192.0.2.9"])
        wait_for(lambda: folder.server.problems() == [])

    def test_a_zone_comes_and_goes(self, folder: Folder) -> None:
        (folder.path / "other.zone").write_text(zone(7))
        more = '[[zone]]\nname = "other.example."\nfile = "other.zone"\n'
        assert rcode(ask(local(folder.port), "www.other.example.")) == "SERVFAIL"  # no upstream is configured
        folder.config.write_text(folder.text(more))
        folder.reads("www.other.example.", ["192.0.2.7"], timeout_s=AT_ONCE_S)
        folder.config.write_text(folder.text())
        wait_for(lambda: rcode(ask(local(folder.port), "www.other.example.")) == "SERVFAIL")
        folder.reads_www(1)

    def test_another_forwarder(self, folder: Folder) -> None:
        with (
            Upstream(answering("a.example. 300 IN A 192.0.2.1", "b.example. 300 IN A 192.0.2.1")) as one,
            Upstream(answering("a.example. 300 IN A 192.0.2.2", "b.example. 300 IN A 192.0.2.2")) as other,
        ):
            folder.config.write_text(folder.text(f'[resolver]\nforward = ["{one.endpoint}"]\n'))
            folder.reads("a.example.", ["192.0.2.1"])
            folder.config.write_text(folder.text(f'[resolver]\nforward = ["{other.endpoint}"]\n'))
            # What the other one said before is not an answer of this one's.
            folder.reads("a.example.", ["192.0.2.2"])
            folder.reads("b.example.", ["192.0.2.2"])
            assert one.questions("b.example.") == []

    def test_addresses_to_listen_on(self, folder: Folder) -> None:
        second = free_port()
        both = f'dns = ["127.0.0.1:{folder.port}", "127.0.0.1:{second}"]'
        only_one = f'dns = ["127.0.0.1:{folder.port}"]'
        with Load(local(folder.port), [("www.follow.example.", "A")], pause_s=0.002) as load:
            folder.config.write_text(folder.text().replace(only_one, both))
            wait_for(lambda: len(folder.server.control.status()["listen"]["dns"]) == 2)
            assert addresses(local(second), "www.follow.example.") == ["192.0.2.1"]
            assert answers(ask(local(second), "www.follow.example.", manner=OVER_TCP)) == ["192.0.2.1"]
            folder.config.write_text(folder.text())
            wait_for(lambda: len(folder.server.control.status()["listen"]["dns"]) == 1)
            with pytest.raises(OSError, match=r"refused"):
                ask(local(second), "www.follow.example.", manner=OVER_TCP)
            tally = load.stop()
        assert (tally.lost, set(tally.rcodes)) == (0, {0})
        free_again(second)


def test_without_inotify_files_are_looked_at(tmp_path: Path) -> None:
    """No inotify instance can be made, as where the limit is reached: the poll does it alone."""
    folder = Folder(tmp_path)
    folder.server = WithoutInotify(folder.config)
    with folder.server:
        for serial in (2, 3):
            folder.zone.write_text(zone(serial))
            folder.reads_www(serial)
        assert "inotify is not to be had" in folder.server.log_text()


class WithoutInotify(Configured):
    """In a user namespace in which no inotify instance may be made."""

    command = "unshare"

    def arguments(self) -> list[str]:
        limit = "echo 0 > /proc/sys/user/max_inotify_instances"
        words = [Configured.command, *super().arguments()]
        return ["-Ur", "sh", "-c", f'{limit}; exec "$@"', "sh", *words]


def free_again(port: int) -> None:
    """Nobody has the port any more, for UDP and for TCP."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(type=kind) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))

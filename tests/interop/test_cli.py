"""The commands against a running server: what they show, what they change, and how they end."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from bench.peers.resolute import COMMAND
from bench.peers.server import free_port
from tests.faults.kit.asking import addresses, ask, wait_for
from tests.faults.kit.running import Configured, as_json, command, local
from tests.faults.kit.upstream import Upstream, answering

ZONE = """\
$TTL 300
@      SOA  ns1 hostmaster 7 7200 3600 1209600 60
@      NS   ns1
ns1    A    192.0.2.53
www    A    192.0.2.80
alias  CNAME www
out    CNAME www.elsewhere.example.
*.wild A    192.0.2.99
sub    NS   ns.sub
ns.sub A    192.0.2.54
"""
CONFIG = """\
[listen]
dns = ["127.0.0.1:{port}"]
admin = "off"
[data]
directory = "data"
[[zone]]
name = "cli.example."
file = "cli.zone"
[hosts]
files = ["hosts"]
[resolver]
forward = ["{upstream}"]
"""
UPSTREAM = [
    "www.elsewhere.example. 300 IN A 192.0.2.1",
    "a.b.elsewhere.example. 300 IN A 192.0.2.2",
    "elsewhere.example. 300 IN MX 10 www.elsewhere.example.",
]


class Place:
    """A folder with a server that runs from its configuration."""

    def __init__(self, path: Path, upstream: Upstream) -> None:
        self.path, self.port = path, free_port()
        (path / "cli.zone").write_text(ZONE)
        (path / "hosts").write_text("192.0.2.100 printer.test printer\n")
        self.config = path / "resolute.toml"
        self.config.write_text(CONFIG.format(port=self.port, upstream=upstream.endpoint))
        self.server = Configured(self.config)

    @property
    def there(self) -> list[str]:
        """The words that lead a command to this server."""
        return ["--config", str(self.config)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return command(*words, *self.there)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Upstream(answering(*UPSTREAM)) as upstream:
        made = Place(tmp_path_factory.mktemp("cli"), upstream)
        with made.server:
            yield made


class TestStatus:
    """`resolute status`."""

    def test_for_people(self, place: Place) -> None:
        addresses(local(place.port), "www.elsewhere.example.")
        done = place.run("status")
        assert (done.returncode, done.stderr) == (0, "")
        lines = [line.split() for line in done.stdout.splitlines()]
        assert ["cli.example.", "serving", "7", "9", "9", f"{place.path}/cli.zone"] in [
            [*words[:3], "9", "9", words[-1]] for words in lines if words[:1] == ["cli.example."]
        ]
        assert [f"{place.path}/hosts", "2"] in lines
        assert f"127.0.0.1:{place.port}" in done.stdout
        assert "queries udp" in done.stdout
        assert "\x1b" not in done.stdout
        # What is zero is left out, and nothing is a dump of a tree.
        assert "truncated" not in done.stdout
        assert "{" not in done.stdout
        assert "None" not in done.stdout

    def test_for_programs(self, place: Place) -> None:
        found = as_json("status", *place.there)
        assert found["zones"][0]["serial"] == 7
        assert found["zones"][0]["problems"] == []
        assert found["statistics"]["plane"]["replies_noerror"] > 0
        assert found["statistics"]["log"] == {"lines_lost": 0}
        assert found["upstreams"][0]["state"] in ("alive", "unknown")
        assert found["problems"] == []

    def test_problems_are_shown(self, place: Place) -> None:
        zone = place.path / "cli.zone"
        zone.write_text(ZONE + "bad A nonsense\n")
        try:
            wait_for(place.server.problems)
            done = place.run("status")
            assert done.returncode == 0
            assert f"problem: zone cli.example.: {zone}:11:7: " in done.stdout
            assert "serving the old zone" in done.stdout
        finally:
            zone.write_text(ZONE)
            wait_for(lambda: not place.server.problems())


class TestReload:
    """`resolute reload`."""

    def test_well(self, place: Place) -> None:
        done = place.run("reload")
        assert (done.returncode, done.stdout, done.stderr) == (0, "reloaded\n", "")
        assert as_json("reload", *place.there) == {"problems": [], "restart_needed": []}

    def test_a_zone_that_does_not_hold(self, place: Place) -> None:
        zone = place.path / "cli.zone"
        zone.write_text(ZONE + "bad A nonsense\n")
        try:
            done = place.run("reload")
            assert done.returncode == 1
            assert done.stdout.startswith(f"error: zone cli.example.: {zone}:11:7: ")
            assert addresses(local(place.port), "www.cli.example.") == ["192.0.2.80"]
        finally:
            zone.write_text(ZONE)
            wait_for(lambda: not place.server.problems())

    def test_what_waits_for_a_restart(self, place: Place) -> None:
        text = place.config.read_text()
        place.config.write_text(text + "[limits]\nworkers = 7\n")
        try:
            done = place.run("reload")
            assert (done.returncode, done.stderr) == (0, "")
            assert "warning: limits.workers: changed, takes effect at the next start" in done.stdout
            assert "limits.workers" in place.run("status").stdout
        finally:
            place.config.write_text(text)
            place.run("reload")


class TestExplain:
    """`resolute explain` for each stage."""

    @pytest.mark.parametrize(
        ("words", "stage", "texts"),
        [
            (
                ["www.cli.example"],
                "zones",
                ["zone cli.example. serial 7", "NOERROR", "www.cli.example. 300 IN A 192.0.2.80"],
            ),
            (["alias.cli.example"], "zones", ["alias.cli.example. 300 IN CNAME www.cli.example."]),
            (["x.wild.cli.example"], "zones", ["*.wild.cli.example.", "x.wild.cli.example. 300 IN A 192.0.2.99"]),
            (["missing.cli.example"], "zones", ["NXDOMAIN: no such name, with authority", "IN SOA"]),
            (["www.cli.example", "MX"], "zones", ["NOERROR: no data of this type"]),
            (["x.sub.cli.example"], "zones", ["delegated", "NS ns.sub.cli.example."]),
            (["printer.test"], "overlay", ["hosts", "192.0.2.100"]),
            (["100.2.0.192.in-addr.arpa", "PTR"], "overlay", ["PTR printer.test."]),
            (["never.asked.example"], "forward", ["not in the cache", "asks in this order"]),
            (["out.cli.example"], "zones", ["leads to www.elsewhere.example."]),
            (["never.asked.example", "--client", "203.0.113.9"], "cache", ["may not recurse", "REFUSED"]),
        ],
    )
    def test_stage(self, place: Place, words: list[str], stage: str, texts: list[str]) -> None:
        done = place.run("explain", *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.split()[0] == "admit"
        assert any(line.split()[0] == stage for line in done.stdout.splitlines() if line)
        for text in texts:
            assert text in done.stdout
        assert "opcode" not in done.stdout
        assert "id 0" not in done.stdout
        steps = as_json("explain", *words, *place.there)["steps"]
        assert stage in [step["stage"] for step in steps]

    def test_what_is_cached(self, place: Place) -> None:
        addresses(local(place.port), "a.b.elsewhere.example.")
        done = place.run("explain", "a.b.elsewhere.example")
        assert "is cached: NOERROR" in done.stdout
        assert "IN A 192.0.2.2" in done.stdout

    def test_it_changes_and_counts_nothing(self, place: Place) -> None:
        before = place.server.control.statistics()
        place.run("explain", "www.cli.example")
        place.run("explain", "never.asked.example")
        after = place.server.control.statistics()
        assert before["plane"] == after["plane"]

    @pytest.mark.parametrize("words", [["a..b"], ["www.cli.example", "NOPE"], ["www", "--client", "host"]])
    def test_bad_questions(self, place: Place, words: list[str]) -> None:
        done = place.run("explain", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1
        assert "error" in as_json("explain", *words, *place.there, status=1)


class TestCache:
    """`resolute cache show` and `resolute cache flush`."""

    NAMES = ("www.elsewhere.example.", "a.b.elsewhere.example.", "missing.elsewhere.example.")

    @pytest.fixture(autouse=True)
    def filled(self, place: Place) -> None:
        for name in self.NAMES:
            ask(local(place.port), name)

    def test_show(self, place: Place) -> None:
        done = place.run("cache", "show")
        assert done.returncode == 0
        assert re.search(r"^www\.elsewhere\.example\. \d+ IN A 192\.0\.2\.1$", done.stdout, re.MULTILINE)
        assert "; NXDOMAIN" in done.stdout
        below = place.run("cache", "show", "b.elsewhere.example").stdout
        assert "a.b.elsewhere.example." in below
        assert "www." not in below
        records = as_json("cache", "show", "a.b.elsewhere.example", *place.there)["records"]
        assert [(record["name"], record["rdata"]) for record in records] == [("a.b.elsewhere.example.", "192.0.2.2")]

    def test_flush_a_name(self, place: Place) -> None:
        done = place.run("cache", "flush", "elsewhere.example")
        assert done.stdout == "0 answers forgotten\n"
        done = place.run("cache", "flush", "WWW.elsewhere.example.")
        assert (done.returncode, done.stdout) == (0, "1 answer forgotten\n")
        assert place.run("cache", "show", "www.elsewhere.example").returncode == 1
        assert place.run("cache", "show", "a.b.elsewhere.example").returncode == 0

    def test_flush_a_subtree(self, place: Place) -> None:
        assert as_json("cache", "flush", "elsewhere.example", "--subtree", *place.there) == {"flushed": 3}
        assert place.run("cache", "show", "elsewhere.example").returncode == 1

    def test_flush_all(self, place: Place) -> None:
        assert as_json("cache", "flush", "--all", *place.there)["flushed"] >= 3
        done = place.run("cache", "show")
        assert (done.returncode, done.stdout) == (1, "")

    @pytest.mark.parametrize("words", [[], ["name.example", "--all"], ["--all", "--subtree"]])
    def test_flush_needs_to_know_what(self, place: Place, words: list[str]) -> None:
        assert place.run("cache", "flush", *words).returncode == 2


class TestQuery:
    """`resolute query`, a small dig."""

    def test_an_answer(self, place: Place) -> None:
        done = command("query", "alias.cli.example", f"@127.0.0.1:{place.port}")
        assert done.returncode == 0
        assert "NOERROR" in done.stdout
        assert "www.cli.example. 300 IN A 192.0.2.80" in done.stdout
        # Without a server named it asks the one of the configuration.
        assert "192.0.2.80" in place.run("query", "www.cli.example").stdout
        found = as_json("query", "www.cli.example", "A", "--tcp", f"@127.0.0.1:{place.port}")
        assert (found["rcode"], found["transport"], found["answer"][0]["rdata"]) == ("NOERROR", "tcp", "192.0.2.80")

    def test_no_answer(self, place: Place) -> None:
        assert place.run("query", "missing.cli.example").returncode == 1
        assert place.run("query", "www.cli.example", "MX").returncode == 1

    def test_no_server(self) -> None:
        done = command("query", "x.example", f"@127.0.0.1:{free_port()}", "--timeout", "0.5")
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1


class TestCheck:
    """`resolute check`."""

    def test_what_holds(self, place: Place) -> None:
        assert command("check", "--ignore=single-ns", str(place.config)).stdout == "ok\n"
        found = as_json("check", "--ignore=single-ns", str(place.config))
        assert (found["errors"], found["findings"]) == (0, [])

    def test_what_does_not(self, tmp_path: Path) -> None:
        bad = tmp_path / "bad.zone"
        bad.write_text(ZONE + "bad A nonsense\n")
        done = command("check", "--zone", f"cli.example.={bad}")
        assert done.returncode == 1
        assert done.stdout.startswith(f"{bad}:11:7: error: ")
        found = as_json("check", "--zone", f"cli.example.={bad}", status=1)
        assert (found["errors"], found["findings"][0]["line"], found["findings"][0]["column"]) == (1, 11, 7)


class TestFindingTheServer:
    """Commands beside a server need no flags; without one they say where they looked."""

    def test_beside_make_serve(self, tmp_path: Path) -> None:
        """The example configuration keeps its data in `data` of the folder that the server is started in."""
        zone = tmp_path / "hello.zone"
        zone.write_text(ZONE)
        words = [
            "serve",
            "--data",
            "data",
            "--listen",
            f"127.0.0.1:{free_port()}",
            "--admin=off",
            f"--zone=hello.={zone}",
        ]
        with Started(words, tmp_path):
            done = command("status", cwd=tmp_path)
            assert (done.returncode, done.stderr) == (0, "")
            assert "hello." in done.stdout
            assert command("reload", cwd=tmp_path).returncode == 0
            # The environment says more than the folder does.
            other = command("status", cwd=tmp_path, environ={"RESOLUTE_DATA_DIRECTORY": str(tmp_path / "other")})
            assert other.returncode == 1
            assert f"{tmp_path}/other/control.sock" in other.stderr

    def test_by_the_environment(self, place: Place, tmp_path: Path) -> None:
        for environ in ({"RESOLUTE_CONFIG": str(place.config)}, {"RESOLUTE_DATA_DIRECTORY": str(place.server.data)}):
            assert command("status", cwd=tmp_path, environ=environ).returncode == 0

    def test_no_server_at_all(self, tmp_path: Path) -> None:
        for words in (["status"], ["reload"], ["explain", "x.example"], ["cache", "show"], ["cache", "flush", "--all"]):
            done = command(*words, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (1, "")
            (line,) = done.stderr.splitlines()
            assert "no server answers" in line
            assert "control.sock" in line
            assert "./data" in line, "both places are named"
            assert "resolute serve" in line
        assert "no server answers" in json.loads(command("status", "--json", cwd=tmp_path).stdout)["error"]["message"]

    def test_a_server_that_hangs_is_said_to_hang(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(str(tmp_path / "control.sock"))
            mute.listen()
            began = time.monotonic()
            done = command("status", "--data", str(tmp_path))
            assert done.returncode == 1
            assert "did not answer" in done.stderr
            assert time.monotonic() - began < 20


class TestLowPorts:
    """A port below 1024 without the right."""

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to have a right that can be taken away")
    def test_one_line_says_what_why_and_how(self) -> None:
        nobody = [
            "setpriv",
            "--clear-groups",
            "--reuid=65534",
            "--regid=65534",
            "--bounding-set=-all",
            "--inh-caps=-all",
        ]
        limit = 'echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start; ip link set lo up; exec "$@"'
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o777)  # pytest's own folders are closed to others
            serve = [str(COMMAND), "serve", "--listen=127.0.0.1:53", "--admin=off", f"--data={folder}/data"]
            done = subprocess.run(
                ["unshare", "--net", "sh", "-c", limit, "sh", *nobody, *serve],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
        assert done.returncode == 2, done
        (line,) = done.stderr.splitlines()
        assert line.startswith("resolute: listen.dns: 127.0.0.1:53: permission denied, because ports below 1024")
        assert "setcap" in line
        assert "--listen" in line


class Started:
    """`resolute` with these words, from its `ready:` line to SIGTERM."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._words, self._folder = words, folder

    def __enter__(self) -> Self:
        self._log = (self._folder / "log").open("w")
        self._process = subprocess.Popen([COMMAND, *self._words], cwd=self._folder, stderr=self._log)
        wait_for(lambda: "ready:" in (self._folder / "log").read_text())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(10)
        self._log.close()
        assert status == 0


class TestControlSocket:
    """The socket that the commands use, when somebody else writes to it."""

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"GET /status HTTP/1.0\r\n\r\n", 200),
            (b"POST /status HTTP/1.1\r\n\r\n", 405),
            (b"GET /nothing HTTP/1.1\r\n\r\n", 404),
            (b"nonsense\r\n\r\n", 400),
            (b"GET /status\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n", 431),
            (b"POST /cache/flush HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", 413),
            (b"POST /cache/flush HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (b"POST /cache/flush HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
            (b"POST /cache/flush HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", 400),
            (b"POST /cache/flush HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", 400),
            (b"POST /follow HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400),
            (b"GET /explain?name=a..b HTTP/1.1\r\n\r\n", 400),
        ],
    )
    def test_whatever_is_sent_gets_its_status(self, place: Place, sent: bytes, status: int) -> None:
        assert exchange(place, sent).startswith(f"HTTP/1.1 {status} ".encode())

    def test_it_is_for_its_owner_alone(self, place: Place) -> None:
        assert (place.server.data / "control.sock").stat().st_mode & 0o777 == 0o600

    def test_connections_that_say_nothing_hold_up_nobody(self, place: Place) -> None:
        held = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        try:
            for one in held:
                one.connect(str(place.server.data / "control.sock"))
            assert place.run("status").returncode == 0
        finally:
            for one in held:
                one.close()


def exchange(place: Place, sent: bytes) -> bytes:
    """What the control socket answers to these bytes."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(15)
        one.connect(str(place.server.data / "control.sock"))
        one.sendall(sent)
        received = b""
        while part := one.recv(65_536):
            received += part
        return received

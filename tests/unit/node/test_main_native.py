"""The whole node as a process: start, records over HTTP, reload, a second start, stop."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from resolute.errors import SettingsError
from resolute.node.client import ControlClient

ZONE = "$TTL 60\n@ SOA ns.hello. admin.hello. {serial} 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n"


NO_FORWARDERS = '[resolver]\nmode = "forward"\nroute = [{ zone = "corp.test", forward = ["192.0.2.53"] }]\n'


class Running:
    """A node, and where it listens."""

    def __init__(self, process: "subprocess.Popen[str]", line: str, directory: Path) -> None:
        words = line.split()
        self.process, self.directory, self.control = process, directory, ControlClient(directory / "data")
        self.port = int(words[2].rpartition(":")[2])
        self.admin = words[words.index("admin") + 1].removeprefix("http://")

    def ask(self, name: str, rtype: str = "A") -> dns.message.Message:
        return dns.query.udp(dns.message.make_query(name, rtype), "127.0.0.1", port=self.port, timeout=3)

    def http(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.admin, timeout=10)
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found


def command(directory: Path) -> list[str]:
    return [sys.executable, "-m", "resolute.node", "--config", str(directory / "resolute.toml")]


@contextmanager
def node(directory: Path, *, listen: str = "127.0.0.1:0") -> Iterator[Running]:
    write_config(directory, listen=listen)
    (directory / "hello.zone").write_text(ZONE.format(serial=1))
    process = subprocess.Popen(command(directory), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = next(line for line in process.stderr if line.startswith("ready: "))
    try:
        yield Running(process, line, directory)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0


def write_config(directory: Path, *, listen: str = "127.0.0.1:0", extra: str = "") -> None:
    """Nobody is asked for names that are not ours, unless `extra` says whom."""
    if "[resolver]" not in extra:
        extra = f'[resolver]\nmode = "off"\n{extra}'
    (directory / "resolute.toml").write_text(
        f'[listen]\ndns = ["{listen}"]\nadmin = "127.0.0.1:0"\n[data]\ndirectory = "data"\n'
        f'[[zone]]\nname = "hello."\nfile = "hello.zone"\n{extra}'
    )


def test_records_are_served_at_once_and_after_a_restart(tmp_path: Path) -> None:
    with node(tmp_path) as running:
        assert running.ask("ns.hello").answer[0][0].to_text() == "192.0.2.1"
        record = {"domain": "app.test", "ip": "192.0.2.7"}
        assert running.http("POST", "/records", record) == (200, "Record added successfully")
        assert running.ask("app.test").answer[0][0].to_text() == "192.0.2.7"
        assert running.ask("7.2.0.192.in-addr.arpa", "PTR").answer[0][0].to_text() == "app.test."
        assert running.control.status()["local_records"] == 1
    with node(tmp_path) as running:
        assert running.ask("app.test").answer[0][0].to_text() == "192.0.2.7"
        assert running.http("DELETE", "/records/app.test")[0] == 200
        assert running.ask("app.test").rcode() == dns.rcode.REFUSED


def test_without_forwarders_the_failure_says_why(tmp_path: Path) -> None:
    with node(tmp_path) as running:
        write_config(tmp_path, extra=NO_FORWARDERS)
        running.control.reload()
        query = dns.message.make_query("elsewhere.test", "A", use_edns=0)
        reply = dns.query.udp(query, "127.0.0.1", port=running.port, timeout=3)
        assert reply.rcode() == dns.rcode.SERVFAIL
        assert "forward" in (reply.extended_errors()[0].text or "")


def test_a_broken_configuration_changes_nothing(tmp_path: Path) -> None:
    with node(tmp_path) as running:
        for extra in ("[nonsense]\n", "[cache]\nsize = 'x'\n", "[[[\n", "[limits]\nedns_size = 1\n"):
            write_config(tmp_path, extra=extra)
            with pytest.raises(SettingsError):
                running.control.reload()
            assert running.ask("ns.hello").rcode() == dns.rcode.NOERROR
        assert running.control.status()["problems"]
        write_config(tmp_path)
        running.control.reload()
        assert running.control.status()["problems"] == []


def test_a_busy_port_on_reload_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with node(tmp_path) as running, node(tmp_path / "other") as other:
        write_config(tmp_path, listen=f"127.0.0.1:{other.port}")
        with pytest.raises(SettingsError, match=rf"{other.port}.*another program"):
            running.control.reload()
        assert running.ask("ns.hello").rcode() == dns.rcode.NOERROR


def test_a_second_start_is_refused(tmp_path: Path) -> None:
    with node(tmp_path) as running:
        second = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"process id {running.process.pid}" in second.stderr


def test_an_admin_process_that_dies_comes_back(tmp_path: Path) -> None:
    with node(tmp_path) as running:
        os.kill(running.control.status()["admin"]["pid"], signal.SIGKILL)
        assert running.ask("ns.hello").rcode() == dns.rcode.NOERROR
        assert running.http("GET", "/records") == (200, "{}")

"""The file of the admin socket: a dead server's is replaced, a running server's is left alone, none is left behind."""

import signal
import subprocess
from pathlib import Path

from bench.peers import Resolute, Service
from bench.peers.resolute import COMMAND
from bench.peers.server import free_port
from tests.faults.kit.running import as_json, command


def server(data: Path, *flags: str) -> Resolute:
    return Resolute(Service(), admin=True, data=data, flags=flags)


def zones(data: Path) -> list[str]:
    return [zone["name"] for zone in as_json("zone", "list", "--data", str(data))]


def test_it_ends_with_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server(data):
        assert zones(data) == []
        assert (data / "admin.sock").is_socket()
    assert not (data / "admin.sock").exists()
    done = command("zone", "list", "--data", str(data))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"resolute: no server answers on {data}/admin.sock: start one with `resolute serve`")
    assert done.stderr.count("\n") == 1


def test_one_that_was_killed_leaves_a_file_that_the_next_one_replaces(tmp_path: Path) -> None:
    data = tmp_path / "data"
    running = server(data).start()
    made = command("zone", "create", "a.test", "--nameserver", "ns.b.test.", "--data", str(data))
    assert made.returncode == 0, made
    before = (data / "admin.sock").stat().st_ino
    running.process.send_signal(signal.SIGKILL)
    running.kill()
    assert (data / "admin.sock").stat().st_ino == before
    assert "no server answers" in command("zone", "list", "--data", str(data)).stderr
    with server(data):
        assert zones(data) == ["a.test."]


def test_a_second_server_that_does_not_start_leaves_it_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server(data) as first:
        before = (data / "admin.sock").stat().st_ino
        words = ["--data", str(data), "--listen", f"127.0.0.1:{free_port()}", "--admin", f"127.0.0.1:{free_port()}"]
        second = subprocess.run([COMMAND, "serve", *words], capture_output=True, text=True, check=False, timeout=20)
        assert second.returncode == 2
        assert f"is used by the server with process id {first.process.pid}" in second.stderr
        assert (data / "admin.sock").stat().st_ino == before
        assert zones(data) == []


def test_a_taken_port_leaves_none(tmp_path: Path) -> None:
    data = tmp_path / "other"
    with server(tmp_path / "data") as first:
        words = ["--data", str(data), "--listen", f"127.0.0.1:{free_port()}"]
        words += ["--admin", first.admin_url.removeprefix("http://")]
        second = subprocess.run([COMMAND, "serve", *words], capture_output=True, text=True, check=False, timeout=20)
        assert second.returncode == 2
        assert "another program listens there" in second.stderr
    assert not (data / "admin.sock").exists()


def test_without_the_admin_process_there_is_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "admin.sock").touch()  # a dead server's
    with Resolute(Service(), data=data):
        assert not (data / "admin.sock").exists()
        said = command("zone", "list", "--data", str(data)).stderr
        assert said.endswith('the server runs without its admin process (listen.admin = "off")\n')


def test_the_admin_process_comes_back_on_it(tmp_path: Path) -> None:
    """It is the node's socket: a command that comes while the process is started again waits."""
    data = tmp_path / "data"
    with server(data):
        pid = as_json("status", "--data", str(data))["admin"]["pid"]
        subprocess.run(["/bin/kill", "-KILL", str(pid)], check=True)
        assert zones(data) == []

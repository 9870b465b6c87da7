"""A second server on the same port or the same data directory is refused at once, in one clear line."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers.resolute import COMMAND
from bench.peers.server import free_port
from tests.faults.kit.asking import OVER_TCP, PLAIN, ask, rcode
from tests.faults.kit.running import Configured, local


def config(folder: Path, *, port: int, admin: str = "off") -> Path:
    folder.mkdir()
    path = folder / "resolute.toml"
    path.write_text(
        f'[listen]\ndns = ["127.0.0.1:{port}"]\nadmin = "{admin}"\n'
        '[data]\ndirectory = "data"\n[resolver]\nmode = "off"\n'
    )
    return path


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Configured]:
    with Configured(config(tmp_path / "first", port=free_port())) as running:
        yield running


@pytest.fixture(params=["running", "stopped"])
def hanging(first: Configured, request: pytest.FixtureRequest) -> Iterator[Configured]:
    """The first server, as it is and while it hangs."""
    if request.param == "stopped":
        first.process.send_signal(signal.SIGSTOP)
    yield first
    first.process.send_signal(signal.SIGCONT)


def second(*words: str) -> tuple[int, list[str]]:
    """Starts another one, which is not to wait for anything: its exit status, and what it says."""
    done = subprocess.run([COMMAND, "serve", *words], capture_output=True, text=True, check=False, timeout=20)
    return done.returncode, done.stderr.splitlines()


def test_the_same_data_directory(hanging: Configured) -> None:
    status, lines = second("--data", str(hanging.data), "--listen", f"127.0.0.1:{free_port()}", "--admin=off")
    assert status == 2
    (line,) = lines
    assert line == (
        f"resolute: data.directory: {hanging.data} is used by the server with process id {hanging.process.pid}: "
        "stop it, or name another directory with --data"
    )


def test_the_same_port(hanging: Configured, tmp_path: Path) -> None:
    status, lines = second("--data", str(tmp_path / "second"), "--listen", str(hanging.endpoint), "--admin=off")
    assert status == 2
    (line,) = lines
    assert line == (
        f"resolute: listen.dns: {hanging.endpoint}: another program listens there: "
        "stop it, or choose another port with --listen"
    )


def test_the_same_admin_port(tmp_path: Path) -> None:
    admin = f"127.0.0.1:{free_port()}"
    with Configured(config(tmp_path / "first", port=free_port(), admin=admin)):
        there = f"127.0.0.1:{free_port()}"
        status, lines = second("--data", str(tmp_path / "second"), "--listen", there, "--admin", admin)
    assert (status, len(lines)) == (2, 1)
    assert lines[0].startswith(f"resolute: listen.admin: {admin}: another program listens there: ")


def test_the_first_answers_all_the_while(first: Configured, tmp_path: Path) -> None:
    for number in range(3):
        second("--data", str(tmp_path / str(number)), "--listen", str(first.endpoint), "--admin=off")
        for _ in range(50):
            assert rcode(ask(first.endpoint, "x.example.")) in ("REFUSED", "SERVFAIL")
        assert rcode(ask(first.endpoint, "x.example.", manner=OVER_TCP)) in ("REFUSED", "SERVFAIL")


def test_the_directory_is_free_again_after_a_crash(tmp_path: Path) -> None:
    path = config(tmp_path / "first", port=free_port())
    crashed = Configured(path).start()
    crashed.kill()
    with Configured(path) as again:
        assert rcode(ask(local(again.endpoint.port), "x.example.", manner=PLAIN)) in ("REFUSED", "SERVFAIL")

"""A log that nobody reads: queries are answered as ever, and the lines that are lost are counted."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers.resolute import COMMAND
from bench.peers.server import free_port
from resolute.errors import UnavailableError
from resolute.node.client import SOCKET_NAME, ControlClient
from tests.faults.kit.asking import wait_for
from tests.faults.kit.load import Load, Tally
from tests.faults.kit.running import local

ZONE = "$TTL 300\n@ SOA ns1 hostmaster 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n"
QUERIES = 60_000
"""More than the pipe and every queue before it hold."""


class Muted:
    """A server whose standard error is a pipe that is read up to the `ready:` line and never again."""

    def __init__(self, folder: Path, *flags: str) -> None:
        (folder / "zone").write_text(ZONE)
        self.port, self.control = free_port(), ControlClient(folder / "data" / SOCKET_NAME)
        self._read, write = os.pipe()
        words = ["--listen", f"127.0.0.1:{self.port}", "--admin=off", "--data", str(folder / "data")]
        words += ["--zone", f"zone.example.={folder}/zone", *flags]
        self.process = subprocess.Popen([COMMAND, "serve", *words], stderr=write)
        os.close(write)

    def wait_until_ready(self) -> None:
        wait_for(self._is_ready, timeout_s=20)

    def end(self) -> int:
        """SIGTERM; the exit status. Nothing may wait for the pipe."""
        self.process.terminate()
        return self.process.wait(10)

    def close(self) -> None:
        """Nothing is left of it."""
        self.process.kill()
        self.process.wait()
        os.close(self._read)

    def _is_ready(self) -> bool:
        try:
            return bool(self.control.status())
        except UnavailableError:
            return False


@pytest.fixture(params=["text", "json"])
def muted(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Muted]:
    server = Muted(tmp_path, "--log-queries", "--log-format", request.param)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.close()


@pytest.mark.slow
def test_a_blocked_log_costs_lines_and_no_answers(muted: Muted) -> None:
    with Load(local(muted.port), [("ns1.zone.example.", "A"), ("missing.zone.example.", "A")]) as load:
        load.wait_for(QUERIES, timeout_s=40)
        tally = load.stop()
    assert_unaffected(tally)
    plane = muted.control.statistics()["plane"]
    assert plane["log_lines_lost"] > 0
    # Whatever was not lost is in the pipe or waits for it.
    assert tally.answered - plane["log_lines_lost"] < 30_000
    # The control plane logs too, and goes on: a reload is more than a few lines.
    for _ in range(5):
        assert muted.control.reload()["problems"] == []
    with Load(local(muted.port), [("ns1.zone.example.", "A")]) as load:
        load.wait_for(1_000)
        assert_unaffected(load.stop())
    began = time.monotonic()
    assert muted.end() == 0
    assert time.monotonic() - began < 8


def assert_unaffected(tally: Tally) -> None:
    assert (tally.lost, tally.strange) == (0, 0)
    assert set(tally.rcodes) <= {0, 3}
    assert tally.answered == tally.sent
    assert max(tally.times_ms) < 2_000

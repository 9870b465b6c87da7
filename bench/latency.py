"""How long queries take while something else goes on: a few questions a second are timed one by one, beside a load."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

from bench.load import LoadError
from bench.peers import Endpoint

TIMED: Final = 500
"""Questions a second."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds, of the questions that were timed."""

    median_ms: float
    p99_ms: float


@contextmanager
def full_load(questions: Path, endpoint: Endpoint, core: int) -> Iterator[None]:
    """dnsperf on its core, as quickly as it can, for as long as the block lasts."""
    command = [
        "taskset",
        "--cpu-list",
        str(core),
        "dnsperf",
        *_where(questions, endpoint),
        "-q",
        "100",
        "-c",
        "8",
        "-l",
        "3600",
    ]
    loading = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        loading.terminate()
        loading.wait()


class Timer:
    """dnsperf with a few questions a second, from its making until `stop`."""

    def __init__(self, questions: Path, endpoint: Endpoint) -> None:
        descriptor, name = tempfile.mkstemp(prefix="latency-")
        self._report = Path(name)
        command = ["dnsperf", *_where(questions, endpoint), "-Q", str(TIMED), "-q", "10", "-l", "3600", "-v"]
        self._process = subprocess.Popen(command, stdout=descriptor, stderr=subprocess.DEVNULL)
        os.close(descriptor)

    def stop(self) -> Latency:
        """Ends it. Raises LoadError when it has timed too little to speak of a hundredth."""
        self._process.send_signal(2)
        self._process.wait()
        text = self._report.read_text()
        self._report.unlink()
        return parse(text)


def parse(report: str) -> Latency:
    """Reads dnsperf's lines `> NOERROR www.example.org A 0.000213`. Raises LoadError."""
    lines = (line.split() for line in report.splitlines() if line.startswith(("> NOERROR ", "> NXDOMAIN ")))
    times = [float(words[-1]) * 1e3 for words in lines]
    if len(times) < 200:
        raise LoadError(f"only {len(times)} questions were timed")
    cuts = quantiles(times, n=100)
    return Latency(cuts[49], cuts[98])


def _where(questions: Path, endpoint: Endpoint) -> list[str]:
    return ["-s", endpoint.host, "-p", str(endpoint.port), "-d", str(questions), "-T", "1"]

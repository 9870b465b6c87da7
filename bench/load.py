"""dnsperf on its own core: asks as quickly as it can and says what came back."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers import Endpoint


class LoadError(Exception):
    """dnsperf failed, lost too much, or got answers that it should not get."""


@dataclass(frozen=True)
class Load:
    """How to ask."""

    questions: Path
    core: int
    seconds: int
    once: bool = False
    """Each question once; the run ends early when there are no more."""
    more: tuple[str, ...] = ()
    """More arguments of dnsperf."""
    connections: bool = False
    """Each question over a TCP connection of its own."""


@dataclass(frozen=True)
class Replies:
    """What came back."""

    sent: int
    completed: int
    per_second: float
    rcodes: Mapping[str, int]

    @property
    def lost_share(self) -> float:
        """The share of the questions that got no reply."""
        return 1 - self.completed / self.sent if self.sent else 1.0


def run(load: Load, endpoint: Endpoint) -> Replies:
    """Asks a server. Raises LoadError."""
    pinned = ["taskset", "--cpu-list", str(load.core)]
    done = subprocess.run([*pinned, *_command(load, endpoint)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadError(f"the load ended with status {done.returncode}:\n{done.stderr}")
    return parse(done.stdout)


def _command(load: Load, endpoint: Endpoint) -> list[str]:
    """dnsperf with 8 sockets and 100 questions in flight, or our own client with a connection for each question."""
    if load.connections:
        words = [endpoint.host, str(endpoint.port), str(load.questions), str(load.seconds)]
        return [sys.executable, "-m", "bench.connections", *words]
    limits = ["-l", str(load.seconds), *(["-n", "1"] if load.once else [])]
    where = ["-s", endpoint.host, "-p", str(endpoint.port), "-d", str(load.questions)]
    return ["dnsperf", *where, *limits, "-c", "8", "-T", "1", "-q", "100", *load.more]


def parse(report: str) -> Replies:
    """Reads dnsperf's report."""
    rcodes = re.search(r"Response codes: +(.*)", report)
    return Replies(
        sent=int(_number(report, "Queries sent")),
        completed=int(_number(report, "Queries completed")),
        per_second=_number(report, "Queries per second"),
        rcodes={name: int(count) for name, count in re.findall(r"(\w+) (\d+) \(", rcodes[1] if rcodes else "")},
    )


def _number(report: str, title: str) -> float:
    found = re.search(rf"{title}: +([\d.]+)", report)
    if found is None:
        raise LoadError(f"dnsperf's report has no line {title!r}:\n{report}")
    return float(found[1])

"""Records that change while the server runs: how many a second, how soon DNS has them, and what queries feel of it.

For each server, with 10,000 hosts in one zone:

    one client, sixteen clients, batches -> so many changes a second
    change, ask until it is there        -> time after the answer, 200 times
    the same beside a full query load    -> and the latency of queries before and meanwhile (Resolute on SQLite)
    a million records in one import      -> seconds, memory (Resolute on SQLite)

Nothing is pinned but the load: a change is work of several processes, which share what the query load leaves.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

import dns.message

from bench import httpload
from bench import questions as ask
from bench.httpload import Rate, Request
from bench.latency import Latency, Timer, full_load
from bench.load import LoadError
from bench.measure import Plan
from bench.mixes import MILLION
from bench.peers import Endpoint, PeerFailedError
from bench.peers.managed import (
    HOSTS,
    Managed,
    PowerDnsManaged,
    PowerDnsOnPostgresql,
    ResoluteManaged,
    ResoluteOnPostgresql,
)
from bench.peers.server import process_tree

NAME: Final = "changes"
KINDS: Final[tuple[type[Managed], ...]] = (ResoluteManaged, ResoluteOnPostgresql, PowerDnsManaged, PowerDnsOnPostgresql)
CLIENTS: Final = 16
TOGETHER: Final = 100
"""Records of a batch."""
LOOKED_FOR: Final = 200
"""Changes whose way to DNS is timed."""
WARM_S: Final = 2.0
"""The first requests of a server, which load what it loads when it is used, are not measured."""
_WAIT_S: Final = 30.0


@dataclass(frozen=True)
class Rates:
    """Requests a second; a batch has a hundred records."""

    one_client: Rate
    many_clients: Rate
    batches: Rate


@dataclass(frozen=True)
class Seen:
    """Milliseconds from the answer to a change until DNS has it, the median and the worst, and the median change."""

    after_ms: float
    worst_ms: float
    change_ms: float


@dataclass(frozen=True)
class Figures:
    """Of one server, without a query load."""

    server: str
    rates: Rates
    seen: Seen


@dataclass(frozen=True)
class Loaded:
    """Beside a full query load: what is left for changes, and what queries feel of them."""

    rates: Rates
    alone: Latency
    meanwhile: Latency


@dataclass(frozen=True)
class Imported:
    """A million records by one request: seconds until they are served, and the most memory of the two processes."""

    seconds: float
    admin_bytes: int
    node_bytes: int


@dataclass(frozen=True)
class Result:
    """Everything; `failures` says what has no figures, and why."""

    figures: tuple[Figures, ...]
    loaded: Loaded | None
    imported: Imported | None
    failures: tuple[str, ...]


def measure(plan: Plan, wanted: Sequence[str] = ()) -> Result:
    """Measures the servers; `wanted` are the beginnings of their names, in lower case. One that fails is left out."""
    folder = plan.folder / NAME
    folder.mkdir()
    zone = ask.write_hosts_zone(folder, ask.ZONE, HOSTS)[ask.ZONE]
    figures, failures = [], []
    kinds = [kind for kind in KINDS if not wanted or kind.name.lower().startswith(tuple(wanted))]
    for kind in kinds:
        try:
            figures.append(_figures(kind, zone, plan))
            _say(f"{kind.name}: {figures[-1]}")
        except _FAILURES as error:
            failures.append(f"{kind.name}: {error}")
            _say(failures[-1])
    if ResoluteManaged not in kinds:
        return Result(tuple(figures), None, None, tuple(failures))
    loaded, imported = None, None
    try:
        loaded = _loaded(zone, plan)
        imported = _imported(zone, folder)
    except _FAILURES as error:
        failures.append(f"beside a query load, and a million records: {error}")
        _say(failures[-1])
    return Result(tuple(figures), loaded, imported, tuple(failures))


_FAILURES: Final = (PeerFailedError, LoadError, OSError, httpload.RefusedError, subprocess.SubprocessError)


def _figures(kind: type[Managed], zone: Path, plan: Plan) -> Figures:
    with tempfile.TemporaryDirectory(prefix="changes-") as data, kind(Path(data), zone) as server:
        numbers = count(1)
        _until_served(server)
        rates = _rates(server, numbers, plan.seconds)
        return Figures(kind.name, rates, _seen(server, numbers))


def _loaded(zone: Path, plan: Plan) -> Loaded:
    questions = ask.write_questions(plan.folder / f"{NAME}.questions", ask.host_questions(ask.ZONE, HOSTS, 100_000))
    with tempfile.TemporaryDirectory(prefix="changes-") as data, ResoluteManaged(Path(data), zone) as server:
        _until_served(server)
        with full_load(questions, server.loaded, plan.load_core):
            timer = Timer(questions, server.loaded)
            time.sleep(plan.seconds)
            alone = timer.stop()
            timer = Timer(questions, server.loaded)
            rates = _rates(server, count(1), plan.seconds)
            found = Loaded(rates, alone, timer.stop())
    _say(f"beside a full query load: {found}")
    return found


def _imported(zone: Path, folder: Path) -> Imported:
    """The time ends when DNS has the last name of the file."""
    ((origin, file),) = MILLION.write_zones(folder).items()
    last = ask.label(500_000)
    with tempfile.TemporaryDirectory(prefix="changes-") as data, ResoluteManaged(Path(data), zone) as server:
        began = time.perf_counter()
        server.send_zone(origin, file)
        _wait_for(server.endpoint, f"{last}.{origin}", ask.ipv4(500_000), wait_s=600)
        took = time.perf_counter() - began
        node, admin = process_tree(server.server.process.pid)[:2]
        found = Imported(took, _peak(admin), _peak(node))
        server.wait_until_copied()
    _say(f"a million records: {found}")
    return found


def _rates(server: Managed, numbers: "Iterator[int]", seconds: float) -> Rates:
    def batch() -> Request:
        return server.batch([next(numbers) for _ in range(TOGETHER)])

    def change() -> Request:
        return server.change(next(numbers))

    httpload.rate(server.connect, change, 1, WARM_S)
    return Rates(
        one_client=httpload.rate(server.connect, change, 1, seconds),
        many_clients=httpload.rate(server.connect, change, CLIENTS, seconds),
        batches=httpload.rate(server.connect, batch, 1, seconds),
    )


def _seen(server: Managed, numbers: "Iterator[int]") -> Seen:
    """One change after the other; each is asked for from the moment when it was answered."""
    after, changing = [], []
    connection = server.connect()
    for _ in range(LOOKED_FOR):
        number = next(numbers)
        owner, address = server.owner(number)
        began = time.perf_counter()
        connection.send(server.change(number))
        answered = time.perf_counter()
        _wait_for(server.endpoint, owner, address)
        after.append((time.perf_counter() - answered) * 1e3)
        changing.append((answered - began) * 1e3)
    connection.close()
    return Seen(median(after), max(after), median(changing))


def _until_served(server: Managed) -> None:
    for endpoint in (server.loaded, server.endpoint):
        _wait_for(endpoint, f"{ask.label(1)}.{ask.ZONE}", ask.ipv4(1))


def _wait_for(endpoint: Endpoint, owner: str, address: str, *, wait_s: float = _WAIT_S) -> None:
    """Asks, one question after the other, until the answer is this address. Raises LoadError."""
    query = dns.message.make_query(owner, "A").to_wire()
    wanted = socket.inet_aton(address)
    until = time.perf_counter() + wait_s
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((endpoint.host, endpoint.port))
        asking.settimeout(1)
        while time.perf_counter() < until:
            asking.send(query)
            try:
                if asking.recv(4_096).endswith(wanted):  # a minimal answer ends with its one address
                    return
            except TimeoutError:
                continue
    raise LoadError(f"{owner} has not the address {address} after {wait_s:g} s")


def _peak(pid: int) -> int:
    """The most memory that a process has had (VmHWM, proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

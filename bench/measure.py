"""Measures one mix: each server in turn, round after round, alone on its core, and the median of its rounds.

For one server in one round:

    start it on the server core -> check a sample of its answers -> warm its cache -> read /proc
        -> dnsperf on the load core -> read /proc -> check the replies -> stop it

The upstream of forwarders runs on the load core, so that its work is not counted and does not disturb.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench import cost, load, verify
from bench.load import Load, LoadError, Replies
from bench.mixes import Mix
from bench.peers import Nsd, PeerFailedError, Server, Service
from bench.questions import write_questions


@dataclass(frozen=True)
class Plan:
    """How long, how often, and on which cores."""

    folder: Path
    seconds: int
    rounds: int
    load_core: int
    server_core: int


@dataclass(frozen=True)
class Job:
    """A mix whose files are written."""

    mix: Mix
    plan: Plan
    zones: Mapping[str, Path]
    questions: Path


@dataclass(frozen=True)
class Figures:
    """What one server took, in one round or as the median of its rounds."""

    server: str
    cpu_us: float
    """Processor time per query, in microseconds."""
    per_second: float
    ready_s: float
    """From its start to its first answer."""
    memory_bytes: int
    """After the load (PSS)."""


@dataclass(frozen=True)
class Result:
    """A mix and what its servers took; `failures` says why others have no figures."""

    mix: Mix
    figures: tuple[Figures, ...]
    failures: tuple[str, ...]


def measure(mix: Mix, servers: Sequence[type[Server]], plan: Plan) -> Result:
    """Measures these servers. One that fails is reported and left out; the others are measured all the same."""
    job = _prepare(mix, plan)
    rounds: dict[type[Server], list[Figures]] = {server: [] for server in servers}
    failures: dict[type[Server], str] = {}
    for number in range(1, plan.rounds + 1):
        for kind in [kind for kind in servers if kind not in failures]:
            try:
                rounds[kind].append(_once(job, kind))
                _say(f"{mix.name}, round {number}: {kind.name} {rounds[kind][-1].cpu_us:.2f} µs")
            except (PeerFailedError, LoadError, OSError) as error:
                failures[kind] = f"{kind.name}: {error}"
                _say(f"{mix.name}, round {number}: {failures[kind]}")
    figures = tuple(_median(rounds[kind]) for kind in servers if kind not in failures)
    return Result(mix, figures, tuple(failures.values()))


def _prepare(mix: Mix, plan: Plan) -> Job:
    folder = plan.folder / mix.name
    folder.mkdir()
    questions = write_questions(plan.folder / f"{mix.name}.questions", mix.questions(plan.seconds))
    return Job(mix, plan, mix.write_zones(folder), questions)


def _once(job: Job, kind: type[Server]) -> Figures:
    with _service(job) as service, kind(service) as server:
        ready_s = verify.wait_for_answers(server, job.mix.sample(job.plan.seconds), signed=job.mix.signed)
        how = Load(
            job.questions, job.plan.load_core, job.plan.seconds, job.mix.once, job.mix.dnsperf, job.mix.connections
        )
        if job.mix.warm:
            _load(server, replace(how, seconds=60, once=True))
        before = cost.cpu_s(server)
        replies = _load(server, how)
        used_s = cost.cpu_s(server) - before
        return Figures(
            server=kind.name,
            cpu_us=used_s / replies.completed * 1e6,
            per_second=replies.per_second,
            ready_s=ready_s,
            memory_bytes=cost.memory_bytes(server),
        )


def _load(server: Server, how: Load) -> Replies:
    replies = load.run(how, server.endpoint)
    server.require_running()
    verify.check_replies(server, replies)
    return replies


@contextmanager
def _service(job: Job) -> Iterator[Service]:
    """What the measured server is to do; with an upstream beside it when it forwards."""
    if not job.mix.forwarded:
        yield Service(zones=job.zones, core=job.plan.server_core)
        return
    with Nsd(Service(zones=job.zones, core=job.plan.load_core)) as upstream:
        yield Service(forward=upstream.endpoint, core=job.plan.server_core)


def _median(rounds: Sequence[Figures]) -> Figures:
    return Figures(
        server=rounds[0].server,
        cpu_us=median(one.cpu_us for one in rounds),
        per_second=median(one.per_second for one in rounds),
        ready_s=median(one.ready_s for one in rounds),
        memory_bytes=int(median(one.memory_bytes for one in rounds)),
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

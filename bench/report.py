"""Writes the results as a page for people (bench/RESULTS.md) and as JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bench.machine import Machine
from bench.measure import Figures, Plan, Result
from bench.peers import Floor

PAGE = """# Results of the bench

Written by `make bench` on {date}; docs/bench.md says what is measured and how to read it.

- machine: {machine.processor}, {machine.cores} cores, {machine.memory_gib:.1f} GiB
- system: {machine.system}, Linux {machine.kernel}
- run: {plan.rounds} rounds of {plan.seconds} s for each server, interleaved; the median is shown
- dnsperf{upstream} on core {plan.load_core}, the server alone on core {plan.server_core}

CPU per query is user and system time of the server from /proc over the queries answered. It is the figure to compare:
the rate is bounded by dnsperf, which has one core.
"""


def page(results: Sequence[Result], plan: Plan, machine: Machine, versions: Iterable[tuple[str, str]]) -> str:
    """The whole page."""
    upstream = " (and the upstream of forwarders)" if any(result.mix.forwarded for result in results) else ""
    date = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    head = PAGE.format(date=date, machine=machine, plan=plan, upstream=upstream)
    sections = [f"## {result.mix.title}\n\n{table(result)}" for result in results]
    software = "\n".join(f"| {name} | {version} |" for name, version in versions)
    return "\n".join([head, *sections, f"## Versions\n\n| server | version |\n|---|---|\n{software}\n"])


def changes(usual_ms: float, worst_ms: float) -> str:
    """The section on single-record changes."""
    title = "A single-record change of the million-record zone, until the next query sees it"
    return f"\n## {title}\n\n{usual_ms:.2f} ms (median of 200), {worst_ms:.2f} ms at worst.\n"


def table(result: Result) -> str:
    """One mix: a row for each server, the cheapest first, and what failed below."""
    floor = next((one.cpu_us for one in result.figures if one.server == Floor.name), None)
    large = result.mix.large
    titles = ["server", "CPU per query", "over the floor", "queries per second"]
    titles += ["first answer after", "memory (PSS)"] if large else []
    rows = [_row(one, floor, large=large) for one in sorted(result.figures, key=lambda one: one.cpu_us)]
    lines = [f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 1)}", *rows]
    failures = [f"\nNot measured: {failure.splitlines()[0]}" for failure in result.failures]
    return "\n".join([*lines, *failures, ""])


def as_json(
    results: Sequence[Result],
    plan: Plan,
    machine: Machine,
    versions: Iterable[tuple[str, str]],
    *,
    more: Mapping[str, Any],
) -> str:
    """The same figures for programs; `more` are those of other kinds."""
    body: dict[str, Any] = {
        "machine": asdict(machine),
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "versions": dict(versions),
        "mixes": {
            result.mix.name: {"figures": [asdict(one) for one in result.figures], "failures": list(result.failures)}
            for result in results
        },
        **more,
    }
    return json.dumps(body, indent=2)


def _row(one: Figures, floor: float | None, *, large: bool) -> str:
    over = f"{one.cpu_us / floor:.2f}" if floor else "–"
    cells = [one.server, f"{one.cpu_us:.2f} µs", over, f"{one.per_second:,.0f}"]
    if large:
        cells += [f"{one.ready_s:.2f} s", f"{one.memory_bytes / 1e6:.0f} MB"]
    return f"| {' | '.join(cells)} |"

"""Writes the results of `bench.changes` as sections of the page and as values for JSON."""

from dataclasses import asdict
from typing import Any, Final

from bench.changes import CLIENTS, LOOKED_FOR, TOGETHER, Imported, Loaded, Rates, Result, Seen
from bench.httpload import Rate
from bench.latency import Latency
from bench.peers.managed import HOSTS

_TITLE: Final = f"## Changes over HTTP: a zone of {HOSTS:,} hosts, single records and batches of {TOGETHER}"
_COLUMNS: Final = (
    "server",
    "one client",
    f"{CLIENTS} clients",
    "records a second in batches",
    "a change takes",
    "seen after",
    f"worst of {LOOKED_FOR}",
)


def section(result: Result) -> str:
    """What was measured, below the tables of the mixes."""
    rows = [_row(one.server, [*_rates(one.rates), *_seen(one.seen)]) for one in result.figures]
    parts = [_TITLE, "", _row(_COLUMNS[0], list(_COLUMNS[1:])), f"|---|{'---:|' * (len(_COLUMNS) - 1)}", *rows]
    if result.loaded is not None:
        parts += ["", *_beside(result.loaded)]
    if result.imported is not None:
        parts += ["", _import(result.imported)]
    parts += [f"\nNot measured: {failure.splitlines()[0]}" for failure in result.failures]
    return "\n" + "\n".join(parts) + "\n"


def as_values(result: Result) -> dict[str, Any]:
    """The same for programs."""
    return asdict(result)


def _rates(rates: Rates) -> list[str]:
    return [f"{_rate(rates.one_client)}/s", f"{_rate(rates.many_clients)}/s", _rate(rates.batches, TOGETHER)]


def _rate(rate: Rate, each: int = 1) -> str:
    refused = f" ({rate.refused:.0%} refused)" if rate.refused else ""
    return f"{rate.per_second * each:,.0f}{refused}"


def _seen(seen: Seen) -> list[str]:
    return [f"{seen.change_ms:.1f} ms", f"{seen.after_ms:.1f} ms", f"{seen.worst_ms:.1f} ms"]


def _beside(loaded: Loaded) -> list[str]:
    one, many, batches = _rates(loaded.rates)
    return [
        f"Resolute on SQLite beside a full query load: {one} by one client, {many} by {CLIENTS}, {batches} in batches.",
        f"Queries took {_latency(loaded.alone)} before the changes, {_latency(loaded.meanwhile)} meanwhile.",
    ]


def _latency(latency: Latency) -> str:
    return f"{latency.median_ms:.2f} ms (median; 99 %: {latency.p99_ms:.2f} ms)"


def _import(imported: Imported) -> str:
    admin, node = imported.admin_bytes / 1e6, imported.node_bytes / 1e6
    return (
        f"A million records by one import: served after {imported.seconds:.1f} s; the admin process had {admin:.0f} MB"
        f" at most, the node {node:.0f} MB."
    )


def _row(first: str, cells: list[str]) -> str:
    return f"| {' | '.join([first, *cells])} |"

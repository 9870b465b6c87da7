"""`python -m bench`: runs the mixes and writes bench/RESULTS.md. `--help` lists the options."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import changes, changesreport, report
from bench.edits import change_ms
from bench.machine import this_machine
from bench.measure import Plan, Result, measure
from bench.mixes import MILLION, MIXES, Mix
from bench.peers import Server, Service

RESULTS = Path(__file__).parent / "RESULTS.md"
NAMES = (*MIXES, changes.NAME)


def main() -> int:
    """Returns 0, or 1 when a server could not be measured or the machine has one core only."""
    options = _parser().parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("the bench needs two cores: one for dnsperf and one for the server", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        plan = Plan(Path(folder), options.seconds, options.rounds, load_core=cores[0], server_core=cores[1])
        mixes = [MIXES[name] for name in options.only if name in MIXES]
        results = [measure(mix, _servers(mix, options.servers), plan) for mix in mixes]
        changed = changes.measure(plan, options.servers) if changes.NAME in options.only else None
    _publish(results, changed, plan, options)
    failed = [failure for result in (*results, changed) if result is not None for failure in result.failures]
    return 1 if failed else 0


def _publish(
    results: Sequence[Result], changed: changes.Result | None, plan: Plan, options: argparse.Namespace
) -> None:
    machine, versions = this_machine(), _versions(results)
    page = report.page(results, plan, machine, versions)
    if MILLION.name in options.only:
        page += report.changes(*change_ms())
    if changed is not None:
        page += changesreport.section(changed)
    options.output.write_text(page)
    more = {} if changed is None else {changes.NAME: changesreport.as_values(changed)}
    print(report.as_json(results, plan, machine, versions, more=more) if options.json else page)


def _servers(mix: Mix, wanted: Sequence[str]) -> list[type[Server]]:
    return [kind for kind in mix.servers if not wanted or kind.__name__.lower() in wanted]


def _versions(results: Sequence[Result]) -> list[tuple[str, str]]:
    measured = {one.server for result in results for one in result.figures}
    kinds = {kind.name: kind for result in results for kind in result.mix.servers if kind.name in measured}
    return [(name, kind(Service()).version()) for name, kind in sorted(kinds.items())]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="CPU time per query beside the peers.")
    names = ",".join(NAMES)
    parser.add_argument("--only", type=_mixes, default=list(NAMES), metavar="MIX,...", help=f"of {names}")
    parser.add_argument("--servers", type=_words, default=[], metavar="SERVER,...", help="such as floor,resolute,nsd")
    parser.add_argument("--seconds", type=int, default=10, help="for each server in each round (default 10)")
    parser.add_argument("--rounds", type=int, default=3, help="the median of which is shown (default 3)")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE", help="default bench/RESULTS.md")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def _words(text: str) -> list[str]:
    return [word.strip().lower() for word in text.split(",") if word.strip()]


def _mixes(text: str) -> list[str]:
    words = _words(text)
    unknown = [word for word in words if word not in NAMES]
    if unknown or not words:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'nothing'} is no mix; they are {', '.join(NAMES)}")
    return words


if __name__ == "__main__":
    sys.exit(main())

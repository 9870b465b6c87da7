"""`python -m tests.interop.differential`: the long run. `--help` lists the options."""

import argparse
import json
import secrets
import sys
import time

from tests.interop.differential.judging import Tally
from tests.interop.differential.report import as_values, by_kind, reproduction, summary
from tests.interop.differential.rounds import Plan, plans, play
from tests.interop.differential.shrink import shrunk
from tests.interop.differential.world import BELOW_DNAME, KINDS, PLAIN, ROOT, SIGNED_KINDS

NAMED = (PLAIN, ROOT, BELOW_DNAME, *SIGNED_KINDS)


def main() -> int:
    """Returns 0, or 1 when there is a difference that nothing explains."""
    options = _parser().parse_args()
    kinds = [kind for kind in NAMED if kind.name == options.kind] or (SIGNED_KINDS if options.signed else KINDS)
    rounds = [plan for plan in plans(options.seed, options.questions, kinds) if options.round in (None, plan.number)]
    _say(f"seed {options.seed}, {options.questions} questions, {len(rounds)} rounds")
    tally, where = _played(rounds)
    examples = {
        kind: shrunk(found[0], where[kind].kind) if options.shrink else found[0]
        for kind, found in by_kind(tally.findings).items()
    }
    for kind, finding in examples.items():
        _say(f"\n{kind}: {len(by_kind(tally.findings)[kind])} times, first in {where[kind]}\n{reproduction(finding)}")
    _say(summary(options.seed, tally))
    if options.json:
        sys.stdout.write(json.dumps(as_values(options.seed, tally, examples), indent=2) + "\n")
    return 1 if tally.findings else 0


def _played(rounds: list[Plan]) -> tuple[Tally, dict[str, Plan]]:
    """The tally of all rounds, and in which round each kind of difference came first."""
    tally, where = Tally(), dict[str, Plan]()
    for plan in rounds:
        began = time.monotonic()
        played = play(plan)
        tally.add(played)
        for finding in played.findings:
            where.setdefault(finding.kind, plan)
        found, took = len(played.findings), time.monotonic() - began
        _say(f"{plan}: {played.asked} questions in {took:.1f} s, {found} differences, {tally.asked} so far")
    return tally, where


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="differential", description="Random zones and questions, beside NSD, Knot and BIND."
    )
    parser.add_argument("--questions", type=int, default=200_000, help="how many (default 200000)")
    parser.add_argument("--seed", default=secrets.token_hex(8), help="repeats a run; drawn and printed when not given")
    parser.add_argument("--signed", action="store_true", help="signed zones, and most questions with DO")
    parser.add_argument("--kind", choices=[kind.name for kind in NAMED], help="only rounds of this kind")
    parser.add_argument("--round", type=int, help="only the round with this number")
    parser.add_argument("--no-shrink", dest="shrink", action="store_false", help="show differences as they were found")
    parser.add_argument("--json", action="store_true", help="write the result as JSON to standard output")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""A few thousand random questions in every run of the tests; the seed of a failure repeats it with
`python -m tests.interop.differential --seed SEED --questions COUNT --round 0`."""

import secrets

import pytest

from tests.interop.differential.judging import Tally
from tests.interop.differential.report import by_kind, reproduction
from tests.interop.differential.rounds import Plan, play
from tests.interop.differential.world import BELOW_DNAME, PLAIN, ROOT, Kind

QUESTIONS = 3000


@pytest.mark.parametrize("kind", [PLAIN, ROOT, BELOW_DNAME], ids=lambda kind: kind.name)
def test_answers_as_the_peers_do(kind: Kind) -> None:
    plan = Plan(secrets.token_hex(8), 0, kind, QUESTIONS)
    tally = play(plan)
    assert not tally.findings, told(plan, tally)
    assert tally.asked >= QUESTIONS // 2
    assert tally.agreed > tally.asked * 0.8


def told(plan: Plan, tally: Tally) -> str:
    """The seed, and each kind of difference with what everybody said."""
    firsts = [f"{kind}\n{reproduction(found[0])[-3000:]}" for kind, found in by_kind(tally.findings).items()]
    return "\n".join([f"seed {plan.seed}, kind {plan.kind.name}", *firsts])

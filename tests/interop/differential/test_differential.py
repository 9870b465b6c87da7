"""A few thousand questions of a fixed seed, so that every run of the tests is the same; `python -m
tests.interop.differential` draws others."""

import pytest

from tests.interop.differential.judging import Tally
from tests.interop.differential.names import name
from tests.interop.differential.questions import CODES, Question
from tests.interop.differential.report import by_kind, reproduction
from tests.interop.differential.rounds import Plan, judged, play
from tests.interop.differential.world import BELOW_DNAME, PLAIN, ROOT, SIGNED_KINDS, Kind, World
from tests.interop.differential.zones import Record, Zone

SEED, QUESTIONS = "tests", 2000


@pytest.mark.parametrize("kind", [PLAIN, ROOT, BELOW_DNAME, *SIGNED_KINDS], ids=lambda kind: kind.name)
def test_answers_as_the_peers_do(kind: Kind) -> None:
    plan = Plan(SEED, 0, kind, QUESTIONS)
    tally = play(plan)
    assert not tally.findings, told(plan, tally)
    assert tally.asked >= QUESTIONS // 2
    assert tally.agreed > tally.asked * 0.8


def test_the_proofs_of_a_cut_and_of_the_apex_below_it() -> None:
    # Both are NSECs of sub.f.: the parent's shows that nothing matches www.f. closer than the wildcard, the child's
    # that it has no wildcard.
    parent = zone("f.", "sub.f. 300 IN NS ns0.sub.f.", "*.f. 300 IN CNAME x.sub.f.")
    child = zone("sub.f.")
    asked = [Question(name("www.f."), CODES["A"], dnssec_ok=True)]
    tally = judged(World([parent, child]), asked, SIGNED_KINDS[0])
    assert not tally.findings, [(found.kind, reproduction(found)) for found in tally.findings]


def zone(origin: str, *lines: str) -> Zone:
    """A zone of some records beside those of its apex."""
    apex = (f"SOA ns0.{origin} admin.{origin} 1 7200 3600 1209600 300", f"NS ns0.{origin}")
    texts = [*(f"{origin} 300 IN {rest}" for rest in apex), f"ns0.{origin} 300 IN A 192.0.2.1", *lines]
    fields = [text.split(maxsplit=4) for text in texts]
    return Zone(name(origin), tuple(Record(name(owner), 300, rtype, rdata) for owner, _, _, rtype, rdata in fields))


def told(plan: Plan, tally: Tally) -> str:
    """The seed, and each kind of difference with what everybody said."""
    firsts = [f"{kind}\n{reproduction(found[0])[-3000:]}" for kind, found in by_kind(tally.findings).items()]
    return "\n".join([f"--seed {plan.seed} --kind {plan.kind.name} --questions {plan.count}", *firsts])

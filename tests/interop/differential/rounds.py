"""One round: zones made, servers started, questions asked, answers judged. Seed and number repeat it."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.interop.differential import world
from tests.interop.differential.asking import Asker
from tests.interop.differential.draw import Draw
from tests.interop.differential.judging import Finding, Judge, Tally
from tests.interop.differential.questions import CODES, Question, questions
from tests.interop.differential.replies import MalformedError, read
from tests.interop.differential.servers import serving
from tests.interop.differential.world import Kind, World

QUESTIONS = 10_000
"""Questions in a round of the long run."""


@dataclass(frozen=True)
class Plan:
    """What makes a round what it is."""

    seed: str
    number: int
    kind: Kind
    count: int

    def __str__(self) -> str:
        return f"round {self.number} ({self.kind.name})"


def plans(seed: str, count: int, kinds: Sequence[Kind]) -> Iterator[Plan]:
    """The rounds of a run with so many questions."""
    for number, start in enumerate(range(0, count, QUESTIONS)):
        yield Plan(seed, number, kinds[number % len(kinds)], min(QUESTIONS, count - start))


def play(plan: Plan) -> Tally:
    """Plays one round. Raises PeerFailedError when a server does not start."""
    draw = Draw(plan.seed, plan.number)
    made = world.make(draw, plan.kind)
    asked = list(questions(draw, made.zones, plan.count, dnssec=plan.kind.denial is not None))
    return judged(made, asked, plan.kind)


def judged(made: World, asked: Sequence[Question], kind: Kind) -> Tally:
    """What everybody says to some questions about some zones, judged."""
    with tempfile.TemporaryDirectory(prefix="differential-") as folder:
        with serving(made, kind, Path(folder)) as endpoints, Asker(endpoints) as asker:
            judge = Judge(made, asker)
            judge.tally.findings += _not_served(made, asker)
            judge.ask(asked)
        return judge.tally


def _not_served(made: World, asker: Asker) -> Iterator[Finding]:
    """A zone that one server refuses cannot be compared, so none is to be made."""
    apexes = [Question(zone.origin, CODES["SOA"]) for zone in made.zones]
    for asked in asker.ask(apexes):
        for who, octets in asked.udp.items():
            try:
                served = bool(read(octets, asked.question, asked.ident).answer)
            except MalformedError:
                served = False
            if not served:
                yield Finding(f"{who} does not serve a zone that was made", asked.question, {}, made)

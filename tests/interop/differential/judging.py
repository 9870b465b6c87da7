"""Every question is counted once: as agreed, as chosen (`exceptions.py`), or as a finding that nothing explains."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.interop.differential.asking import Asked, Asker
from tests.interop.differential.chains import first_in_another_zone
from tests.interop.differential.compare import (
    Case,
    additional_faults,
    differing_fields,
    essence,
    faults_of_its_own,
    understood,
)
from tests.interop.differential.exceptions import applying
from tests.interop.differential.questions import Question
from tests.interop.differential.replies import MalformedError, Reply
from tests.interop.differential.servers import UDP_SIZE
from tests.interop.differential.world import World

MOST_STEPS = 16
"""Zones that a chain is followed through."""


@dataclass(frozen=True)
class Finding:
    """A difference that nothing explains."""

    kind: str
    question: Question
    said: dict[str, Reply]
    world: World = field(repr=False)


@dataclass
class Tally:
    """What came of the questions."""

    asked: int = 0
    agreed: int = 0
    chosen: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Takes the counts of another one."""
        self.asked += other.asked
        self.agreed += other.agreed
        self.chosen += other.chosen
        self.findings += other.findings


@dataclass(frozen=True)
class Judge:
    """Asks questions about a world, and tallies what comes of them."""

    world: World
    asker: Asker
    tally: Tally = field(default_factory=Tally)

    def ask(self, questions: Sequence[Question]) -> None:
        """Asks everybody all of them."""
        for asked in self.asker.ask(questions):
            self._judge(asked, MOST_STEPS)

    def _judge(self, asked: Asked, steps: int) -> Reply | None:
        self.tally.asked += 1
        try:
            case = self._followed(understood(asked, self.world), steps)
            kinds = [*self._differences(case), *additional_faults(case)]
            own = [*faults_of_its_own(case, asked)]
        except MalformedError as error:
            self._find(str(error).split(";")[0], asked.question, {})
            return None
        if kinds and self._comes_of_little_room(case, steps):
            kinds = []
        for kind in kinds + own:
            self._find(kind, asked.question, dict(case.said))
        return case.ours

    def _comes_of_little_room(self, case: Case, steps: int) -> bool:
        """Whether Resolute says the same when there is room for all, so that a peer left out what did not fit."""
        if case.question.size == UDP_SIZE:
            return False
        roomy = self._judge(next(self.asker.ask([replace(case.question, size=UDP_SIZE)])), steps)
        return roomy is not None and essence(roomy) == essence(case.ours)

    def _find(self, kind: str, question: Question, said: dict[str, Reply]) -> None:
        self.tally.findings.append(Finding(kind, question, said, self.world))

    def _differences(self, case: Case) -> Iterator[str]:
        groups = case.groups()
        if len(groups) == 1 and essence(case.ours) == essence(case.peer("bind")):
            self.tally.agreed += 1
            return
        choices = applying(case)
        accepting = next((choice for choice in choices if choice.accepts(case)), None)
        if accepting is not None:
            self.tally.chosen[accepting.name] += 1
        elif len(groups) == 1 and len(case.peers) > 1:
            yield f"the peers agree, Resolute has {', '.join(differing_fields(case.ours, case.peer('bind')))}"
        else:
            kinds = " and ".join(choice.name for choice in choices) or "no choice is stated"
            peers = " / ".join("+".join(group) for group in sorted(groups))
            like = (
                "+".join(who for who, reply in case.peers.items() if essence(reply) == essence(case.ours)) or "nobody"
            )
            yield f"{kinds}: {peers}, Resolute like {like}"

    def _followed(self, case: Case, steps: int) -> Case:
        """With the answer for the name in another zone, which is judged like any other question."""
        target = first_in_another_zone(case)
        unanimous = len(case.groups()) == 1 and essence(case.ours) == essence(case.peer("bind"))
        if target is None or not steps or unanimous:
            return case
        asked = next(self.asker.ask([replace(case.question, qname=target)]))
        return replace(case, followed=self._judge(asked, steps - 1))

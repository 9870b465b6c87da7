"""What a choice is: a kind of question on which the peers differ, whom Resolute answers like, and why."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.differential.compare import Case, essence


@dataclass(frozen=True)
class Choice:
    """A kind of question on which the peers disagree, and what is right."""

    name: str
    applies: Callable[[Case], bool]
    accepts: Callable[[Case], bool]
    reason: str


def like(*peers: str) -> Callable[[Case], bool]:
    """Accepts what one of these peers says."""
    return lambda case: any(essence(case.ours) == essence(case.peer(peer)) for peer in peers)


def alone(case: Case, peer: str) -> bool:
    """Whether the other two agree against this one."""
    return sorted(map(len, case.groups())) == [1, 2] and [peer] in case.groups()

"""Remembers failures to resolve, so that they are asked again ever more seldom (RFC 9520 3.2: 5 s doubling to 300 s).

The data plane keeps the failure itself; here is only for how long. Bounded: the longest unused is forgotten first.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

SHORTEST_S: Final = 5
LONGEST_S: Final = 300
CAPACITY: Final = 4_096


@dataclass(frozen=True, slots=True)
class Question:
    """What failed; the source is that of the route."""

    qname: bytes
    qtype: int
    qclass: int
    source: int


class FailureMemory:
    """For how long each failed question's failure is to be kept. It is fed monotonic time in seconds."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._failed: OrderedDict[Question, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failed)

    def failed(self, question: Question, at: float) -> int:
        """The question has failed (again): for how many seconds that holds."""
        last, until = self._failed.pop(question, (0, at))
        # Who was not asked again for as long as the failure held has no history worth keeping.
        lasts = min(LONGEST_S, 2 * last) if last and at - until <= last else SHORTEST_S
        self._failed[question] = (lasts, at + lasts)
        if len(self._failed) > self._capacity:
            self._failed.popitem(last=False)
        return lasts

    def succeeded(self, question: Question) -> None:
        """The question has an answer: the next failure is a first one."""
        self._failed.pop(question, None)

    def forgive(self, at: float) -> list[Question]:
        """An upstream is back: forgets everything, and returns the questions whose failure would still hold."""
        held = [question for question, (_, until) in self._failed.items() if until > at]
        self._failed.clear()
        return held

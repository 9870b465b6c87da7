"""Draws that a seed repeats, on every machine and with every version of Python."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """An endless stream of draws; equal seeds give equal streams."""

    def __init__(self, *seed: object) -> None:
        self._key = hashlib.blake2b("/".join(str(part) for part in seed).encode()).digest()
        self._block = 0
        self._left: list[int] = []

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        if not self._left:
            self._refill()
        return self._left.pop() % bound

    def between(self, lowest: int, highest: int) -> int:
        """A number from `lowest` to `highest`, both included."""
        return lowest + self.below(highest - lowest + 1)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred draws."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        """One of them, each as likely."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Mapping[T, int]) -> T:
        """One of them, as likely as its weight says."""
        point = self.below(sum(choices.values()))
        for choice, weight in choices.items():
            point -= weight
            if point < 0:
                return choice
        raise AssertionError("the point lies within the sum")

    def _refill(self) -> None:
        self._block += 1
        block = hashlib.blake2b(self._block.to_bytes(8), key=self._key).digest()
        self._left = [int.from_bytes(block[at : at + 4]) for at in range(0, len(block), 4)]

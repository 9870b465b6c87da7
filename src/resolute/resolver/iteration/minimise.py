"""QNAME minimisation (RFC 9156 2.3): a zone's servers learn no more of a name than they need to refer us on.

    www.corp.example.com A    at .            asks  com A
                              at com          asks  example.com A
                              at example.com  asks  corp.example.com A, and if that is no cut  www.corp.example.com A

Names of many labels take several at a time, and labels that begin with an underscore, of which there are hardly ever
zones, go with the one before them. A server that does not bear it (an error for a name between) is asked the whole.
"""

from typing import Final

from resolute.records import names, types

MAX_MINIMISE_COUNT: Final = 10
MINIMISE_ONE_LAB: Final = 4


class Minimiser:
    """The questions for one name, zone by zone. `known` is the deepest name that is a zone's, or is there."""

    __slots__ = ("_asked", "_known", "_name", "_qtype", "_total", "_whole")

    def __init__(self, name: bytes, qtype: int, known: bytes) -> None:
        self._name = name
        self._qtype = qtype
        self._total = names.label_count(name)
        self._known = names.label_count(known)
        self._asked = 0
        self._whole = False

    def question(self) -> tuple[bytes, int]:
        """What to ask next: the name and type themselves, or a part of the name with a type that shows neither."""
        left = self._total - self._known
        if self._whole or left <= 1 or self._asked >= MAX_MINIMISE_COUNT:
            return self._name, self._qtype
        step = 1 if self._asked < MINIMISE_ONE_LAB else -(-left // (MAX_MINIMISE_COUNT - self._asked))
        part = names.last_labels(self._name, self._known + step)
        while part != self._name and part[1:2] == b"_":
            step += 1
            part = names.last_labels(self._name, self._known + step)
        if part == self._name:
            return self._name, self._qtype
        self._asked += 1
        return part, types.A

    def is_there(self, name: bytes) -> None:
        """A part of the name is a zone, or there is something at or below it."""
        self._known = max(self._known, names.label_count(name))

    def give_up(self) -> None:
        """From now on the whole name is asked for."""
        self._whole = True

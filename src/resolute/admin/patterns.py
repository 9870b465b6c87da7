r"""Patterns of domain names, in which one `*` stands for one or more whole labels.

    example.org.                     this name
    *.example.org.                   every name below it, however deep, and not the name itself
    _acme-challenge.*.example.org.   the label, then one or more, then example.org.
    *.                               every name but the root
    \*.example.org.                  the one owner name whose first label is an asterisk (RFC 4592 2.1.1)

Matching compares labels in canonical form (RFC 4034 6.2), never text: `notexample.org.` is not below `example.org.`.
"""

import re
from dataclasses import dataclass
from typing import Self

from resolute.errors import PresentationError
from resolute.records import names

_STAR = re.compile(r"(?:^|(?<=(?<!\\)\.))\*(?=\.|$)")
"""An asterisk that is a whole label; neither it nor the dot before it is escaped."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`head`, then (unless `exact`) one or more labels, then `tail`; all in lower case, without the root."""

    head: tuple[bytes, ...]
    tail: tuple[bytes, ...] = ()
    exact: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the forms above, with or without the trailing dot. Raises PresentationError."""
        stars = list(_STAR.finditer(text))
        if len(stars) > 1:
            raise PresentationError(f"{text!r} has more than one '*': a pattern may have one")
        if not stars:
            return cls(_labels(text), exact=True)
        head, tail = text[: stars[0].start()], text[stars[0].end() :]
        return cls(_labels(head) if head else (), _labels(tail[1:]) if tail.strip(".") else ())

    @classmethod
    def of_name(cls, name: bytes) -> Self:
        """The one wire name."""
        return cls(tuple(names.split(names.fold(name))), exact=True)

    @classmethod
    def below(cls, name: bytes, *head: bytes) -> Self:
        """Every name below a wire name that begins with these labels."""
        return cls(tuple(head), tuple(names.split(names.fold(name))))

    def matches(self, name: bytes) -> bool:
        """Whether a wire name, in any letter case, is one of these."""
        labels = tuple(names.split(names.fold(name)))
        if self.exact:
            return labels == self.head
        long_enough = len(labels) > len(self.head) + len(self.tail)
        return long_enough and _begins(labels, self.head) and _ends(labels, self.tail)

    def covers(self, other: "Pattern") -> bool:
        """Whether every name of the other pattern is one of this one."""
        if self.exact:
            return other == self
        if other.exact:
            long_enough = len(other.head) > len(self.head) + len(self.tail)
            return long_enough and _begins(other.head, self.head) and _ends(other.head, self.tail)
        return _begins(other.head, self.head) and _ends(other.tail, self.tail)

    def __str__(self) -> str:
        """The pattern as `parse` reads it."""
        if self.exact:
            text = "".join(map(_label_text, self.head))
            return text or "."
        return "".join(map(_label_text, self.head)) + "*." + "".join(map(_label_text, self.tail))


def _labels(text: str) -> tuple[bytes, ...]:
    return tuple(names.split(names.fold(names.from_text(text))))


def _label_text(label: bytes) -> str:
    if label == b"*":
        return r"\*."
    return names.to_text(bytes([len(label)]) + label + b"\0")


def _begins(labels: tuple[bytes, ...], head: tuple[bytes, ...]) -> bool:
    return labels[: len(head)] == head


def _ends(labels: tuple[bytes, ...], tail: tuple[bytes, ...]) -> bool:
    return not tail or labels[-len(tail) :] == tail

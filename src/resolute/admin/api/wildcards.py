r"""Search patterns: `*` stands for any characters, `?` for one, `\` takes their meaning away. Pure.

Without wildcards the text may stand anywhere. Letter case makes no difference. Matching takes time that grows with the
text and not with what the pattern's asterisks could stand for: the parts between them are found one after the other.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from resolute.admin.api.problems import InvalidError

MOST_ASTERISKS: Final = 8
_TOKEN: Final = re.compile(r"(\\[*?\\])|(\*+)|(\?)|(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The parts between the asterisks: each has its characters, and None for any one."""

    parts: tuple[tuple[str | None, ...], ...]

    @classmethod
    def parse(cls, text: str, field: str = "q") -> Self:
        """Raises InvalidError for too many asterisks."""
        parts: list[list[str | None]] = [[]]
        wild = False
        for escaped, many, one, plain in _TOKEN.findall(text):
            wild = wild or bool(many or one)
            if many:
                parts.append([])
            else:
                parts[-1].append(None if one else escaped[1:] or plain)
        if not wild:
            parts = [[], *parts, []]
        if len(parts) > MOST_ASTERISKS + 1:
            raise InvalidError((field, f"it has more than {MOST_ASTERISKS} asterisks"))
        return cls(tuple(map(tuple, parts)))

    @property
    def like(self) -> str:
        """The same in SQL's form, with the backslash as its escape character."""
        return "%".join("".join(map(_like, part)) for part in self.parts)

    def matches(self, text: str) -> bool:
        """Whether the whole text is what the pattern says."""
        first, *others = (_compiled(part) for part in self.parts)
        if not others:
            return first.fullmatch(text) is not None
        found = first.match(text)
        for part in others[:-1]:
            found = part.search(text, found.end()) if found is not None else None
        start = len(text) - len(self.parts[-1])
        return found is not None and found.end() <= start and others[-1].fullmatch(text, start) is not None


def _compiled(part: tuple[str | None, ...]) -> re.Pattern[str]:
    """`re` keeps what it has compiled."""
    return re.compile("".join("." if one is None else re.escape(one) for one in part), re.IGNORECASE | re.DOTALL)


def _like(one: str | None) -> str:
    if one is None:
        return "_"
    return f"\\{one}" if one in "%_\\" else one

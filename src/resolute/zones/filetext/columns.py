"""Columns of zone files: what is put in or gets longer moves its neighbours as little as can be. Tabs stop at 8."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from resolute.zones.filetext.lexer import Entry, Token

_TAB: Final = b"\t"
_SPACES: Final = re.compile(rb" +")


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes of a text that are replaced by others."""

    start: int
    end: int
    text: bytes


def patched(text: bytes, start: int, end: int, patches: Iterable[Patch]) -> bytes:
    """A part of a text with its patches; where two of them overlap the first has precedence."""
    parts, at = list[bytes](), start
    for one in sorted(patches, key=lambda one: (one.start, one.end)):
        parts += [text[at : max(at, one.start)], one.text]
        at = max(at, one.end)
    return b"".join((*parts, text[at:end]))


def replaced(text: bytes, token: Token, by: bytes) -> Patch:
    """Another word in the place of a token; spaces behind it take up the difference where there are several."""
    spaces = len(match[0]) if (match := _SPACES.match(text, token.end)) else 0
    follows = text[token.end + spaces : token.end + spaces + 1]
    if spaces < 2 or follows in {b"", b"\r", b"\n"}:
        return Patch(token.start, token.end, by)
    left = max(1, spaces - len(by) + token.end - token.start)
    return Patch(token.start, token.end + spaces, by + b" " * left)


def ttl_stated(text: bytes, entry: Entry, ttl: int) -> Patch:
    """A TTL for a record that states none, before its class or type."""
    head, word = entry.header[0], b"%d" % ttl
    gap_start = entry.owner.end if entry.owner else entry.start
    gap = text[gap_start : head.start]
    if gap.strip(b" ") == b"" and len(gap) >= len(word) + 2:
        return Patch(head.start - len(word) - 1, head.start, word + b" ")
    if gap.endswith(b"\t\t") and column(text, head.start - 1) + len(word) < column(text, head.start):
        return Patch(head.start - 1, head.start, word + _TAB)
    return Patch(head.start, head.start, word + (_TAB if gap.endswith(_TAB) else b" "))


def owner_stated(text: bytes, entry: Entry, owner: bytes) -> Patch:
    """An owner for a record that takes it over."""
    rest = text[entry.start : entry.end].lstrip(b" \t")
    end = entry.end - len(rest)
    gap = text[entry.start : end]
    return Patch(entry.start, end, spaced(owner, gap, column(text, end)))


def spaced(line: bytes, gap: bytes, target: int) -> bytes:
    """A line with white space at its end up to a column, of the kind that stands in another line there."""
    if _TAB in gap:
        line += _TAB
        while len(line.expandtabs()) < target:
            line += _TAB
        return line
    return line + b" " * (max(1, target - len(line.expandtabs())) if len(gap) > 1 else 1)


def column(text: bytes, at: int) -> int:
    """The column of an offset, from 0."""
    return len(text[text.rfind(b"\n", 0, at) + 1 : at].expandtabs())

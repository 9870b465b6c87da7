"""Zone text as a sequence of entries: which stands where, and what holds there ($ORIGIN, $TTL, the last owner and TTL).

Directives are not edited, so what they say holds in the old text and in the new one.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import Final

from resolute.records import names
from resolute.records.foreign import ascii_text
from resolute.zones.filetext.lexer import Entry, read, seconds, split

MAX_TTL: Final = 2**31 - 1
_DIRECTIVE: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class State:
    """What a record takes over from those before it. What is not known is a value that equals only itself."""

    owner: bytes
    """In wire form, lower case."""
    default_ttl: int | None
    """From $TTL (RFC 2308 4)."""
    last_ttl: int | None
    """The last explicitly stated one (RFC 1035 5.1)."""

    @property
    def ttl(self) -> int | None:
        """The TTL of a record that states none; None where it is the SOA's minimum, as in BIND."""
        return self.last_ttl if self.default_ttl is None else self.default_ttl


class Layout:
    """The entries of a text. Their tokens are read when they are asked for: most never are."""

    def __init__(self, text: bytes, origin: bytes, *, file: str) -> None:
        self.text = text
        self._file = file
        self._starts, self._lines = split(text)
        self._read: dict[int, Entry] = {}
        self.eol = b"\r\n" if text[: text.find(b"\n") + 1].endswith(b"\r\n") else b"\n"
        self.sections = [(0, origin)]
        """Where an $ORIGIN begins to hold: the first entry that it holds for, and the name in its letter case, which
        relative names in data take over."""
        self._ttls = list[tuple[int, int]]()
        for index in self._directives():
            self._take(index)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Entry:
        if index not in self._read:
            self._read[index] = read(self.text, self._starts[index])
        return self._read[index]

    def at_line(self, line: int) -> int:
        """The index of the entry that a line is part of."""
        return bisect_right(self._lines, line) - 1

    def line(self, index: int) -> int:
        """The line on which an entry begins."""
        return self._lines[index]

    def place(self, index: int) -> str:
        """The file and the line of an entry, for messages."""
        return f"{self._file}:{self.line(index)}"

    def origin(self, index: int) -> bytes:
        """The $ORIGIN in force at an entry."""
        return self.sections[bisect_right(self.sections, index, key=lambda section: section[0]) - 1][1]

    def before(self, index: int) -> State:
        """What holds before an entry."""
        at = bisect_left(self._ttls, index, key=lambda stated: stated[0])
        default = self._ttls[at - 1][1] if at else None
        return State(self._owner_before(index), default, None if at else self._ttl_before(index))

    def after(self, index: int, state: State) -> State:
        """What holds after an entry that is left as it is."""
        entry = self[index]
        if entry.directive == b"$TTL":
            return replace(state, default_ttl=self._stated(index))
        if entry.directive in {b"$GENERATE", b"$INCLUDE"}:
            # Neither changes the owner (RFC 1035 5.1, and BIND for $GENERATE).
            return replace(state, last_ttl=self._made_ttl(index, state))
        if not entry.is_record:
            return state
        stated = seconds(entry.ttl.text) if entry.ttl else state.last_ttl
        if stated is None and state.default_ttl is None and entry.is_soa:
            stated = self.minimum(index)
        return replace(state, owner=self.owner(index) or state.owner, last_ttl=stated)

    def owner(self, index: int) -> bytes | None:
        """The owner that a record states, in wire form and lower case; None for one that takes it over."""
        token = self[index].owner
        return None if token is None else names.fold(absolute(token.text, self.origin(index)))

    def minimum(self, index: int) -> int | None:
        """The last field of a SOA."""
        data = self[index].data
        value = seconds(data[-1].text) if data else None
        return None if value is None else min(value, MAX_TTL)

    def _directives(self) -> list[int]:
        found = list[int]()
        for match in _DIRECTIVE.finditer(self.text):
            start = match.end() - 1
            at = bisect_left(self._starts, start)
            if at < len(self._starts) and self._starts[at] == start:
                found.append(at)
        return found

    def _take(self, index: int) -> None:
        entry = self[index]
        if entry.directive == b"$ORIGIN" and len(entry.tokens) > 1:
            self.sections.append((index + 1, absolute(entry.tokens[1].text, self.origin(index))))
        elif entry.directive == b"$TTL" and (ttl := self._stated(index)) is not None:
            self._ttls.append((index, ttl))

    def _stated(self, index: int) -> int | None:
        tokens = self[index].tokens
        return seconds(tokens[1].text) if len(tokens) > 1 else None

    def _made_ttl(self, index: int, state: State) -> int | None:
        entry = self[index]
        if entry.directive == b"$INCLUDE":
            return -1 - index
        return seconds(entry.ttl.text) if entry.ttl else state.last_ttl

    def _owner_before(self, index: int) -> bytes:
        for at in range(index - 1, -1, -1):
            entry = self[at]
            if entry.is_record and (owner := self.owner(at)) is not None:
                return owner
        return b""

    def _ttl_before(self, index: int) -> int | None:
        minimum = None
        for at in range(index - 1, -1, -1):
            entry = self[at]
            if entry.directive == b"$INCLUDE":
                return -1 - at
            if entry.ttl is not None:
                return seconds(entry.ttl.text)
            if entry.is_soa:
                minimum = self.minimum(at)
        return minimum


def absolute(text: bytes, origin: bytes) -> bytes:
    """The name that is written so under an origin, in wire form. Raises PresentationError."""
    if text == b"@":
        return origin
    name = names.from_text(ascii_text(text))
    return name if is_absolute(text) else name[:-1] + origin


def is_absolute(text: bytes) -> bool:
    """Whether a name is written with a dot at its end that is none of its last label."""
    bare = text.removesuffix(b".")
    return bare != text and (len(bare) - len(bare.rstrip(b"\\"))) % 2 == 0

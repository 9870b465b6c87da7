"""Zone text -> entries of tokens, each with its place in the text (RFC 1035 5.1).

An entry ends at the end of a line outside parentheses; `;` begins a comment; `"` begins a string, which ends on its
line; a backslash takes the meaning of the character after it. The native scanner does the same, and decides what is
right: here only the places are found.
"""

import re
from array import array
from dataclasses import dataclass, field
from typing import Final

BOM: Final = b"\xef\xbb\xbf"
_PIECE: Final = re.compile(
    rb"""(?P<space>[ \t\r]+) | (?P<newline>\n) | (?P<comment>;[^\n]*) | (?P<open>\() | (?P<close>\))
       | (?P<string>"(?:[^"\\\n]|\\[^\n])*") | (?P<word>(?:[^ \t\r\n();"\\]|\\[^\r\n])+) | (?P<broken>"[^\n]*|\\)""",
    re.VERBOSE,
)
_PLAIN_TTL: Final = re.compile(rb"[0-9]+")
_UNITS_TTL: Final = re.compile(rb"(?:[0-9]+[wdhms])+", re.IGNORECASE)
_UNIT_S: Final = {b"w": 604_800, b"d": 86_400, b"h": 3_600, b"m": 60, b"s": 1}


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a string; what is written without a space between, as in `alpn="h2"`, is one."""

    start: int
    end: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """A parenthesis or a comment: `open`, `close` or `comment`."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A record or a directive, with its comments and the end of its last line; or lines that are neither."""

    start: int
    end: int
    blank: bool
    """It begins with white space: its owner is that of the record before."""
    tokens: tuple[Token, ...]
    marks: tuple[Mark, ...]
    directive: bytes = b""
    """`$ORIGIN`, `$TTL` and so on, in upper case."""
    owner: Token | None = None
    ttl: Token | None = None
    class_: Token | None = None
    rtype: Token | None = None
    """Only records have one, and `$GENERATE`."""
    data: tuple[Token, ...] = ()

    @property
    def is_record(self) -> bool:
        """Whether it is a record that stands here as such."""
        return self.rtype is not None and not self.directive

    @property
    def is_soa(self) -> bool:
        """Whether it is the zone's SOA."""
        return self.is_record and self.rtype is not None and self.rtype.text.upper() in {b"SOA", b"TYPE6"}

    @property
    def header(self) -> tuple[Token, ...]:
        """TTL, class and type, in the order in which they stand."""
        return tuple(sorted(filter(None, (self.ttl, self.class_, self.rtype)), key=lambda token: token.start))


def split(text: bytes) -> "tuple[array[int], array[int]]":
    """Where entries begin, as offsets and as numbers of lines (from 1)."""
    starts, lines = array("Q"), array("Q")
    at, line = len(BOM) if text.startswith(BOM) else 0, 1
    while at < len(text):
        starts.append(at)
        lines.append(line)
        end = text.find(b"\n", at) + 1 or len(text)
        if text.find(b"(", at, end) >= 0:
            end = _pieces(text, at)[1]
            line += text.count(b"\n", at, end) - 1
        at, line = end, line + 1
    return starts, lines


def read(text: bytes, start: int) -> Entry:
    """The entry that begins at `start`."""
    pieces, end = _pieces(text, start)
    marks = tuple(Mark(kind, *span) for kind, *span in pieces if kind in {"open", "close", "comment"})
    tokens = tuple(_tokens(text, pieces))
    blank = text[start : start + 1] in {b" ", b"\t"}
    if not tokens:
        return Entry(start, end, blank, tokens, marks)
    if tokens[0].text.startswith(b"$") and not blank:
        directive = tokens[0].text.upper()
        header = _Header().take(tokens[3:] if directive == b"$GENERATE" else ())
        return Entry(start, end, blank, tokens, marks, directive, None, header.ttl, header.class_, header.rtype)
    owner = None if blank else tokens[0]
    header = _Header().take(tokens if blank else tokens[1:])
    return Entry(
        start, end, blank, tokens, marks, b"", owner, header.ttl, header.class_, header.rtype, tuple(header.data)
    )


def words(text: bytes) -> list[bytes]:
    """The tokens of a text that is one entry."""
    return [token.text for token in _tokens(text, _pieces(text, 0)[0])]


def seconds(text: bytes) -> int | None:
    """A TTL (RFC 1035 3.2.1), also in BIND's units, such as 1W2D; None for what is none."""
    if _PLAIN_TTL.fullmatch(text):
        return int(text)
    if not _UNITS_TTL.fullmatch(text):
        return None
    parts = re.findall(rb"([0-9]+)([a-z])", text.lower())
    return sum(int(number) * _UNIT_S[unit] for number, unit in parts)


@dataclass(slots=True)
class _Header:
    """What stands before a record's data: TTL and class in any order, then the type."""

    ttl: Token | None = None
    class_: Token | None = None
    rtype: Token | None = None
    data: list[Token] = field(default_factory=list)

    def take(self, tokens: tuple[Token, ...]) -> "_Header":
        for token in tokens:
            if self.rtype is not None:
                self.data.append(token)
            elif self.ttl is None and token.text[:1].isdigit():
                self.ttl = token
            elif self.class_ is None and token.text.upper() in {b"IN", b"CLASS1"}:
                self.class_ = token
            else:
                self.rtype = token
        return self


def _pieces(text: bytes, start: int) -> tuple[list[tuple[str, int, int]], int]:
    """Everything of an entry but white space, and where it ends."""
    pieces, depth, at = list[tuple[str, int, int]](), 0, start
    while match := _PIECE.match(text, at):
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "newline" and depth <= 0:
            break
        depth += (kind == "open") - (kind == "close" and depth > 0)
        if kind not in {"space", "newline", "broken"}:
            pieces.append((kind, match.start(), at))
    return pieces, at


def _tokens(text: bytes, pieces: list[tuple[str, int, int]]) -> list[Token]:
    tokens, glue = list[Token](), -1
    for kind, start, end in pieces:
        if kind not in {"word", "string"}:
            continue
        first = tokens.pop().start if start == glue else start
        tokens.append(Token(first, end, text[first:end]))
        glue = end if kind == "word" else -1
    return tokens

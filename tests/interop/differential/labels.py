"""Labels and names to draw from: few enough that names meet, odd enough that no byte is taken for granted."""

from tests.interop.differential.draw import Draw
from tests.interop.differential.names import LONGEST, Name, length

COMMON = tuple(b"a b c d e www mail ns1 ns2 _tcp _443".split())
ODD = (
    b"a.b",
    b".",
    b"a b",
    b" ",
    b"\0",
    b"nul\0",
    b"\\",
    b"*a",
    b"a*",
    b"**",
    b"@",
    b'"',
    b";",
    b"$TTL",
    b"(",
    b"\xff",
    b"\xc0\x0c",
    b"\x01a\x00",
    b"-",
    b"_",
    b"1234567890",
    b"l" * 63,
    bytes(range(63)),
    bytes(range(63, 126)),
    bytes(range(126, 189)),
    bytes(range(189, 252)),
    bytes(range(252, 256)),
)
"""Dots, blanks, NULs, what zone files give a meaning, every byte value, 63 bytes (RFC 1035 2.3.4, RFC 2181 11)."""


def label(draw: Draw) -> bytes:
    """Mostly a common one; seldom an asterisk, seldom odd."""
    if draw.chance(8):
        return b"*"
    if draw.chance(5):
        return odd(draw)
    found = draw.pick(COMMON)
    return found.upper() if draw.chance(3) else found


def odd(draw: Draw) -> bytes:
    """One that a careless server gets wrong."""
    return bytes([draw.below(256)]) if draw.chance(30) else draw.pick(ODD)


def below(draw: Draw, parent: Name, *, deepest: int = 2) -> Name:
    """A name with up to so many labels more."""
    return (*(label(draw) for _ in range(draw.between(1, deepest))), *parent)


def padded(draw: Draw, parent: Name, octets: int) -> Name:
    """A name below `parent` that takes exactly so many octets; `parent` itself when there is no room."""
    labels, missing = parent, octets - length(parent)
    while missing >= 2:
        size = min(63, missing - 1)
        if missing - 1 - size == 1:  # a single octet more is no label
            size -= 1
        labels = (bytes([draw.pick(b"xyz")]) * size, *labels)
        missing = octets - length(labels)
    return labels


def longest(draw: Draw, parent: Name) -> Name:
    """A name at the limit of 255 octets, or just below it."""
    return padded(draw, parent, LONGEST - draw.pick((0, 0, 1, 2)))

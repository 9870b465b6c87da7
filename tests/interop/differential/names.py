"""Names as tuples of labels, the last one before the root last: any bytes, without a library's opinion of them."""

from collections.abc import Iterator

Name = tuple[bytes, ...]
"""Labels without the root's; `()` is the root."""

ROOT: Name = ()
LONGEST = 255
"""RFC 1035 2.3.4: octets of a name, its length bytes and the root's included."""
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*")


def name(text: str) -> Name:
    """A name of plain labels: `www.example.` The final dot may be left out."""
    return tuple(label.encode() for label in text.rstrip(".").split(".") if label)


def length(labels: Name) -> int:
    """Octets on the wire (RFC 1035 3.1)."""
    return 1 + sum(1 + len(label) for label in labels)


def text(labels: Name) -> str:
    """As zone files write it, absolute; every byte that is not a letter, digit, `-`, `_` or `*` as its number."""
    return "".join(f"{_label(label)}." for label in labels) or "."


def wire(labels: Name) -> bytes:
    """As a message has it, without compression."""
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def from_wire(octets: bytes) -> Name:
    """The labels of an uncompressed name."""
    labels, at = [], 0
    while octets[at]:
        labels.append(octets[at + 1 : at + 1 + octets[at]])
        at += 1 + octets[at]
    return tuple(labels)


def lower(labels: Name) -> Name:
    """With the letters of ASCII in lower case (RFC 4343)."""
    return tuple(label.lower() for label in labels)


def is_at_or_below(labels: Name, ancestor: Name) -> bool:
    """Whether a name is the other or ends in it. Both in lower case."""
    return len(labels) >= len(ancestor) and labels[len(labels) - len(ancestor) :] == ancestor


def ancestors(labels: Name) -> Iterator[Name]:
    """What is above it, the nearest first, the root last."""
    return (labels[skip:] for skip in range(1, len(labels) + 1))


def _label(label: bytes) -> str:
    return "".join(chr(byte) if byte in PLAIN else f"\\{byte:03d}" for byte in label)

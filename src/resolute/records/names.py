"""Domain names: presentation form (RFC 1035 5.1) and uncompressed wire form (RFC 1035 3.1).

Everything inside Resolute that crosses to the data plane is wire form; everything that people read or write is
presentation form with the trailing dot.
"""

import re
from functools import lru_cache

import dns.exception
import dns.name

from resolute.errors import PresentationError

_REMEMBERED = 512
"""Conversions that are not made again."""
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*/+=:!#%&'<>?[]^`{|}~,")
r"""What stands for itself in presentation form; a superset of host names, without the special `."\$@();` and space."""

_USUAL = re.compile(rb"[A-Za-z0-9_-]*")
"""A label of a host, which most are."""


@lru_cache(_REMEMBERED)
def from_text(text: str) -> bytes:
    r"""The wire form of a name, with or without its trailing dot; `\.` and `\DDD` are understood, letter case is kept.

    A name in another script is taken in its A-label form (RFC 5890 2.3.2.1). Raises PresentationError.
    """
    if not text:
        raise PresentationError("'' is not a domain name: it is empty; the root is '.'")
    try:
        return dns.name.from_text(text, dns.name.root).to_wire() or b""
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise PresentationError(f"{text!r} is not a domain name: {_reason(error)}") from error


@lru_cache(_REMEMBERED)
def to_text(wire: bytes) -> str:
    r"""The presentation form of a wire name, absolute, with `\.`-like and `\DDD` escapes; always printable ASCII.

    Raises PresentationError when `wire` is not exactly one uncompressed name of at most 255 octets.
    """
    labels = split(wire)
    return "".join(_label_to_text(label) + "." for label in labels) or "."


def split(wire: bytes) -> list[bytes]:
    """The labels of a wire name from left to right, without the root. Raises PresentationError as `to_text` does."""
    labels: list[bytes] = []
    at = 0
    while at < len(wire) and (length := wire[at]) != 0:
        if length > 63 or at + 1 + length >= len(wire):
            raise PresentationError(f"octet {at} of the wire name is not the start of a label")
        labels.append(wire[at + 1 : at + 1 + length])
        at += 1 + length
    if at != len(wire) - 1 or len(wire) > 255:
        raise PresentationError("the wire name is not one uncompressed name of at most 255 octets")
    return labels


def fold(wire: bytes) -> bytes:
    """The name with ASCII letters in lower case, for comparing (RFC 4343). Length octets (0 to 63) are no letters."""
    return wire.lower()


def label_count(wire: bytes) -> int:
    """How many labels, the root not counted."""
    at = count = 0
    while length := wire[at]:
        at += length + 1
        count += 1
    return count


def parent(wire: bytes) -> bytes:
    """The name without its first label; of the root there is none."""
    return wire[wire[0] + 1 :]


def is_within(wire: bytes, ancestor: bytes) -> bool:
    """Whether `wire` is `ancestor` or below it; both in lower case."""
    if not wire.endswith(ancestor):
        return False
    at, end = 0, len(wire) - len(ancestor)
    while at < end:
        at += wire[at] + 1
    return at == end


def last_labels(wire: bytes, count: int) -> bytes:
    """The name's last labels; the whole name where it has no more."""
    for _ in range(label_count(wire) - count):
        wire = parent(wire)
    return wire


def canonical_key(wire: bytes) -> tuple[bytes, ...]:
    """What sorts names in canonical order (RFC 4034 6.1); the name is in lower case."""
    labels: list[bytes] = []
    at = 0
    while length := wire[at]:
        labels.append(wire[at + 1 : at + 1 + length])
        at += 1 + length
    return tuple(reversed(labels))


def read(data: bytes, at: int) -> bytes:
    """The uncompressed name that begins at an octet of record data, as it stands. Raises PresentationError."""
    end = at
    while end < len(data) and (length := data[end]) != 0:
        if length > 63:
            raise PresentationError(f"octet {end} of the record data is not the start of a label")
        end += length + 1
    if end >= len(data) or end - at >= 255:
        raise PresentationError("the record data has no whole name where one should be")
    return data[at : end + 1]


def _label_to_text(label: bytes) -> str:
    if _USUAL.fullmatch(label):
        return label.decode("ascii")
    return "".join(_octet_to_text(octet) for octet in label)


def _octet_to_text(octet: int) -> str:
    if octet in _PLAIN:
        return chr(octet)
    return f"\\{chr(octet)}" if 0x20 < octet < 0x7F else f"\\{octet:03d}"


def _reason(error: Exception) -> str:
    if isinstance(error, dns.name.EmptyLabel):
        return "two dots stand together, or one stands at the beginning"
    if isinstance(error, dns.name.LabelTooLong):
        return "a label may have 63 octets at most"
    if isinstance(error, dns.name.NameTooLong):
        return "a name may have 255 octets at most"
    return (str(error) or type(error).__name__).rstrip(".")

"""Keys that sort as names do in canonical order (RFC 4034 6.1): a zone's names stand together, and so does a subtree.

    www.example.org.  ->  org 00 example 00 www 00

Octets 00 and 01 within a label become 01 01 and 01 02, so that the end of a label sorts before all that may follow.
"""

from typing import Final

from resolute.records import names

_LAST: Final = b"\xff" * 64
"""Sorts after every label."""


def sort_key(owner: bytes) -> bytes:
    """The key of a wire name; letter case makes no difference. Keys of names below it begin with it."""
    labels = reversed(names.split(names.fold(owner)))
    return b"".join(_escaped(label) + b"\0" for label in labels)


def after_subtree(key: bytes) -> bytes:
    """A key that sorts after those of all names at and below the one of `key`, and before all others after it."""
    return key[:-1] + b"\x01" if key else _LAST


def _escaped(label: bytes) -> bytes:
    if b"\0" in label or b"\x01" in label:
        return label.replace(b"\x01", b"\x01\x02").replace(b"\0", b"\x01\x01")
    return label

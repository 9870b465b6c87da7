"""What the readers of other programs' files find, as values."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from resolute.records import names

TTL: Final = 300


class LeftOut(NamedTuple):
    """What is not taken over: where it stands (`file:line`), what stands there, and why, with a way to have it."""

    where: str
    what: str
    why: str


class Record(NamedTuple):
    """A record that somebody has written down: the name in lower case without the last dot, and presentation form."""

    where: str
    name: str
    rtype: str
    data: str
    ttl: int = TTL


@dataclass(frozen=True, slots=True)
class ImportedZone:
    """A zone, as zone text without directives."""

    origin: bytes
    text: bytes = field(repr=False)
    where: str
    """The file that it comes from."""


@dataclass(frozen=True, slots=True)
class Imported:
    """All that a program's files say."""

    zones: Sequence[ImportedZone] = ()
    local: Mapping[str, str] = field(default_factory=dict)
    """Names, lower case without the last dot, and addresses."""
    settings: str = ""
    """TOML, for the configuration."""
    left_out: Sequence[LeftOut] = ()


def type_of(address: str) -> str:
    """The type of the record that has it."""
    return "AAAA" if ":" in address else "A"


def is_address(word: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def absolute(name: str) -> str:
    """A name in record data, with its last dot. Raises PresentationError."""
    return names.to_text(names.from_text(name))

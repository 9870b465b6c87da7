"""What the machine wants done: it yields one of these, and is sent what came of it."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from resolute.resolver.iteration.budget import Budget

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this question to this server; what comes back is a `Heard`."""

    server: str
    qname: bytes
    qtype: int
    timeout_ms: int
    tcp: bool
    edns: bool
    cookie: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """The end of an exchange: a reply that answers the question asked (RFC 5452 9.1), or why there is none."""

    reply: bytes | None
    failure: int | None = None
    """`resolute.plane.REASON_*`."""
    rtt_ms: float = 0.0
    tcp: bool = False
    """It was over TCP at its end."""


@dataclass(frozen=True, slots=True)
class Share:
    """Have what this makes done once for all who want the same at the same time; what comes back is its result.

    Where another query is doing it already, that one pays. Should it fail for want of budget or time, this one does it.
    """

    key: object
    make: "Callable[[Budget], Steps[Any]]"


Steps: TypeAlias = Generator[Ask | Share, Any, T]
"""A part of the machine: yields what it wants done, and returns its result or raises UnresolvedError."""

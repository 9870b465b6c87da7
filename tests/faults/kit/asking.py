"""One question and its reply, and waiting for what must become true."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode

from bench.peers import Endpoint

T = TypeVar("T")


@dataclass(frozen=True)
class Manner:
    """How a question is asked."""

    tcp: bool = False
    recurse: bool = True
    timeout_s: float = 10.0
    source: str | None = None


PLAIN = Manner()
OVER_TCP = Manner(tcp=True)
WITHOUT_RD = Manner(recurse=False)


def ask(endpoint: Endpoint, name: str, rtype: str = "A", manner: Manner = PLAIN) -> dns.message.Message:
    """The reply; dnspython raises when there is none, or when it does not belong to the question."""
    query = dns.message.make_query(name, rtype, use_edns=0, payload=1232)
    if not manner.recurse:
        query.flags &= ~dns.flags.RD
    over = dns.query.tcp if manner.tcp else dns.query.udp
    return over(query, endpoint.host, manner.timeout_s, endpoint.port, source=manner.source)


def answers(reply: dns.message.Message) -> list[str]:
    """The rdata of the answer section as text, in one order."""
    return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)


def addresses(endpoint: Endpoint, name: str, rtype: str = "A") -> list[str]:
    """The rdata that a name has now."""
    return answers(ask(endpoint, name, rtype))


def rcode(reply: dns.message.Message) -> str:
    """The rcode as a word."""
    return dns.rcode.to_text(reply.rcode())


def reasons(reply: dns.message.Message) -> list[int]:
    """The codes of the Extended DNS Errors (RFC 8914)."""
    return [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]


def wait_for(look: Callable[[], T], *, timeout_s: float = 10.0, what: str = "") -> T:
    """Looks until there is something, and returns it."""
    until = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < until, f"not within {timeout_s:g} s: {what or look}"
        time.sleep(0.01)
    return found

"""The kinds of work that are measured: which servers, what they serve, what they are asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench import questions as ask
from bench.peers import Bind, Dnsmasq, Floor, Knot, Nsd, PowerDns, PowerDnsRecursor, Resolute, Server, Unbound
from bench.questions import Question

HOSTS = 10_000
HOSTS_OF_MILLION = 500_000
ASKED = 100_000
NEW_PER_SECOND = 60_000


@dataclass(frozen=True)
class Mix:
    """One kind of work."""

    name: str
    title: str
    servers: tuple[type[Server], ...]
    zone: str
    write_zone: Callable[[Path], Path]
    questions: Callable[[int], Iterable[Question]]
    """The questions for a run of so many seconds."""
    forwarded: bool = False
    """The zone is an upstream's, and the servers forward to it."""
    warm: bool = False
    """Every question is asked once before the measurement."""
    once: bool = False
    """No question is asked twice."""

    def sample(self, seconds: int) -> list[Question]:
        """The first questions, to check the answers with."""
        return list(islice(self.questions(seconds), 40))


AUTHORITATIVE = Mix(
    name="authoritative",
    title="Authoritative: a zone of 10,000 names, 8 % NXDOMAIN",
    servers=(Floor, Resolute, Nsd, Knot, PowerDns, Bind),
    zone=ask.ZONE,
    write_zone=lambda path: ask.write_hosts_zone(path, ask.ZONE, HOSTS),
    questions=lambda _: ask.host_questions(ask.ZONE, HOSTS, ASKED),
)
CACHED = Mix(
    name="cached",
    title="Cached: the same questions, forwarded once and then from the cache",
    servers=(Floor, Resolute, Unbound, PowerDnsRecursor, Bind, Dnsmasq),
    zone=ask.ZONE,
    write_zone=AUTHORITATIVE.write_zone,
    questions=AUTHORITATIVE.questions,
    forwarded=True,
    warm=True,
)
MISS = Mix(
    name="miss",
    title="Forwarded miss: every name new",
    servers=(Floor, Resolute, Unbound, Bind, Dnsmasq),
    zone=ask.MISS_ZONE,
    write_zone=ask.write_wildcard_zone,
    questions=lambda seconds: ask.new_names(seconds * NEW_PER_SECOND),
    forwarded=True,
    once=True,
)
MILLION = Mix(
    name="million",
    title="A million records in one zone (500,000 names, A and AAAA), random questions",
    servers=(Floor, Resolute, Nsd, Knot, PowerDns, Bind),
    zone=ask.MILLION_ZONE,
    write_zone=lambda path: ask.write_hosts_zone(path, ask.MILLION_ZONE, HOSTS_OF_MILLION),
    questions=lambda _: ask.host_questions(ask.MILLION_ZONE, HOSTS_OF_MILLION, 10 * ASKED),
)
NXDOMAIN = Mix(
    name="nxdomain",
    title="NXDOMAIN: a zone of 10,000 names, every name asked is new and missing",
    servers=(Floor, Resolute, Nsd, Knot, PowerDns, Bind),
    zone=ask.ZONE,
    write_zone=AUTHORITATIVE.write_zone,
    questions=lambda seconds: ask.missing_names(seconds * 4 * NEW_PER_SECOND),
    once=True,
)

MIXES = {mix.name: mix for mix in (AUTHORITATIVE, CACHED, MISS, MILLION, NXDOMAIN)}

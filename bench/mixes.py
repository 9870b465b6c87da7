"""The kinds of work that are measured: which servers, what they serve, what they are asked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench import questions as ask
from bench import signing
from bench.peers import Bind, Dnsmasq, Floor, Knot, Nsd, PowerDns, PowerDnsRecursor, Resolute, Server, Unbound
from bench.questions import Question

HOSTS = 10_000
HOSTS_OF_MILLION = 500_000
ZONES_OF_MANY = 100_000
ASKED = 100_000
NEW_PER_SECOND = 60_000


@dataclass(frozen=True)
class Mix:
    """One kind of work."""

    name: str
    title: str
    servers: tuple[type[Server], ...]
    write_zones: Callable[[Path], Mapping[str, Path]]
    """Writes zone files into a folder; the zone that is likely to be loaded last stands first."""
    questions: Callable[[int], Iterable[Question]]
    """The questions for a run of so many seconds."""
    dnsperf: tuple[str, ...] = ()
    """More arguments of dnsperf."""
    forwarded: bool = False
    """The zone is an upstream's, and the servers forward to it."""
    warm: bool = False
    """Every question is asked once before the measurement."""
    once: bool = False
    """No question is asked twice."""
    large: bool = False
    """The time to the first answer and the memory are of interest."""
    connections: bool = False
    """Each question has a TCP connection of its own."""
    signed: bool = False
    """Answers have signatures."""

    def sample(self, seconds: int) -> list[Question]:
        """The first questions, to check the answers with."""
        return list(islice(self.questions(seconds), 40))


AUTHORITATIVE = Mix(
    name="authoritative",
    title="Authoritative: a zone of 10,000 names, 8 % NXDOMAIN",
    servers=(Floor, Resolute, Nsd, Knot, PowerDns, Bind),
    write_zones=lambda folder: ask.write_hosts_zone(folder, ask.ZONE, HOSTS),
    questions=lambda _: ask.host_questions(ask.ZONE, HOSTS, ASKED),
)
CACHED = Mix(
    name="cached",
    title="Cached: the same questions, forwarded once and then from the cache",
    servers=(Floor, Resolute, Unbound, PowerDnsRecursor, Bind, Dnsmasq),
    write_zones=AUTHORITATIVE.write_zones,
    questions=AUTHORITATIVE.questions,
    forwarded=True,
    warm=True,
)
MISS = Mix(
    name="miss",
    title="Forwarded miss: every name new",
    servers=(Floor, Resolute, Unbound, Bind, Dnsmasq),
    write_zones=ask.write_wildcard_zone,
    questions=lambda seconds: ask.new_names(seconds * NEW_PER_SECOND),
    forwarded=True,
    once=True,
)
MILLION = Mix(
    name="million",
    title="A million records in one zone (500,000 names, A and AAAA), random questions",
    servers=(Floor, Resolute, Nsd, Knot, PowerDns, Bind),
    write_zones=lambda folder: ask.write_hosts_zone(folder, ask.MILLION_ZONE, HOSTS_OF_MILLION),
    questions=lambda _: ask.host_questions(ask.MILLION_ZONE, HOSTS_OF_MILLION, 10 * ASKED),
    large=True,
)
NXDOMAIN = Mix(
    name="nxdomain",
    title="NXDOMAIN: a zone of 10,000 names, every name asked is new and missing",
    servers=(Floor, Resolute, Nsd, Knot, PowerDns, Bind),
    write_zones=AUTHORITATIVE.write_zones,
    questions=lambda seconds: ask.missing_names(seconds * 4 * NEW_PER_SECOND),
    once=True,
)

MANY = Mix(
    name="many",
    title="100,000 zones of ten records, random questions",
    servers=(Floor, Resolute, Nsd, Knot, Bind),
    write_zones=lambda folder: ask.write_many_zones(folder, ZONES_OF_MANY),
    questions=lambda _: ask.many_questions(ZONES_OF_MANY, 10 * ASKED),
    large=True,
)
SIGNED = Mix(
    name="signed",
    title="Signed: the authoritative zone with NSEC and ECDSA P-256, asked with DO",
    servers=(Floor, Resolute, Nsd, Knot, Bind),
    write_zones=lambda folder: signing.sign(AUTHORITATIVE.write_zones(folder)),
    questions=AUTHORITATIVE.questions,
    dnsperf=("-D",),
    signed=True,
)
TCP = Mix(
    name="tcp",
    title="TCP: the authoritative zone over eight connections that stay open",
    servers=(Resolute, Nsd, Knot, Bind),
    write_zones=AUTHORITATIVE.write_zones,
    questions=AUTHORITATIVE.questions,
    dnsperf=("-m", "tcp"),
)
CONNECTIONS = Mix(
    name="connections",
    title="TCP: a connection for each question",
    servers=(Resolute, Nsd, Knot, Bind),
    write_zones=AUTHORITATIVE.write_zones,
    questions=AUTHORITATIVE.questions,
    connections=True,
)

MIXES = {mix.name: mix for mix in (AUTHORITATIVE, CACHED, MISS, MILLION, MANY, NXDOMAIN, SIGNED, TCP, CONNECTIONS)}

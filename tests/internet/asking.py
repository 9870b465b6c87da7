"""Asks resolvers many questions, each over one TCP connection, and reads the answers into what is compared."""

import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from bench.peers import Server
from tests.internet.questions import Question

IN_FLIGHT = 24
"""Questions on a connection at once: BIND reads no more than 23 before it answers one."""
PATIENCE_S = 120.0
"""For all answers together."""


@dataclass(frozen=True)
class Answer:
    """What a resolver said, without TTLs; sections are sets of records as text, in lower case."""

    rcode: str
    authentic: bool
    answer: frozenset[str]
    authority: frozenset[str]
    message: dns.message.Message

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answer) and self.essence == other.essence

    def __hash__(self) -> int:
        return hash(self.essence)

    @property
    def essence(self) -> tuple[object, ...]:
        """What is compared."""
        return self.rcode, self.authentic, self.answer, self.authority

    def __str__(self) -> str:
        flags = " AD" * self.authentic
        return f"{self.rcode}{flags} answer {sorted(self.answer)} authority {sorted(self.authority)}"


def ask(server: Server, questions: Sequence[Question]) -> list[Answer]:
    """The answers, in the order of the questions. Raises TimeoutError or EOFError when one is not answered."""
    found: dict[int, Answer] = {}
    until = time.monotonic() + PATIENCE_S
    while len(found) < len(questions):
        left = {number: question for number, question in enumerate(questions) if number not in found}
        before = len(found)
        try:
            _ask(server, left, found, until)
        except (EOFError, ConnectionError, TimeoutError) as error:
            if len(found) == before or isinstance(error, TimeoutError):
                waiting = [str(question) for number, question in left.items() if number not in found]
                raise type(error)(f"{server.name} ({error}) did not answer {waiting[:IN_FLIGHT]}") from error
    return [found[number] for number in range(len(questions))]


def ask_all(servers: Mapping[str, Server], questions: Sequence[Question]) -> list[dict[str, Answer]]:
    """What each server says to each question; all are asked at once."""
    with ThreadPoolExecutor(len(servers)) as pool:
        replies = list(pool.map(lambda server: ask(server, questions), servers.values()))
    return [dict(zip(servers, said, strict=True)) for said in zip(*replies, strict=True)]


def read(wire: bytes) -> Answer:
    """An answer from a message. Raises dns.exception.DNSException."""
    message = dns.message.from_wire(wire)
    return Answer(
        dns.rcode.to_text(message.rcode()),
        bool(message.flags & dns.flags.AD),
        _records(message.answer),
        _records(message.authority),
        message,
    )


def _ask(server: Server, questions: Mapping[int, Question], found: dict[int, Answer], until: float) -> None:
    """Asks over one connection. Raises EOFError when the server closes it, as it may (RFC 7766 6.2.4)."""
    with _connection(server) as tcp, tcp.makefile("rb") as stream:
        waiting = _sent(tcp, questions)
        for _ in range(IN_FLIGHT):
            next(waiting, None)
        for _ in questions:
            tcp.settimeout(max(0.0, until - time.monotonic()) or 0.001)
            wire = stream.read(int.from_bytes(_exactly(stream.read(2), 2)))
            found[int.from_bytes(wire[:2])] = read(wire)
            next(waiting, None)


def _connection(server: Server) -> socket.socket:
    network = server.service.network
    tcp = (network.open_socket if network else socket.socket)(socket.AF_INET, socket.SOCK_STREAM)
    tcp.settimeout(PATIENCE_S)
    tcp.connect((server.endpoint.host, server.endpoint.port))
    return tcp


def _sent(tcp: socket.socket, questions: Mapping[int, Question]) -> Iterator[None]:
    """Sends one at each step, with its number as its ID."""
    for number, question in questions.items():
        message = dns.message.make_query(question.qname, question.rtype, use_edns=0, want_dnssec=question.dnssec_ok)
        message.id = number
        message.flags |= dns.flags.AD | (dns.flags.CD if question.checking_disabled else 0)
        wire = message.to_wire()
        tcp.sendall(struct.pack("!H", len(wire)) + wire)
        yield


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise EOFError("the server closed the connection")
    return data


def _records(section: Sequence[dns.rrset.RRset]) -> frozenset[str]:
    types = ((rrset, dns.rdatatype.to_text(rrset.rdtype)) for rrset in section)
    return frozenset(f"{rrset.name} {rtype} {rdata}".lower() for rrset, rtype in types for rdata in rrset)

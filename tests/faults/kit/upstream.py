"""An upstream that answers as a test tells it, over UDP and TCP on one port, and remembers every packet that came."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from bench.peers import Endpoint
from bench.peers.server import free_port


@dataclass(frozen=True)
class Asked:
    """One question that came up."""

    message: dns.message.Message
    transport: str
    at: float

    @property
    def name(self) -> str:
        """In lower case: the letters come in random case."""
        return self.message.question[0].name.to_text().lower()

    @property
    def rtype(self) -> str:
        return dns.rdatatype.to_text(self.message.question[0].rdtype)


Respond = Callable[[Asked], Sequence[bytes]]
"""The packets to be sent; none for silence."""


def silent(_: Asked) -> Sequence[bytes]:
    """A black hole."""
    return ()


def answering(*records: str, delay_s: float = 0.0) -> Respond:
    """Answers every question for the names of these records (as in a zone file); NXDOMAIN for all others."""
    known = list(map(_rrset, records))

    def respond(asked: Asked) -> Sequence[bytes]:
        if delay_s:
            time.sleep(delay_s)
        question = asked.message.question[0]
        at_name = [rrset for rrset in known if rrset.name == question.name]
        found = [rrset for rrset in at_name if rrset.rdtype == question.rdtype]
        if not at_name and question.name != dns.name.root:
            return [reply(asked, rcode=dns.rcode.NXDOMAIN)]
        return [reply(asked, *found)]

    return respond


def reply(
    asked: Asked,
    *answer: dns.rrset.RRset,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    authority: Sequence[str] = (".  600 IN SOA a.example. b.example. 1 7200 3600 86400 60",),
    truncated: bool = False,
) -> bytes:
    """A reply to what was asked, in its letters; the SOA of the root stands in every negative one."""
    made = dns.message.make_response(asked.message, recursion_available=True)
    made.set_rcode(rcode)
    made.answer.extend(answer)
    if not answer:
        made.authority.extend(map(_rrset, authority))
    if truncated:
        made.flags |= dns.flags.TC
    return made.to_wire(max_size=65_535)


def _rrset(text: str) -> dns.rrset.RRset:
    name, ttl, rclass, rtype, rdata = text.split(maxsplit=4)
    return dns.rrset.from_text(name, int(ttl), rclass, rtype, rdata)


rrset = _rrset


class Upstream:
    """Runs within `with`. `respond` may be replaced at any time."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.asked: list[Asked] = []
        self.endpoint = Endpoint("127.0.0.1", free_port())
        self._udp = socket.socket(type=socket.SOCK_DGRAM)
        self._tcp = socket.socket(type=socket.SOCK_STREAM)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)]

    def questions(self, name: str, transport: str | None = None) -> list[Asked]:
        """What was asked for a name."""
        return [asked for asked in list(self.asked) if asked.name == name and transport in (None, asked.transport)]

    def __enter__(self) -> Self:
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for one in (self._udp, self._tcp):
            one.bind((self.endpoint.host, self.endpoint.port))
        self._tcp.listen(64)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)

    def _serve_udp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                packet, client = self._udp.recvfrom(65_535)
                if not packet:
                    return
                asked = self._note(packet, "udp")
                threading.Thread(target=self._answer_udp, args=(asked, client), daemon=True).start()

    def _answer_udp(self, asked: Asked, client: tuple[str, int]) -> None:
        for packet in self.respond(asked):
            with contextlib.suppress(OSError):
                self._udp.sendto(packet, client)

    def _serve_tcp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._tcp.accept()
                threading.Thread(target=self._answer_tcp, args=(connection,), daemon=True).start()

    def _answer_tcp(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            while len(head := stream.read(2)) == 2:
                asked = self._note(stream.read(*struct.unpack("!H", head)), "tcp")
                for packet in self.respond(asked):
                    connection.sendall(struct.pack("!H", len(packet)) + packet)

    def _note(self, packet: bytes, transport: str) -> Asked:
        asked = Asked(dns.message.from_wire(packet), transport, time.monotonic())
        self.asked.append(asked)
        return asked

"""An upstream that answers as a test tells it, over UDP and TCP on one port, and remembers every packet that came."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
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
    client: str = ""
    """The address that asked."""
    server: str = ""
    """The address that was asked."""

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
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def questions(self, name: str, transport: str | None = None) -> list[Asked]:
        """What was asked for a name."""
        return [asked for asked in list(self.asked) if asked.name == name and transport in (None, asked.transport)]

    def __enter__(self) -> Self:
        for udp, tcp in self.open_sockets():
            self._sockets += [udp, tcp]
            self._threads += [self._thread(self._serve_udp, udp), self._thread(self._serve_tcp, tcp)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)

    def open_sockets(self) -> Iterable[tuple[socket.socket, socket.socket]]:
        """Where it listens: pairs of UDP and TCP."""
        udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for one in (udp, tcp):
            one.bind((self.endpoint.host, self.endpoint.port))
        tcp.listen(64)
        yield udp, tcp

    @staticmethod
    def _thread(work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        return thread

    def _serve_udp(self, udp: socket.socket) -> None:
        server = udp.getsockname()[0]
        with contextlib.suppress(OSError):
            while True:
                packet, client = udp.recvfrom(65_535)
                if not packet:
                    return
                asked = self._note(packet, "udp", client[0], server)
                self._thread(self._answer_udp, udp, asked, client)

    def _answer_udp(self, udp: socket.socket, asked: Asked, client: tuple[str, int]) -> None:
        for packet in self.respond(asked):
            with contextlib.suppress(OSError):
                udp.sendto(packet, client)

    def _serve_tcp(self, tcp: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, client = tcp.accept()
                self._thread(self._answer_tcp, connection, client[0])

    def _answer_tcp(self, connection: socket.socket, client: str) -> None:
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            server = connection.getsockname()[0]
            while len(head := stream.read(2)) == 2:
                asked = self._note(stream.read(*struct.unpack("!H", head)), "tcp", client, server)
                for packet in self.respond(asked):
                    connection.sendall(struct.pack("!H", len(packet)) + packet)

    def _note(self, packet: bytes, transport: str, client: str, server: str) -> Asked:
        asked = Asked(dns.message.from_wire(packet), transport, time.monotonic(), client, server)
        self.asked.append(asked)
        return asked

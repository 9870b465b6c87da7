"""The same questions to several servers: many in flight over UDP, and over TCP when one of the replies is truncated."""

import contextlib
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bench.peers import Endpoint
from tests.interop.differential.questions import Question
from tests.interop.differential.replies import TC

IN_FLIGHT = 32
"""Questions that a server has at once: their replies fit into a socket's buffer."""
TIMEOUT_S = 2.0
ATTEMPTS = 3


@dataclass(frozen=True)
class Asked:
    """The octets that each server replied; a server that stayed silent is missing."""

    question: Question
    ident: int
    udp: dict[str, bytes] = field(default_factory=dict)
    tcp: dict[str, bytes] = field(default_factory=dict)
    """Of every server, when the UDP reply of one was truncated; else empty."""


class Asker:
    """Sockets to all servers, from `with` to its end."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._sockets: dict[str, socket.socket] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        for who, endpoint in self._endpoints.items():
            udp = self._stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            udp.settimeout(TIMEOUT_S)
            udp.connect((endpoint.host, endpoint.port))
            self._sockets[who] = udp
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def ask(self, questions: Sequence[Question]) -> Iterator[Asked]:
        """What every server replies to each question, in their order."""
        for start in range(0, len(questions), IN_FLIGHT):
            window = [Asked(question, at) for at, question in enumerate(questions[start : start + IN_FLIGHT], start)]
            yield from self._window([Asked(asked.question, asked.ident % 65536) for asked in window])

    def _window(self, window: Sequence[Asked]) -> Sequence[Asked]:
        waiting = {who: {asked.ident: asked for asked in window} for who in self._sockets}
        for _ in range(ATTEMPTS):
            for who, missing in waiting.items():
                for asked in missing.values():
                    self._sockets[who].send(asked.question.wire(asked.ident))
            for who, missing in waiting.items():
                self._collect(who, missing)
            if not any(waiting.values()):
                break
        truncated = [asked for asked in window if any(_is_truncated(reply) for reply in asked.udp.values())]
        if truncated:
            for who, endpoint in self._endpoints.items():
                _ask_over_tcp(who, endpoint, truncated)
        return window

    def _collect(self, who: str, missing: dict[int, Asked]) -> None:
        with contextlib.suppress(TimeoutError):
            while missing:
                reply = self._sockets[who].recv(65_535)
                asked = missing.pop(int.from_bytes(reply[:2]), None)
                if asked is not None:
                    asked.udp[who] = reply


def _ask_over_tcp(who: str, endpoint: Endpoint, window: Sequence[Asked]) -> None:
    """One connection for a window; replies may come out of order (RFC 7766 6.2.1.1)."""
    by_ident = {asked.ident: asked for asked in window}
    with contextlib.suppress(OSError), socket.create_connection((endpoint.host, endpoint.port), TIMEOUT_S) as tcp:
        for asked in window:
            wire = asked.question.wire(asked.ident)
            tcp.sendall(struct.pack("!H", len(wire)) + wire)
        with tcp.makefile("rb") as stream:
            for _ in window:
                reply = stream.read(int.from_bytes(stream.read(2)))
                by_ident[int.from_bytes(reply[:2])].tcp[who] = reply


def _is_truncated(reply: bytes) -> bool:
    return bool(int.from_bytes(reply[2:4]) & TC)

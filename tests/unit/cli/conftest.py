"""A small DNS server on loopback, over UDP and TCP, that answers what a test says (dnspython's wire code, not ours)."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import dns.message
import pytest

Answer = Callable[[dns.message.Message, bool], dns.message.Message | None]
"""From the query, and whether it came over TCP, to the reply (None: silence)."""


@dataclass
class Server:
    """Where it listens, what it answers, and what it was asked."""

    answer: Answer
    address: str = ""
    asked: list[tuple[dns.message.Message, bool]] = field(default_factory=list)

    def reply(self, wire: bytes, *, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        self.asked.append((query, tcp))
        reply = self.answer(query, tcp)
        return None if reply is None else reply.to_wire()


@pytest.fixture
def dns_server() -> Iterator[Callable[[Answer], Server]]:
    running: list[socketserver.BaseServer] = []

    def start(answer: Answer) -> Server:
        server = Server(answer)
        tcp = socketserver.TCPServer(("127.0.0.1", 0), _tcp(server))
        udp = socketserver.UDPServer(("127.0.0.1", tcp.server_address[1]), _udp(server))
        for each in (tcp, udp):
            running.append(each)
            threading.Thread(target=each.serve_forever, args=(0.01,), daemon=True).start()
        server.address = f"127.0.0.1:{tcp.server_address[1]}"
        return server

    yield start
    for each in running:
        each.shutdown()
        each.server_close()


def _udp(server: Server) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            if (reply := server.reply(wire, tcp=False)) is not None:
                sock.sendto(reply, self.client_address)

    return Handler


def _tcp(server: Server) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sock: Any = self.request
            length = struct.unpack("!H", _exactly(sock, 2))[0]
            if (reply := server.reply(_exactly(sock, length), tcp=True)) is not None:
                sock.sendall(struct.pack("!H", len(reply)) + reply)

    return Handler


def _exactly(sock: socket.socket, count: int) -> bytes:
    return sock.recv(count, socket.MSG_WAITALL)

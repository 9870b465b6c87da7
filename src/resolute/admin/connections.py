"""Connections that a stranger opens and leaves: how long and how large a request's head may be, and how many one
address may have.

uvicorn bounds none of them; what it bounds (all connections together) one stranger would use up for everybody.
"""

import asyncio
import socket
from collections import Counter
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from resolute.admin import peers
from resolute.admin.clients import is_loopback
from resolute.admin.peers import Peer

HEAD_S: Final = 15.0
"""From the first octet of a request, or the connection, to the end of its head."""
HEAD_OCTETS: Final = 65_536
"""Of the target and the header fields of a request, and of any piece of it that has not ended."""
A_CLIENT: Final = 64
"""Connections of one address at a time; loopback, where proxies are too, has no limit of its own."""

_open: Counter[str] = Counter()


class _TooLargeError(Exception):
    """The parser takes it for an error in the request: 400, and the end of the connection."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with an end to waiting."""

    _waiting: asyncio.TimerHandle | None = None
    _unfinished = 0
    """Octets since something of a request was complete: the parser keeps them."""
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a head; one connection too many ends at once."""
        super().connection_made(transport)
        address = self._address()
        _open[address] += 1
        if _open[address] > A_CLIENT and not is_loopback(address):
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Waits for as long as no request is under way."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > HEAD_OCTETS:
            self.send_400_response("A piece of the request is too large.")
            return
        if self._is_busy():
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._take(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or one behind the body."""
        self._take(len(name) + len(value))
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A piece of the body; who reads it bounds it (`bodies.py`)."""
        self._unfinished = 0
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        self._stop_waiting()
        address = self._address()
        _open[address] -= 1
        if _open[address] <= 0:
            del _open[address]
        super().connection_lost(exc)

    def _take(self, octets: int) -> None:
        self._unfinished = 0
        self._head += octets
        if self._head > HEAD_OCTETS:
            raise _TooLargeError

    def _is_busy(self) -> bool:
        """Whether a request is under way; the base class has no cycle before the first."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self._is_busy():
            self.transport.close()


class LocalProtocol(BoundedProtocol):
    """The same on the admin socket: each request gets in its state who has opened the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Asks the kernel who it is."""
        connection: socket.socket = transport.get_extra_info("socket")
        self.app_state = {**self.app_state, peers.STATE: Peer.of(connection)}
        super().connection_made(transport)

    def _address(self) -> str:
        return "local"

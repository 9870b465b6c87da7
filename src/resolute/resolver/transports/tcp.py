"""DNS over TCP (RFC 7766), and the stream of messages that DNS over TLS is too: pipelined, answered in any order.

Each message stands after its length (RFC 1035 4.2.2); the ID tells which question a reply is for.
"""

import asyncio
import os
import socket
import ssl
from typing import Final, TypeVar

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.connection import Connection
from resolute.resolver.transports.failures import CLOSED, opening
from resolute.resolver.transports.message import ExchangeError, Query
from resolute.resolver.transports.place import Place

Stream = TypeVar("Stream", bound="asyncio.Protocol")

_SHORTEST: Final = 12
_UNSENT: Final = 65_536
"""Bytes that wait because the peer does not read."""
HANDSHAKE_S: Final = 5.0


class StreamConnection(Connection, asyncio.Protocol):
    """A stream of messages with their lengths. Bounded: a message is 65,535 octets at most by its length."""

    def __init__(self) -> None:
        super().__init__()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop, after the handshake where there is one."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what the loop gives to a stream's protocol
        self._transport = transport
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Takes every message that is whole."""
        self._heard()
        received = self._received
        received += data
        at = 0
        while len(received) >= at + 2:
            length = int.from_bytes(received[at : at + 2])
            if length < _SHORTEST:
                self.lose(ExchangeError(Reason.BROKEN, "sent something that is no DNS message"))
                return
            if len(received) < at + 2 + length:
                break
            message = bytes(received[at + 2 : at + 2 + length])
            at += 2 + length
            self._replied(int.from_bytes(message[:2]), message)
            if self.failure is not None:
                return
        if at:
            del received[:at]
        if self.in_flight:
            acknowledge(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop when it is over, whoever ended it."""
        words = f"{CLOSED}: {exc}" if exc is not None and str(exc) else CLOSED
        self.lose(ExchangeError(Reason.UNREACHABLE, words, lost=True))

    def _send(self, query: Query) -> tuple[int, int]:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ExchangeError(Reason.UNREACHABLE, CLOSED, lost=True)
        if transport.get_write_buffer_size() > _UNSENT:
            raise ExchangeError(Reason.TIMEOUT, "does not read what it is asked")
        ident = self._free_ident()
        message = query.message(ident)
        transport.write(len(message).to_bytes(2) + message)
        if not self.answered:
            acknowledge(transport)  # what TLS sends after its handshake
        return ident, ident

    def _cancelled(self, key: int) -> bool:
        """The reply may come yet: its ID stays taken."""
        del key
        return False

    def _free_ident(self) -> int:
        """A random ID that is not in flight; there are 64 at most, so this ends."""
        while self._knows(ident := int.from_bytes(os.urandom(2))):
            pass
        return ident

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def acknowledge(transport: asyncio.Transport | None) -> None:
    """Acknowledges at once what has come: a server with Nagle's algorithm (RFC 9293 3.7.4) keeps the next reply back
    until then, which takes 40 ms where nothing is sent that the acknowledgement could go with."""
    if transport is not None and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


async def connect(place: Place) -> StreamConnection:
    """An open connection. Raises ExchangeError; cancelled when the time is up."""
    return await open_stream(StreamConnection, place, None)


async def open_stream(make: type[Stream], place: Place, context: ssl.SSLContext | None) -> Stream:
    """An open connection that speaks this protocol; with a context over TLS, to a server whose certificate is for
    `place.name`. Raises ExchangeError."""
    loop, tls = asyncio.get_running_loop(), context is not None
    try:
        _, protocol = await loop.create_connection(
            make,
            place.address,
            place.port,
            ssl=context,
            server_hostname=place.name if tls else None,
            ssl_handshake_timeout=HANDSHAKE_S if tls else None,
        )
    except (OSError, ssl.SSLError, ValueError) as error:
        raise opening(error, place.name) from error
    return protocol

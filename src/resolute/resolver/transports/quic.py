"""QUIC below DNS over QUIC (RFC 9250) and HTTP/3: the library decides, this drives it with a socket and a timer.

A question of DNS over QUIC has a stream of its own, ID 0 and its length in front (4.2); the reply is whole when the
stream ends. There is no early data: no session is kept that it could be sent with (RFC 9250 4.5 would allow it).
"""

import asyncio
import contextlib
import logging
import ssl
from abc import abstractmethod
from collections.abc import Callable
from typing import Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

from resolute.resolver import authorities
from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.connection import IDLE_S, Connection
from resolute.resolver.transports.failures import CLOSED, certificate, no_protocol, opening
from resolute.resolver.transports.message import LONGEST, ExchangeError, Query
from resolute.resolver.transports.place import Place

ALPN: Final = "doq"
_NO_ERROR: Final = 0x0
_PROTOCOL_ERROR: Final = 0x2
_REQUEST_CANCELLED: Final = 0x3
"""RFC 9250 4.3."""
_ALERTS: Final = 0x100
"""RFC 9001 4.8: a TLS alert is this and its number."""
_ALERT_BAD_CERTIFICATE, _ALERT_EXPIRED, _ALERT_UNKNOWN_CA, _ALERT_NO_PROTOCOL = 42, 45, 48, 120
_BUFFER: Final = 262_144

log = logging.getLogger(__name__)
logging.getLogger("quic").setLevel(logging.CRITICAL)
"""The library warns of what goes wrong with a peer without its name; it is said here, with it."""


class QuicSession(Connection, asyncio.DatagramProtocol):
    """One connection of QUIC, of whatever is spoken in it. `opened` ends when the handshake has."""

    codes: tuple[int, int]
    """What a connection is closed with: without an error, and after one of the peer."""

    def __init__(self, place: Place, alpn: str) -> None:
        super().__init__()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self._place = place
        self._alpn = alpn
        self._quic = QuicConnection(configuration=_configuration(place, alpn))
        self._socket: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Called by the loop: the socket is there, the handshake begins."""
        self._socket = transport
        self._watch()
        self._quic.connect((self._place.address, self._place.port), now=self._loop.time())
        self._transmit()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Takes one datagram; the socket is connected, so it is the server's."""
        del addr
        self._heard()
        self._drive(lambda: self._quic.receive_datagram(data, self._peer, now=self._loop.time()))

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: nobody listens there."""
        self._fail(opening(exc, self._place.name))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop when the socket is closed."""
        self._fail(ExchangeError(Reason.UNREACHABLE, f"{CLOSED}: {exc}" if exc else CLOSED, lost=True))

    # --------------------------------------------------------------------------------------------- what is spoken in it

    @abstractmethod
    def _take(self, event: QuicEvent) -> None:
        """An event that is about streams."""

    def _started(self) -> None:
        """The handshake has ended well."""

    def _begin_stream(self) -> int:
        if self._socket is None or self._socket.is_closing():
            raise ExchangeError(Reason.UNREACHABLE, CLOSED, lost=True)
        return self._quic.get_next_available_stream_id()

    def _stop_stream(self, stream: int, code: int) -> None:
        """Neither the question nor the reply is of interest any more."""

        def stop() -> None:
            with contextlib.suppress(ValueError):  # it has ended by itself
                self._quic.stop_stream(stream, code)
                self._quic.reset_stream(stream, code)

        self._drive(stop)

    def _drive(self, step: Callable[[], None]) -> None:
        """Does something with the library, and what follows from it. Whatever the peer sent, nothing escapes."""
        if self.failure is not None:
            return
        try:
            step()
            while (event := self._quic.next_event()) is not None:
                self._dispatch(event)
        except Exception:
            log.debug("QUIC with %s failed", self._place.destination, exc_info=True)
            self._fail(ExchangeError(Reason.BROKEN, "does not keep to QUIC"))
            return
        self._transmit()

    def _dispatch(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self._shaken(event.alpn_protocol)
        elif isinstance(event, ConnectionTerminated):
            self._fail(_ended(event, self._place.name))
        elif self.failure is None:
            self._take(event)

    def _shaken(self, alpn: str | None) -> None:
        if alpn != self._alpn:
            self._fail(no_protocol("DNS over QUIC" if self._alpn == ALPN else "HTTP/3"))
        elif not self.opened.done():
            self._started()
            self.opened.set_result(None)

    def _transmit(self) -> None:
        if self._socket is None or self._socket.is_closing():
            return
        for data, to in self._quic.datagrams_to_send(now=self._loop.time()):
            if to == self._peer:  # there is no migration to an address that a server prefers
                self._socket.sendto(data)
        if self._timer is not None:
            self._timer.cancel()
        at = self._quic.get_timer()
        self._timer = None if at is None else self._loop.call_at(at, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        self._drive(lambda: self._quic.handle_timer(now=self._loop.time()))

    def _fail(self, failure: ExchangeError) -> None:
        if not self.opened.done():
            self.opened.set_exception(failure)
            self.opened.exception()  # whoever waited may have gone
        self.lose(failure)

    def _close(self) -> None:
        if self._socket is not None and not self._socket.is_closing():
            faulty = self.failure is not None and self.failure.reason in (Reason.BROKEN, Reason.MISMATCH)
            self._quic.close(error_code=self.codes[faulty])
            self._transmit()
            self._socket.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _peer(self) -> tuple[str, int]:
        return self._place.address, self._place.port


class DoqConnection(QuicSession):
    """DNS over QUIC. Bounded: streams, and the octets of each reply."""

    codes = (_NO_ERROR, _PROTOCOL_ERROR)

    def __init__(self, place: Place) -> None:
        super().__init__(place, ALPN)
        self._received: dict[int, bytearray] = {}

    def _send(self, query: Query) -> tuple[int, int]:
        stream = self._begin_stream()
        message = query.message(0)
        self._received[stream] = bytearray()
        self._quic.send_stream_data(stream, len(message).to_bytes(2) + message, end_stream=True)
        self._transmit()
        return stream, 0

    def _take(self, event: QuicEvent) -> None:
        match event:
            case StreamDataReceived(stream_id=stream, data=data, end_stream=ended):
                self._data(stream, data, ended=ended)
            case StreamReset(stream_id=stream) | StopSendingReceived(stream_id=stream):
                if self._received.pop(stream, None) is not None:
                    self._failed(stream, ExchangeError(Reason.BROKEN, "broke off its reply"))
            case _:
                pass

    def _data(self, stream: int, data: bytes, *, ended: bool) -> None:
        received = self._received.get(stream)
        if received is None:
            return  # of a question that was given up
        received += data
        length = int.from_bytes(received[:2]) if len(received) >= 2 else LONGEST
        if len(received) > 2 + length or (ended and len(received) < 2 + length):
            # RFC 9250 4.3.3: more or less than one message is fatal.
            self.lose(ExchangeError(Reason.BROKEN, "sent a stream that is not one DNS message"))
        elif ended:
            del self._received[stream]
            self._replied(stream, bytes(received[2:]))

    def _cancelled(self, key: int) -> bool:
        self._received.pop(key, None)
        self._stop_stream(key, _REQUEST_CANCELLED)
        return True


def _configuration(place: Place, alpn: str) -> QuicConfiguration:
    file, folder = authorities.locations(place.authorities)
    return QuicConfiguration(
        alpn_protocols=[alpn],
        is_client=True,
        server_name=place.name,
        verify_mode=ssl.CERT_REQUIRED,
        cafile=file,
        capath=folder,
        cadata=None if file or folder else b"",  # no roots at all, instead of those that the library brings along
        idle_timeout=2 * IDLE_S,
        max_data=_BUFFER,
        max_stream_data=LONGEST + 2,
    )


def _ended(event: ConnectionTerminated, name: str) -> ExchangeError:
    """Why a connection has ended, whoever ended it."""
    if _ALERTS <= event.error_code < _ALERTS + 256:
        return ExchangeError(Reason.UNREACHABLE, _alert(event.error_code - _ALERTS, event.reason_phrase, name))
    if event.error_code == _NO_ERROR or event.reason_phrase == "Idle timeout":
        return ExchangeError(Reason.UNREACHABLE, CLOSED, lost=True)
    said = "".join(char if char.isascii() and char.isprintable() else "?" for char in event.reason_phrase[:60])
    return ExchangeError(Reason.UNREACHABLE, f"{CLOSED}: QUIC error {event.error_code:#x} {said}".rstrip(), lost=True)


def _alert(number: int, said: str, name: str) -> str:
    """What a TLS alert says: mostly our own, about the certificate."""
    if number == _ALERT_EXPIRED:
        return certificate(9 if "not valid yet" in said else 10, said, name)
    if number == _ALERT_NO_PROTOCOL:
        return "does not speak the protocol that was asked for there"
    if number in {_ALERT_BAD_CERTIFICATE, _ALERT_UNKNOWN_CA}:
        return certificate(_guess(said.lower()), said, name)
    return f"cannot be spoken to over TLS: alert {number}"


def _guess(said: str) -> int:
    """OpenSSL's number for what the library says of a certificate in words."""
    if "match" in said or "hostname" in said or "ip address" in said:
        return 62
    if "self" in said and "chain" not in said:
        return 18
    return 20 if "issuer" in said or "self" in said else 0


async def open_session(session: QuicSession, place: Place) -> None:
    """Opens the socket and waits for the handshake. Raises ExchangeError."""
    loop = asyncio.get_running_loop()
    try:
        await loop.create_datagram_endpoint(lambda: session, remote_addr=(place.address, place.port))
    except OSError as error:
        session.lose(opening(error, place.name))
        raise opening(error, place.name) from error
    try:
        await session.opened
    except asyncio.CancelledError:
        session.lose(ExchangeError(Reason.TIMEOUT, "did not end the handshake in time"))
        raise


async def connect(place: Place) -> DoqConnection:
    """An open connection. Raises ExchangeError."""
    connection = DoqConnection(place)
    await open_session(connection, place)
    return connection

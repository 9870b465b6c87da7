"""DNS over HTTPS (RFC 8484) over HTTP/2: each question is a POST on a stream of its own, with ID 0 (4.1).

Believed is status 200 with `application/dns-message` alone; redirections are not followed. What an answer has aged in a
cache of HTTP is taken from its TTLs (5.1).
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterable
from typing import Final

import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from h2.config import H2Configuration
from h2.settings import SettingCodes, Settings

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.body import Response, request_headers
from resolute.resolver.transports.connection import IN_FLIGHT, Connection
from resolute.resolver.transports.failures import CLOSED, no_protocol
from resolute.resolver.transports.message import LONGEST, ExchangeError, Query
from resolute.resolver.transports.place import Place
from resolute.resolver.transports.tcp import acknowledge, open_stream

ALPN: Final = "h2"
_UNSENT: Final = 65_536
_LAST_STREAM: Final = 2**30
_HEADERS_BYTES: Final = 16_384
_CONFIGURATION: Final = H2Configuration(
    client_side=True,
    header_encoding="utf-8",
    validate_outbound_headers=False,  # they are always the same
    normalize_outbound_headers=False,
)


class HttpsConnection(Connection, asyncio.Protocol):
    """One connection of HTTP/2. Bounded: streams, the octets of a reply, the octets of headers."""

    def __init__(self) -> None:
        super().__init__()
        self._transport: asyncio.Transport | None = None
        self._http = h2.connection.H2Connection(_CONFIGURATION)
        self._responses: dict[int, Response] = {}
        self._headers: tuple[tuple[str, str], ...] = ()

    def introduce(self, authority: str, path: str) -> None:
        """Whom the requests are for."""
        self._headers = request_headers(authority, path)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop after the handshake."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what the loop gives to a stream's protocol
        self._transport = transport
        self._watch()
        session = transport.get_extra_info("ssl_object")
        if session is None or session.selected_alpn_protocol() != ALPN:
            self.lose(no_protocol("HTTP/2"))
            return
        self._http.local_settings = _settings()
        self._http.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Takes what HTTP/2 makes of it."""
        self._heard()
        try:
            for event in self._http.receive_data(data):
                self._take(event)
        except (h2.exceptions.H2Error, ValueError, KeyError) as error:
            # Also what comes after a GOAWAY, for the library: so they may be asked on another connection.
            self.lose(ExchangeError(Reason.BROKEN, f"does not keep to HTTP/2: {type(error).__name__}", lost=True))
        self._flush()
        if self.in_flight:
            acknowledge(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop when it is over, whoever ended it."""
        words = f"{CLOSED}: {exc}" if exc is not None and str(exc) else CLOSED
        self.lose(ExchangeError(Reason.UNREACHABLE, words, lost=True))

    def _send(self, query: Query) -> tuple[int, int]:
        body = query.message(0)
        try:
            stream = self._begin(body)
        except h2.exceptions.H2Error as error:
            raise ExchangeError(Reason.UNREACHABLE, f"{CLOSED}: {error}", lost=True) from error
        self._responses[stream] = Response()
        self._flush()
        return stream, 0

    def _begin(self, body: bytes) -> int:
        http, transport = self._http, self._transport
        if transport is None or transport.is_closing():
            raise ExchangeError(Reason.UNREACHABLE, CLOSED, lost=True)
        room = min(http.outbound_flow_control_window, http.remote_settings.initial_window_size)
        if room < len(body) or transport.get_write_buffer_size() > _UNSENT:
            raise ExchangeError(Reason.TIMEOUT, "does not read what it is asked")
        stream = http.get_next_available_stream_id()
        http.send_headers(stream, (*self._headers, ("content-length", str(len(body)))))
        http.send_data(stream, body, end_stream=True)
        if stream > _LAST_STREAM:
            self._retired = True
        return stream

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived(stream_id=int(stream), headers=list(headers)):
                self._responding(stream, headers)
            case h2.events.DataReceived(stream_id=int(stream), data=bytes(data), flow_controlled_length=int(length)):
                self._http.acknowledge_received_data(length, stream)
                self._body(stream, data)
            case h2.events.StreamEnded(stream_id=int(stream)):
                self._complete(stream)
            case h2.events.StreamReset(stream_id=int(stream)):
                self._refuse(stream, ExchangeError(Reason.BROKEN, "broke off its reply"))
            case h2.events.RemoteSettingsChanged():
                allowed = self._http.remote_settings.max_concurrent_streams
                self.limit = max(1, min(IN_FLIGHT, allowed))
            case h2.events.ConnectionTerminated():
                # Servers end connections so after a number of requests (RFC 9113 6.8).
                self.lose(ExchangeError(Reason.UNREACHABLE, CLOSED, lost=True))
            case _:
                pass

    def _responding(self, stream: int, headers: Iterable[tuple[bytes | str, bytes | str]]) -> None:
        response = self._responses.get(stream)
        if response is not None and (failure := response.begin(headers)) is not None:
            self._break_off(stream, failure)

    def _body(self, stream: int, data: bytes) -> None:
        response = self._responses.get(stream)
        if response is not None and (failure := response.more(data)) is not None:
            self._break_off(stream, failure)

    def _complete(self, stream: int) -> None:
        response = self._responses.pop(stream, None)
        if response is not None and self._knows(stream):
            self._replied(stream, response.message())

    def _refuse(self, stream: int, failure: ExchangeError) -> None:
        if self._responses.pop(stream, None) is not None:
            self._failed(stream, failure)

    def _break_off(self, stream: int, failure: ExchangeError) -> None:
        """The rest of a reply that is none is not waited for."""
        self._reset(stream)
        self._refuse(stream, failure)

    def _cancelled(self, key: int) -> bool:
        self._responses.pop(key, None)
        self._reset(key)
        self._flush()
        return True

    def _reset(self, stream: int) -> None:
        with contextlib.suppress(h2.exceptions.H2Error):  # it has ended by itself
            self._http.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)

    def _flush(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or not (data := self._http.data_to_send()):
            return
        transport.write(data)
        if transport.get_write_buffer_size() > 2 * _UNSENT:  # it has us say much, and reads nothing
            self.lose(ExchangeError(Reason.BROKEN, "does not read what it asks for"))

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _settings() -> Settings:
    return Settings(
        client=True,
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: LONGEST,
            SettingCodes.MAX_CONCURRENT_STREAMS: IN_FLIGHT,
            SettingCodes.MAX_HEADER_LIST_SIZE: _HEADERS_BYTES,
        },
    )


async def connect(place: Place, context: ssl.SSLContext) -> HttpsConnection:
    """An open connection. Raises ExchangeError."""
    connection = await open_stream(HttpsConnection, place, context)
    connection.introduce(place.destination.authority, place.destination.path)
    if connection.failure is not None:
        raise connection.failure
    return connection

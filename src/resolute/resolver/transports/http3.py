"""DNS over HTTPS over HTTP/3 (RFC 8484, RFC 9114): as over HTTP/2, on streams of QUIC."""

from typing import Final

from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.events import QuicEvent, StopSendingReceived, StreamReset

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.body import Response, request_headers
from resolute.resolver.transports.message import ExchangeError, Query
from resolute.resolver.transports.place import Place
from resolute.resolver.transports.quic import QuicSession, open_session

ALPN: Final = "h3"
_NO_ERROR: Final = 0x100
_PROTOCOL_ERROR: Final = 0x101
_REQUEST_CANCELLED: Final = 0x10C
"""RFC 9114 8.1."""


class Http3Connection(QuicSession):
    """One connection of HTTP/3."""

    codes = (_NO_ERROR, _PROTOCOL_ERROR)

    def __init__(self, place: Place) -> None:
        super().__init__(place, ALPN)
        headers = request_headers(place.destination.authority, place.destination.path)
        self._headers = [(name.encode(), value.encode()) for name, value in headers]
        self._http: H3Connection | None = None
        self._responses: dict[int, Response] = {}

    def _started(self) -> None:
        self._http = H3Connection(self._quic)

    def _send(self, query: Query) -> tuple[int, int]:
        if self._http is None:
            raise ExchangeError(Reason.UNREACHABLE, "is not connected", lost=True)
        stream, body = self._begin_stream(), query.message(0)
        self._responses[stream] = Response()
        self._http.send_headers(stream, [*self._headers, (b"content-length", str(len(body)).encode())])
        self._http.send_data(stream, body, end_stream=True)
        self._transmit()
        return stream, 0

    def _take(self, event: QuicEvent) -> None:
        if isinstance(event, StreamReset | StopSendingReceived):
            self._refuse(event.stream_id, ExchangeError(Reason.BROKEN, "broke off its reply"))
        elif self._http is not None:
            for made in self._http.handle_event(event):
                self._take_http(made)

    def _take_http(self, event: H3Event) -> None:
        if not isinstance(event, HeadersReceived | DataReceived):
            return
        response = self._responses.get(event.stream_id)
        if response is None:
            return  # of a question that was given up
        failure = response.begin(event.headers) if isinstance(event, HeadersReceived) else response.more(event.data)
        if failure is not None:
            self._stop_stream(event.stream_id, _REQUEST_CANCELLED)
            self._refuse(event.stream_id, failure)
        elif event.stream_ended:
            del self._responses[event.stream_id]
            self._replied(event.stream_id, response.message())

    def _refuse(self, stream: int, failure: ExchangeError) -> None:
        if self._responses.pop(stream, None) is not None:
            self._failed(stream, failure)

    def _cancelled(self, key: int) -> bool:
        self._responses.pop(key, None)
        self._stop_stream(key, _REQUEST_CANCELLED)
        return True


async def connect(place: Place) -> Http3Connection:
    """An open connection. Raises ExchangeError."""
    connection = Http3Connection(place)
    await open_session(connection, place)
    return connection

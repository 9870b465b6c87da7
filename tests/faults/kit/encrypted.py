"""Upstreams over TLS, HTTPS, QUIC and HTTP/3 that do as a test tells them, and count connections and questions.

Each runs in a thread with a loop of its own. What `respond` gives is sent as the reply; `how` is what else goes wrong,
with every question but those for an SOA, which are the probes by which the server believes its upstreams alive.
"""

import asyncio
import contextlib
import ssl
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Final, Self

import dns.message
import h2.config
import h2.connection
import h2.events
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import HandshakeCompleted, QuicEvent, StreamDataReceived

from bench.peers import Endpoint
from bench.peers.server import free_port
from tests.faults.kit.certificates import Identity
from tests.faults.kit.upstream import Asked, Respond, silent

TYPE: Final = "application/dns-message"
TOO_LARGE: Final = 70_000


class EncryptedUpstream(ABC):
    """Runs within `with`. `respond` and `how` may be replaced at any time."""

    transport = ""
    path = ""

    def __init__(self, identity: Identity, respond: Respond, how: str = "") -> None:
        self.identity = identity
        self.respond = respond
        self.how = how
        self.asked: list[Asked] = []
        self.lengths: list[int] = []
        self.idents: list[int] = []
        self.handshakes = 0
        self.endpoint = Endpoint("127.0.0.1", free_port())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, name: str = "") -> str:
        """How it is named in the settings."""
        return f"{self.transport}://{self.endpoint}{self.path}" + (f"#{name}" if name else "")

    def questions(self, name: str) -> list[Asked]:
        """What was asked for a name."""
        return [asked for asked in list(self.asked) if asked.name == name]

    def disconnect(self) -> None:
        """Closes every connection, as a server does with those that are idle."""
        self._run(self._disconnect())

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @abstractmethod
    async def _start(self) -> None: ...

    @abstractmethod
    async def _disconnect(self) -> None: ...

    @abstractmethod
    async def _stop(self) -> None: ...

    async def _end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._disconnect()
        await self._stop()
        await asyncio.sleep(0)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replies(self, packet: bytes) -> tuple[Sequence[bytes], str]:
        """What is to be sent for a question, and how."""
        asked = Asked(dns.message.from_wire(packet), self.transport, time.monotonic())
        self.asked.append(asked)
        self.lengths.append(len(packet))
        self.idents.append(int.from_bytes(packet[:2]))
        replies = await asyncio.to_thread(self.respond, asked)
        return replies, "" if asked.rtype == "SOA" else self.how


class _Tcp(EncryptedUpstream):
    """Over TLS and TCP."""

    alpn: str

    def __init__(self, identity: Identity, respond: Respond, how: str = "") -> None:
        super().__init__(identity, respond, how)
        self.open: set[asyncio.Transport] = set()
        self.version: ssl.TLSVersion | None = None
        self._server: asyncio.Server | None = None

    @abstractmethod
    def _protocol(self) -> asyncio.Protocol: ...

    async def _start(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.identity.certificate, self.identity.key)
        context.set_alpn_protocols([self.alpn])
        if self.version is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what some tests are about
                context.minimum_version = context.maximum_version = self.version
            context.set_ciphers("ALL:@SECLEVEL=0")
        self._server = await self._loop.create_server(
            self._protocol, self.endpoint.host, self.endpoint.port, ssl=context
        )

    async def _disconnect(self) -> None:
        for transport in list(self.open):
            transport.abort()

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()


class _Peer(asyncio.Protocol):
    """One connection of a client."""

    transport: asyncio.Transport

    def __init__(self, counted: _Tcp) -> None:
        self._counted = counted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._counted.open.add(transport)
        self._counted.handshakes += 1

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._counted.open.discard(self.transport)


class Tls(_Tcp):
    """DNS over TLS. `how`: `cut` (half a reply, then the end)."""

    transport = "tls"
    alpn = "dot"

    def _protocol(self) -> asyncio.Protocol:
        return _TlsPeer(self)

    async def serve(self, packet: bytes, transport: asyncio.Transport) -> None:
        replies, how = await self._replies(packet)
        for reply in replies:
            whole = len(reply).to_bytes(2) + reply
            if how == "cut":
                transport.write(whole[: len(whole) // 2])
                transport.close()
            elif not transport.is_closing():
                transport.write(whole)

    def begin(self, packet: bytes, transport: asyncio.Transport) -> None:
        self._begin(self.serve(packet, transport))


class _TlsPeer(_Peer):
    def __init__(self, upstream: Tls) -> None:
        super().__init__(upstream)
        self.upstream = upstream
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 2 and len(self._received) >= (end := 2 + int.from_bytes(self._received[:2])):
            packet, self._received = self._received[2:end], self._received[end:]
            self.upstream.begin(packet, self.transport)


class Noise(_Tcp):
    """Answers the first bytes of each connection with `data`, whatever that is."""

    def __init__(self, identity: Identity, transport: str, alpn: str) -> None:
        super().__init__(identity, silent)
        self.transport, self.alpn = transport, alpn
        self.data = b""

    def _protocol(self) -> asyncio.Protocol:
        return _NoisePeer(self)


class _NoisePeer(_Peer):
    def __init__(self, upstream: Noise) -> None:
        super().__init__(upstream)
        self.upstream = upstream

    def data_received(self, data: bytes) -> None:
        del data
        self.transport.write(self.upstream.data)
        self.transport.close()


class Https(_Tcp):
    """DNS over HTTPS over HTTP/2. `how`: `status`, `type`, `slow`, `large`, `cut`, `stream`, `redirect`, `age`,
    `goaway` (from the 100th request on)."""

    transport = "https"
    alpn = "h2"
    path = "/dns-query"

    def __init__(self, identity: Identity, respond: Respond, how: str = "") -> None:
        super().__init__(identity, respond, how)
        self.headers: list[dict[str, str]] = []

    def _protocol(self) -> asyncio.Protocol:
        return _HttpsPeer(self)

    def begin(self, packet: bytes, stream: int, peer: "_HttpsPeer") -> None:
        self._begin(self._serve(packet, stream, peer))

    async def _serve(self, packet: bytes, stream: int, peer: "_HttpsPeer") -> None:
        replies, how = await self._replies(packet)
        for reply in replies:
            if not peer.transport.is_closing():
                await self._send(peer, stream, reply, how)
                peer.flush()

    async def _send(self, peer: "_HttpsPeer", stream: int, reply: bytes, how: str) -> None:
        if how == "stream":
            # HTTP/2 does not let a server open this stream (RFC 9113 5.1.1): only by hand.
            peer.transport.write(_frame(1, 4, stream + 2, b"\x88") + _frame(0, 1, stream + 2, reply))
            return
        if how == "goaway" and stream > 200:
            peer.transport.write(_frame(7, 0, 0, stream.to_bytes(4) + bytes(4)))
        peer.http.send_headers(stream, _headers(how, reply))
        if how == "large":
            peer.flush()
            for _ in range(0, TOO_LARGE, 10_000):
                with contextlib.suppress(Exception):  # by now the client has broken it off
                    peer.http.send_data(stream, bytes(10_000))
        elif how in {"slow", "cut"}:
            peer.http.send_data(stream, reply[: len(reply) // 2])
            if how == "cut":
                peer.flush()
                peer.transport.close()
        else:
            peer.http.send_data(stream, reply, end_stream=True)


class _HttpsPeer(_Peer):
    def __init__(self, upstream: Https) -> None:
        super().__init__(upstream)
        self.upstream = upstream
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.http = h2.connection.H2Connection(config)
        self._bodies: dict[int, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.http.initiate_connection()
        self.flush()

    def data_received(self, data: bytes) -> None:
        for event in self.http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.upstream.headers.append({str(name): str(value) for name, value in event.headers})
            elif isinstance(event, h2.events.DataReceived):
                self._bodies[event.stream_id] = self._bodies.get(event.stream_id, b"") + event.data
                self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.upstream.begin(self._bodies.pop(event.stream_id), event.stream_id, self)
        self.flush()

    def flush(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self.http.data_to_send())


class _Quic(EncryptedUpstream):
    """Over QUIC."""

    alpn: str

    def __init__(self, identity: Identity, respond: Respond, how: str = "") -> None:
        super().__init__(identity, respond, how)
        self.open: set[QuicConnectionProtocol] = set()
        self._server: QuicServer | None = None

    @abstractmethod
    def _protocol(self) -> Callable[..., QuicConnectionProtocol]: ...

    async def _start(self) -> None:
        configuration = QuicConfiguration(is_client=False, alpn_protocols=[self.alpn])
        configuration.load_cert_chain(self.identity.certificate, self.identity.key)
        self._server = await serve(
            self.endpoint.host, self.endpoint.port, configuration=configuration, create_protocol=self._protocol()
        )

    async def _disconnect(self) -> None:
        for peer in list(self.open):
            peer.close()
        self.open.clear()

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()


class _QuicPeer(QuicConnectionProtocol):
    """One connection of a client."""

    upstream: Any

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self.upstream.handshakes += 1
            self.upstream.open.add(self)
        self.take(event)

    def take(self, event: QuicEvent) -> None:
        raise NotImplementedError


class Doq(_Quic):
    """DNS over QUIC. `how`: `cut` (half a reply, then the end), `slow`, `large`, `stream`, `two` (two messages)."""

    transport = "quic"
    alpn = "doq"

    def _protocol(self) -> Callable[..., QuicConnectionProtocol]:
        return type("Peer", (_DoqPeer,), {"upstream": self})

    def begin(self, packet: bytes, stream: int, peer: "_DoqPeer") -> None:
        self._begin(self._serve(packet, stream, peer))

    async def _serve(self, packet: bytes, stream: int, peer: "_DoqPeer") -> None:
        replies, how = await self._replies(packet)
        for reply in replies:
            whole = len(reply).to_bytes(2) + reply
            quic = peer.quic
            if how == "stream":
                quic.send_stream_data(quic.get_next_available_stream_id(), whole, end_stream=True)
            elif how == "large":
                quic.send_stream_data(stream, b"\xff\xff" + bytes(TOO_LARGE), end_stream=True)
            elif how == "two":
                quic.send_stream_data(stream, whole + whole, end_stream=True)
            else:
                part = whole[: len(whole) // 2] if how in {"cut", "slow"} else whole
                quic.send_stream_data(stream, part, end_stream=how != "slow")
            peer.transmit()


class _DoqPeer(_QuicPeer):
    upstream: Doq

    def __init__(self, quic: QuicConnection, stream_handler: None = None) -> None:
        super().__init__(quic, stream_handler)
        self._received: dict[int, bytes] = {}

    @property
    def quic(self) -> QuicConnection:
        return self._quic

    def take(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived):
            received = self._received.get(event.stream_id, b"") + event.data
            self._received[event.stream_id] = received
            if event.end_stream and len(received) > 2:
                assert int.from_bytes(received[:2]) == len(received) - 2, "RFC 9250 4.2: one message, after its length"
                self.upstream.begin(self._received.pop(event.stream_id)[2:], event.stream_id, self)


class Http3(_Quic):
    """DNS over HTTPS over HTTP/3. `how`: `status`, `type`, `slow`, `large`, `age`."""

    transport = "h3"
    alpn = "h3"
    path = "/dns-query"

    def _protocol(self) -> Callable[..., QuicConnectionProtocol]:
        return type("Peer", (_Http3Peer,), {"upstream": self})

    def begin(self, packet: bytes, stream: int, peer: "_Http3Peer") -> None:
        self._begin(self._serve(packet, stream, peer))

    async def _serve(self, packet: bytes, stream: int, peer: "_Http3Peer") -> None:
        replies, how = await self._replies(packet)
        for reply in replies:
            body = bytes(TOO_LARGE) if how == "large" else reply[: len(reply) // 2] if how == "slow" else reply
            peer.http.send_headers(stream, [(name.encode(), value.encode()) for name, value in _headers(how, reply)])
            peer.http.send_data(stream, body, end_stream=how != "slow")
            peer.transmit()


class _Http3Peer(_QuicPeer):
    upstream: Http3

    def __init__(self, quic: QuicConnection, stream_handler: None = None) -> None:
        super().__init__(quic, stream_handler)
        self.http: Any = None
        self._bodies: dict[int, bytes] = {}

    def take(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self.http = H3Connection(self._quic)
        if self.http is None:
            return
        for made in self.http.handle_event(event):
            if isinstance(made, DataReceived | HeadersReceived):
                data = made.data if isinstance(made, DataReceived) else b""
                body = self._bodies.get(made.stream_id, b"") + data
                self._bodies[made.stream_id] = body
                if made.stream_ended:
                    self.upstream.begin(self._bodies.pop(made.stream_id), made.stream_id, self)


def _headers(how: str, reply: bytes) -> list[tuple[str, str]]:
    status = {"status": "500", "redirect": "302"}.get(how, "200")
    headers = [(":status", status), ("content-type", "text/html" if how == "type" else TYPE)]
    if how == "redirect":
        headers.append(("location", "https://elsewhere.example/dns-query"))
    if how == "age":
        headers.append(("age", "100"))
    if how not in {"large", "cut"}:
        headers.append(("content-length", str(len(reply))))
    return headers


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113 4.1)."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


class HalfHandshake:
    """Accepts connections before a real server, and lets through no more than the beginning of what that says."""

    def __init__(self, before: Endpoint, octets: int, *, says: bytes = b"") -> None:
        """`says` is sent before that, by itself."""
        self.endpoint = Endpoint("127.0.0.1", free_port())
        self.accepted = 0
        self._before = before
        self._octets = octets
        self._says = says
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accept, self.endpoint.host, self.endpoint.port)

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*list(self._tasks), return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            theirs, ours = await asyncio.open_connection(self._before.host, self._before.port)
            try:
                ours.write(await reader.read(65_535))
                writer.write(self._says)
                if self._octets:
                    writer.write(await theirs.readexactly(self._octets))
                await asyncio.Event().wait()
            finally:
                ours.transport.abort()
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

"""The small part of HTTP/1.1 (RFC 9112) that the control socket needs: one request a connection, a body with a length.

An HTTP library would serve it as well, and cost the idle node some megabytes that DNS has no use for. Who speaks here
is our own command line, the admin process, or `curl --unix-socket`. Head, body, time and connections are bounded.
"""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

MAX_HEAD: Final = 16_384
MAX_BODY: Final = 65_536
READ_S: Final = 10.0
"""A request must have come within this."""
CONNECTIONS: Final = 64
STOP_S: Final = 2.0
"""What is being answered at the end gets this long."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered: bytes, or text that is made while it is sent (its end is the end of the connection)."""

    content: bytes | AsyncIterator[str]
    status: int = 200
    media_type: str = "application/json"


class RefusedError(Exception):
    """The request is none that can be served."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(text)


Handle = Callable[[Request], Awaitable[Response]]


def as_json(value: object, status: int = 200) -> Response:
    """A response with a JSON value."""
    return Response(json.dumps(value).encode(), status)


def error(message: str, status: int, problems: list[str] | None = None) -> Response:
    """A response that says what is wrong."""
    return as_json({"error": {"message": message, "problems": problems or []}}, status)


class UnixHttpServer:
    """Answers the requests of a listening socket with `handle`, which raises nothing but faults."""

    def __init__(self, listener: socket.socket, handle: Handle) -> None:
        self._listener = listener
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Serves, in the running event loop."""
        self._server = await asyncio.start_unix_server(self._connected, sock=self._listener, limit=MAX_HEAD)

    async def stop(self) -> None:
        """Takes no more connections, and ends those that there are."""
        if self._server is not None:
            self._server.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=STOP_S)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            request = await self._request(reader)
            response = await self._answer(request) if isinstance(request, Request) else request
            await _send(writer, response)
        except (OSError, EOFError):
            pass  # whoever asked is gone
        except Exception:
            log.exception("sending an answer on the control socket failed")
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> Request | Response:
        """The request, or what is answered where there is none. Raises OSError and EOFError of the connection."""
        if len(self._connections) > CONNECTIONS:
            return error("too many connections at once: try again", 503)
        try:
            async with asyncio.timeout(READ_S):
                return await _read(reader)
        except RefusedError as refused:
            return error(str(refused), refused.status)
        except TimeoutError:
            return error("the request did not come in time", 408)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._handle(request)
        except RefusedError as refused:
            return error(str(refused), refused.status)
        except Exception:
            log.exception("a request on the control socket failed")
            return error("an internal error: see the server's log", 500)


async def _read(reader: asyncio.StreamReader) -> Request:
    """One request. Raises RefusedError, EOFError when the connection ends."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise RefusedError(431, "the head of the request is larger than 16 KiB") from None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise RefusedError(400, "the request line is not METHOD PATH HTTP/1.1")
    headers = dict(map(_header, lines[1:-2]))
    path, _, query = words[1].partition("?")
    body = await reader.readexactly(_length(headers))
    return Request(words[0], unquote(path), dict(parse_qsl(query, keep_blank_values=True)), body)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise RefusedError(411, "the body must have a Content-Length")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise RefusedError(400, "the Content-Length is not a number")
    if len(text) > 10 or int(text) > MAX_BODY:
        raise RefusedError(413, "the body is larger than 64 KiB")
    return int(text)


async def _send(writer: asyncio.StreamWriter, response: Response) -> None:
    content = response.content
    head = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}", "Connection: close"]
    head.append(f"Content-Type: {response.media_type}; charset=utf-8")
    if isinstance(content, bytes):
        head.append(f"Content-Length: {len(content)}")
    writer.write("\r\n".join([*head, "", ""]).encode())
    if isinstance(content, bytes):
        writer.write(content)
    else:
        async for part in content:
            writer.write(part.encode())
            await writer.drain()
    await writer.drain()


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty for none. Raises RefusedError."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as problem:
        raise RefusedError(400, f"the body is not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise RefusedError(400, "the body is not a JSON object")
    return value

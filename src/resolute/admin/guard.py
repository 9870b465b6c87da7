"""What every request to the admin port must pass, whatever its route: Host, Origin, size, and a path in one spelling.

Against DNS rebinding the Host must be a loopback address or `localhost`: a page of another name whose name leads here
sends that name. Against pages of other origins a change must come from no page, or from one of this server (Fetch
standard, `Origin` and `Sec-Fetch-Site`).
"""

import ipaddress
import re
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY: Final = 65_536

_SLASHES = re.compile(rb"/{2,}")


class RefusedError(Exception):
    """The request is not let in."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or answers it with one line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            check(Headers(scope=scope), change=scope["method"] not in ("GET", "HEAD", "OPTIONS"))
            body = await _read(receive)
        except RefusedError as refused:
            response = PlainTextResponse(refused.text + "\n", refused.status, {"Connection": "close"})
            await response(scope, receive, send)
            return
        await self._app(one_spelling(scope), _replay(body, receive), send)


def check(headers: Headers, *, change: bool) -> None:
    """Host and Origin, and the size that is announced. Raises RefusedError."""
    host = headers.get("host", "")
    if not is_loopback(host):
        raise RefusedError(403, "the Host is not this machine: use http://localhost or a loopback address")
    origin = headers.get("origin")
    if change and origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise RefusedError(403, "changes from pages of another origin are refused")
    if change and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise RefusedError(403, "changes from pages of another site are refused")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise RefusedError(400, "the Content-Length is not a number")
    if len(length) > 10 or int(length) > MAX_BODY:
        raise RefusedError(413, "the body is larger than 64 KiB")


def is_loopback(host: str) -> bool:
    """Whether a Host header (with or without a port) names this machine by itself."""
    name = re.sub(r":[0-9]*$", "", host.strip().lower())
    if name.rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def one_spelling(scope: Scope) -> Scope:
    """Slashes that stand together are one, one at the end is none; then percent-encoding is resolved, once."""
    raw = scope.get("raw_path") or scope["path"].encode()
    raw = _SLASHES.sub(b"/", raw.split(b"?", 1)[0])
    raw = raw.rstrip(b"/") or b"/"
    return {**scope, "raw_path": raw, "path": unquote_to_bytes(raw).decode("utf-8", "replace")}


async def _read(receive: Receive) -> bytes:
    """The body, of which no more is held than is allowed. Raises RefusedError."""
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(content)
        content += message.get("body", b"")
        if len(content) > MAX_BODY:
            raise RefusedError(413, "the body is larger than 64 KiB")
        if not message.get("more_body", False):
            return bytes(content)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body again, for the route; after it what comes from the connection."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed

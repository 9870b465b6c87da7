"""Bodies of requests: read whole before the route, with an end to their size and to the time they may take.

Who asks is known by then (`gate.py`), so that a stranger's body is never held. Zone text is the one large thing, and so
few of them are held at a time.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resolute.admin.api import problems

TIMEOUT_S: Final = 20.0
IMPORTS: Final = 2
"""Bodies of zone text that are held at a time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a route takes: octets, also in words, and seconds."""

    octets: int
    words: str
    seconds: float = TIMEOUT_S


USUAL: Final = Bounds(65_536, "64 KiB")
CHANGES: Final = Bounds(2 * 2**20, "2 MiB")
"""Of zones and their records."""
ZONE_TEXT: Final = Bounds(256 * 2**20, "256 MiB", 600.0)
_MANY: Final = ("/api/v1/zones", "/api/v1/batches", "/api/v1/servers/", "/externaldns")
"""What begins so may be a change of many records."""


def bounds_of(scope: Scope) -> Bounds:
    """Of the route that this request is for."""
    path: str = scope["path"]
    if path.startswith("/api/v1/zones/") and path.endswith("/import"):
        return ZONE_TEXT
    return CHANGES if path.startswith(_MANY) else USUAL


class RefusedError(Exception):
    """The request is not let in."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


class Bodies:
    """ASGI middleware: the application gets its body in one piece, or the request is refused."""

    def __init__(self, app: ASGIApp, timeout_s: float | None = None) -> None:
        """`timeout_s`: in the place of every route's own."""
        self._app, self._timeout_s = app, timeout_s
        self._imports = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads, then lets the request in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounds = bounds_of(scope)
        large = bounds is ZONE_TEXT
        if large and self._imports >= IMPORTS:
            refused = RefusedError(503, "other zones are being imported: try again in a moment")
            await _refuse(refused, scope["path"])(scope, receive, send)
            return
        self._imports += large
        try:
            await self._pass_on(bounds, scope, receive, send)
        finally:
            self._imports -= large

    async def _pass_on(self, bounds: Bounds, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._timeout_s or bounds.seconds):
                body = await _read(receive, bounds)
        except (RefusedError, TimeoutError) as error:
            refused = error if isinstance(error, RefusedError) else RefusedError(408, "the body does not come")
            await _refuse(refused, scope["path"])(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


def _refuse(refused: RefusedError, path: str) -> ASGIApp:
    problem = problems.of_status(refused.status, refused.text, {"Connection": "close"})
    return problems.answer(problem, path)


async def _read(receive: Receive, bounds: Bounds) -> bytes:
    """The body, of which no more is held than is allowed. Raises RefusedError."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > bounds.octets:
            raise RefusedError(413, f"the body is larger than {bounds.words}")
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body again, for the route; after it what comes from the connection."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed

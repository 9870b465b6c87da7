"""Bodies of requests: read whole before the route, with an end to their size and to the time they may take."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resolute.admin.api import problems

MAX_BODY: Final = 65_536
TIMEOUT_S: Final = 20.0


class RefusedError(Exception):
    """The request is not let in."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


class Bodies:
    """ASGI middleware: the application gets its body in one piece, or the request is refused."""

    def __init__(self, app: ASGIApp, timeout_s: float = TIMEOUT_S) -> None:
        self._app, self._timeout_s = app, timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads, then lets the request in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                body = await _read(receive)
        except (RefusedError, TimeoutError) as error:
            refused = error if isinstance(error, RefusedError) else RefusedError(408, "the body does not come")
            problem = problems.of_status(refused.status, refused.text, {"Connection": "close"})
            await problems.answer(problem, scope["path"])(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


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

"""The control socket: a Unix socket in the data directory, mode 0600, that speaks a small HTTP.

    GET  /status                          GET  /explain?name=&type=&client=
    GET  /statistics                      GET  /cache?name=
    POST /reload                          POST /cache/flush   {"name": null, "subtree": false}
    POST /follow {"revision": 7}

Answers are JSON, but for `/cache`, which is zone-file text. An error is {"error": {"message", "problems"}} with the
status of its family. Who may open the socket may do all this: the file's mode is the right.
"""

import asyncio
import ipaddress
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from resolute.errors import PeerError, PresentationError, ResoluteError, RuleError, SettingsError, UnavailableError
from resolute.node import status
from resolute.node.node import Node
from resolute.records import names

CHUNK = 200
"""Cached answers that are written as text at a time."""
MAX_BODY = 65_536
_ROUTE = re.compile(r"\(source ([0-9]+)\)")
"""How the last step of an explanation names the route by which somebody has to be asked."""


def application(node: Node) -> Starlette:
    """The routes of the control socket."""
    routes = ControlRoutes(node)
    return Starlette(
        routes=[
            Route("/status", routes.status),
            Route("/statistics", routes.statistics),
            Route("/reload", routes.reload, methods=["POST"]),
            Route("/explain", routes.explain),
            Route("/cache", routes.cache),
            Route("/cache/flush", routes.flush, methods=["POST"]),
            Route("/follow", routes.follow, methods=["POST"]),
        ],
        exception_handlers={ResoluteError: _refuse},
    )


class ControlRoutes:
    """One method a route."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def status(self, _: Request) -> Response:
        """What is served, from what, in which state."""
        return JSONResponse(status.status(self._node))

    async def statistics(self, _: Request) -> Response:
        """Counters, and what is in flight."""
        return JSONResponse(status.statistics(self._node))

    async def reload(self, _: Request) -> Response:
        """Re-reads everything; 422 when the configuration does not hold."""
        return JSONResponse(asdict(await self._node.reload()))

    async def follow(self, request: Request) -> Response:
        """Answers once the revision is published; 503 when it cannot be."""
        revision = (await _body(request)).get("revision")
        if not isinstance(revision, int) or isinstance(revision, bool):
            raise PresentationError("revision: expected a number")
        return JSONResponse({"revision": await self._node.store.follow(revision)})

    async def explain(self, request: Request) -> Response:
        """Why a question is answered as it is."""
        name = _name(request.query_params.get("name"))
        client = _client(request.query_params.get("client", "127.0.0.1"))
        text = request.query_params.get("type", "A")
        return JSONResponse(await asyncio.to_thread(_explain, self._node, name, text, client))

    async def cache(self, request: Request) -> Response:
        """The cached answers as zone-file text."""
        name = request.query_params.get("name")
        wire = _name(name) if name is not None else None
        entries = await asyncio.to_thread(self._node.plane.cache_entries, wire, subtree=True)
        return StreamingResponse(_cache_text(iter(entries)), media_type="text/plain")

    async def flush(self, request: Request) -> Response:
        """Forgets cached answers."""
        body = await _body(request)
        name, subtree = body.get("name"), body.get("subtree", False)
        if not isinstance(subtree, bool) or not isinstance(name, str | None):
            raise PresentationError('expected {"name": NAME or null, "subtree": true or false}')
        wire = _name(name) if name is not None else None
        flushed = await asyncio.to_thread(self._node.plane.cache_flush, wire, subtree=subtree)
        return JSONResponse({"flushed": flushed})


class ControlServer:
    """The running control socket."""

    def __init__(self, node: Node, path: Path) -> None:
        """Binds the socket; the caller holds the directory's lock, so one that is there is a dead node's. Raises
        SettingsError."""
        self._path = path
        self._socket = _bind(path)
        config = uvicorn.Config(
            application(node),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            limit_concurrency=64,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Serves, in the running event loop."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="control")

    async def stop(self) -> None:
        """Ends, and takes the socket away."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()
        self._path.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """The node handles the signals itself."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(64)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        reason = error.strerror or f"{error}; use a shorter path"
        raise SettingsError([f"data.directory: {path}: the control socket cannot be made: {reason}"]) from error
    finally:
        os.umask(before)
    return listener


def _explain(node: Node, name: bytes, type_text: str, client: str) -> dict[str, Any]:
    """In a thread: dnspython, that writes the answer as text, is loaded at its first use."""
    from resolute.node.answertext import sections
    from resolute.records.rdata import type_from_text

    found, answer = node.plane.explain(name, type_from_text(type_text), client=client)
    steps = [{"stage": step.stage, "text": step.text} for step in found]
    if answer is None and (route := _ROUTE.search(steps[-1]["text"] if steps else "")):
        steps.append({"stage": "resolver", "text": node.resolver.explain(int(route[1]))})
    return {"steps": steps, "answer": sections(answer) if answer is not None else None}


async def _cache_text(entries: Iterator[Any]) -> AsyncIterator[str]:
    """Chunks made in a thread, so that a cache of a million answers is neither held as text nor blocks the loop."""
    from resolute.node import cachetext

    while chunk := list(islice(entries, CHUNK)):
        yield await asyncio.to_thread(lambda chunk: "".join(cachetext.lines(chunk)), chunk)


async def _body(request: Request) -> dict[str, Any]:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MAX_BODY:
            raise PresentationError("the body is larger than 64 KiB")
    import json

    try:
        body = json.loads(content or b"{}")
    except (ValueError, RecursionError) as error:
        raise PresentationError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise PresentationError("the body is not a JSON object")
    return body


def _name(text: str | None) -> bytes:
    if not text:
        raise PresentationError("name: is missing, expected a domain name such as app.test")
    return names.fold(names.from_text(text))


def _client(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise PresentationError(f"client: {text!r} is not an IP address") from None


STATUSES = ((SettingsError, 422), (PresentationError, 400), (RuleError, 409), (PeerError, 502), (UnavailableError, 503))


async def _refuse(_: Request, error: Exception) -> Response:
    code = next((code for family, code in STATUSES if isinstance(error, family)), 500)
    problems = list(getattr(error, "problems", ()))
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    return JSONResponse({"error": {"message": message, "problems": problems}}, status_code=code)

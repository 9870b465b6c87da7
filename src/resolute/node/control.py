"""The control socket: a Unix socket in the data directory, mode 0600, that speaks a small HTTP.

    GET  /status                          GET  /explain?name=&type=&client=
    GET  /statistics                      GET  /cache?name=
    GET  /settings                        POST /cache/flush   {"name": null, "subtree": false}
    POST /follow {"revision": 7}          POST /reload
    GET  /cuts?name=                      GET  /servers
    POST /settings/check {"stored": {"cache.size": "32MiB"}}
    POST /reread {"file": "/etc/resolute/example.org.zone"}

Answers are JSON, but for `/cache`, which is zone-file text. An error is {"error": {"message", "problems"}} with the
status of its family. Who may open the socket may do all this: the file's mode is the right.
"""

import asyncio
import ipaddress
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from resolute.errors import PeerError, PresentationError, ResoluteError, RuleError, SettingsError, UnavailableError
from resolute.node import status
from resolute.node.listening import bind_unix
from resolute.node.node import Node
from resolute.node.unixhttp import Request, Response, UnixHttpServer, as_json, error, json_object
from resolute.records import names

SHOWN = 10_000
"""Zone cuts, or servers, that are shown."""
CHUNK = 200
"""Cached answers that are written as text at a time."""
STATUSES = ((SettingsError, 422), (PresentationError, 400), (RuleError, 409), (PeerError, 502), (UnavailableError, 503))
_ROUTE = re.compile(r"\(source ([0-9]+)\)")
"""How the last step of an explanation names the route by which somebody has to be asked."""


class ControlRoutes:
    """One method a route."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._routes = {
            "/status": ("GET", self.status),
            "/statistics": ("GET", self.statistics),
            "/settings": ("GET", self.settings),
            "/settings/check": ("POST", self.check_settings),
            "/reload": ("POST", self.reload),
            "/explain": ("GET", self.explain),
            "/cache": ("GET", self.cache),
            "/cache/flush": ("POST", self.flush),
            "/cuts": ("GET", self.cuts),
            "/servers": ("GET", self.servers),
            "/follow": ("POST", self.follow),
            "/reread": ("POST", self.reread),
        }

    async def handle(self, request: Request) -> Response:
        """Answers a request; every family of error has its status."""
        method, route = self._routes.get(request.path, ("", None))
        if route is None:
            return error("there is nothing here", 404)
        if request.method != method:
            return error(f"{request.method} is not possible here: use {method}", 405)
        try:
            return await route(request)
        except ResoluteError as problem:
            return _refusal(problem)

    async def status(self, _: Request) -> Response:
        """What is served, from what, in which state."""
        return as_json(status.status(self._node))

    async def statistics(self, _: Request) -> Response:
        """Counters, and what is in flight."""
        return as_json(status.statistics(self._node))

    async def settings(self, _: Request) -> Response:
        """The settings in force."""
        return as_json(status.settings(self._node))

    async def check_settings(self, request: Request) -> Response:
        """What the settings would be with these in the store; 422 when they do not hold."""
        stored = json_object(request.body).get("stored")
        if not isinstance(stored, dict):
            raise PresentationError('stored: expected an object, such as {"cache.size": "32MiB"}')
        wanted, restart_needed = await self._node.check_settings(stored)
        return as_json(status.shown(wanted, restart_needed, self._node.store.url))

    async def reload(self, _: Request) -> Response:
        """Re-reads everything; 422 when the configuration does not hold."""
        return as_json(asdict(await self._node.reload()))

    async def follow(self, request: Request) -> Response:
        """Answers once the revision is published; 503 when it cannot be."""
        revision = json_object(request.body).get("revision")
        if not isinstance(revision, int) or isinstance(revision, bool):
            raise PresentationError("revision: expected a number")
        return as_json({"revision": await self._node.store.follow(revision)})

    async def reread(self, request: Request) -> Response:
        """Answers once a file that has changed is read again; what does not hold is among the problems."""
        file = json_object(request.body).get("file")
        if not isinstance(file, str):
            raise PresentationError("file: expected a path")
        await self._node.reread(Path(file))
        return as_json({"problems": list(self._node.problems())})

    async def explain(self, request: Request) -> Response:
        """Why a question is answered as it is."""
        name = _name(request.query.get("name"))
        client = _client(request.query.get("client", "127.0.0.1"))
        return as_json(await asyncio.to_thread(_explain, self._node, name, request.query.get("type", "A"), client))

    async def cache(self, request: Request) -> Response:
        """The cached answers as zone-file text."""
        name = request.query.get("name")
        wire = _name(name) if name is not None else None
        entries = await asyncio.to_thread(self._node.plane.cache_entries, wire, subtree=True)
        return Response(_cache_text(iter(entries)), media_type="text/plain")

    async def flush(self, request: Request) -> Response:
        """Forgets cached answers."""
        body = json_object(request.body)
        name, subtree = body.get("name"), body.get("subtree", False)
        if not isinstance(subtree, bool) or not isinstance(name, str | None):
            raise PresentationError('expected {"name": NAME or null, "subtree": true or false}')
        wire = _name(name) if name is not None else None
        self._node.resolver.recursion.flush(wire, subtree=subtree)
        return as_json({"flushed": await asyncio.to_thread(self._node.plane.cache_flush, wire, subtree=subtree)})

    async def cuts(self, request: Request) -> Response:
        """The zone cuts that iteration knows."""
        name = request.query.get("name")
        wire = _name(name) if name is not None else None
        return as_json({"cuts": self._node.resolver.recursion.cuts(wire, SHOWN)})

    async def servers(self, _: Request) -> Response:
        """The name servers that iteration has met."""
        return as_json({"servers": self._node.resolver.recursion.servers(SHOWN)})


class ControlServer:
    """The running control socket."""

    def __init__(self, node: Node, path: Path) -> None:
        """Binds the socket. Raises SettingsError."""
        self._path = path
        self._socket = bind_unix(path, "control")
        self._server = UnixHttpServer(self._socket, ControlRoutes(node).handle)

    async def start(self) -> None:
        """Serves, in the running event loop."""
        await self._server.start()

    async def stop(self) -> None:
        """Ends, and takes the socket away."""
        await self._server.stop()
        self._socket.close()
        self._path.unlink(missing_ok=True)


def _explain(node: Node, name: bytes, type_text: str, client: str) -> dict[str, Any]:
    """In a thread: dnspython, that writes the answer as text, is loaded at its first use."""
    from resolute.node.answertext import sections
    from resolute.records.rdata import type_from_text

    rtype = type_from_text(type_text)
    found, answer = node.plane.explain(name, rtype, client=client)
    steps = [{"stage": step.stage, "text": step.text} for step in found]
    recursion = node.resolver.recursion
    if answer is None and (route := _ROUTE.search(steps[-1]["text"] if steps else "")):
        text = node.resolver.explain(int(route[1]))
        steps.append({"stage": "resolver", "text": text})
        if node.resolver.iterates(int(route[1])):
            steps += [{"stage": "resolver", "text": line} for line in recursion.explain(name, rtype)]
    elif any(step["stage"] == "cache" for step in steps) and recursion.course(name, rtype) is not None:
        steps += [{"stage": "resolver", "text": line} for line in recursion.explain(name, rtype)]
    return {"steps": steps, "answer": sections(answer) if answer is not None else None}


async def _cache_text(entries: Iterator[Any]) -> AsyncIterator[str]:
    """Chunks made in a thread, so that a cache of a million answers is neither held as text nor blocks the loop."""
    from resolute.node import cachetext

    while chunk := list(islice(entries, CHUNK)):
        yield await asyncio.to_thread(lambda chunk: "".join(cachetext.lines(chunk)), chunk)


def _name(text: str | None) -> bytes:
    if not text:
        raise PresentationError("name: is missing, expected a domain name such as app.test")
    return names.fold(names.from_text(text))


def _client(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise PresentationError(f"client: {text!r} is not an IP address") from None


def _refusal(problem: ResoluteError) -> Response:
    code = next((code for family, code in STATUSES if isinstance(problem, family)), 500)
    message = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return error(message, code, list(getattr(problem, "problems", ())))

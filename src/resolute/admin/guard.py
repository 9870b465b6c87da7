"""What every request to the admin port must pass, whatever its route: Host, Origin, size, and a path in one spelling.

Against DNS rebinding the Host must be one of this server's: loopback, the very address that was connected to, or a name
that the operator has given (`admin.hosts`). A page of another name whose name leads here sends that name. Against pages
of other origins a change must come from no page, or from one of this server (Fetch standard: `Origin` and
`Sec-Fetch-Site`).
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resolute.admin.api import problems
from resolute.admin.bodies import Bounds, RefusedError, bounds_of
from resolute.admin.clients import Client, Clients, host_of, is_loopback
from resolute.admin.compat import protocols

SAFE: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110 9.2.1)."""
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer, unless its route says otherwise."""

_SLASHES = re.compile(rb"/{2,}")


class Guard:
    """ASGI middleware around the whole application; leaves the client in the request's state."""

    def __init__(self, app: ASGIApp, clients: Clients, hosts: Sequence[str] = ()) -> None:
        self._app, self._clients, self._hosts = app, clients, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or answers it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = self._clients.of(scope)
        scope = {**one_spelling(scope), "state": {**scope.get("state", {}), "client": client}}
        try:
            self._check(scope, client)
        except RefusedError as refused:
            problem = problems.of_status(refused.status, refused.text, {"Connection": "close"})
            await problems.answer(problem, scope["path"])(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    def _check(self, scope: Scope, client: Client) -> None:
        headers = Headers(scope=scope)
        check_host(headers, scope, self._hosts)
        if is_change(scope):
            check_origin(headers, client)
        check_length(headers, bounds_of(scope))


def is_change(scope: Scope) -> bool:
    """Whether a request may change something: by its method, or because of a protocol that changes things by GET."""
    return scope["method"] not in SAFE or protocols.is_change(scope["path"])


def check_host(headers: Headers, scope: Scope, hosts: frozenset[str]) -> None:
    """Raises RefusedError for a name that is not this server's."""
    given = headers.getlist("host")
    if len(given) == 1:
        host, server = host_of(given[0]), scope.get("server") or ("", 0)
        if (
            is_loopback(given[0])
            or host in hosts
            or host == host_of(f"[{server[0]}]" if ":" in server[0] else server[0])
        ):
            return
    raise RefusedError(
        403,
        "the Host is not this server: use http://localhost, the address that it listens on, or a name in admin.hosts",
    )


def check_origin(headers: Headers, client: Client) -> None:
    """Of a change. Raises RefusedError for a page of another origin; where there is HTTPS, plain HTTP is another."""
    origin = headers.get("origin")
    if origin is not None:
        parts = urlsplit(origin)
        same = parts.netloc.lower() == headers.get("host", "").lower()
        if not same or parts.scheme not in (("https",) if client.secure else ("http", "https")):
            raise RefusedError(403, "changes from pages of another origin are refused")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise RefusedError(403, "changes from pages of another site are refused")


def check_length(headers: Headers, bounds: Bounds) -> None:
    """Raises RefusedError for a body that is announced to be too large, or by something that is no number."""
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise RefusedError(400, "the Content-Length is not a number")
    if len(length) > 10 or int(length) > bounds.octets:
        raise RefusedError(413, f"the body is larger than {bounds.words}")


def one_spelling(scope: Scope) -> Scope:
    """Slashes that stand together are one, one at the end is none; then percent-encoding is resolved, once."""
    raw = scope.get("raw_path") or scope["path"].encode()
    raw = _SLASHES.sub(b"/", raw.split(b"?", 1)[0])
    raw = raw.rstrip(b"/") or b"/"
    return {**scope, "raw_path": raw, "path": unquote_to_bytes(raw).decode("utf-8", "replace")}


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending

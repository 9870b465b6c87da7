"""Which methods a path has: all others get 405, and an Allow that names all that it has (RFC 9110 15.5.6).

A zone's name may have a slash in it, so `/zones/{zone}` matches the paths behind a zone too. The first template that
matches says what a path is, whatever the method: a change of `/zones/example.org/check` is none of a zone of that name.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from resolute.admin.api import problems


class Methods:
    """ASGI middleware right before the routes."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        found: dict[str, set[str]] = {}
        for path, methods in _paths(routes):
            found.setdefault(path, set()).update(methods)
        self._templates = [(compile_path(path)[0], ", ".join(sorted(methods))) for path, methods in found.items()]
        self._allowed = lru_cache(maxsize=1_024)(self._look)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or answers it."""
        if scope["type"] == "http":
            allowed = self._allowed(scope["path"])
            if allowed and scope["method"] not in allowed.split(", "):
                text = f"{scope['method']} is not possible here; what is: {allowed}"
                problem = problems.of_status(405, text, {"Allow": allowed})
                await problems.answer(problem, scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _look(self, path: str) -> str:
        """Empty: there is no such path."""
        return next((methods for regex, methods in self._templates if _matches(regex, path)), "")


def _matches(regex: re.Pattern[str], path: str) -> bool:
    return regex.match(path) is not None


def _paths(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, set[str]]]:
    """In the order in which the router looks."""
    for context in iter_route_contexts(routes):
        path, methods = getattr(context, "path", None), getattr(context, "methods", None)
        if path and methods:
            yield path, set(methods)

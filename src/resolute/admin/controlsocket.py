"""The node's control socket, asked from the event loop: HTTP/1.1 over a Unix socket, answers bounded in size and time.

What it offers stands in `resolute.node.control`.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from resolute.errors import PeerError, ResoluteError, RuleError, SettingsError, UnavailableError

TIMEOUT_S: Final = 10.0
LONG_S: Final = 60.0
"""For what reads files of any size."""
MOST: Final = 64 * 2**20
"""Octets of an answer; a node with more zones or a larger cache than that is asked for less at a time."""
_FAMILIES: Final = {400: RuleError, 409: RuleError, 422: SettingsError, 502: PeerError, 503: UnavailableError}


@dataclass(frozen=True, slots=True)
class ControlSocket:
    """Asks one node. Every method raises UnavailableError when it does not answer, and the family of error that it
    answers with."""

    path: Path

    async def get(self, target: str, query: Mapping[str, str | None] | None = None) -> Any:  # noqa: ANN401  JSON
        """A JSON answer."""
        return json.loads(await self.text(target, query))

    async def text(self, target: str, query: Mapping[str, str | None] | None = None) -> bytes:
        """An answer as it comes."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return await self._ask("GET", target + (f"?{urlencode(given)}" if given else ""), None, TIMEOUT_S)

    async def post(self, target: str, body: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S) -> Any:  # noqa: ANN401
        """A JSON answer to a JSON body."""
        return json.loads(await self._ask("POST", target, json.dumps(body).encode(), timeout_s))

    async def _ask(self, method: str, target: str, content: bytes | None, timeout_s: float) -> bytes:
        try:
            async with asyncio.timeout(timeout_s):
                status, body = await self._exchange(method, target, content)
        except TimeoutError as error:
            raise UnavailableError(f"the node does not answer in {timeout_s:g} s") from error
        except (OSError, ValueError, IndexError, EOFError, asyncio.LimitOverrunError) as error:
            raise UnavailableError(f"the node does not answer: {error}") from error
        if status != 200:
            raise _refusal(status, body)
        return body

    async def _exchange(self, method: str, target: str, content: bytes | None) -> tuple[int, bytes]:
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += "" if content is None else f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        reader, writer = await asyncio.open_unix_connection(str(self.path))
        try:
            writer.write(head.encode() + b"\r\n" + (content or b""))
            await writer.drain()
            status, headers = _parse_head(await reader.readuntil(b"\r\n\r\n"))
            return status, await _body(reader, headers)
        finally:
            writer.close()


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(_bounded(int(headers["content-length"])))
    content = bytearray()  # its end is the end of the connection
    while more := await reader.read(65_536):
        content += more
        _bounded(len(content))
    return bytes(content)


def _bounded(size: int) -> int:
    if size > MOST:
        raise ValueError(f"its answer is larger than {MOST // 2**20} MiB")
    return size


def _refusal(status: int, body: bytes) -> ResoluteError:
    try:
        error = json.loads(body)["error"]
        message, problems = str(error["message"]), [str(one) for one in error.get("problems", [])]
    except (ValueError, KeyError, TypeError):
        message, problems = f"the node answers with status {status}", []
    family = _FAMILIES.get(status, UnavailableError)
    return SettingsError(problems or [message]) if family is SettingsError else family(message)

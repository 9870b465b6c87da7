"""A node's control socket that answers what a test says, for tests of the admin application without a node."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass
class FakeNode:
    """`answers` by path: JSON, text, or a status with a message; `asked` has (target, body) of every request."""

    answers: Mapping[str, Any]
    asked: list[tuple[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def at(self, path: Path) -> AsyncIterator["FakeNode"]:
        """Serves on a Unix socket."""
        server = await asyncio.start_unix_server(self._serve, str(path))
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        target = head.split()[1]
        length = next((int(line[16:]) for line in head.split("\r\n") if line.startswith("Content-Length: ")), 0)
        self.asked.append((target, json.loads(await reader.readexactly(length)) if length else None))
        found = self.answers.get(urlsplit(target).path, (404, "there is nothing here"))
        status = 200
        if isinstance(found, tuple):
            status, message = found
            found = {"error": {"message": message, "problems": []}}
        body = found.encode() if isinstance(found, str) else json.dumps(found).encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

"""Tells the node that the store has a new revision, over its control socket, and waits until it is published.

A node that does not answer loses nothing: it looks at the store each second by itself.
"""

import asyncio
import json
import logging
from pathlib import Path
from typing import Final

TIMEOUT_S: Final = 2.0

log = logging.getLogger(__name__)


async def follow(control: Path, revision: int) -> bool:
    """True when the node has said that it serves this revision. Never raises: the change is durable already."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            status = await _post(control, "/follow", {"revision": revision})
    except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        reason = f"no answer in {TIMEOUT_S:g} s" if isinstance(error, TimeoutError) else str(error)
        log.warning("the node could not be told of revision %d (%s): it looks at the store by itself", revision, reason)
        return False
    if status != 200:
        log.warning("the node could not follow revision %d at once (status %d)", revision, status)
    return status == 200


async def _post(control: Path, target: str, body: dict[str, int]) -> int:
    """One HTTP/1.1 request; returns the status of the answer."""
    content = json.dumps(body).encode()
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    reader, writer = await asyncio.open_unix_connection(str(control))
    try:
        writer.write(head.encode() + content)
        await writer.drain()
        return int((await reader.readuntil(b"\r\n")).split()[1])
    finally:
        writer.close()

"""The admin process: started as a child, started again when it dies, ended with the node.

The child gets its instructions as one JSON line on its standard input, which then stays open: its end tells the child
that the node is gone. The listening sockets are the node's, so a connection that comes while the child starts waits.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

SHORTEST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 60.0
"""Who ran so long is started again without a longer pause."""
STOP_S: Final = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Instructions:
    """What the child must know: its sockets (the port's and the admin socket's), the store, the node's control socket,
    how to log, `[admin]` as JSON."""

    descriptor: int
    local_descriptor: int
    store_url: str
    control: str
    log_level: str
    log_format: str
    admin: Mapping[str, Any] = field(default_factory=dict)


class AdminChild:
    """Keeps one admin process running while `run` runs."""

    def __init__(self, instructions: Instructions) -> None:
        """The descriptors in the instructions are open as long as this is used."""
        self.pid: int | None = None
        self.restarts = 0
        self._instructions = instructions

    async def run(self) -> None:
        """Runs the child until this is cancelled; then ends it."""
        pause_s = SHORTEST_PAUSE_S
        while True:
            started = time.monotonic()
            code = await self._run_once()
            pause_s = SHORTEST_PAUSE_S if time.monotonic() - started >= STEADY_S else min(2 * pause_s, LONGEST_PAUSE_S)
            self.restarts += 1
            log.error("the admin process ended with status %s: it is started again in %g s", code, pause_s)
            await asyncio.sleep(pause_s)

    async def _run_once(self) -> int | str:
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "resolute.admin",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=[self._instructions.descriptor, self._instructions.local_descriptor],
            )
        except OSError as error:
            return f"'cannot be started: {error.strerror}'"
        try:
            self.pid = child.pid
            await self._instruct(child)
            return await child.wait()
        finally:
            self.pid = None
            await _end(child)

    async def _instruct(self, child: asyncio.subprocess.Process) -> None:
        if child.stdin is None:
            return
        try:
            child.stdin.write(json.dumps(asdict(self._instructions)).encode() + b"\n")
            await child.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has died already: `wait` says so


async def _end(child: asyncio.subprocess.Process) -> None:
    """End of input, then SIGTERM, then SIGKILL."""
    if child.returncode is not None:
        return
    if child.stdin is not None:
        child.stdin.close()
    for action in (child.terminate, child.kill):
        try:
            await asyncio.wait_for(child.wait(), STOP_S)
            return
        except TimeoutError:
            action()
    await child.wait()

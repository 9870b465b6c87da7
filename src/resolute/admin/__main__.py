"""`python -m resolute.admin`: the management process, started by the node and by nobody else.

Its standard input gives one JSON line of instructions (`resolute.node.adminchild.Instructions`) and then stays open:
when it ends, the node has ended, and so does this process.
"""

import asyncio
import gc
import json
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import uvicorn
from starlette.types import ASGIApp

from resolute.admin import dumps
from resolute.admin.app import build
from resolute.admin.clients import is_loopback
from resolute.admin.connections import BoundedProtocol, LocalProtocol
from resolute.config import log as logging_chapter
from resolute.config.admin import Admin
from resolute.store.store import Store

_YOUNG: Final = 10_000
"""Objects that are made before garbage is looked for among them."""

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """Ends when it is told to; signals are handled by `serve`, an interrupt at the terminal by the node."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self.should_exit = True


async def serve(instructions: dict[str, Any]) -> None:
    """Serves until the input ends, or SIGTERM: the port, and the admin socket, each with connections of its own, so
    that whoever uses up those of the port does not keep out the owner of this machine."""
    port, local = (socket.socket(fileno=int(instructions[key])) for key in ("descriptor", "local_descriptor"))
    admin = Admin.model_validate(instructions.get("admin", {}))
    _tell_about_the_network(port, admin)
    application = build(Store(instructions["store_url"]), Path(instructions["control"]), admin)
    _settle()
    public = _Server(_config(application, BoundedProtocol, connections=512))
    inner = _Server(_config(application, LocalProtocol, connections=64, lifespan="off"))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, inner.stop)
    loop.add_reader(sys.stdin.fileno(), _look_for_end, inner)
    serving = asyncio.create_task(public.serve(sockets=[port]))
    serving.add_done_callback(lambda _: inner.stop())
    await inner.serve(sockets=[local])
    public.stop()  # last, because the application ends with it
    await serving


def _config(
    application: ASGIApp,
    protocol: type[asyncio.Protocol],
    *,
    connections: int,
    lifespan: Literal["auto", "off"] = "auto",
) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=protocol,
        lifespan=lifespan,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=2 if lifespan == "auto" else 1,
        limit_concurrency=connections,
    )


def _tell_about_the_network(listener: socket.socket, admin: Admin) -> None:
    host = listener.getsockname()[0]
    if not is_loopback(host) and not admin.proxies:
        log.warning(
            "the admin port is open on %s without TLS: tokens can be read on their way, passwords are not taken;"
            " put a TLS proxy before it and name it in admin.proxies",
            host,
        )


def _settle() -> None:
    """What is loaded stays, and a request leaves hardly a circle: garbage is looked for more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)


def _look_for_end(server: _Server) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        server.stop()


def _stay_on_one_processor() -> None:
    """One is all that the interpreter uses; handing its lock from one processor to another and back costs as much as
    the work itself. Any of those that there are, so that servers on one machine do not meet."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {secrets.choice(sorted(os.sched_getaffinity(0)))})


def main() -> int:
    """Reads the instructions and serves; returns the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    dumps.forbid()
    _stay_on_one_processor()
    line = sys.stdin.buffer.readline()
    if not line:
        sys.stderr.write("resolute.admin is started by `resolute serve`, not by hand\n")
        return 2
    instructions = json.loads(line)
    log = logging_chapter.Log(level=instructions["log_level"], format=instructions["log_format"])
    running = logging_chapter.start(log)
    try:
        asyncio.run(serve(instructions))
    finally:
        running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

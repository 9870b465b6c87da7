"""The node's life: lock, start, ready, signals, stop.

lock the data directory -> bind the admin sockets -> Node.start -> control socket -> ready
SIGHUP: reload      SIGTERM, SIGINT: drain, exit 0      settings that do not hold at start: exit 2, a line each
"""

import asyncio
import logging
import os
import resource
import signal
import socket
import sys

from resolute.config import log as logging_chapter
from resolute.config.stored import Compose
from resolute.config.tree import Settings
from resolute.errors import ResoluteError, SettingsError
from resolute.node import descriptors
from resolute.node.client import SOCKET_NAME
from resolute.node.control import ControlServer
from resolute.node.listening import AdminSockets
from resolute.node.lock import DirectoryLock
from resolute.node.memory import settle, use_one_heap
from resolute.node.node import Node
from resolute.node.storedsettings import StoredSettings

log = logging.getLogger(__name__)


def run(settings: Settings, reread: Compose | None = None) -> int:
    """Serves until a signal ends it; returns the exit status. `reread` reads the configuration for a reload, and
    puts the store's values into it; without it the file that the settings came from is read with no flags."""
    admin: AdminSockets | None = None
    descriptors.raise_limit()
    use_one_heap()
    try:
        lock = DirectoryLock(settings.data.directory)
        try:
            admin = AdminSockets.bind(settings.listen.admin, settings.data.directory)
            running = logging_chapter.start(settings.log)
            _allow_many_files()
            try:
                asyncio.run(_serve(settings, reread or _reread_file(settings), admin))
            finally:
                running.stop()
        finally:
            if admin is not None:
                admin.close()
            lock.release()
    except SettingsError as error:
        return _refuse(error.problems)
    except ResoluteError as error:
        return _refuse([str(error)])
    return 0


def _allow_many_files() -> None:
    """Each question to an upstream has a socket of its own: the soft limit of open files becomes the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(settings: Settings, reread: Compose, admin: AdminSockets | None) -> None:
    stop, reload = asyncio.Event(), asyncio.Event()
    _on_signals(stop, reload)
    kept = StoredSettings(reread)
    settings = await kept.at_start(settings)
    logging_chapter.reconfigure(settings.log)
    node = Node(settings, kept, admin)
    control = ControlServer(node, settings.data.directory / SOCKET_NAME)
    try:
        await node.start()
        await control.start()
        _say_ready(node)
        settle()
        reloads = asyncio.create_task(_reload_when_told(node, reload))
        await stop.wait()
        log.info("stopping: what is in flight is answered first")
        reloads.cancel()
    finally:
        await control.stop()
        await node.stop()


async def _reload_when_told(node: Node, reload: asyncio.Event) -> None:
    while True:
        await reload.wait()
        reload.clear()
        try:
            await node.reload()
        except SettingsError:
            pass  # each problem is in the log and in the status; the old settings go on
        except Exception:
            log.exception("reloading failed")


def _on_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)


def _say_ready(node: Node) -> None:
    admin = node.admin_address if node.admin_address == "off" else f"http://{node.admin_address}"
    control = node.settings.data.directory / SOCKET_NAME
    sys.stderr.write(f"ready: dns {' '.join(node.addresses)} admin {admin} control {control}\n")
    sys.stderr.flush()
    if notify := os.environ.get("NOTIFY_SOCKET"):
        _notify_systemd(notify)


def _notify_systemd(address: str) -> None:
    """Tells systemd that the service is up (sd_notify(3)); a leading `@` stands for the abstract namespace."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.sendto(b"READY=1", address.replace("@", "\0", 1) if address.startswith("@") else address)
    except OSError as error:
        log.warning("systemd cannot be told that the server is ready: %s", error)


def _reread_file(settings: Settings) -> Compose:
    from resolute.config.arguments import Overrides
    from resolute.config.load import load

    return lambda stored: load(settings.path, Overrides(), os.environ, stored)


def _refuse(problems: tuple[str, ...] | list[str]) -> int:
    for problem in problems:
        sys.stderr.write(f"resolute: {problem}\n")
    return 2

"""Runs in a user namespace of its own, and makes network namespaces, and sockets within them, for who started it.

    unshare --map-root-user python agent.py FD FOLDER

Requests are JSON, one a message of the Unix socket FD; so are the replies, with a socket beside them when one was asked
for. When the other end closes, however that program ended, the agent ends every process that is still in one of its
networks, removes FOLDER, and ends; the namespaces, which have no names, end with it.

    test ──{"do": "socket", "bind": ["198.41.0.4", 53], …}──► agent: enters the namespace, makes the socket, binds it
         ◄──────────────── {} and the socket ────────────────
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLONE_NEWNET = 0x40000000
PATIENCE_S = 10.0
LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Serves until the other end closes; no signal ends it before, for then something would be left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        while request := control.recv(1 << 20):
            said, made = _answer(json.loads(request))
            socket.send_fds(control, [json.dumps(said).encode()], [one.fileno() for one in made])
            for one in made:
                one.close()
    finally:
        _clear(Path(sys.argv[2]))


def namespace(_: dict[str, Any]) -> tuple[dict[str, Any], list[socket.socket]]:
    """Makes a network namespace; the reply names the agent's descriptor of it."""
    _checked(LIBC.unshare(CLONE_NEWNET))
    made = os.open("/proc/self/ns/net", os.O_RDONLY)
    OWN[made] = os.fstat(made).st_ino
    return {"namespace": made}, []


def run(request: dict[str, Any]) -> tuple[dict[str, Any], list[socket.socket]]:
    """Runs commands in a namespace, one after another."""
    enter(request["namespace"])
    for command in request["commands"]:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
    return {}, []


def make_socket(request: dict[str, Any]) -> tuple[dict[str, Any], list[socket.socket]]:
    """A socket of a namespace, bound and listening where that is asked for."""
    enter(request["namespace"])
    made = socket.socket(request["family"], request["type"], request["protocol"])
    try:
        if request["bind"]:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(tuple(request["bind"]))
        if request["backlog"]:
            made.listen(request["backlog"])
    except OSError:
        made.close()
        raise
    return {}, [made]


OWN: dict[int, int] = {}
"""The namespaces: descriptor to inode."""
REQUESTS: dict[str, Callable[[dict[str, Any]], tuple[dict[str, Any], list[socket.socket]]]] = {
    "namespace": namespace,
    "run": run,
    "socket": make_socket,
}


def _answer(request: dict[str, Any]) -> tuple[dict[str, Any], list[socket.socket]]:
    try:
        return REQUESTS[request["do"]](request)
    except subprocess.CalledProcessError as error:
        return {"error": f"{' '.join(error.cmd)}: {error.stderr}"}, []
    except (OSError, subprocess.SubprocessError) as error:
        return {"error": f"{error}: {request}"}, []


def enter(namespace: int) -> None:
    """From now on the agent's sockets are of this namespace (setns(2); `os.setns` is not in Python 3.11)."""
    _checked(LIBC.setns(namespace, CLONE_NEWNET))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _clear(folder: Path) -> None:
    """Ends what is left in the namespaces, and removes the folder."""
    until = time.monotonic() + PATIENCE_S
    while (left := _inhabitants()) and time.monotonic() < until:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


def _inhabitants() -> list[int]:
    """Processes of others in these namespaces."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if (entry / "ns/net").stat().st_ino in OWN.values():
                    found.append(int(entry.name))
    return found


if __name__ == "__main__":
    main()

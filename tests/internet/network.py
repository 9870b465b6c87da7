"""Networks of their own for servers and resolvers: namespaces that end with the program, however it ends.

The namespaces belong to an agent (`agent.py`) in a user namespace, so nothing here needs privileges, and have no names,
so that two programs cannot meet. What a test needs of a namespace is a socket, which works wherever the test runs, and
a way to start a program there:

    with Networks() as networks:
        far = networks.namespace()
        far.run("ip link set lo up")
        udp = far.open_socket(socket.AF_INET, socket.SOCK_DGRAM)         # a socket of that network, used from here
        subprocess.run([*far.command, "dig", "@127.0.0.1", "."])
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.peers.server import SYSTEM_PATH

AGENT = Path(__file__).with_name("agent.py")
PATIENCE_S = 30.0


class NetworkError(Exception):
    """A namespace, a socket or a command in a namespace could not be made; the text says why."""


class Networks:
    """The agent and its namespaces, from `with` to its end; `folder` is removed then too."""

    def __init__(self) -> None:
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """Of the agent."""
        if self._process is None:
            raise NetworkError("the networks are not there yet")
        return self._process.pid

    def namespace(self) -> "Namespace":
        """A new network, in which nothing is set up."""
        said, _ = self.request({"do": "namespace"})
        return Namespace(self, said["namespace"])

    def request(self, request: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        """Asks the agent. Raises NetworkError when it cannot do it."""
        if self._control is None:
            raise NetworkError("the networks are not there yet")
        with self._lock:
            self._control.send(json.dumps(request).encode())
            reply, descriptors, _, _ = socket.recv_fds(self._control, 1 << 20, 1)
        said: dict[str, Any] = json.loads(reply) if reply else {"error": "the agent has ended"}
        if "error" in said:
            raise NetworkError(said["error"])
        return said, descriptors

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"internet-{os.getpid()}-"))
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(PATIENCE_S)
        with theirs:
            command = ["unshare", "--user", "--map-root-user", sys.executable, "-ES", str(AGENT)]
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(self.folder)],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PATH": SYSTEM_PATH},
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait(PATIENCE_S)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)
        self._control = self._process = None


class Namespace:
    """A network namespace. A `bench.peers` server runs in it when its `Service.network` is this."""

    def __init__(self, networks: Networks, number: int) -> None:
        self._networks = networks
        self._number = number

    @property
    def command(self) -> Sequence[str]:
        """What stands before a command that is to run here."""
        agent = f"/proc/{self._networks.pid}"
        return ("nsenter", f"--user={agent}/ns/user", "--preserve-credentials", f"--net={self.path}", "--")

    @property
    def folder(self) -> Path:
        """Where servers keep their folders."""
        return self._networks.folder

    @property
    def path(self) -> str:
        """The namespace as a file, for commands that take one."""
        return f"/proc/{self._networks.pid}/fd/{self._number}"

    def run(self, *commands: str) -> None:
        """Runs each in turn, words apart by blanks. Raises NetworkError at the first that fails."""
        words = [command.split() for command in commands]
        self._networks.request({"do": "run", "namespace": self._number, "commands": words})

    def open_socket(
        self,
        family: socket.AddressFamily,
        kind: socket.SocketKind,
        *,
        protocol: int = 0,
        bind: tuple[str, int] | None = None,
        backlog: int = 0,
    ) -> socket.socket:
        """A socket of this network, bound and listening where that is said."""
        request = {"do": "socket", "namespace": self._number, "family": family, "type": kind}
        _, descriptors = self._networks.request({**request, "protocol": protocol, "bind": bind, "backlog": backlog})
        return socket.socket(fileno=descriptors[0])

"""What every server has in common: a folder, a port, a process in the foreground, and an end.

A subclass says its name and its package's command, writes its configuration and gives the command line. Everything runs
on 127.0.0.1, or in a network of its own, with a single worker, so that costs can be compared; nothing is left behind.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol, Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode

SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
"""Debian keeps servers in sbin, which is not on everybody's PATH."""

PORTS = range(10_000, 32_000)
"""Of servers: below those that the system takes for the sockets of clients."""


class PeerFailedError(Exception):
    """A server did not start, did not become ready, or did not end well; the text has its log."""


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens, UDP and TCP."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Network(Protocol):
    """A network that a server runs in, apart from this program's."""

    @property
    def command(self) -> Sequence[str]:
        """What stands before a command that is to run there; the process stays the same."""

    @property
    def folder(self) -> Path:
        """Where its servers have their folders; whoever ends the network removes it."""

    def open_socket(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A socket of that network, for this program."""


@dataclass(frozen=True)
class Root:
    """Where a resolver begins."""

    hints: Path
    """The root servers, as a zone file."""
    anchors: Path
    """DS records of the root's keys, as a zone file."""


@dataclass(frozen=True)
class Service:
    """What a server is to do."""

    zones: Mapping[str, Path] = field(default_factory=dict)
    """Zones that it answers with authority: name (with its final dot) to zone file."""
    forward: Endpoint | None = None
    """Where everything else is asked, for clients on loopback. None: no recursion."""
    root: Root | None = None
    """Everything else is resolved from there, with validation, for clients on loopback."""
    network: Network | None = None
    """Where it runs. None: in the network of this program."""
    listen: Sequence[str] = ()
    """The addresses in `network` at whose port 53 it listens. None: a free port of 127.0.0.1."""
    extra: str = ""
    """Configuration text that is added as it stands, in the server's own language."""
    core: int | None = None
    """The only processor that it may run on. None: any."""


class Server(ABC):
    """A server that runs from `start` to `stop`, or within `with`."""

    name: ClassVar[str]
    command: ClassVar[str]
    version_flag: ClassVar[str] = "-V"
    where_from: ClassVar[str] = "tools/install-peers.sh installs it"
    start_timeout_s: ClassVar[float] = 60.0

    def __init__(self, service: Service) -> None:
        self.service = service
        self.endpoint = Endpoint(service.listen[0], 53) if service.listen else Endpoint("127.0.0.1", free_port())
        self.ready_after_s = 0.0
        self._began = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """Writes the configuration into `folder` and returns the arguments of the command."""

    def start(self) -> Self:
        """Starts it and waits until it answers. Raises PeerFailedError with its log."""
        network = self.service.network
        parent = network.folder if network else None
        self._folder = Path(tempfile.mkdtemp(prefix=f"{Path(self.command).name}-", dir=parent))
        within = network.command if network else ()
        command = [*self._pinning(), *within, self.executable(), *self.arguments()]
        began = time.monotonic()
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        try:
            self.wait_until_ready(began + self.start_timeout_s)
        except BaseException:
            self._end()
            raise
        self._began, self.ready_after_s = began, time.monotonic() - began
        self._pin_again()
        return self

    def running_s(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._began

    def stop(self) -> int:
        """Ends it with SIGTERM, removes its folder, returns its exit status (negative: the signal that ended it)."""
        return self._end()

    def kill(self) -> None:
        """Ends it at once with SIGKILL, as a crash would."""
        self.process.kill()
        self._end()

    def wait_until_ready(self, until: float) -> None:
        """Returns when the server gives a useful answer. `until` is a monotonic time."""
        while not self.answers():
            self.require_running()
            if time.monotonic() > until:
                raise PeerFailedError(f"{self.name} is not ready after {self.start_timeout_s} s:\n{self.log_text()}")
            time.sleep(0.003)

    def answers(self) -> bool:
        """Whether it answers the SOA of its first zone, or, without zones, anything at all."""
        apex = next(iter(self.service.zones), None)
        reply = probe(self.endpoint, apex or "ready.invalid.", network=self.service.network)
        if reply is None:
            return False
        return apex is None or (reply.rcode() == dns.rcode.NOERROR and bool(reply.answer))

    def require_running(self) -> None:
        """Raises PeerFailedError when the process has ended by itself."""
        status = self.process.poll()
        if status is not None:
            raise PeerFailedError(f"{self.name} ended by itself with status {status}:\n{self.log_text()}")

    @property
    def hosts(self) -> Sequence[str]:
        """All addresses that it listens on."""
        return self.service.listen or (self.endpoint.host,)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise PeerFailedError(f"{self.name} is not running")
        return self._process

    @property
    def folder(self) -> Path:
        """Its own temporary folder, from `start` to `stop`."""
        if self._folder is None:
            raise PeerFailedError(f"{self.name} is not running")
        return self._folder

    @property
    def log_path(self) -> Path:
        """What it writes on standard output and standard error."""
        return self.folder / "log"

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace")

    def processes(self) -> list[int]:
        """Its process and all that descend from it."""
        return process_tree(self.process.pid)

    def write(self, file: str, text: str) -> Path:
        """Writes a file into its folder."""
        path = self.folder / file
        path.write_text(text)
        return path

    def executable(self) -> str:
        """The path of the command. Raises PeerFailedError that says how to get it."""
        path = shutil.which(self.command, path=SYSTEM_PATH)
        if path is None:
            raise PeerFailedError(f"{self.command} is not there; {self.where_from}")
        return path

    def version(self) -> str:
        """The first line of what it says of itself."""
        done = subprocess.run([self.executable(), self.version_flag], capture_output=True, text=True, check=False)
        return next(iter((done.stdout + done.stderr).splitlines()), "unknown")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _pinning(self) -> list[str]:
        return [] if self.service.core is None else ["taskset", "--cpu-list", str(self.service.core)]

    def _pin_again(self) -> None:
        """Knot moves its workers to the first cores by itself: moves every thread back to where it was told to be."""
        if self.service.core is not None:
            for pid in self.processes():
                for task in Path(f"/proc/{pid}/task").iterdir():
                    os.sched_setaffinity(int(task.name), {self.service.core})

    def _end(self) -> int:
        process = self.process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
        if process.poll() is None:
            process.kill()
        status = process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._process = self._folder = None
        return status


def process_tree(root: int) -> list[int]:
    """A process and its descendants, itself first."""
    parents = {pid: parent for pid in _all_pids() if (parent := _parent(pid)) is not None}
    found, before = {root}, 0
    while len(found) != before:
        before = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return [root, *sorted(found - {root})]


def _all_pids() -> Iterable[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _parent(pid: int) -> int | None:
    """The parent of a process, None when it has ended; its name, before the last parenthesis, may hold blanks."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def free_port() -> int:
    """A port of 127.0.0.1 that is free for UDP and TCP at this moment, and that nobody gets unasked."""
    while True:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        tcp, udp = socket.socket(type=socket.SOCK_STREAM), socket.socket(type=socket.SOCK_DGRAM)
        with contextlib.suppress(OSError), tcp, udp:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            return port


def probe(
    endpoint: Endpoint,
    qname: str,
    *,
    rdtype: str = "SOA",
    timeout_s: float = 0.2,
    dnssec_ok: bool = False,
    network: Network | None = None,
) -> dns.message.Message | None:
    """One question over UDP; None when there is no reply, or none that parses."""
    question = dns.message.make_query(qname, rdtype, want_dnssec=dnssec_ok)
    made = network.open_socket if network else socket.socket
    with made(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout_s)
        try:
            udp.connect((endpoint.host, endpoint.port))
            udp.send(question.to_wire())
            reply = dns.message.from_wire(udp.recv(65_535))
        except (OSError, dns.exception.DNSException):
            return None
    return reply if reply.id == question.id and reply.flags & dns.flags.QR else None

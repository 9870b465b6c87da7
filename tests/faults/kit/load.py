"""Load on a server from several sockets, which counts every single query by its id.

Each socket keeps a window of questions open: a reply lets the next one go, so the server works as hard as the client
can ask, and no socket's buffer runs over. A query is lost when its reply has not come in five seconds.
"""

import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import dns.message

from bench.peers import Endpoint

LOST_AFTER_S = 5.0

Check = Callable[[str, bytes], str]
"""Is given a question's name and the reply; says what is wrong with it, or nothing."""


@dataclass
class Tally:
    """What became of the queries."""

    sent: int = 0
    answered: int = 0
    lost: int = 0
    strange: int = 0
    """Replies to queries that nobody waits for: twice answered, or another's id."""
    rcodes: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        """The time within which this share of the queries was answered."""
        return sorted(self.times_ms)[min(len(self.times_ms) - 1, int(share * len(self.times_ms)))]


@dataclass
class _Client:
    """A socket and its open questions: id to name and time of sending."""

    socket: socket.socket
    open: dict[int, tuple[str, float]] = field(default_factory=dict)
    last_id: int = 0


class Load:
    """Asks from `start` to `stop`, or within `with`, in a thread of its own."""

    def __init__(
        self,
        endpoint: Endpoint,
        questions: Iterable[tuple[str, str]],
        *,
        check: Check = lambda _name, _reply: "",
        sockets: int = 4,
        window: int = 8,
        pause_s: float = 0.0,
    ) -> None:
        """`questions`: (name, type), asked in turn, for ever. `pause_s`: between rounds, for a gentler load."""
        self.tally = Tally()
        self._endpoint = endpoint
        self._packets = [(name, dns.message.make_query(name, rtype, id=0).to_wire()) for name, rtype in questions]
        self._next = 0
        self._check = check
        self._window = window
        self._pause_s = pause_s
        self._clients = [_Client(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(sockets)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._error: BaseException | None = None

    def start(self) -> Self:
        for client in self._clients:
            client.socket.connect((self._endpoint.host, self._endpoint.port))
            client.socket.settimeout(0)
        self._thread.start()
        return self

    def stop(self) -> Tally:
        """Waits for what is open, and returns the tally."""
        self._stop.set()
        self._thread.join(LOST_AFTER_S + 30)
        for client in self._clients:
            client.socket.close()
        if self._error is not None:
            raise self._error
        return self.tally

    def wait_for(self, answered: int, *, timeout_s: float = 30.0) -> None:
        """Waits until so many more queries have been answered."""
        wanted, until = self.tally.answered + answered, time.monotonic() + timeout_s
        while self.tally.answered < wanted:
            assert self._thread.is_alive(), "the load has ended"
            assert time.monotonic() < until, f"{answered} queries were not answered within {timeout_s:g} s"
            time.sleep(0.005)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                for client in self._clients:
                    selector.register(client.socket, selectors.EVENT_READ, client)
                while not self._stop.is_set():
                    self._round(selector, self._clients)
                until = time.monotonic() + LOST_AFTER_S
                while any(client.open for client in self._clients) and time.monotonic() < until:
                    self._round(selector, ())
                self.tally.lost += sum(len(client.open) for client in self._clients)
        except BaseException as error:  # noqa: BLE001  handed to whoever stops the load
            self._error = error

    def _round(self, selector: selectors.BaseSelector, asking: Sequence[_Client]) -> None:
        for client in asking:
            self._fill(client)
        for key, _ in selector.select(0.2):
            self._drain(key.data)
        if asking and self._pause_s:
            time.sleep(self._pause_s)

    def _fill(self, client: _Client) -> None:
        now = time.monotonic()
        while len(client.open) < self._window:
            name, packet = self._packets[self._next]
            self._next = (self._next + 1) % len(self._packets)
            client.last_id = (client.last_id + 1) & 0xFFFF
            client.open[client.last_id] = (name, now)
            client.socket.send(struct.pack("!H", client.last_id) + packet[2:])
            self.tally.sent += 1
        first = next(iter(client.open.items()))
        if now - first[1][1] > LOST_AFTER_S:
            self.tally.lost += 1
            del client.open[first[0]]

    def _drain(self, client: _Client) -> None:
        while True:
            try:
                reply = client.socket.recv(65_535)
            except BlockingIOError:
                return
            found = client.open.pop(struct.unpack("!H", reply[:2])[0], None)
            if found is None:
                self.tally.strange += 1
                continue
            name, at = found
            self.tally.answered += 1
            self.tally.rcodes[reply[3] & 0x0F] += 1
            self.tally.times_ms.append((time.monotonic() - at) * 1000)
            if (wrong := self._check(name, reply)) and len(self.tally.wrong) < 10:
                self.tally.wrong.append(f"{name}: {wrong}")

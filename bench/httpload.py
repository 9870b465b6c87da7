"""Changes over HTTP/1.1, as quickly as they are answered: so many clients, each with a connection that stays open.

The client is small, so that the server is what is measured: it knows requests with a body, and answers with a length.
A server that closes a connection gets a new one, in the time that is measured.
"""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

TIMEOUT_S: Final = 600.0


class RefusedError(Exception):
    """A change was answered with something else than success."""


@dataclass(frozen=True, slots=True)
class Request:
    """A change."""

    method: str
    path: str
    body: bytes


@dataclass(slots=True)
class Connection:
    """To a server; opened when it is used."""

    host: str
    port: int
    headers: Mapping[str, str]
    _socket: socket.socket | None = field(default=None, init=False)

    def send(self, request: Request) -> bytes:
        """The answer's body. Raises RefusedError, OSError."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        first = f"{request.method} {request.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
        length = f"Content-Length: {len(request.body)}\r\n\r\n"
        there = self._socket or self._open()
        there.sendall(f"{first}{head}{length}".encode() + request.body)
        status, stays, body = _answer(there)
        if not stays:
            self.close()
        if status not in (200, 201, 204):
            raise RefusedError(f"{request.method} {request.path}: {status} {body[:300].decode(errors='replace')}")
        return body

    def close(self) -> None:
        """Closes it; it opens again by itself."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _open(self) -> socket.socket:
        self._socket = socket.create_connection((self.host, self.port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket


@dataclass(frozen=True)
class Rate:
    """Requests that succeeded a second, and the share of all that was refused."""

    per_second: float
    refused: float


def rate(connect: Callable[[], Connection], request: Callable[[], Request], clients: int, seconds: float) -> Rate:
    """By so many clients at once, each as quickly as it is answered. Raises OSError, and RefusedError when nothing
    succeeds."""
    done, refused, failures = [0] * clients, [0] * clients, list[OSError | RefusedError]()
    until = time.perf_counter() + seconds

    def work(at: int) -> None:
        connection = connect()
        try:
            while time.perf_counter() < until:
                try:
                    connection.send(request())
                    done[at] += 1
                except RefusedError as error:
                    refused[at] += 1
                    failures.append(error)
        except OSError as error:
            failures.insert(0, error)
        finally:
            connection.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(at,)) for at in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, good, bad = time.perf_counter() - began, sum(done), sum(refused)
    if failures and (not good or isinstance(failures[0], OSError)):
        raise failures[0]
    return Rate(good / took, bad / (good + bad) if bad else 0.0)


def _answer(there: socket.socket) -> tuple[int, bool, bytes]:
    """Status, whether the connection stays open, body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(there)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    status = int(first.split()[1])
    if "content-length" in headers:
        while len(body) < int(headers["content-length"]):
            body += _more(there)
    return status, headers.get("connection") != "close", body


def _more(there: socket.socket) -> bytes:
    more = there.recv(65_536)
    if not more:
        raise ConnectionError("the server has closed the connection within an answer")
    return more

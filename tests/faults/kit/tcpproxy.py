"""A TCP proxy before a server that a test makes slow, silent, or cuts off."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

from bench.peers import Endpoint
from bench.peers.server import free_port


class TcpProxy:
    """Runs within `with`. What it does may be changed at any time, for connections that are open as well."""

    def __init__(self, target: Endpoint) -> None:
        self.endpoint = Endpoint("127.0.0.1", free_port())
        self.delay_s = 0.0
        """Each packet is passed on so much later."""
        self.silent = False
        """Connections are taken, and nothing is passed on."""
        self.cut_after: int | None = None
        """Octets of a reply after which a connection is closed."""
        self._target = target
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None

    def listen(self) -> None:
        """Takes connections."""
        listener = self._listener = socket.create_server((self.endpoint.host, self.endpoint.port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """Takes none any more, and ends those that are open."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.end_all()

    def end_all(self) -> None:
        """Ends the connections that are open."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.silent, self.delay_s = False, 0.0
        self.refuse()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        where = (self._target.host, self._target.port)
        with client, contextlib.suppress(OSError), socket.create_connection(where) as server:
            self._open |= {client, server}
            back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server)
            back.join()
            self._open -= {client, server}

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        passed, reply = 0, source.getpeername() == (self._target.host, self._target.port)
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                while self.silent:
                    time.sleep(0.05)
                time.sleep(self.delay_s)
                limit = self.cut_after if reply else None
                target.sendall(data if limit is None else data[: max(0, limit - passed)])
                passed += len(data)
                if limit is not None and passed >= limit:
                    break
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

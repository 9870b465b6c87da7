"""The client of the control socket, against real sockets."""

import socket
import threading
from pathlib import Path

import pytest

from resolute.errors import PeerError, ResoluteError, RuleError, SettingsError, UnavailableError
from resolute.node.client import ControlClient


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="resolute serve"):
        ControlClient(tmp_path).status()


def test_a_dead_socket_is_no_server(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    with pytest.raises(UnavailableError, match="resolute serve"):
        ControlClient(tmp_path).status()


@pytest.mark.parametrize(
    ("status", "body", "family", "text"),
    [
        (422, b'{"error": {"message": "m", "problems": ["p1", "p2"]}}', SettingsError, "p1\np2"),
        (409, b'{"error": {"message": "refused"}}', RuleError, "refused"),
        (400, b'{"error": {"message": "bad name"}}', RuleError, "bad name"),
        (503, b'{"error": {"message": "gone"}}', UnavailableError, "gone"),
        (502, b'{"error": {"message": "peer"}}', PeerError, "peer"),
        (500, b"oops", UnavailableError, "status 500"),
    ],
)
def test_errors_come_back_as_their_family(
    tmp_path: Path, status: int, body: bytes, family: type[ResoluteError], text: str
) -> None:
    with answering(tmp_path / "control.sock", status, body), pytest.raises(family, match=text):
        ControlClient(tmp_path).reload()


def test_an_answer_is_given_as_it_is(tmp_path: Path) -> None:
    with answering(tmp_path / "control.sock", 200, b'{"pid": 7}'):
        assert ControlClient(tmp_path / "control.sock").status() == {"pid": 7}


def test_a_server_that_hangs_does_not_hang_the_client(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "control.sock"))
        silent.listen()
        with pytest.raises(UnavailableError, match=r"0\.2 s"):
            ControlClient(tmp_path, timeout_s=0.2).status()


class answering:  # noqa: N801  reads as a verb in `with`
    """A server that gives one answer."""

    def __init__(self, path: Path, status: int, body: bytes) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.reply = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body)
        self.thread = threading.Thread(target=self.serve)

    def serve(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self.reply)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.thread.join()
        self.listener.close()

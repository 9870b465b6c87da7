"""The admin socket (H14): it lets in the user that runs the server and root, and nobody who comes over TCP becomes its
owner, whatever is said there."""

import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from pwd import getpwuid
from typing import Any
from urllib.parse import urlsplit

import pytest

from bench.peers import Resolute, Service

SOMEBODY = 65_534
SESSION = "http://localhost/api/v1/session"
MARK = "http %{http_code}"


@pytest.fixture(scope="module")
def admin() -> Iterator[Resolute]:
    """Its data directory is where another user could get at, if the modes let them."""
    folder = Path(tempfile.mkdtemp(prefix="resolute-admin-socket-"))
    folder.chmod(0o755)
    try:
        with Resolute(Service(), admin=True, data=folder / "data") as running:
            yield running
    finally:
        shutil.rmtree(folder)


def admin_socket(admin: Resolute) -> Path:
    return admin.data / "admin.sock"


def curl(admin: Resolute, *words: str, user: int | None = None) -> tuple[int, Any]:
    """The status (0: no connection) and the body of what the admin socket answers."""
    command = ["curl", "-s", "-m", "20", "-w", MARK, "--unix-socket", str(admin_socket(admin)), *words]
    other: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd="/", **other)
    body, _, status = done.stdout.rpartition("http ")
    return int(status), json.loads(body) if body else None


def over_tcp(admin: Resolute, head: str) -> tuple[int, str]:
    """The status and the whole answer to a request as it stands."""
    host, port = urlsplit(admin.admin_url).netloc.split(":")
    with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
        connection.sendall(head.encode())
        answer = b""
        while more := connection.recv(65_536):
            answer += more
    return int(answer.split(b" ", 2)[1]), answer.decode()


def test_only_its_owner_may_open_it(admin: Resolute) -> None:
    state = admin_socket(admin).stat()
    assert stat.S_ISSOCK(state.st_mode)
    assert stat.S_IMODE(state.st_mode) == 0o600
    assert stat.S_IMODE(admin.data.stat().st_mode) == 0o700
    status, body = curl(admin, SESSION)
    assert (status, body["role"]) == (200, "owner")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
class TestAnotherUser:
    """Somebody else with an account on the machine."""

    @pytest.fixture
    def wide(self, admin: Resolute) -> Iterator[Mapping[Path, int]]:
        """The modes that somebody has opened by mistake."""
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (admin.data, admin_socket(admin))}
        admin.data.chmod(0o755)
        admin_socket(admin).chmod(0o666)
        yield modes
        for path, mode in modes.items():
            path.chmod(mode)

    def test_the_modes_keep_out(self, admin: Resolute) -> None:
        assert curl(admin, SESSION, user=SOMEBODY) == (0, None)
        admin.data.chmod(0o755)
        try:
            assert curl(admin, SESSION, user=SOMEBODY) == (0, None)
        finally:
            admin.data.chmod(0o700)

    @pytest.mark.usefixtures("wide")
    @pytest.mark.parametrize("path", ["session", "health", "users", "zones", "none"])
    def test_so_does_the_kernel_s_word(self, admin: Resolute, path: str) -> None:
        status, body = curl(admin, f"http://localhost/api/v1/{path}", user=SOMEBODY)
        assert status == 403
        assert f"is for the user that runs the server, not for {getpwuid(SOMEBODY).pw_name} (local)" in body["detail"]
        assert "denied: GET" in admin.log_text()

    @pytest.mark.usefixtures("wide")
    def test_and_changes_nothing(self, admin: Resolute) -> None:
        words = ["-H", "Content-Type: application/json", "-d", '{"name": "x.test", "nameservers": ["ns.y.test."]}']
        assert curl(admin, *words, "http://localhost/api/v1/zones", user=SOMEBODY)[0] == 403
        assert curl(admin, "http://localhost/api/v1/zones")[1]["items"] == []


@pytest.mark.parametrize(
    "headers",
    [
        "Host: localhost\r\n",
        "Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n",
        "Host: localhost\r\nX-Forwarded-For: unix:\r\nX-Real-IP: unix:\r\n",
        'Host: localhost\r\nForwarded: for="unix:/data/admin.sock";host=localhost\r\n',
        "Host: localhost\r\nX-Peer: 0\r\nPeer: 0\r\nState: peer\r\n",
        "Host: localhost\r\nAuthorization: Bearer \r\n",
        "Host: localhost\r\nCookie: resolute=\r\n",
        "Host: localhost\r\nX-Remote-User: root\r\nRemote-User: root (local)\r\n",
        "Host: root (local)@localhost\r\n",
        "Host: /data/admin.sock\r\n",
        "",
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_nobody_on_tcp_is_the_owner(admin: Resolute, headers: str, version: str) -> None:
    head = f"GET /api/v1/session HTTP/{version}\r\n{headers}Connection: close\r\n\r\n"
    status, text = over_tcp(admin, head)
    assert status in (400, 401, 403)
    assert '"role"' not in text


def test_a_target_with_another_host_is_not_believed(admin: Resolute) -> None:
    head = "GET http://localhost/api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert over_tcp(admin, head)[0] in (400, 401, 403, 404)


@pytest.mark.parametrize("header", ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy"])
def test_what_a_proxy_forwards_to_it_is_nobody_s(admin: Resolute, header: str) -> None:
    """Somebody may have put a proxy before the socket: who comes through it is not the owner."""
    assert curl(admin, "-H", header, SESSION)[0] == 401


def test_another_name_is_refused(admin: Resolute) -> None:
    assert curl(admin, "-H", "Host: evil.example", SESSION)[0] == 403


def test_what_is_sent_must_be_good(admin: Resolute) -> None:
    for header in ("Authorization: Bearer nonsense", "X-API-Key: nonsense", "Cookie: resolute=nonsense"):
        assert curl(admin, "-H", header, SESSION)[0] == 401


def test_who_uses_up_the_port_does_not_keep_the_owner_out(admin: Resolute) -> None:
    host, port = urlsplit(admin.admin_url).netloc.split(":")
    held = [socket.create_connection((host, int(port)), timeout=20) for _ in range(520)]
    try:
        assert over_tcp(admin, "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 503
        assert curl(admin, SESSION)[0] == 200
    finally:
        for connection in held:
            connection.close()

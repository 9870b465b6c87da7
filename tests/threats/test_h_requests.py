"""Requests without an end, against the real admin port (H9): they cost little, and others are served meanwhile."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.faults.kit.asking import wait_for

GROWTH_KIB = 16 * 1024


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    with Resolute(Service(), admin=True, data=tmp_path_factory.mktemp("admin") / "data") as server:
        assert said(server, b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == 200
        yield server


@pytest.fixture(autouse=True)
def small_and_there(admin: Resolute) -> Iterator[None]:
    """After each test the same process answers, and is not much larger."""
    pid = admin_pid(admin)
    before = resident_kib(pid)
    yield
    assert said(admin, b"GET /records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == 200
    assert admin_pid(admin) == pid
    assert resident_kib(pid) - before <= GROWTH_KIB


def admin_pid(server: Resolute) -> int:
    return int(ControlClient(server.data).status()["admin"]["pid"])


def resident_kib(pid: int) -> int:
    match = re.search(r"VmRSS:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match
    return int(match[1])


def connect(server: Resolute) -> socket.socket:
    host, port = urlsplit(server.admin_url).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def said(server: Resolute, head: bytes, chunk: bytes = b"", times: int = 0) -> int:
    """The status of the answer to a head and so many chunks; 0 when the connection ended without one."""
    with closing(connect(server)) as connection:
        try:
            connection.sendall(head)
            for _ in range(times):
                connection.sendall(chunk)
        except OSError:
            pass  # it has heard enough
        try:
            answer = connection.recv(4096)
        except ConnectionError:
            return 0
        return int(answer.split()[1]) if answer else 0


POST = b"POST /records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
LOGIN = b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
MEGABYTE = b"x" * 2**20


@pytest.mark.parametrize("head", [POST, LOGIN])
def test_h9_ten_gigabytes_announced(admin: Resolute, head: bytes) -> None:
    assert said(admin, head + b"Content-Length: 10737418240\r\n\r\n", MEGABYTE, 32) in (413, 0)
    assert said(admin, head + b"Content-Length: 10737418240\r\n\r\n") == 413


def test_h9_a_stranger_who_is_not_let_in_is_not_read(admin: Resolute) -> None:
    head = b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n"
    assert said(admin, head) == 401


@pytest.mark.parametrize("head", [POST, LOGIN])
def test_h9_chunks_without_an_end(admin: Resolute, head: bytes) -> None:
    chunk = b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE)
    assert said(admin, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 64) in (413, 0)


def test_h9_many_tiny_chunks(admin: Resolute) -> None:
    assert said(admin, LOGIN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n[\r\n" * 1000, 100) in (413, 0)


def test_h9_a_million_headers(admin: Resolute) -> None:
    assert said(admin, b"GET /records HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n" * 10_000, 100) in (400, 431, 0)


@pytest.mark.parametrize("before", [b"", b"GET /records HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["first", "behind"])
def test_h9_a_field_without_an_end(admin: Resolute, before: bytes) -> None:
    head = before + b"GET /records HTTP/1.1\r\nHost: localhost\r\nX-A: "
    assert said(admin, head, b"b" * 65_536, 1_000) in ((200,) if before else ()) + (400, 431, 0)


def test_h9_fields_behind_a_body_without_an_end(admin: Resolute) -> None:
    head = LOGIN + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    assert said(admin, head, b"X-A: b\r\n" * 10_000, 100) in (400, 413, 422, 0)


def test_h9_a_path_without_an_end(admin: Resolute) -> None:
    assert said(admin, b"GET /", b"a/" * 2**19, 8) in (400, 414, 0)


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 10_000, b'{"user": ' + b"9" * 60_000, b'"\\ud800"'])
def test_h9_deep_and_strange_json(admin: Resolute, body: bytes) -> None:
    """The interpreter's limits (recursion, digits of an integer) become a refusal."""
    for head in (POST, LOGIN):
        assert said(admin, head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)) in (400, 422)


def test_h9_heads_that_never_end(admin: Resolute) -> None:
    """They end after 15 s; others are served meanwhile."""
    held = [connect(admin) for _ in range(300)]
    try:
        for one in held:
            one.sendall(b"GET /records HTTP/1.1\r\nHost: local")
        started = time.monotonic()
        assert said(admin, b"GET /records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == 200
        assert time.monotonic() - started < 10
        held[0].settimeout(25)
        assert held[0].recv(100) == b""
        assert time.monotonic() - started < 20
    finally:
        for one in held:
            one.close()


def test_h1_the_set_up_token_is_in_the_log_and_makes_the_owner(admin: Resolute) -> None:
    """As an operator does it, on the real server; and after it, what the token of the owner may."""
    wait_for(lambda: "set-up token" in admin.log_text())
    (token,) = re.findall(r"set-up token ([0-9a-f]{64})", admin.log_text())
    body = json.dumps({"token": token, "user": "alice", "password": "four words nobody chose"}).encode()
    head = b"POST /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    assert said(admin, head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)) == 201
    assert said(admin, head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)) == 409


def test_h16_no_core_dump_and_no_debugger(admin: Resolute) -> None:
    """prctl(2): what belongs to a process that may not be dumped belongs to root, and its memory is not to be read."""
    limits = Path(f"/proc/{admin_pid(admin)}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)

"""The admin port beyond loopback: who is let in there, and who is not."""

import http.client
import ipaddress
import json
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import ifaddr
import pytest

from bench.peers import Resolute, Service
from bench.peers.server import free_port
from tests.faults.kit.asking import wait_for

PASSWORD = "four words nobody chose"


def own_address() -> str:
    """An IPv4 address of this machine that others can reach."""
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if ip.is_IPv4 and not ipaddress.ip_address(str(ip.ip)).is_loopback:
                return str(ip.ip)
    pytest.skip("this machine has no address but loopback")


class Beyond(Resolute):
    """Resolute with its admin port on every address; `[admin]` as given."""

    def __init__(self, data: Path, extra: str = "") -> None:
        super().__init__(Service(extra=extra), admin=True, data=data)
        self.port = free_port()
        self._admin = f"0.0.0.0:{self.port}"

    def ask(
        self, method: str, host: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text of the answer to a request that goes to an address of this machine."""
        connection = http.client.HTTPConnection(host, self.port, timeout=15)
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        said = answer.status, answer.read().decode()
        connection.close()
        return said

    def set_up(self) -> str:
        """Makes alice the owner from this machine; returns a token of hers."""
        wait_for(lambda: "set-up token" in self.log_text())
        (token,) = re.findall(r"set-up token ([0-9a-f]{64})", self.log_text())
        owner = {"token": token, "user": "alice", "password": PASSWORD}
        assert self.ask("POST", "127.0.0.1", "/api/v1/setup", owner)[0] == 201
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        login = json.dumps({"user": "alice", "password": PASSWORD})
        connection.request("POST", "/api/v1/login", login, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        cookie = str(answer.getheader("Set-Cookie")).split(";")[0]
        connection.close()
        browser = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{self.port}"}
        made = self.ask("POST", "127.0.0.1", "/api/v1/tokens", {"name": "t", "scope": {}}, browser)
        return str(json.loads(made[1])["token"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beyond]:
    with Beyond(tmp_path_factory.mktemp("beyond") / "data", '[admin]\nhosts = ["dns.example.net"]\n') as running:
        yield running


@pytest.fixture(scope="module")
def bearer(server: Beyond) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.set_up()}"}


def test_it_says_where_it_listens(server: Beyond) -> None:
    assert urlsplit(server.admin_url).netloc == f"0.0.0.0:{server.port}"


def test_others_need_a_token_for_everything(server: Beyond, bearer: dict[str, str]) -> None:
    there = own_address()
    for path in ("/records", "/api/v1/users", "/api/v1/audit"):
        assert server.ask("GET", there, path)[0] == 401
        assert server.ask("GET", there, path, headers=bearer)[0] == 200
    record = {"domain": "app.test", "ip": "192.0.2.7"}
    assert server.ask("POST", there, "/records", record)[0] == 401
    assert server.ask("POST", there, "/records", record, bearer)[0] == 200
    assert json.loads(server.ask("GET", "127.0.0.1", "/records")[1]) == {"app.test": "192.0.2.7"}


def test_passwords_do_not_go_over_the_network_in_the_clear(server: Beyond, bearer: dict[str, str]) -> None:
    assert bearer
    login = {"user": "alice", "password": PASSWORD}
    status, text = server.ask("POST", own_address(), "/api/v1/login", login)
    assert status == 403
    assert "HTTPS" in text


def test_under_which_names(server: Beyond, bearer: dict[str, str]) -> None:
    there = own_address()
    good = ["dns.example.net", f"DNS.example.net:{server.port}", there, f"{there}:{server.port}", "localhost"]
    bad = ["evil.example", f"{there}.example", "192.0.2.250", "0.0.0.0", "dns.example.net.evil.example"]
    for host in good:
        assert server.ask("GET", there, "/api/v1/users", headers={**bearer, "Host": host})[0] == 200, host
    for host in bad:
        assert server.ask("GET", there, "/api/v1/users", headers={**bearer, "Host": host})[0] == 403, host


def test_what_was_set_up_stays_over_a_restart(tmp_path: Path) -> None:
    with Beyond(tmp_path / "data") as first:
        token = first.set_up()
    with Beyond(tmp_path / "data") as second:
        assert second.ask("GET", "127.0.0.1", "/api/v1/users", headers={"X-API-Key": token})[0] == 200
        assert "set-up token" not in second.log_text()
        assert token not in second.log_text()


def test_one_address_does_not_take_all_places(server: Beyond, bearer: dict[str, str]) -> None:
    """64 connections; whoever comes from elsewhere, loopback here, is served all the same."""
    there = own_address()
    held = [socket.create_connection((there, server.port), timeout=5) for _ in range(70)]
    try:
        ended = 0
        for one in held:
            one.settimeout(0.2)
            try:
                ended += one.recv(1) == b""
            except ConnectionResetError:
                ended += 1
            except TimeoutError:
                pass
        assert ended == 6
        assert server.ask("GET", "127.0.0.1", "/api/v1/users", headers=bearer)[0] == 200
    finally:
        for one in held:
            one.close()

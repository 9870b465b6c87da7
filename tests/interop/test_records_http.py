"""Local records over HTTP, as simple tools send them: seen by the very next query, durable, and closed to strangers."""

import http.client
import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.faults.kit.asking import addresses, answers, ask, wait_for
from tests.faults.kit.load import Load

ADDED = "Record added successfully"
WRITERS = 100


class Said(NamedTuple):
    """What an HTTP request was answered."""

    status: int
    text: str


def send(server: Resolute, method: str, path: str, body: object = None, **headers: str) -> Said:
    """One request on a connection of its own; `body` is sent as JSON, bytes as they are."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection = http.client.HTTPConnection(urlsplit(server.admin_url).netloc, timeout=15)
    try:
        connection.request(method, path, content, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Said(answer.status, answer.read().decode())
    finally:
        connection.close()


def add(server: Resolute, domain: object, ip: object) -> Said:
    return send(server, "POST", "/records", {"domain": domain, "ip": ip})


def listed(server: Resolute) -> dict[str, str]:
    said = send(server, "GET", "/records")
    assert said.status == 200
    found: dict[str, str] = json.loads(said.text)
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Resolute]:
    with Resolute(Service(), admin=True, data=tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    """One for all tests that change nothing, or care for what they change."""
    with Resolute(Service(), admin=True, data=tmp_path_factory.mktemp("shared") / "data") as running:
        yield running


class TestOneRecord:
    """The three routes, one name at a time."""

    def test_added_seen_replaced_removed(self, server: Resolute) -> None:
        assert add(server, "app.test", "192.0.2.7") == (200, ADDED)
        assert addresses(server.endpoint, "app.test.") == ["192.0.2.7"]
        assert answers(ask(server.endpoint, "7.2.0.192.in-addr.arpa.", "PTR")) == ["app.test."]
        assert listed(server) == {"app.test": "192.0.2.7"}
        assert add(server, "app.test", "192.0.2.8") == (200, ADDED)
        assert addresses(server.endpoint, "app.test.") == ["192.0.2.8"]
        assert answers(ask(server.endpoint, "7.2.0.192.in-addr.arpa.", "PTR")) == []
        assert listed(server) == {"app.test": "192.0.2.8"}
        assert send(server, "DELETE", "/records/app.test").status == 200
        assert addresses(server.endpoint, "app.test.") == []
        assert listed(server) == {}
        assert send(server, "DELETE", "/records/app.test").status == 404

    def test_ipv6(self, server: Resolute) -> None:
        assert add(server, "six.test", "2001:DB8:0::7") == (200, ADDED)
        assert addresses(server.endpoint, "six.test.", "AAAA") == ["2001:db8::7"]
        assert listed(server) == {"six.test": "2001:db8::7"}
        reverse = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
        assert answers(ask(server.endpoint, reverse, "PTR")) == ["six.test."]
        # A name has one address: the other type has no data, and is not asked elsewhere.
        four = ask(server.endpoint, "six.test.", "A")
        assert (four.rcode(), four.answer) == (0, [])

    def test_the_trailing_dot_and_letter_case_make_no_difference(self, server: Resolute) -> None:
        assert add(server, "App.Test.", "192.0.2.7") == (200, ADDED)
        assert add(server, "app.test", "192.0.2.8") == (200, ADDED)
        assert listed(server) == {"app.test": "192.0.2.8"}
        assert addresses(server.endpoint, "APP.test.") == ["192.0.2.8"]
        assert send(server, "DELETE", "/records/aPP.test.").status == 200
        assert listed(server) == {}

    def test_the_very_next_query_sees_it(self, server: Resolute) -> None:
        for number in range(200):
            address = f"192.0.{number % 7}.{number}"
            assert add(server, f"n{number % 5}.test", address) == (200, ADDED)
            assert addresses(server.endpoint, f"n{number % 5}.test.") == [address]

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
    def test_what_curl_sends_by_itself_will_do(self, server: Resolute, content_type: str) -> None:
        body = {"domain": "app.test", "ip": "192.0.2.7"}
        assert send(server, "POST", "/records", body, Content_Type=content_type) == (200, ADDED)


class TestBadRequests:
    """400 and one clear line; nothing changes."""

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            (b"", "JSON"),
            (b"{", "JSON"),
            (b"\xff\xfe", "JSON"),
            (b"[" * 20_000, "JSON"),
            (b"[]", "object"),
            (b'"text"', "object"),
            (b"null", "object"),
            ({}, "domain"),
            ({"ip": "192.0.2.7"}, "domain"),
            ({"domain": "app.test"}, "address"),
            ({"domain": "", "ip": "192.0.2.7"}, "empty"),
            ({"domain": "  ", "ip": "192.0.2.7"}, "empty"),
            ({"domain": ".", "ip": "192.0.2.7"}, "root"),
            ({"domain": "a..b", "ip": "192.0.2.7"}, "dots"),
            ({"domain": "a" * 64, "ip": "192.0.2.7"}, "63"),
            ({"domain": ".".join(["a" * 63] * 5), "ip": "192.0.2.7"}, "255"),
            ({"domain": 5, "ip": "192.0.2.7"}, "number"),
            ({"domain": ["app.test"], "ip": "192.0.2.7"}, "list"),
            ({"domain": None, "ip": "192.0.2.7"}, "missing"),
            ({"domain": "app.test", "ip": ""}, "address"),
            ({"domain": "app.test", "ip": "192.0.2"}, "192.0.2"),
            ({"domain": "app.test", "ip": "192.0.2.256"}, "192.0.2.256"),
            ({"domain": "app.test", "ip": "host.test"}, "host.test"),
            ({"domain": "app.test", "ip": "fe80::1%eth0"}, "scope"),
            ({"domain": "app.test", "ip": 3_221_225_991}, "number"),
            ({"domain": "app.test", "ip": "192.0.2.7\nx"}, "address"),
        ],
    )
    def test_one_line_says_what_is_wrong(self, shared: Resolute, body: object, word: str) -> None:
        said = send(shared, "POST", "/records", body)
        assert said.status == 400
        assert word in said.text
        assert said.text.endswith("\n")
        assert said.text.count("\n") == 1
        assert said.text.strip().isprintable()
        assert listed(shared) == {}

    def test_other_paths_and_methods(self, shared: Resolute) -> None:
        assert send(shared, "GET", "/").status == 404
        assert send(shared, "GET", "/no/such/thing").status == 404
        assert send(shared, "PUT", "/records", {}).status == 405
        assert send(shared, "DELETE", "/records/a..b").status == 400
        assert send(shared, "POST", "/records", b"x" * 70_000).status == 413


class TestManyWriters:
    """A hundred at once under query load."""

    @pytest.mark.slow
    def test_nothing_is_lost(self, tmp_path: Path) -> None:
        each = 5

        def write(server: Resolute, writer: int) -> None:
            for number in range(each):
                assert add(server, f"w{writer}-{number}.test", f"192.0.{writer}.{number}") == (200, ADDED)
                # Everybody has this name as well; the last one wins, whoever that is.
                assert add(server, "shared.test", f"198.51.100.{writer}") == (200, ADDED)

        wanted = {
            f"w{writer}-{number}.test": f"192.0.{writer}.{number}"
            for writer in range(WRITERS)
            for number in range(each)
        }
        with Resolute(Service(), admin=True, data=tmp_path) as server:
            add(server, "steady.test", "192.0.2.1")
            with Load(server.endpoint, [("steady.test.", "A")], pause_s=0.001) as load:
                with ThreadPoolExecutor(WRITERS) as pool:
                    list(pool.map(lambda writer: write(server, writer), range(WRITERS)))
                tally = load.stop()
            found = listed(server)
            assert found.pop("shared.test").startswith("198.51.100.")
            assert found == {**wanted, "steady.test": "192.0.2.1"}
            for name, address in list(wanted.items())[::7]:
                assert addresses(server.endpoint, name) == [address]
        assert (tally.lost, tally.strange, set(tally.rcodes)) == (0, 0, {0})
        with Resolute(Service(), admin=True, data=tmp_path) as again:
            assert listed(again).keys() == {*wanted, "shared.test", "steady.test"}
            assert addresses(again.endpoint, "w99-4.test.") == ["192.0.99.4"]


class TestDurability:
    """What was answered with 200 is there after a restart, however the server ended."""

    @pytest.mark.slow
    def test_kill_9_right_after_the_answer(self, tmp_path: Path) -> None:
        for number in range(6):
            server = Resolute(Service(), admin=True, data=tmp_path).start()
            assert len(listed(server)) == number
            assert add(server, f"n{number}.test", f"192.0.2.{number}") == (200, ADDED)
            server.kill()
        with Resolute(Service(), admin=True, data=tmp_path) as server:
            for number in range(6):
                assert addresses(server.endpoint, f"n{number}.test.") == [f"192.0.2.{number}"]

    def test_the_admin_process_dies_and_another_takes_its_place(self, server: Resolute) -> None:
        assert add(server, "app.test", "192.0.2.7") == (200, ADDED)
        kill_admin(server)
        assert addresses(server.endpoint, "app.test.") == ["192.0.2.7"]
        # The socket is the node's: a request that comes meanwhile waits.
        assert add(server, "next.test", "192.0.2.8") == (200, ADDED)
        assert addresses(server.endpoint, "next.test.") == ["192.0.2.8"]

    def test_a_seed_is_taken_once(self, tmp_path: Path) -> None:
        seed = tmp_path / "records.yml"
        seed.write_text("app.test: 192.0.2.7\ndb.test: 2001:db8::7\n")
        flags = [f"--records={seed}"]
        with Resolute(Service(), admin=True, data=tmp_path / "data", flags=flags) as server:
            assert listed(server) == {"app.test": "192.0.2.7", "db.test": "2001:db8::7"}
            assert add(server, "app.test", "192.0.2.99").status == 200
            assert send(server, "DELETE", "/records/db.test").status == 200
        with Resolute(Service(), admin=True, data=tmp_path / "data", flags=flags) as server:
            assert listed(server) == {"app.test": "192.0.2.99"}
            assert addresses(server.endpoint, "app.test.") == ["192.0.2.99"]


class TestStrangers:
    """The admin port is for programs on this machine that mean it."""

    @pytest.mark.parametrize(
        ("host", "status"),
        [
            ("localhost", 200),
            ("localhost:5380", 200),
            ("127.0.0.1", 200),
            ("[::1]:5380", 200),
            ("rebound.example", 403),
            ("127.0.0.1.example", 403),
            ("localhost.example:5380", 403),
            ("192.0.2.1", 403),
            ("0.0.0.0", 403),
            ("", 403),
        ],
    )
    def test_dns_rebinding_is_refused(self, shared: Resolute, host: str, status: int) -> None:
        assert send(shared, "GET", "/records", Host=host).status == status

    def test_pages_of_other_origins_change_nothing(self, shared: Resolute) -> None:
        body = {"domain": "app.test", "ip": "192.0.2.7"}
        assert send(shared, "POST", "/records", body, Origin="https://bad.example").status == 403
        assert send(shared, "POST", "/records", body, Sec_Fetch_Site="cross-site").status == 403
        assert listed(shared) == {}
        assert send(shared, "POST", "/records", body, Origin=shared.admin_url).status == 200
        assert send(shared, "DELETE", "/records/app.test").status == 200

    def test_requests_that_never_end_are_bounded(self, shared: Resolute) -> None:
        """Many half requests are open, and others are served all the same."""
        host, port = urlsplit(shared.admin_url).netloc.split(":")
        held = [socket.create_connection((host, int(port))) for _ in range(200)]
        try:
            for one in held:
                one.sendall(b"POST /records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            assert add(shared, "app.test", "192.0.2.7") == (200, ADDED)
            assert addresses(shared.endpoint, "app.test.") == ["192.0.2.7"]
            assert send(shared, "DELETE", "/records/app.test").status == 200
        finally:
            for one in held:
                one.close()


def kill_admin(server: Resolute) -> None:
    """Ends the admin process as a crash would, and waits until it is gone."""
    pid = ControlClient(server.data).status()["admin"]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: ControlClient(server.data).status()["admin"]["restarts"] > 0)

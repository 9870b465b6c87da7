"""A cheap proof of address: E4 of the catalogue."""

import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import TIMEOUT_S, cpu_seconds, parse, query, udp, udp_all
from tests.cookies import CLIENT, SECRET, Maker, asking, cookie_of, learn
from tests.threats.conftest import BYSTANDER, ZONE

WWW = "www.victim.test."
SETTINGS = f'[cookies]\nrequire = true\nsecrets = ["{SECRET.hex()}"]\n'


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    """A server as it is set while it is flooded."""
    file: Path = tmp_path_factory.mktemp("strict") / "victim.zone"
    file.write_text(ZONE)
    with Resolute(Service(zones={"victim.test.": file}, extra=SETTINGS)) as resolute:
        yield resolute


def asked_from(address: str, server: Endpoint, wire: bytes) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT_S)
        sock.bind((address, 0))
        sock.connect((server.host, server.port))
        sock.send(wire)
        return sock.recv(65_535)


def test_e4_cookies_are_on_by_default(server: Resolute) -> None:
    cookie = learn(server.endpoint, WWW)
    assert len(cookie) == 24
    assert learn(server.endpoint, WWW, cookie) == cookie


def test_e4_two_servers_have_two_secrets(server: Resolute) -> None:
    """A secret that is shipped, or guessed, is none."""
    with Resolute(Service(zones=server.service.zones)) as other:
        cookie = learn(server.endpoint, WWW)
        assert learn(other.endpoint, WWW, cookie) != cookie


def test_e4_a_stolen_cookie_is_worth_nothing_elsewhere(strict: Resolute) -> None:
    """The cookie is bound to the address: who has seen it cannot use it from, or against, another one."""
    cookie = learn(strict.endpoint, WWW)
    assert parse(asked_from("127.0.0.1", strict.endpoint, asking(WWW, cookie))).rcode() == dns.rcode.NOERROR
    for address in ("127.0.0.2", "127.1.2.3"):
        reply = parse(asked_from(address, strict.endpoint, asking(WWW, cookie)))
        assert reply.rcode() == dns.rcode.BADCOOKIE
        assert not reply.answer
        own = cookie_of(reply)
        assert own is not None
        assert parse(asked_from(address, strict.endpoint, asking(WWW, own))).rcode() == dns.rcode.NOERROR


def test_e4_a_cookie_is_not_guessed(strict: Resolute) -> None:
    """Ten thousand guesses at the hash, and every one that is one bit from it."""
    right = Maker().cookie(int(time.time()))
    guesses = [right[:16] + secrets.token_bytes(8) for _ in range(10_000)]
    guesses += [right[:16] + (int.from_bytes(right[16:]) ^ 1 << bit).to_bytes(8) for bit in range(64)]
    for begin in range(0, len(guesses), 50):
        for reply in udp_all(strict.endpoint, [asking(WWW, guess) for guess in guesses[begin : begin + 50]]):
            assert parse(reply).rcode() == dns.rcode.BADCOOKIE
    assert parse(udp(strict.endpoint, asking(WWW, right))).rcode() == dns.rcode.NOERROR


def test_e4_badcookie_is_no_bigger_than_a_spoofed_query_that_knows_one(strict: Resolute) -> None:
    """Under load, a client that has not shown its address gets its own question back, and sixteen bytes of cookie."""
    for wire in (asking(WWW), asking("any.victim.test.", rdtype=16)):
        reply = udp(strict.endpoint, wire)
        assert parse(reply).rcode() == dns.rcode.BADCOOKIE
        assert len(reply) == len(wire) + 16
    forged = asking("any.victim.test.", CLIENT + b"\1" * 16, rdtype=16)
    assert len(udp(strict.endpoint, forged)) == len(forged)


def test_e4_a_client_without_cookies_still_gets_its_answer(strict: Resolute) -> None:
    assert len(parse(udp(strict.endpoint, BYSTANDER)).answer) == 1


def test_e4_bad_cookies_cost_what_queries_cost(server: Resolute) -> None:
    """A flood of cookies, all of them wrong, is no more work than a tenth of a millisecond each."""
    wires = [asking(WWW, CLIENT + secrets.token_bytes(16)) for _ in range(100)]
    before = cpu_seconds(server)
    for _ in range(20):
        assert len(udp_all(server.endpoint, wires)) == len(wires)
    assert cpu_seconds(server) - before <= 20 * len(wires) * 1e-4
    assert len(parse(udp(server.endpoint, query(WWW))).answer) == 1

"""A reply comes from the address that was asked, also when the server listens on every address (RFC 2181 4)."""

from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from bench.peers.server import free_port
from tests.asking import numbered, query, rcode_of, tcp, udp, udp_socket

ZONE = Path(__file__).parent / "zones/second.test.zone"
QUESTION = query("web.second.test.")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    flags = [f"--listen=0.0.0.0:{number}", f"--listen=[::]:{number}"]
    with Resolute(Service(zones={"second.test.": ZONE}), flags=flags):
        yield number


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.9.8.7", "::1", "::ffff:127.0.0.4"])
def test_the_reply_has_the_address_that_was_asked(port: int, address: str) -> None:
    """RFC 2181 4.1: the response comes from the address that the query was sent to. The socket takes no other."""
    endpoint = Endpoint(address, port)
    assert rcode_of(udp(endpoint, QUESTION)) == dns.rcode.NOERROR
    assert rcode_of(tcp(endpoint, QUESTION)) == dns.rcode.NOERROR


def test_many_addresses_in_one_batch(port: int) -> None:
    sockets = [udp_socket(Endpoint(f"127.0.{n}.1", port)) for n in range(50)]
    for round_ in range(20):
        for n, sock in enumerate(sockets):
            sock.send(numbered(n * 100 + round_, QUESTION))
    for n, sock in enumerate(sockets):
        with sock:
            idents = {int.from_bytes(sock.recv(65_535)[:2]) for _ in range(20)}
            assert idents == {n * 100 + round_ for round_ in range(20)}

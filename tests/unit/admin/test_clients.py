"""Whom a request comes from: proxies are believed as far as they are trusted, and nobody who was forwarded is local."""

import ipaddress

import pytest
from starlette.types import Scope

from resolute.admin.clients import Clients


def request(peer: str, *headers: tuple[str, str], scheme: str = "http") -> Scope:
    sent = [(b"host", b"localhost:5380"), *((name.lower().encode(), value.encode()) for name, value in headers)]
    names = [name for name, _ in sent]
    return {
        "type": "http",
        "scheme": scheme,
        "client": (peer, 4711),
        "headers": sent[1:] if names.count(b"host") > 1 else sent,
    }


def forwarded(text: str) -> tuple[str, str]:
    return "X-Forwarded-For", text


@pytest.mark.parametrize(
    ("proxies", "peer", "chain", "address"),
    [
        ((), "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ((), "127.0.0.1", "198.51.100.7", "127.0.0.1"),
        (("127.0.0.0/8",), "127.0.0.1", "198.51.100.7", "198.51.100.7"),
        (("127.0.0.0/8",), "127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (("127.0.0.0/8", "192.0.2.0/24"), "127.0.0.1", "203.0.113.9, 198.51.100.7,192.0.2.8", "198.51.100.7"),
        (("127.0.0.0/8",), "127.0.0.1", "198.51.100.7, rubbish", "127.0.0.1"),
        (("127.0.0.0/8",), "127.0.0.1", "198.51.100.7:8080", "198.51.100.7"),
        (("::1/128",), "::1", "[2001:db8::7]:8080", "2001:db8::7"),
        (("127.0.0.0/8",), "127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        (("198.51.100.0/24",), "198.51.100.7", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_nearest_that_nobody_vouches_for(proxies: tuple[str, ...], peer: str, chain: str, address: str) -> None:
    client = Clients(proxies).of(request(peer, forwarded(chain)))
    assert client.address == ipaddress.ip_address(address)
    assert not client.local
    assert not client.private


def test_https_is_what_the_connection_or_a_trusted_proxy_says() -> None:
    says = ("X-Forwarded-Proto", "https")
    assert Clients().of(request("192.0.2.1", scheme="https")).secure
    assert Clients(["192.0.2.1/32"]).of(request("192.0.2.1", says)).secure
    assert not Clients().of(request("192.0.2.1", says)).secure
    assert not Clients(["192.0.2.1/32"]).of(request("192.0.2.1", ("X-Forwarded-Proto", "https, http"))).secure


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Proto"])
def test_who_was_forwarded_is_not_local(header: str) -> None:
    assert Clients().of(request("127.0.0.1")).local
    assert Clients().of(request("::1")).local
    assert not Clients().of(request("127.0.0.1", (header, "1.2.3.4"))).local


def test_local_is_a_loopback_address_that_calls_a_loopback_name() -> None:
    assert not Clients().of(request("192.0.2.1")).local
    assert not Clients().of(request("127.0.0.1", ("Host", "dns.example.net"))).local
    assert Clients().of(request("127.0.0.1", ("Host", "[::1]:5380"))).local

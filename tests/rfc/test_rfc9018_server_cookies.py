"""Server cookies that other servers understand: RFC 9018."""

import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import parse, udp, wait_for
from tests.cookies import CLIENT, SECRET, Maker, asking, learn
from tests.rfc.conftest import ZONES

WWW = "www.rfc.test."
MARGIN_S = 30
"""How far a test stays from a limit, so that a slow machine is no matter."""


def settings(*secrets: bytes) -> str:
    """Those of a server that answers with data only to who shows a good cookie."""
    listed = ", ".join(f'"{secret.hex()}"' for secret in secrets)
    return f'[resolver]\nmode = "off"\n[cookies]\nrequire = true\nsecrets = [{listed}]\n'


@pytest.fixture(scope="module")
def shared() -> Iterator[Endpoint]:
    with Resolute(Service(zones=ZONES, extra=settings(SECRET))) as resolute:
        yield resolute.endpoint


def takes(server: Endpoint, cookie: bytes) -> bool:
    """Whether the server takes the cookie for a good one."""
    rcode = parse(udp(server, asking(WWW, cookie))).rcode()
    assert rcode in {dns.rcode.NOERROR, dns.rcode.BADCOOKIE}
    return rcode == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("maker", "client", "version", "made_at", "cookie"),
    [
        (Maker(SECRET, "198.51.100.100"), "2464c4abcf10c957", "01000000", 1559731985, "5cf79f111f8130c3eee29480"),
        (Maker(SECRET, "198.51.100.100"), "2464c4abcf10c957", "01000000", 1559734385, "5cf7a871d4a564a1442aca77"),
        (Maker(SECRET, "203.0.113.203"), "fc93fc62807ddb86", "01abcdef", 1559727985, "5cf78f71a314227b6679ebf5"),
        (Maker(SECRET, "203.0.113.203"), "fc93fc62807ddb86", "01000000", 1559734700, "5cf7a9acf73a7810aca2381e"),
        (
            Maker(bytes.fromhex("dd3bdf9344b678b185a6f5cb60fca715"), "2001:db8:220:1:59de:d0f4:8769:82b8"),
            "22681ab97d52c298",
            "01000000",
            1559741817,
            "5cf7c57926556bd0934c72f8",
        ),
        (
            Maker(bytes.fromhex("445536bcd2513298075a5d379663c962"), "2001:db8:220:1:59de:d0f4:8769:82b8"),
            "22681ab97d52c298",
            "01000000",
            1559741961,
            "5cf7c609a6bb79d16625507a",
        ),
    ],
)
def test_the_tests_own_cookies_are_those_of_appendix_a(
    maker: Maker, client: str, version: str, made_at: int, cookie: str
) -> None:
    """A.1 to A.4."""
    made = maker.cookie(made_at, client=bytes.fromhex(client), version=bytes.fromhex(version))
    assert made.hex() == client + version + cookie


def test_the_servers_cookies_are_made_so(shared: Endpoint) -> None:
    """4: version 1, reserved 0, the time, and the hash of client cookie, these and the client's address (4.4)."""
    before = int(time.time()) - 1
    cookie = learn(shared, WWW)
    made_at = int.from_bytes(cookie[12:16])
    assert before <= made_at <= time.time() + 1
    assert cookie == Maker().cookie(made_at)


@pytest.mark.parametrize("age_s", [0, 1800 - MARGIN_S, 1800 + MARGIN_S, 3600 - MARGIN_S, -300 + MARGIN_S])
def test_times_that_are_taken(shared: Endpoint, age_s: int) -> None:
    """4.3: up to an hour old, and up to five minutes in the future."""
    assert takes(shared, Maker().cookie(int(time.time()) - age_s))


@pytest.mark.parametrize("age_s", [3600 + MARGIN_S, 86_400, 2**31 - MARGIN_S, -300 - MARGIN_S, -86_400])
def test_times_that_are_not(shared: Endpoint, age_s: int) -> None:
    assert not takes(shared, Maker().cookie(int(time.time()) - age_s & 0xFFFFFFFF))


def test_a_cookie_is_renewed_after_half_an_hour(shared: Endpoint) -> None:
    """4.3: a cookie older than half an hour is replaced."""
    now = int(time.time())
    young, old = Maker().cookie(now - 1800 + MARGIN_S), Maker().cookie(now - 1800 - MARGIN_S)
    assert learn(shared, WWW, young) == young
    renewed = learn(shared, WWW, old)
    assert renewed == Maker().cookie(int.from_bytes(renewed[12:16]))
    assert int.from_bytes(renewed[12:16]) >= now - 1


def test_reserved_bytes_are_taken_as_they_come(shared: Endpoint) -> None:
    """A.3: they are part of what is hashed; the reply's are zero (4.2)."""
    sent = Maker().cookie(int(time.time()), version=b"\1\xab\xcd\xef")
    assert takes(shared, sent)
    assert learn(shared, WWW, sent)[8:12] == b"\1\0\0\0"


@pytest.mark.parametrize("version", [b"\0\0\0\0", b"\2\0\0\0", b"\xff\0\0\0"])
def test_other_versions_are_not_ours(shared: Endpoint, version: bytes) -> None:
    """4.1: there is one version, 1."""
    assert not takes(shared, Maker().cookie(int(time.time()), version=version))


@pytest.mark.parametrize(
    "maker", [Maker(address="127.0.0.2"), Maker(address="::1"), Maker(address="::ffff:127.0.0.1"), Maker(b"x" * 16)]
)
def test_a_cookie_is_bound_to_address_and_secret(shared: Endpoint, maker: Maker) -> None:
    assert not takes(shared, maker.cookie(int(time.time())))


def test_replacing_a_secret() -> None:
    """5: the new secret is known before it makes cookies, and the old one after that; so no client loses its cookie."""
    new = bytes(range(16))
    with Resolute(Service(zones=ZONES, extra=settings(SECRET))) as resolute:

        def reload(*secrets: bytes) -> None:
            resolute.write("resolute.toml", settings(*secrets))
            resolute.process.send_signal(signal.SIGHUP)

        def made_by(secret: bytes) -> bool:
            cookie = learn(resolute.endpoint, WWW)
            return cookie == Maker(secret).cookie(int.from_bytes(cookie[12:16]))

        before = learn(resolute.endpoint, WWW)
        assert takes(resolute.endpoint, before)
        assert not takes(resolute.endpoint, Maker(new).cookie(int(time.time())))
        reload(SECRET, new)
        assert wait_for(lambda: takes(resolute.endpoint, Maker(new).cookie(int(time.time()))))
        assert made_by(SECRET)
        reload(new, SECRET)
        assert wait_for(lambda: made_by(new))
        assert takes(resolute.endpoint, before)
        reload(new)
        assert wait_for(lambda: not takes(resolute.endpoint, before))
        assert takes(resolute.endpoint, learn(resolute.endpoint, WWW))


def test_a_restart_keeps_the_servers_own_secret(tmp_path: Path) -> None:
    """5: clients keep their cookies. Nobody else may read the secret."""
    service = Service(zones=ZONES, extra='[resolver]\nmode = "off"\n[cookies]\nrequire = true\n')
    cookies: list[bytes] = []
    for _ in range(2):
        with Resolute(service, data=tmp_path / "data") as resolute:
            assert all(takes(resolute.endpoint, cookie) for cookie in cookies)
            cookies.append(learn(resolute.endpoint, WWW))
            assert takes(resolute.endpoint, cookies[0])
        assert stat.S_IMODE((tmp_path / "data/cookie-secrets").stat().st_mode) == 0o600
    with Resolute(service) as other:
        assert not takes(other.endpoint, cookies[0])
        assert learn(other.endpoint, WWW, cookies[0])[:8] == CLIENT

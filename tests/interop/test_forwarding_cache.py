"""How long what was learnt is kept: TTLs count down, have their caps, and "no" is kept as RFC 2308 says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dns.message
import dns.rcode
import pytest

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.faults.kit.asking import ask, rcode, wait_for
from tests.faults.kit.upstream import Asked, Upstream, answering, reply, rrset


@contextmanager
def server(upstream: Upstream, cache: str = "") -> Iterator[Resolute]:
    with Resolute(Service(forward=upstream.endpoint, extra=f"[cache]\n{cache}\n")) as running:
        yield running


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    records = ["www.example. 300 IN A 192.0.2.1", "brief.example. 1 IN A 192.0.2.2", "zero.example. 0 IN A 192.0.2.3"]
    records += ["long.example. 2000000 IN A 192.0.2.4", "text.example. 300 IN TXT x"]
    with Upstream(answering(*records)) as running:
        yield running


def ttl(running: Resolute, name: str, rtype: str = "A") -> int:
    found = ask(running.endpoint, name, rtype)
    return int((found.answer or found.authority)[0].ttl)


def test_ttls_count_down(upstream: Upstream) -> None:
    with server(upstream) as running:
        assert ttl(running, "www.example.") == 300
        wait_for(lambda: ttl(running, "www.example.") == 299, timeout_s=2.5)
        wait_for(lambda: ttl(running, "www.example.") == 298, timeout_s=2.5)
    assert len(upstream.questions("www.example.")) == 1


def test_an_answer_ends_with_its_ttl(upstream: Upstream) -> None:
    with server(upstream) as running:
        assert ttl(running, "brief.example.") == 1
        time.sleep(1.1)
        assert ttl(running, "brief.example.") == 1
    assert len(upstream.questions("brief.example.")) == 2


def test_a_ttl_of_0_is_for_this_answer_alone(upstream: Upstream) -> None:
    # RFC 1035 3.2.1: a TTL of zero is for this one transaction, and is not cached.
    with server(upstream) as running:
        for _ in range(3):
            assert ttl(running, "zero.example.") == 0
    assert len(upstream.questions("zero.example.")) == 3


@pytest.mark.parametrize(
    ("setting", "name", "expected"),
    [
        ('max_ttl = "10m"', "long.example.", 600),
        ("", "long.example.", 86_400),
        ('min_ttl = "20s"', "brief.example.", 20),
        ('max_negative_ttl = "7s"', "missing.example.", 7),
        ("", "missing.example.", 60),
    ],
)
def test_caps(upstream: Upstream, setting: str, name: str, expected: int) -> None:
    with server(upstream, setting) as running:
        assert ttl(running, name) == expected


@pytest.mark.parametrize(("soa_ttl", "minimum", "expected"), [(600, 60, 60), (30, 300, 30), (2, 2, 2)])
def test_no_is_kept_for_the_lesser_of_the_soas_ttl_and_its_minimum(
    upstream: Upstream, soa_ttl: int, minimum: int, expected: int
) -> None:
    # RFC 2308 3 and 5, for NXDOMAIN and NODATA alike.
    soa = f"example. {soa_ttl} IN SOA a.example. b.example. 1 7200 3600 86400 {minimum}"

    def respond(asked: Asked) -> list[bytes]:
        known = asked.name in (".", "text.example.")
        return [reply(asked, rcode=dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN, authority=[soa])]

    upstream.respond = respond
    with server(upstream) as running:
        for name, code in (("missing.example.", "NXDOMAIN"), ("text.example.", "NOERROR")):
            for _ in range(2):
                found = ask(running.endpoint, name)
                assert (rcode(found), found.answer) == (code, [])
                assert found.authority[0].ttl in (expected, expected - 1)
            assert len(upstream.questions(name)) == 1
        if expected == 2:
            time.sleep(2.1)
            ask(running.endpoint, "missing.example.")
            assert len(upstream.questions("missing.example.")) == 2


def test_no_without_a_soa_is_not_kept(upstream: Upstream) -> None:
    # RFC 2308 5: a negative answer without a SOA is not cached.
    upstream.respond = lambda asked: [reply(asked, rcode=dns.rcode.NXDOMAIN, authority=[])]
    with server(upstream) as running:
        for _ in range(3):
            assert rcode(ask(running.endpoint, "missing.example.")) == "NXDOMAIN"
    assert len(upstream.questions("missing.example.")) == 3


def test_types_and_names_are_kept_apart(upstream: Upstream) -> None:
    upstream.respond = answering("both.example. 300 IN A 192.0.2.1", "both.example. 300 IN TXT text")
    with server(upstream) as running:
        for _ in range(2):
            assert [rrset.to_text() for rrset in ask(running.endpoint, "both.example.", "TXT").answer]
            assert ask(running.endpoint, "BOTH.example.").answer
            assert not ask(running.endpoint, "both.example.", "MX").answer
    assert sorted(asked.rtype for asked in upstream.questions("both.example.")) == ["A", "MX", "TXT"]


def test_the_cache_is_bounded_in_bytes(upstream: Upstream) -> None:
    upstream.respond = lambda asked: [reply(asked, rrset(f'{asked.name} 300 IN TXT "{"x" * 250}"'))]
    with server(upstream, 'size = "256KiB"') as running:
        for number in range(2_000):
            assert ask(running.endpoint, f"n{number}.example.", "TXT").answer
        cache = ControlClient(running.data).statistics()["cache"]
        assert 100 < cache["entries"] < 1_500
        assert cache["bytes"] <= 256 * 1024
        assert len(upstream.questions("n1999.example.")) == 1
        assert ask(running.endpoint, "n1999.example.", "TXT").answer
        assert len(upstream.questions("n1999.example.")) == 1

"""Extended DNS Errors: RFC 8914."""

from collections.abc import Iterator
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from bench.peers.server import free_port
from tests.asking import RD, opt, parse, query, tcp, udp


@pytest.fixture(scope="module")
def dead_upstream() -> Iterator[Endpoint]:
    """A server whose only forwarder is a closed port."""
    with Resolute(Service(forward=Endpoint("127.0.0.1", free_port()))) as resolute:
        yield resolute.endpoint


@pytest.fixture(scope="module")
def closed(dead_upstream: Endpoint) -> Iterator[Endpoint]:
    """A server that resolves for others than the tests."""
    with Resolute(Service(forward=dead_upstream, extra='[allow]\nrecursion = ["192.0.2.0/24"]\n')) as resolute:
        yield resolute.endpoint


def errors(reply: dns.message.Message) -> list[int]:
    return [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]


def test_names_that_are_not_ours(server: Endpoint) -> None:
    """4.21: code 20, Not Authoritative: a name that a server without recursion is not authoritative for; Knot and NSD
    say it too, whatever RD is."""
    for flags in (0, RD):
        reply = parse(udp(server, query("elsewhere.invalid.", flags=flags, extra=opt())))
        assert reply.rcode() == dns.rcode.REFUSED
        assert errors(reply) == [20]


def test_names_that_are_resolved_for_others(closed: Endpoint) -> None:
    """4.19: code 18, Prohibited: the client is not among those that may; 4.21: with RD=0 it is 20 for everybody."""
    for flags, code in ((RD, 18), (0, 20)):
        reply = parse(udp(closed, query("elsewhere.invalid.", flags=flags, extra=opt())))
        assert reply.rcode() == dns.rcode.REFUSED
        assert errors(reply) == [code]


@pytest.mark.parametrize(
    ("rdtype", "rdclass", "rcode", "code"),
    [
        (252, 1, dns.rcode.REFUSED, 18),  # AXFR: not for this client
        (251, 1, dns.rcode.REFUSED, 18),
        (16, 3, dns.rcode.REFUSED, 18),  # class CH, nothing is set
        (253, 1, dns.rcode.NOTIMP, 21),  # MAILB: 4.22, Not Supported
        (249, 1, dns.rcode.NOTIMP, 21),
        (1, 4, dns.rcode.REFUSED, 21),  # class HS
    ],
)
def test_what_is_not_done_says_why(
    server: Endpoint, rdtype: int, rdclass: int, rcode: dns.rcode.Rcode, code: int
) -> None:
    reply = parse(tcp(server, query("rfc.test.", rdtype, rdclass, extra=opt())))
    assert reply.rcode() == rcode
    assert errors(reply) == [code]


def test_a_zone_without_data_that_can_be_served(tmp_path: Path) -> None:
    """4.25: code 24, Invalid Data: a zone that the server is configured for and cannot answer from. Whoever asks gets
    SERVFAIL, as from BIND, Knot and NSD: it is no matter of recursion."""
    (tmp_path / "broken.zone").write_text("@ SOA ns h 1 2 3 4\n")
    for extra in ('[resolver]\nmode = "off"\n', '[allow]\nrecursion = ["none"]\n'):
        with Resolute(Service(zones={"broken.test.": tmp_path / "broken.zone"}, extra=extra)) as resolute:
            for flags in (0, RD):
                reply = parse(udp(resolute.endpoint, query("www.broken.test.", flags=flags, extra=opt())))
                assert reply.rcode() == dns.rcode.SERVFAIL
                assert errors(reply) == [24]
            plain = parse(udp(resolute.endpoint, query("www.broken.test.")))
            assert (plain.rcode(), plain.edns) == (dns.rcode.SERVFAIL, -1)
            assert errors(parse(udp(resolute.endpoint, query("elsewhere.test.", extra=opt())))) == [20]


def test_an_upstream_that_is_dead(dead_upstream: Endpoint) -> None:
    """4.23: code 22, No Reachable Authority; 4.24: 23, Network Error; 4.14: 13, Cached Error, when asked again."""
    reply = parse(udp(dead_upstream, query("www.elsewhere.invalid.", flags=RD, extra=opt())))
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert set(errors(reply)) & {22, 23}
    again = parse(udp(dead_upstream, query("www.elsewhere.invalid.", flags=RD, extra=opt())))
    assert again.rcode() == dns.rcode.SERVFAIL
    assert set(errors(again)) & {13, 22, 23}


def test_no_option_without_edns(server: Endpoint, dead_upstream: Endpoint) -> None:
    """2: the option is carried in OPT, which is only sent to who sent one (RFC 6891 7)."""
    for endpoint in (server, dead_upstream):
        assert parse(udp(endpoint, query("two.elsewhere.invalid.", flags=RD))).edns == -1


def test_an_answer_has_no_error(server: Endpoint) -> None:
    assert not errors(parse(udp(server, query("www.rfc.test.", extra=opt()))))

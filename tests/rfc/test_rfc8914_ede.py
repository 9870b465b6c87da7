"""Extended DNS Errors: RFC 8914."""

from collections.abc import Iterator

import dns.edns
import dns.message
import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from bench.peers.server import free_port
from tests.asking import RD, opt, parse, query, udp


@pytest.fixture(scope="module")
def dead_upstream() -> Iterator[Endpoint]:
    """A server whose only forwarder is a closed port."""
    with Resolute(Service(forward=Endpoint("127.0.0.1", free_port()))) as resolute:
        yield resolute.endpoint


def errors(reply: dns.message.Message) -> list[int]:
    return [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]


def test_names_that_are_not_ours(server: Endpoint) -> None:
    """4.21: code 20, Not Authoritative; 4.19: code 18, Prohibited: an authoritative server that has recursion disabled
    says why it refuses."""
    assert errors(parse(udp(server, query("elsewhere.invalid.", flags=RD, extra=opt())))) in ([20], [18])


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

"""Responses of HTTP: which is believed, and how old it is."""

import dns.message
import dns.rrset
import pytest

from resolute.resolver.transports.body import Response, aged

GOOD = ((":status", "200"), ("content-type", "application/dns-message"))


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        (((":status", "500"), GOOD[1]), "HTTP status 500"),
        (((":status", "301"), ("location", "https://elsewhere.example/"), GOOD[1]), "HTTP status 301"),
        (((":status", "204"), GOOD[1]), "HTTP status 204"),
        (((":status", "2\x1b[31m"), GOOD[1]), "HTTP status 2?[31m"),
        ((GOOD[0],), "something without a type"),
        ((GOOD[0], ("content-type", "text/html; charset=utf-8")), "sent text/html where"),
        ((*GOOD, ("content-encoding", "br")), "an encoded body"),
        ((*GOOD, ("content-length", "65536")), "more than a DNS message can be"),
        ((*GOOD, ("content-length", "9" * 5_000)), "more than a DNS message can be"),
    ],
)
def test_what_is_no_response(headers: tuple[tuple[str, str], ...], says: str) -> None:
    """RFC 8484 4.2.1: success alone; 6: of this type alone."""
    failure = Response().begin(headers)
    assert failure is not None
    assert says in failure.words


def test_a_response_in_parts() -> None:
    response = Response()
    assert response.begin(((":status", "103"),)) is None
    assert response.begin((*GOOD, ("Age", "x"))) is None
    assert response.more(b"a" * 65_000) is None
    assert response.begin((("x-trailer", "1"),)) is None
    assert response.more(b"b" * 535) is None
    assert len(response.message()) == 65_535
    failure = response.more(b"c")
    assert failure is not None
    assert "more than a DNS message can be" in failure.words


def test_a_body_before_its_headers() -> None:
    assert Response().more(b"a") is not None


def test_ttls_are_lower_by_the_age() -> None:
    """RFC 8484 5.1. The OPT record's TTL is none (RFC 6891 6.1.3)."""
    query = dns.message.make_query("www.example.", "A", want_dnssec=True)
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "A", "192.0.2.1", "192.0.2.2"))
    reply.authority.append(dns.rrset.from_text("example.", 50, "IN", "NS", "ns.example."))
    found = dns.message.from_wire(aged(reply.to_wire(), 100))
    assert [rrset.ttl for rrset in (*found.answer, *found.authority)] == [200, 0]
    assert found.ednsflags == reply.ednsflags


@pytest.mark.parametrize("length", range(60))
def test_what_does_not_parse_is_left_as_it_is(length: int) -> None:
    reply = dns.message.make_response(dns.message.make_query("www.example.", "A"))
    reply.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "A", "192.0.2.1"))
    wire = reply.to_wire()
    assert len(aged(wire[:length], 1)) == min(length, len(wire))

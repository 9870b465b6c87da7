"""Addresses of upstreams that are named by host name."""

import dns.message
import dns.rrset
import pytest

from resolute.resolver.transports.bootstrap import LONGEST_S, SHORTEST_S, Found, read

NOTHING = Found((), 0)


def reply(*records: str) -> bytes:
    made = dns.message.make_response(dns.message.make_query("dns.example.", "A"))
    for record in records:
        name, ttl, rtype, data = record.split(maxsplit=3)
        made.answer.append(dns.rrset.from_text(name, int(ttl), "IN", rtype, *data.split(",")))
    return made.to_wire()


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (["dns.example. 300 A 192.0.2.1,192.0.2.2"], Found(("192.0.2.1", "192.0.2.2"), 300)),
        (["DNS.Example. 300 A 192.0.2.1"], Found(("192.0.2.1",), 300)),
        (["dns.example. 1 A 192.0.2.1"], Found(("192.0.2.1",), SHORTEST_S)),
        (["dns.example. 999999 A 192.0.2.1"], Found(("192.0.2.1",), LONGEST_S)),
        (["dns.example. 100 CNAME edge.test.", "edge.test. 300 A 192.0.2.1"], Found(("192.0.2.1",), 100)),
        (["dns.example. 100 CNAME edge.test."], NOTHING),
        (["dns.example. 100 CNAME dns.example."], NOTHING),
        (["other.example. 300 A 192.0.2.1"], NOTHING),
        (["dns.example. 300 AAAA 2001:db8::1"], NOTHING),
        ([], NOTHING),
    ],
)
def test_what_a_reply_tells(records: list[str], found: Found) -> None:
    told = read(reply(*records), "dns.example", "A")
    assert Found(tuple(sorted(told.addresses)), told.ttl_s) == found


@pytest.mark.parametrize("wire", [b"", b"\0" * 11, b"\xff" * 40])
def test_what_does_not_parse(wire: bytes) -> None:
    assert read(wire, "dns.example", "A") == NOTHING

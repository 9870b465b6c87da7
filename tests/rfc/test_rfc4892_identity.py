"""Class CH: version.bind, version.server, id.server and hostname.bind, by setting (RFC 4892)."""

from collections.abc import Iterator

import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import Z, flags_of, parse, query, rcode_of, tcp, udp

CH, TXT = 3, 16
SETTINGS = '[resolver]\nmode = "off"\n[identity]\nversion = "Resolute of the test"\nserver = "ns7 \\\\ \\"x\\""\n'


@pytest.fixture(scope="module")
def named() -> Iterator[Endpoint]:
    with Resolute(Service(extra=SETTINGS)) as resolute:
        yield resolute.endpoint


@pytest.mark.parametrize(
    ("qname", "text"),
    [
        ("version.bind.", b"Resolute of the test"),
        ("version.server.", b"Resolute of the test"),
        ("VERSION.Bind.", b"Resolute of the test"),
        ("id.server.", b'ns7 \\ "x"'),
        ("hostname.bind.", b'ns7 \\ "x"'),
    ],
)
def test_a_name_that_is_set(named: Endpoint, qname: str, text: bytes) -> None:
    """RFC 4892 2: ID.SERVER, class CH, type TXT has a string that identifies the server."""
    for transport in (udp, tcp):
        asked = query(qname, TXT, CH)
        reply = transport(named, asked)
        assert reply[12 : len(asked)] == asked[12:]
        message = parse(reply)
        assert message.rcode() == dns.rcode.NOERROR
        assert [rrset.rdclass for rrset in message.answer] == [CH]
        assert message.answer[0][0].strings == (text,)
        assert flags_of(reply) & Z == 0


@pytest.mark.parametrize(("qname", "rdtype"), [("other.bind.", TXT), ("bind.", TXT), ("www.rfc.test.", 1), (".", 2)])
def test_other_names_of_the_class_are_refused(named: Endpoint, qname: str, rdtype: int) -> None:
    assert rcode_of(udp(named, query(qname, rdtype, CH))) == dns.rcode.REFUSED


@pytest.mark.parametrize("qname", ["version.bind.", "version.server.", "id.server.", "hostname.bind."])
def test_nothing_is_said_when_nothing_is_set(server: Endpoint, qname: str) -> None:
    """RFC 4892 5: whoever runs the server decides whether it tells."""
    assert rcode_of(udp(server, query(qname, TXT, CH))) == dns.rcode.REFUSED
    assert rcode_of(udp(server, query(qname, TXT, 1))) == dns.rcode.REFUSED

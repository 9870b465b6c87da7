"""QDCOUNT is 1 in a query (RFC 9619), or 0 when a cookie is asked for (RFC 7873 5.4)."""

from collections.abc import Callable

import dns.rcode
import pytest

from bench.peers import Endpoint
from tests.asking import AA, QR, flags_of, header, opt, option, parse, question, rcode_of, tcp, udp

ONE = question("www.rfc.test.")
each_transport = pytest.mark.parametrize("transport", [udp, tcp])


@each_transport
@pytest.mark.parametrize(
    ("count", "body"),
    [
        (0, b""),
        (0, ONE),
        (2, ONE),
        (2, ONE + ONE),
        (2, ONE + question("rfc.test.")),
        (3, ONE * 3),
        (100, ONE * 100),
        (65_535, ONE),
    ],
)
def test_another_count_is_a_format_error(
    server: Endpoint, transport: Callable[[Endpoint, bytes], bytes], count: int, body: bytes
) -> None:
    """RFC 9619 4: a message with opcode 0 and more than one question is malformed and gets FORMERR."""
    reply = transport(server, header(counts=(count, 0, 0, 0)) + body)
    assert rcode_of(reply) == dns.rcode.FORMERR
    assert flags_of(reply) & (QR | AA) == QR
    parse(reply)


@each_transport
@pytest.mark.parametrize("cookie", [b"\1" * 8, b"\1" * 16, b"\1" * 40])
def test_no_question_and_a_cookie_is_no_format_error(
    server: Endpoint, transport: Callable[[Endpoint, bytes], bytes], cookie: bytes
) -> None:
    """RFC 7873 5.4: opcode 0 with no question and a COOKIE option asks for a server cookie: it gets NOERROR or
    BADCOOKIE, and never a format error."""
    reply = transport(server, header(counts=(0, 0, 0, 1)) + opt(options=option(10, cookie)))
    assert parse(reply).rcode() in {dns.rcode.NOERROR, dns.rcode.BADCOOKIE}
    assert parse(reply).edns == 0
    assert not parse(reply).question


@each_transport
@pytest.mark.parametrize("options", [b"", option(3), option(65_001, b"12345678")])
def test_no_question_and_no_cookie_is_a_format_error(
    server: Endpoint, transport: Callable[[Endpoint, bytes], bytes], options: bytes
) -> None:
    reply = transport(server, header(counts=(0, 0, 0, 1)) + opt(options=options))
    assert rcode_of(reply) == dns.rcode.FORMERR

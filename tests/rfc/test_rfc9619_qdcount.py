"""QDCOUNT is 1 in a query (RFC 9619), or 0 when a cookie is asked for (RFC 7873 5.4)."""

import dns.rcode
import pytest

from bench.peers import Endpoint
from tests.asking import AA, QR, flags_of, header, opt, option, parse, question, rcode_of, tcp, udp

ONE = question("www.rfc.test.")


@pytest.mark.parametrize("ask", [udp, tcp])
@pytest.mark.parametrize(
    ("count", "body"),
    [(0, b""), (0, ONE), (2, ONE), (2, ONE + ONE), (2, ONE + question("rfc.test.")), (65_535, ONE), (65_535, ONE * 1000)],
)
def test_another_count_is_a_format_error(server: Endpoint, ask: type[object], count: int, body: bytes) -> None:
    """RFC 9619 4: "A DNS message with OPCODE = 0 MUST NOT include a QDCOUNT parameter whose value is greater than 1. ...
    [It] MUST be treated as an incorrectly formatted message ... RCODE ... of 1 (FORMERR)"."""

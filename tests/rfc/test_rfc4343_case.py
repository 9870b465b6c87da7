"""Letter case: RFC 4343 and RFC 1035 2.3.3; bytes that are no letters have none."""

import itertools

import pytest

from bench.peers import Endpoint
from tests.asking import header, name, parse, query, rcode_of, tcp, udp


@pytest.mark.parametrize(
    "qname",
    ["".join(letters) + ".rfc.test." for letters in itertools.product(*((c, c.upper()) for c in "www"))]
    + [
        "www.RFC.test.",
        "WWW.RFC.TEST.",
        "wWw.rFc.TeSt.",
        "MIXEDcase.rfc.test.",
        "missing.RFC.tesT.",
        "Elsewhere.Invalid.",
    ],
)
def test_the_question_comes_back_byte_for_byte(server: Endpoint, qname: str) -> None:
    """RFC 1035 2.3.3: case is kept wherever it can be; the question of a reply is that of the query, which 0x20 relies
    on."""
    asked = query(qname)
    for transport in (udp, tcp):
        reply = transport(server, asked)
        assert reply[12 : len(asked)] == asked[12:]


@pytest.mark.parametrize("qname", ["www.rfc.test.", "WWW.rfc.test.", "www.RFC.TEST.", "mixedcase.rfc.test."])
def test_names_match_without_regard_to_case(server: Endpoint, qname: str) -> None:
    """RFC 4343 3: names are compared without regard to case."""
    assert len(parse(udp(server, query(qname))).answer) == 1


def test_records_that_differ_in_case_alone_are_one(server: Endpoint) -> None:
    """RFC 4343 3, RFC 2181 5: names in rdata that differ in case alone are equal, and an RRset has no record twice."""
    reply = udp(server, query("same-mx.rfc.test.", 15))
    assert int.from_bytes(reply[6:8]) == 1


@pytest.mark.parametrize("byte", [b"\xc4", b"\xe4", b"[", b"{", b"@", b"`", b"\0", b"\x20"])
def test_only_ascii_letters_have_case(server: Endpoint, byte: bytes) -> None:
    """RFC 4343 3: only ASCII letters have case; the bit 0x20 means nothing for other bytes: \\064 is not \\096."""
    qname = bytes([3 + 1]) + b"www" + byte + name("rfc.test.")
    assert rcode_of(udp(server, header() + qname + b"\0\1\0\1")) == 3
    assert rcode_of(udp(server, header() + qname.swapcase() + b"\0\1\0\1")) == 3

"""TSIG at a server that has no keys: RFC 8945. A TSIG that cannot be verified is never taken for none."""

import struct
from collections.abc import Callable

import dns.rcode
import dns.rdatatype
import pytest

from bench.peers import Endpoint
from tests.asking import AA, TC, flags_of, header, name, opt, option, parse, query, question, rcode_of, record, tcp, udp
from tests.tsig import BADKEY, Signed, signature_of

WWW = "www.rfc.test."
A_RECORD = record(b"\xc0\x0c", 1, b"\xc0\0\2\1")
Transport = Callable[[Endpoint, bytes], bytes]
each_transport = pytest.mark.parametrize("transport", [udp, tcp])


@each_transport
@pytest.mark.parametrize("mac", range(65))
@pytest.mark.parametrize("algorithm", ["hmac-sha256.", "hmac-sha512.", "unknown.test."])
def test_no_key_is_known(server: Endpoint, transport: Transport, algorithm: str, mac: int) -> None:
    """5.2, 5.2.1: the key is checked first. A key or an algorithm that is not known gets NOTAUTH with BADKEY, and the
    reply is not signed: its MAC is empty (5.3.2)."""
    sent = Signed(algorithm=algorithm, mac=b"m" * mac)
    reply = transport(server, query(WWW, extra=sent.record()))
    assert rcode_of(reply) == dns.rcode.NOTAUTH
    assert flags_of(reply) & (AA | TC) == 0
    assert int.from_bytes(reply[6:8]) == 0
    answered = signature_of(reply)
    assert answered == Signed(algorithm=algorithm, mac=b"", error=BADKEY)


@each_transport
def test_with_edns_the_reply_has_it_too(server: Endpoint, transport: Transport) -> None:
    """RFC 6891 7, RFC 7873 5.2.3; the TSIG is the last record (5.1)."""
    extra = opt(options=option(10, b"12345678")) + Signed().record()
    reply = transport(server, header(counts=(1, 0, 0, 2)) + question(WWW) + extra)
    assert rcode_of(reply) == dns.rcode.NOTAUTH
    assert signature_of(reply).error == BADKEY
    assert reply[10:12] == b"\0\2"
    assert option(10, b"12345678")[4:] in reply


MALFORMED = {
    "not last": (2, Signed().record() + opt()),
    "not last, before a record": (2, Signed().record() + A_RECORD),
    "twice": (2, Signed().record() * 2),
    "of another class": (1, Signed().record(rdclass=1)),
    "with more than its data": (1, Signed().record(behind=b"x")),
    "without data": (1, record(name("key.test."), dns.rdatatype.TSIG, b"", rdclass=255)),
    "cut in the MAC": (1, record(name("key.test."), dns.rdatatype.TSIG, Signed().rdata()[:-8], rdclass=255)),
    "with a compressed algorithm": (
        1,
        record(name("key.test."), dns.rdatatype.TSIG, b"\xc0\x0c" + Signed().rdata()[13:], rdclass=255),
    ),
}


@each_transport
@pytest.mark.parametrize(("count", "extra"), MALFORMED.values(), ids=MALFORMED)
def test_a_tsig_that_cannot_be_interpreted(server: Endpoint, transport: Transport, count: int, extra: bytes) -> None:
    """5.2: one TSIG, as the last record of the additional section; else, or when it cannot be read, FORMERR."""
    reply = transport(server, header(counts=(1, 0, 0, count)) + question(WWW) + extra)
    assert rcode_of(reply) == dns.rcode.FORMERR
    assert reply[6:10] == bytes(4)
    parse(reply)


@each_transport
@pytest.mark.parametrize("counts", [(1, 1, 0, 0), (1, 0, 1, 0)])
def test_a_tsig_in_another_section(server: Endpoint, transport: Transport, counts: tuple[int, int, int, int]) -> None:
    reply = transport(server, header(counts=counts) + question(WWW) + Signed().record())
    assert rcode_of(reply) == dns.rcode.FORMERR


@each_transport
@pytest.mark.parametrize("rdtype", [1, 6, 251, 252, 255])
def test_whatever_is_asked(server: Endpoint, transport: Transport, rdtype: int) -> None:
    """5.2: the TSIG is checked before the question is looked at."""
    reply = transport(server, query("rfc.test.", rdtype, extra=Signed().record()))
    assert rcode_of(reply) == dns.rcode.NOTAUTH
    assert int.from_bytes(reply[6:8]) == 0


def test_a_long_tsig_over_udp_is_truncated(server: Endpoint) -> None:
    """5.3: what does not fit into 512 bytes is asked for over TCP."""
    long = ".".join(["k" * 63] * 3) + "."
    sent = Signed(key=long, algorithm=long.replace("k", "a"))
    wire = query(".".join(["q" * 63] * 3) + ".", extra=sent.record())
    reply = udp(server, wire)
    assert len(reply) <= 512
    assert flags_of(reply) & TC
    assert rcode_of(reply) == dns.rcode.NOTAUTH
    assert signature_of(tcp(server, wire)).error == BADKEY


def test_times_are_the_querys(server: Endpoint) -> None:
    """As Knot and NSD do; the client knows its own question by them."""
    sent = Signed(time=2**47 + 5, fudge=7, original_id=0xABCD)
    reply = udp(server, query(WWW, extra=sent.record()))
    assert struct.unpack("!HIH", signature_of(reply).rdata()[13:21]) == (2**15, 5, 7)
    assert signature_of(reply).original_id == 0xABCD

"""Questions as they are sent, and which replies are believed."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from resolute.resolver.exchanges import Request
from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.message import ExchangeError, check, compose

NAME = b"\x03www\x07example\x00"


def request(name: bytes = NAME, *, dnssec_ok: bool = False, checking_disabled: bool = False) -> Request:
    return Request(
        "tls://192.0.2.1", name, 1, 1, timeout_ms=1_000, dnssec_ok=dnssec_ok, checking_disabled=checking_disabled
    )


@pytest.mark.parametrize("labels", range(16))
def test_padded_to_a_multiple_of_128(labels: int) -> None:
    """RFC 8467 4.1, whatever the length of the name."""
    name = b"\x0fabcdefghijklmno" * labels + b"\0"
    query = compose(request(name), padded=True).message(0)
    assert len(query) % 128 == 0
    parsed = dns.message.from_wire(query)
    assert [option.otype for option in parsed.options] == [dns.edns.OptionType.PADDING]


def test_the_flags() -> None:
    plain = dns.message.from_wire(compose(request(), padded=False).message(7))
    assert (plain.id, plain.flags, plain.ednsflags, plain.payload) == (7, dns.flags.RD, 0, 1_232)
    assert list(plain.options) == []
    full = compose(request(dnssec_ok=True, checking_disabled=True), padded=False).message(7)
    parsed = dns.message.from_wire(full)
    assert (parsed.flags, parsed.ednsflags) == (dns.flags.RD | dns.flags.CD, dns.flags.DO)


def replied(**changes: int) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(compose(request(), padded=True).message(7)))
    reply.id = changes.get("ident", 7)
    reply.flags ^= changes.get("flags", 0)
    reply.set_rcode(dns.rcode.from_text("NOERROR"))
    return reply.to_wire()


def test_the_reply_to_what_was_asked() -> None:
    question = compose(request(), padded=True).question
    check(replied(), 7, question)
    # RFC 6891 7: a server without EDNS may answer FORMERR with a header alone.
    check(bytes([0, 7, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 7, question)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"", Reason.BROKEN),
        (replied()[:11], Reason.BROKEN),
        (replied(ident=8), Reason.MISMATCH),
        (replied(flags=dns.flags.QR), Reason.MISMATCH),
        (replied(flags=0x2000), Reason.MISMATCH),
        (replied(flags=dns.flags.TC), Reason.TRUNCATED),
        (replied().replace(b"www", b"wwW"), Reason.MISMATCH),
        (replied()[:20], Reason.MISMATCH),
        (replied()[:5] + b"\2" + replied()[6:], Reason.MISMATCH),
        (bytes([0, 7, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Reason.MISMATCH),
    ],
)
def test_what_is_no_reply(reply: bytes, reason: Reason) -> None:
    with pytest.raises(ExchangeError) as raised:
        check(reply, 7, compose(request(), padded=True).question)
    assert raised.value.reason is reason
    assert raised.value.words

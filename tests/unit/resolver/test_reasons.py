"""The reason that an upstream gives with its failure (RFC 8914)."""

import dns.edns
import dns.message
from hypothesis import given
from hypothesis import strategies as st

from resolute.resolver.reasons import extended_error


def test_code_and_text_are_found() -> None:
    reply = dns.message.make_response(dns.message.make_query("a.test", "A"))
    reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "signature expired")])
    assert extended_error(reply.to_wire()) == (6, "signature expired")


def test_none_where_there_is_none() -> None:
    assert extended_error(dns.message.make_response(dns.message.make_query("a.test", "A")).to_wire()) is None


@given(st.binary(max_size=100))
def test_no_bytes_make_it_fail(reply: bytes) -> None:
    extended_error(reply)

"""Addresses take a short way between text and wire: it leads where dnspython's does."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute.errors import PresentationError
from resolute.records import names, rdata

PARTS = st.sampled_from([b"\0\0", b"\0\1", b"\xff\xff", b"\x20\x01", b"\0\x0a"])
IPV6 = st.one_of(st.binary(min_size=16, max_size=16), st.lists(PARTS, min_size=8, max_size=8).map(b"".join))


def theirs(rtype: int, wire: bytes) -> str:
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rtype), wire, 0, len(wire)).to_text()


@given(IPV6)
def test_ipv6(wire: bytes) -> None:
    text = rdata.to_text(28, wire)
    assert text == theirs(28, wire)
    assert rdata.to_wire(28, text, b"\0") == wire


@given(st.binary(min_size=4, max_size=4))
def test_ipv4(wire: bytes) -> None:
    text = rdata.to_text(1, wire)
    assert text == theirs(1, wire)
    assert rdata.to_wire(1, text, b"\0") == wire


@pytest.mark.parametrize("text", ["192.0.2.1 ; a comment", " 192.0.2.1 ", "192.0.2.1\t"])
def test_what_stands_around_an_address(text: str) -> None:
    assert rdata.to_wire(1, text, b"\0") == bytes([192, 0, 2, 1])


@pytest.mark.parametrize(
    ("rtype", "text"),
    [
        (1, "192.0.2"),
        (1, "192.0.2.01"),
        (1, "192.0.2.256"),
        (1, "0x7f.1"),
        (1, "::1"),
        (28, "fe80::1%lo"),
        (28, "1::2::3"),
        (28, "192.0.2.1"),
        (1, "192.0.2.1\0"),
        (1, ""),
        (28, ""),
        (1, "192.0.2.1 192.0.2.2"),
        (28, "12345::"),
    ],
)
def test_what_is_no_address(rtype: int, text: str) -> None:
    with pytest.raises(PresentationError):
        rdata.to_wire(rtype, text, b"\0")


@pytest.mark.parametrize("wire", [b"", b"\1\2\3", b"\1\2\3\4\5"])
def test_rdata_that_is_no_address_is_generic(wire: bytes) -> None:
    r"""RFC 3597 5: `\# LENGTH HEX`."""
    assert rdata.to_text(1, wire).startswith(f"\\# {len(wire)}")
    assert rdata.to_text(28, wire).startswith(f"\\# {len(wire)}")


@pytest.mark.parametrize("label", [bytes([octet]) for octet in range(256)])
def test_every_octet_of_a_label_comes_back(label: bytes) -> None:
    wire = bytes([len(label) + 1]) + b"a" + label + b"\0"
    assert names.from_text(names.to_text(wire)) == wire

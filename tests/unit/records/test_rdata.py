"""Record data between presentation and wire form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute.errors import PresentationError
from resolute.records import rdata

ORIGIN = b"\7example\3com\0"


@pytest.mark.parametrize(
    ("rtype", "text", "wire"),
    [
        ("A", "192.0.2.1", "c0000201"),
        ("MX", "10 mail", "000a" + "046d61696c" + "076578616d706c6503636f6d00"),
        ("TXT", '"a b" c', "0361206201" + "63"),
        # RFC 3597 5: the generic form is understood for known types too
        ("A", r"\# 4 0A000001", "0a000001"),
        ("TYPE731", r"\# 6 abcdef 012345", "abcdef012345"),
        # RFC 9460 D.1, figures 2 to 4
        ("HTTPS", "0 foo.example.com.", "0000" + "03666f6f076578616d706c6503636f6d00"),
        ("SVCB", "1 .", "000100"),
        ("SVCB", "16 foo.example.com. port=53", "0010" + "03666f6f076578616d706c6503636f6d00" + "000300020035"),
    ],
)
def test_wire_form(rtype: str, text: str, wire: str) -> None:
    assert rdata.to_wire(rdata.type_from_text(rtype), text, ORIGIN) == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("rtype", "text"),
    [
        ("A", "192.0.2.256"),
        ("A", ""),
        ("MX", "mail"),
        ("MX", "65536 mail"),
        ("TXT", '"open'),
        ("TYPE65280", "no generic form"),
        ("TYPE65280", r"\# 3 abcd"),
        ("LOC", "x"),
        ("A", "192.0.2.1 more"),
        ("A", "192.0.2.1\n192.0.2.2"),
        ("TXT", "a ; b\nc"),
    ],
)
def test_what_does_not_parse(rtype: str, text: str) -> None:
    with pytest.raises(PresentationError, match=f"{rtype} rdata does not parse: ."):
        rdata.to_wire(rdata.type_from_text(rtype), text, ORIGIN)


def test_presentation_form() -> None:
    assert rdata.to_text(rdata.type_from_text("MX"), b"\0\x0a\4mail\0") == "10 mail."
    assert rdata.to_text(731, bytes.fromhex("abcdef012345")) == r"\# 6 abcdef012345"


def test_rdata_that_is_malformed_is_shown_generically() -> None:
    """RFC 3597 5: any rdata can be written as octets."""
    assert rdata.to_text(rdata.type_from_text("A"), b"\1\2\3") == r"\# 3 010203"


@given(st.integers(0, 65535), st.binary(max_size=64))
def test_any_rdata_has_a_presentation_form(rtype: int, wire: bytes) -> None:
    assert rdata.to_text(rtype, wire)


@given(st.integers(65280, 65534), st.binary(max_size=64))
def test_unknown_types_come_back_whole(rtype: int, wire: bytes) -> None:
    """RFC 3597 5, private-use types."""
    assert rdata.to_wire(rtype, rdata.to_text(rtype, wire), ORIGIN) == wire


def test_types() -> None:
    assert rdata.type_from_text("aaaa") == 28
    assert rdata.type_from_text("TYPE28") == 28
    assert rdata.type_to_text(28) == "AAAA"
    assert rdata.type_to_text(65280) == "TYPE65280"
    for text in ("", "NOTYPE", "TYPE65536", "TYPEx"):
        with pytest.raises(PresentationError, match="record type"):
            rdata.type_from_text(text)

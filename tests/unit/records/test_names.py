"""Names between presentation and wire form. The expectation is RFC text, or dnspython's answer."""

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute.errors import PresentationError
from resolute.records import names

labels = st.lists(st.binary(min_size=1, max_size=63), max_size=8).filter(
    lambda parts: sum(map(len, parts)) + len(parts) < 255
)


@given(labels)
def test_presentation_form_is_dnspythons(parts: list[bytes]) -> None:
    name = dns.name.Name([*parts, b""])
    wire = name.to_wire()
    assert wire is not None
    text = names.to_text(wire)
    assert dns.name.from_text(text) == name
    assert text.isascii()
    assert text.isprintable()
    assert names.from_text(text) == wire
    assert names.split(wire) == parts


def test_the_root() -> None:
    assert names.from_text(".") == b"\0"
    assert names.to_text(b"\0") == "."


def test_the_trailing_dot_may_be_left_out() -> None:
    assert names.from_text("www.hello") == names.from_text("www.hello.") == b"\3www\5hello\0"


def test_letter_case_is_kept_and_folded_for_comparing() -> None:
    """RFC 4343 4.1: output preserves case; 3: comparing folds ASCII letters only."""
    assert names.from_text("WwW.Hello") == b"\3WwW\5Hello\0"
    assert names.fold(b"\3WwW\5Hello\0") == b"\3www\5hello\0"
    assert names.fold(b"\1\xc4\0") == b"\1\xc4\0"


def test_escapes() -> None:
    r"""RFC 4343 2.1: `\.` is a dot within a label, `\DDD` the octet of that decimal value."""
    assert names.from_text(r"a\.b.c\032d") == b"\3a.b\3c d\0"
    assert names.to_text(b"\3a.b\3c d\0") == r"a\.b.c\032d."


@pytest.mark.parametrize("octet", [*range(33), 127, 128, 255])
def test_no_octet_breaks_a_line(octet: int) -> None:
    assert names.to_text(bytes([1, octet, 0])) == f"\\{octet:03d}."


def test_other_scripts_are_a_labels() -> None:
    """RFC 5890 2.3.2.1; the A-label of "bücher" is the example of RFC 3492's users, xn--bcher-kva."""
    assert names.from_text("bücher.example") == b"\x0dxn--bcher-kva\7example\0"


@pytest.mark.parametrize(("length", "valid"), [(63, True), (64, False)])
def test_length_of_a_label(length: int, valid: bool) -> None:  # noqa: FBT001 - a table
    """RFC 1035 2.3.4: labels are 63 octets or less."""
    text = "a" * length + "."
    if valid:
        assert names.to_text(names.from_text(text)) == text
    else:
        with pytest.raises(PresentationError, match="63"):
            names.from_text(text)


@pytest.mark.parametrize(("last", "valid"), [(60, True), (61, True), (62, False)])
def test_length_of_a_name(last: int, valid: bool) -> None:  # noqa: FBT001 - a table
    """RFC 1035 2.3.4: names are 255 octets or less, on the wire."""
    text = ".".join(["a" * 63] * 3 + ["b" * last])
    wire = bytes([63, *b"a" * 63]) * 3 + bytes([last, *b"b" * last, 0])
    if valid:
        assert len(wire) <= 255
        assert names.from_text(text) == wire
        assert names.to_text(wire) == text + "."
    else:
        with pytest.raises(PresentationError, match="255"):
            names.from_text(text)
        with pytest.raises(PresentationError, match="255"):
            names.to_text(wire)


@pytest.mark.parametrize("text", ["", "a..b", ".a", "a b..", r"\256.", "a\\"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(PresentationError, match="not a domain name"):
        names.from_text(text)


@pytest.mark.parametrize("wire", [b"", b"\3ab\0", b"\3www", b"\xc0\0", b"\1a\0\0", b"\0\0", b"\1a"])
def test_what_is_no_wire_name(wire: bytes) -> None:
    with pytest.raises(PresentationError):
        names.to_text(wire)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_name_or_refused(wire: bytes) -> None:
    try:
        text = names.to_text(wire)
    except PresentationError:
        return
    assert names.from_text(text) == wire

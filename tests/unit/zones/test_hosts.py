"""Hosts files: hosts(5), with everything that real ones have in them."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from resolute.records import names
from resolute.zones import hosts
from resolute.zones.addresses import AAAA, PTR, A, Named, records, reverse_name


def parsed(text: bytes) -> list[tuple[str, str, bool]]:
    found = hosts.parse(text, file="hosts")
    return [(names.to_text(entry.name), str(entry.address), entry.canonical) for entry in found.entries]


def problems(text: bytes) -> tuple[str, ...]:
    return hosts.parse(text, file="hosts").problems


def test_several_names_the_first_is_canonical() -> None:
    assert parsed(b"192.0.2.1 www.test alias.test www\n") == [
        ("www.test.", "192.0.2.1", True),
        ("alias.test.", "192.0.2.1", False),
        ("www.", "192.0.2.1", False),
    ]


def test_comments_crlf_bom_tabs_and_a_missing_last_newline() -> None:
    text = b"\xef\xbb\xbf# a comment\r\n192.0.2.1\ta.test # its name\r\n\r\n  ::1 \t b.test"
    assert parsed(text) == [("a.test.", "192.0.2.1", True), ("b.test.", "::1", True)]
    assert problems(text) == ()


def test_a_bad_line_is_skipped_with_its_number_and_the_others_count() -> None:
    text = b"192.0.2.1 a.test\n999.1.1.1 b.test\n192.0.2.3 c.test\n192.0.2.4\n"
    assert [name for name, _, _ in parsed(text)] == ["a.test.", "c.test."]
    assert [problem.split(" ")[0] for problem in problems(text)] == ["hosts:2:", "hosts:4:"]


def test_a_bad_name_is_left_out_alone_and_the_next_one_is_canonical() -> None:
    label = b"a" * 64
    assert parsed(b"192.0.2.1 " + label + b".test good.test\n") == [("good.test.", "192.0.2.1", True)]
    assert len(problems(b"192.0.2.1 " + label + b".test good.test\n")) == 1


def test_scoped_addresses_are_left_out() -> None:
    assert parsed(b"fe80::1%lo0 localhost\n") == []
    assert "scope" in problems(b"fe80::1%lo0 localhost\n")[0]


def test_a_file_of_rubbish_does_not_fill_the_log() -> None:
    found = problems(b"rubbish here\n" * 5000)
    assert len(found) == hosts.MAX_REPORTED + 1
    assert "4980 more" in found[-1]


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    found = hosts.parse(content, file="hosts")
    assert all("\n" not in problem for problem in found.problems)
    records(found.entries, ttl_s=60)


def test_records_have_addresses_and_one_pointer_an_address() -> None:
    found = hosts.parse(b"192.0.2.1 a.test b.test\n192.0.2.1 c.test\n2001:db8::1 a.test\n0.0.0.0 ads.test\n", file="h")
    made = records(found.entries, ttl_s=60)
    addresses = [(names.to_text(owner), rtype, rdata) for owner, rtype, _, rdata in made if rtype != PTR]
    assert addresses == [
        ("a.test.", A, bytes((192, 0, 2, 1))),
        ("b.test.", A, bytes((192, 0, 2, 1))),
        ("c.test.", A, bytes((192, 0, 2, 1))),
        ("a.test.", AAAA, ipaddress.ip_address("2001:db8::1").packed),
        ("ads.test.", A, bytes(4)),
    ]
    pointers = [(names.to_text(owner), names.to_text(rdata)) for owner, rtype, _, rdata in made if rtype == PTR]
    assert pointers == [
        ("1.2.0.192.in-addr.arpa.", "a.test."),
        ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", "a.test."),
    ]


def test_the_same_record_twice_is_one() -> None:
    entry = Named(names.from_text("A.test"), ipaddress.ip_address("192.0.2.1"))
    again = Named(names.from_text("a.test"), ipaddress.ip_address("192.0.2.1"))
    assert len(records([entry, again], ttl_s=1)) == 2


def test_reverse_names_are_those_of_the_standard_library() -> None:
    for text in ("192.0.2.7", "2001:db8::7", "::"):
        address = ipaddress.ip_address(text)
        assert names.to_text(reverse_name(address)) == address.reverse_pointer + "."

"""Typed fields say what the presentation form says."""

from typing import Any

import pytest

from resolute.records import names, rdata
from resolute.records.fields import FIELDS, FieldError, from_fields, to_fields

ORIGIN = names.from_text("example.org.")

SAME: list[tuple[str, str, dict[str, Any]]] = [
    ("A", "192.0.2.1", {"address": "192.0.2.1"}),
    ("AAAA", "2001:db8::1", {"address": "2001:db8::1"}),
    ("CNAME", "www.example.org.", {"target": "www.example.org."}),
    ("NS", "ns1.example.net.", {"target": "ns1.example.net."}),
    ("PTR", ".", {"target": "."}),
    ("DNAME", r"a\.b.example.org.", {"target": r"a\.b.example.org."}),
    ("MX", "10 mail.example.org.", {"preference": 10, "exchange": "mail.example.org."}),
    ("SRV", "1 2 443 h.example.org.", {"priority": 1, "weight": 2, "port": 443, "target": "h.example.org."}),
    ("TXT", r'"v=spf1 -all" "say \"hi\" \\ \195\188"', {"strings": ["v=spf1 -all", 'say "hi" \\ ü']}),
    ("CAA", '0 issue "ca.example"', {"flags": 0, "tag": "issue", "value": "ca.example"}),
    ("SVCB", "0 s.example.org.", {"priority": 0, "target": "s.example.org.", "params": {}}),
    (
        "HTTPS",
        '1 . alpn="h2,h3" no-default-alpn port=443',
        {"priority": 1, "target": ".", "params": {"alpn": "h2,h3", "no-default-alpn": None, "port": "443"}},
    ),
    ("HTTPS", r"1 . key667=hello\210qoo", {}),
    ("SVCB", r'1 x. alpn="f\\\\oo\\,bar,h2"', {"priority": 1, "target": "x.", "params": {"alpn": r"f\\oo\,bar,h2"}}),
    (
        "SOA",
        "ns1.example.org. admin.example.org. 1 2 3 4 5",
        {
            "mname": "ns1.example.org.",
            "rname": "admin.example.org.",
            "serial": 1,
            "refresh": 2,
            "retry": 3,
            "expire": 4,
            "minimum": 5,
        },
    ),
    ("TLSA", "3 1 1 " + "ab" * 32, {"usage": 3, "selector": 1, "matching_type": 1, "data": "ab" * 32}),
    ("SSHFP", "1 1 " + "ab" * 20, {"algorithm": 1, "fingerprint_type": 1, "fingerprint": "ab" * 20}),
    ("DS", "5 13 2 " + "ab" * 32, {"key_tag": 5, "algorithm": 13, "digest_type": 2, "digest": "ab" * 32}),
    (
        "NAPTR",
        r'1 2 "u" "E2U+sip" "!^.*$!sip:\\1@x!" .',
        {
            "order": 1,
            "preference": 2,
            "flags": "u",
            "service": "E2U+sip",
            "regexp": r"!^.*$!sip:\1@x!",
            "replacement": ".",
        },
    ),
]


@pytest.mark.parametrize(("rtype", "text", "fields"), SAME)
def test_fields_and_text_are_the_same_octets(rtype: str, text: str, fields: dict[str, Any]) -> None:
    number = rdata.type_from_text(rtype)
    wire = rdata.to_wire(number, text, ORIGIN)
    if not fields:  # RFC 9460 A.2: an octet that is no UTF-8
        assert to_fields(number, wire) is None
        return
    assert to_fields(number, wire) == fields
    assert from_fields(number, fields, ORIGIN) == wire


def test_every_type_with_fields_is_tried() -> None:
    assert {rdata.type_from_text(rtype) for rtype, _, _ in SAME} == set(FIELDS)


def test_relative_names_are_completed() -> None:
    wire = from_fields(rdata.type_from_text("MX"), {"preference": 1, "exchange": "mail"}, ORIGIN)
    assert rdata.to_text(rdata.type_from_text("MX"), wire) == "1 mail.example.org."
    apex = from_fields(rdata.type_from_text("CNAME"), {"target": "@"}, ORIGIN)
    assert rdata.to_text(rdata.type_from_text("CNAME"), apex) == "example.org."


@pytest.mark.parametrize(
    ("rtype", "fields", "field", "reason"),
    [
        ("A", {"address": "2001:db8::1"}, "address", "IPv4"),
        ("A", {"address": 1}, "address", "IPv4"),
        ("A", {}, "address", "missing"),
        ("A", {"address": "192.0.2.1", "ttl": 1}, "ttl", "no field"),
        ("MX", {"preference": 65536, "exchange": "a"}, "preference", "0 to 65535"),
        ("MX", {"preference": True, "exchange": "a"}, "preference", "number"),
        ("MX", {"preference": 1, "exchange": "a b"}, "exchange", "name"),
        ("MX", {"preference": 1, "exchange": ""}, "exchange", "name"),
        ("MX", {"preference": 1, "exchange": "a..b"}, "exchange", "dots"),
        ("MX", {"preference": 1, "exchange": "a;b ("}, "exchange", "name"),
        ("TXT", {"strings": []}, "strings", "at least one"),
        ("TXT", {"strings": "text"}, "strings", "list"),
        ("TXT", {"strings": ["\ud800"]}, "strings", "surrogate"),
        ("TXT", {"strings": ["a" * 256]}, "", "TXT"),
        ("CAA", {"flags": 0, "tag": "is sue", "value": ""}, "tag", "letters"),
        ("TLSA", {"usage": 3, "selector": 1, "matching_type": 1, "data": "xyz"}, "data", "hexadecimal"),
        ("HTTPS", {"priority": 1, "target": ".", "params": {"port": "x"}}, "", "HTTPS"),
        ("HTTPS", {"priority": 1, "target": ".", "params": {'a="b" c': None}}, "params", "key"),
        ("LOC", {"x": 1}, "", "no fields"),
    ],
)
def test_what_does_not_hold_names_its_field(rtype: str, fields: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(FieldError, match=reason) as caught:
        from_fields(rdata.type_from_text(rtype), fields, ORIGIN)
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["a;b", 'a"b', "a(b", "a b"])
def test_a_name_cannot_smuggle_words_in(text: str) -> None:
    """Special characters of zone files (RFC 1035 5.1) must not end the name."""
    try:
        wire = from_fields(rdata.type_from_text("CNAME"), {"target": text}, ORIGIN)
    except FieldError:
        return
    assert names.split(wire) == [text.encode(), b"example", b"org"]

"""The linter reads what others wrote: whatever bytes a record has, it says something or nothing, and never falls."""

from hypothesis import given
from hypothesis import strategies as st

from resolute import plane
from resolute.records import foreign, names
from resolute.zones.lint.codes import codes
from resolute.zones.lint.dnssec.signatures import Clock
from resolute.zones.lint.linter import Circumstances, Subject, lint

ORIGIN = names.from_text("example.")
HEAD = "$TTL 60\n@ SOA ns1 h 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.1\n"
KEY = "@ DNSKEY 257 3 13 " + "q" * 86 + "==\n"
SIGNED = ["", KEY + "@ NSEC a NS\n", KEY + "@ NSEC3PARAM 1 0 0 -\n"]
NAME = b"\x07example\x00"
SEEDS = {
    15: [b"\x00\x0a\x00"],
    33: [b"\x00\x00\x00\x00\x00\x01\x00"],
    43: [b"\x04\xd2\x08\x02" + b"\xab" * 32],
    46: [b"\x00\x01\x08\x02" + b"\x00\x00\x0e\x10\x6a\x00\x00\x00\x60\x00\x00\x00\x04\xd2" + NAME + b"\xab" * 30],
    47: [NAME + b"\x00\x06\x40\x00\x00\x00\x00\x03"],
    48: [b"\x01\x00\x03\x08\x00\x01\x03" + b"\xab" * 20, b"\x01\x01\x03\x0d" + b"\xab" * 64],
    50: [b"\x01\x00\x00\x00\x00\x14" + b"\xab" * 20 + b"\x00\x06\x20", b"\x01\x00\x00\x01\x02\xab\xcd\x14" + bytes(20)],
    51: [b"\x01\x00\x00\x00\x00", b"\x01\x00\x00\x05\x02\xab\xcd"],
    52: [b"\x03\x01\x01" + b"\xab" * 32],
    59: [b"\x04\xd2\x08\x02" + b"\xab" * 32, bytes(5)],
    60: [b"\x01\x01\x03\x0d" + b"\xab" * 64],
    64: [b"\x00\x01\x00\x00\x01\x00\x03\x02h2", b"\x00\x01\x00\x00\x04\x00\x04\xc0\x00\x02\x01"],
    65: [b"\x00\x00\x03www\x00"],
    257: [b"\x00\x05issueca.example.net"],
}
OWNERS = st.sampled_from(["@", "a", "*.b", "x.a", "_s._tcp", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"])


@st.composite
def records(draw: st.DrawFn) -> str:
    rtype = draw(st.sampled_from(sorted(SEEDS)))
    data = bytearray(draw(st.sampled_from(SEEDS[rtype])))
    for _ in range(draw(st.integers(0, 2))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    data = data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data
    return f"{draw(OWNERS)} TYPE{rtype} \\# {len(data)} {data.hex()}"


def check(text: str) -> None:
    scan = plane.scan_zone_text(text.encode("latin-1", "replace"), ORIGIN, file="zone")
    foreign.convert_all(scan)
    report, _ = lint(Subject(ORIGIN, scan), Circumstances(Clock(1.7e9)))
    for finding in report.findings():
        assert finding.code in codes()
        assert finding.message.isprintable()
        assert finding.message.isascii()


@given(st.lists(records(), max_size=6), st.sampled_from(SIGNED))
def test_any_record_data(lines: list[str], signed: str) -> None:
    check(HEAD + signed + "\n".join(lines) + "\n")


@given(
    st.sampled_from(["@", "_dmarc", "s._domainkey", "_mta-sts", "_smtp._tls"]),
    st.sampled_from(["", "v=spf1 ", "v=DMARC1; ", "v=DKIM1; ", "v=STSv1; ", "v=TLSRPTv1; "]),
    st.binary(max_size=60),
)
def test_any_text(owner: str, start: str, rest: bytes) -> None:
    data = start.encode() + rest
    check(HEAD + f"{owner} TYPE16 \\# {len(data) + 1} {len(data):02x}{data.hex()}\n")


@given(st.sampled_from(["issue", "issuewild", "iodef", "contactemail", "x"]), st.binary(max_size=40))
def test_any_caa(tag: str, value: bytes) -> None:
    data = bytes((0, len(tag))) + tag.encode() + value
    check(HEAD + f"@ TYPE257 \\# {len(data)} {data.hex()}\n")

"""Small zone files, right and wrong, judged by us, by BIND's named-checkzone and by Knot's kzonecheck.

Each row is the text after a head that makes a valid zone of `example.`, and who takes it. Where BIND and Knot do not
agree the row has the sentence that decides; all other rows are judged alike by all three. So this is also a record of
where the two differ (BIND 9.18, Knot 3.2).
"""

import os
import pathlib
import shutil
import subprocess
from typing import NamedTuple

import pytest

from resolute.records.foreign import convert_all

HEAD = """\
$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 3600
@ IN NS ns1
ns1 IN A 192.0.2.53
"""
KEY = "AwEAAcNEU67LJI5GEgF9QLNqLO1SMq1EdoQ6E9f85ha0k0ewQGCblyW2836GiVsm6k8Kr5ECIoMJ6fZWf3CQSQ9ycWfTyOHfmI3eQ/1Covhb2y4b"
BIND = "named-checkzone"
KNOT = os.environ.get("KZONECHECK", "kzonecheck")


class Row(NamedTuple):
    """A text, and who of `us`, `bind` and `knot` takes it; where they differ, why we judge as we do."""

    text: str
    takers: frozenset[str]
    why: str = ""


def good(text: str) -> Row:
    """All three take it."""
    return Row(text, frozenset({"us", "bind", "knot"}))


def bad(text: str) -> Row:
    """All three refuse it."""
    return Row(text, frozenset())


def differ(text: str, takers: str, why: str) -> Row:
    """They differ."""
    return Row(text, frozenset(takers.split()), why)


ROWS = [
    # owner, TTL, class (RFC 1035 5.1)
    good("a A 192.0.2.1"),
    good("a IN A 192.0.2.1"),
    good("a 60 IN A 192.0.2.1"),
    good("a IN 60 A 192.0.2.1"),
    good("a 60 A 192.0.2.1"),
    good("a in a 192.0.2.1"),
    differ("a CLASS1 A 192.0.2.1", "us bind", "RFC 3597 5: a class may be written CLASS and its number"),
    good("a A 192.0.2.1\n A 192.0.2.2\n\tAAAA ::1"),
    good("@ A 192.0.2.1"),
    good("a.example. A 192.0.2.1"),
    good("* A 192.0.2.1"),
    good("a A 192.0.2.1 ; comment"),
    good("a A 192.0.2.1;comment"),
    good("; only a comment\n\n   \n\t;x"),
    bad("a CH A 192.0.2.1"),
    bad("a HS TXT x"),
    bad("a 60 60 A 192.0.2.1"),
    bad("a IN IN A 192.0.2.1"),
    bad("a NOPE 192.0.2.1"),
    bad("a A"),
    bad("a"),
    bad("a A 192.0.2.1 192.0.2.2"),
    bad("a..b A 192.0.2.1"),
    bad(".a A 192.0.2.1"),
    good("a" * 63 + " A 192.0.2.1"),
    bad("a" * 64 + " A 192.0.2.1"),
    good(".".join(["a" * 59] * 4) + ".bb A 192.0.2.1"),
    bad(".".join(["a" * 61] * 4) + " A 192.0.2.1"),
    # times (RFC 2181 8 and BIND's units)
    good("a 1H A 192.0.2.1"),
    good("a 1w2D3h4M5s A 192.0.2.1"),
    good("a 0 A 192.0.2.1"),
    good("a 2147483647 A 192.0.2.1"),
    bad("a 4294967296 A 192.0.2.1"),
    bad("a 99999999999999999999 A 192.0.2.1"),
    bad("a -1 A 192.0.2.1"),
    bad("a 1X A 192.0.2.1"),
    differ("a 2147483648 A 192.0.2.1", "bind knot", "RFC 2181 8: a TTL is 2147483647 at most"),
    bad("a 1H30 A 192.0.2.1"),
    # parentheses, strings, escapes (RFC 1035 5.1)
    good("a MX ( 10\n mail )"),
    good("a MX ( 10 ; comment )\n\n\tmail\n)"),
    differ('a TXT ( "a" (\n "b" ) )', "us bind", "RFC 1035 5.1 does not forbid parentheses within parentheses"),
    bad("a MX ( 10 mail"),
    bad("a MX 10 mail )"),
    good('a TXT "a;b(c)d"'),
    good('a TXT "\\"" "\\\\" "\\065"'),
    good("a TXT a b c"),
    good('a TXT ""'),
    bad('a TXT "a'),
    bad('a TXT "\\256"'),
    bad("a TXT \\25"),
    differ("a\\256 A 192.0.2.1", "knot", "RFC 1035 5.1: \\DDD is an octet, and 256 is none"),
    good("a\\.b A 192.0.2.1"),
    good("a\\032b A 192.0.2.1"),
    good("\\@ A 192.0.2.1"),
    good("\\$a A 192.0.2.1"),
    good('a TXT "' + "x" * 255 + '"'),
    differ(
        'a TXT "' + "x" * 256 + '"',
        "knot",
        "RFC 1035 3.3: a character-string has up to 256 bytes with its length",
    ),
    differ('a TXT "a""b"', "us bind", "RFC 1035 5.1: a quoted string ends with its quote; no space is demanded"),
    bad('a TXT "two\nlines"'),
    differ(
        '"a" A 192.0.2.1',
        "bind",
        "RFC 1035 5.1: labels are strings, with dots between them; a whole name is none",
    ),
    # directives
    differ(
        "$ORIGIN sub\na A 192.0.2.1",
        "us bind",
        "RFC 1035 5.1: $ORIGIN takes a domain name, and one without a dot at its end is relative",
    ),
    good("$ORIGIN sub.example.\n@ A 192.0.2.1"),
    good("$TTL 1H\na A 192.0.2.1"),
    good("$ttl 60\na A 192.0.2.1"),
    bad("$TTL"),
    bad("$TTL x"),
    bad("$ORIGIN"),
    bad("$ORIGIN a b"),
    bad("$NOPE x"),
    bad(" $TTL 60"),
    bad("$INCLUDE"),
    bad("$INCLUDE /nonexistent/file"),
    differ("$GENERATE 1-3 h$ A 192.0.2.$", "us bind", "$GENERATE is BIND's own; Knot has none"),
    differ("$GENERATE 0-8/4 h${1,3,x} 60 IN A 192.0.2.$", "us bind", "$GENERATE is BIND's own; Knot has none"),
    differ('$GENERATE 1-2 $ MX "10 m$"', "us bind", "$GENERATE is BIND's own; Knot has none"),
    bad("$GENERATE 3-1 h$ A 192.0.2.$"),
    bad("$GENERATE 1-2/0 h$ A 192.0.2.$"),
    bad("$GENERATE 255-256 h$ A 192.0.2.$"),
    bad("$GENERATE 1-2 h${1,2,q} A 192.0.2.1"),
    bad("$GENERATE 1-2 h$"),
    bad('$GENERATE 1-2 h$ 60 TXT ""'),
    bad('$GENERATE 1-2 h$ A ""'),
    # data of the common types
    bad("a A 1.2.3"),
    bad("a A 256.0.0.1"),
    bad("a A 01.2.3.4"),
    bad("a AAAA 1::2::3"),
    bad("a AAAA 192.0.2.1"),
    good("a AAAA ::ffff:192.0.2.1"),
    bad("a MX mail"),
    bad("a MX 65536 mail"),
    good("a MX 0 ."),
    good("_s._tcp SRV 0 0 5060 ns1"),
    bad("_s._tcp SRV 0 0 65536 ns1"),
    good('a CAA 0 issue "ca.example.net"'),
    bad('a CAA 256 issue "x"'),
    differ('a CAA 0 is-sue "x"', "knot", "RFC 8659 4.1: a tag is a sequence of ASCII letters and numbers"),
    good('a URI 10 1 "https://example.org/"'),
    good("a HINFO PC Linux"),
    good('a NAPTR 100 10 "u" "sip+E2U" "!^.*$!sip:a@b!" .'),
    good("a SSHFP 1 1 123456789abcdef67890123456789abcdef67890"),
    bad("a SSHFP 1 1 12345"),
    good("_443._tcp.a TLSA 3 1 1 " + "ab" * 32),
    good("a NS ns1\na DS 1 13 2 " + "ab" * 32),
    bad("a NS ns1\na DS 1 13 2 " + "ab" * 31),
    good("a LOC 52 14 05 N 00 08 50 E 10m"),
    bad("a LOC 91 0 0 N 0 0 0 E 0m"),
    bad("a LOC 1 N 2 E 1M"),
    bad("a LOC 1 n 2 e 1m"),
    good("a LOC \\# 16 01121613800000008000000080000000"),
    good("a LOC \\# 13 01121613800000008000000080"),
    differ("a LOC \\# 13 00121613800000008000000080", "knot", "RFC 1876 2: version 0 has 16 octets"),
    good("a APL"),
    good("a APL \\# 0"),
    good("a APL 1:192.168.32.0/21 !1:192.168.38.0/28"),
    differ(
        "a HIP \\# 4 00020000", "us", "RFC 8005 5 does not say that HIT and key have an octet; dnspython takes them"
    ),
    bad("a HIP \\# 0"),
    bad("a IPSECKEY \\# 0"),
    bad("a AMTRELAY \\# 3 0a0000"),
    good("a TLSA 3 1 1 abcd"),
    good("a DNSKEY 256 2 8 AQID"),
    bad("a RRSIG A 8 1 1H 20300101000000 20200101000000 1 example. AQID"),
    bad("a KEY 0 3 8"),
    bad("a KEY 256 3 8"),
    differ("a KEY 49152 3 8", "us bind", "RFC 2535 3.1.2: bits 0 and 1 of the flags say that there is no key"),
    good("a EUI48 00-00-5e-00-53-2a"),
    bad("a EUI48 00-00-5e-00-53"),
    good("a CERT PGP 0 0 " + KEY),
    good("a OPENPGPKEY " + KEY),
    bad("a OPENPGPKEY x"),
    good("a RP . ."),
    good("a AFSDB 1 ns1"),
    # RFC 3597 5
    good("a A \\# 4 C0000201"),
    good("a TYPE1 192.0.2.1"),
    good("a TYPE65280 \\# 3 ab cd ef"),
    good("a TYPE65280 \\# 0"),
    bad("a TYPE65280 \\# 2 abcdef"),
    bad("a TYPE65280 \\# 3 abcd"),
    bad("a TYPE65280 abc"),
    differ(
        "a A \\# 3 C00002",
        "knot",
        "RFC 1035 3.4.1: an address has 32 bits; RFC 3597 5: a known type is handled as such",
    ),
    differ(
        "a A \\# 5 C000020101",
        "knot",
        "RFC 1035 3.4.1: an address has 32 bits; RFC 3597 5: a known type is handled as such",
    ),
    bad("a TYPE65536 \\# 0"),
    # RFC 9460
    good("a HTTPS 1 . alpn=h2,h3 port=8443"),
    good('a SVCB 1 ns1 key667="hello\\210qoo"'),
    good("a SVCB 1 ns1 mandatory=alpn alpn=h2"),
    good("a SVCB 0 ns1"),
    bad("a SVCB 1 ns1 key123=a key123=b"),
    bad("a SVCB 1 ns1 mandatory=key123"),
    bad("a SVCB 1 ns1 mandatory=mandatory"),
    bad("a SVCB 1 ns1 alpn"),
    bad("a SVCB 1 ns1 port=65536"),
    bad("a SVCB 1 ns1 port=\\052\\052"),
    bad("a SVCB 1 ns1 mandatory=\\097lpn alpn=h2"),
    bad("a SVCB 1 ns1 ipv6hint=\\058:1"),
    differ("a SVCB 1 ns1 dohpath=/q{?dns,x}", "us bind", "RFC 9461 5; Knot 3.2 does not know the key"),
    differ("a SVCB 1 ns1 dohpath=/q{?dns*}", "us bind", "RFC 9461 5, RFC 6570 2.4"),
    bad("a SVCB 1 ns1 dohpath=/q{?xdns}"),
    bad("a SVCB 1 ns1 dohpath=/dns}"),
    bad("a SVCB 1 ns1 ipv4hint=1.2.3"),
    bad("a SVCB 1 ns1 nope=1"),
    good("a SVCB 1 ns1 ech=AQIDBA=="),
    good("a SVCB 0 ns1 alpn=h2"),
    differ("a SVCB 1 ns1 no-default-alpn", "knot", "RFC 9460 7.1.1: then alpn must be there too"),
    # not for zones
    bad("a ANY x"),
    bad("a AXFR x"),
    bad("a OPT x"),
    bad("a TSIG x"),
    # bytes
    differ(
        "a A 192.0.2.1\r\nb A 192.0.2.2\r",
        "us bind",
        "RFC 1035 5.1 says line-oriented, not how lines end; editors write CR LF",
    ),
    bad("a\0b A 192.0.2.1"),
    good("a\tA\t192.0.2.1"),
]


def takers(text: str, folder: pathlib.Path) -> frozenset[str]:
    """Who of BIND and Knot takes a zone file. What concerns the zone as a whole is switched off in BIND."""
    file = folder / "example.zone"
    file.write_bytes(text.encode("latin-1"))
    lenient = [word for option in ("-k", "-n", "-m", "-M", "-S") for word in (option, "ignore")]
    commands = {
        "bind": [BIND, "-q", "-i", "none", *lenient, "example", str(file)],
        "knot": [KNOT, "-o", "example.", str(file)],
    }
    return frozenset(who for who, command in commands.items() if _succeeds(command))


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


each_row = pytest.mark.parametrize("row", ROWS, ids=[repr(row.text)[:60] for row in ROWS])


@each_row
def test_we_judge_as_the_table_says(row: Row) -> None:
    plane = pytest.importorskip("resolute.plane")
    scan = plane.scan_zone_text((HEAD + row.text + "\n").encode("latin-1"), b"\x07example\x00", file="example.zone")
    convert_all(scan)
    if "us" in row.takers:
        assert scan.compile().serial == 1
        return
    with pytest.raises(plane.ZoneFileError) as caught:
        scan.compile()
    errors = [problem for problem in caught.value.problems if problem.severity == "error"]
    assert errors
    assert all(problem.line >= 5 and problem.column >= 1 for problem in errors)


@pytest.mark.skipif(not (shutil.which(BIND) and shutil.which(KNOT)), reason="BIND's or Knot's checker is not installed")
@each_row
def test_bind_and_knot_judge_as_the_table_says(row: Row, tmp_path: pathlib.Path) -> None:
    # A new version of either that changes its mind is noticed.
    assert takers(HEAD + row.text + "\n", tmp_path) == row.takers - {"us"}


def test_a_blank_owner_after_generate(tmp_path: pathlib.Path) -> None:
    """The owner is the one before the directive, as BIND's `named-checkzone -D` shows."""
    plane = pytest.importorskip("resolute.plane")
    text = HEAD + "b A 192.0.2.1\n$GENERATE 1-2 a$ A 192.0.2.$\n A 192.0.2.77\n"
    scan = plane.scan_zone_text(text.encode(), b"\x07example\x00", file="example.zone")
    ours = {owner for owner, _, _, data in scan.compile() if data == bytes([192, 0, 2, 77])}
    (tmp_path / "zone").write_text(text)
    dumped = subprocess.run(
        [BIND, "-q", "-D", "-o", "-", "example", str(tmp_path / "zone")], capture_output=True, text=True, check=True
    )
    (theirs,) = (line.split()[0] for line in dumped.stdout.splitlines() if line.endswith("192.0.2.77"))
    assert theirs == "b.example."
    assert ours == {b"\x01b\x07example\x00"}

"""Edits in the text of a zone file, byte for byte: what is asked for changes, and no other line (RFC 1035 5.1)."""

from pathlib import Path
from typing import NamedTuple

import pytest

from resolute import plane
from resolute.errors import RuleError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.zones.filetext import rewrite

ORIGIN = names.from_text("example.")
HEAD = "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\n"


class Case(NamedTuple):
    """A text, RRsets as they are wanted (`OWNER TTL TYPE RDATA | RDATA`, or `OWNER TYPE` for none), and the result."""

    what: str
    before: str
    wanted: str
    after: str


def wanted(text: str) -> RRset:
    """The RRset that a line of a case says."""
    owner, ttl, *rest = text.split(None, 3)
    if not rest:
        return RRset(names.from_text(owner), rdata.type_from_text(ttl), 0, ())
    rtype = rdata.type_from_text(rest[0])
    datas = [rdata.to_wire(rtype, data.strip(), ORIGIN) for data in rest[1].split(" | ")]
    return RRset(names.fold(names.from_text(owner)), rtype, int(ttl), tuple(datas))


SOA = """\
$TTL 1H
@   IN  SOA ns1.example. host.example. (
            2026010109 ; serial, YYYYMMDDnn
            2H         ; refresh
            15M 2W     ; retry, expire
            300 )      ; minimum
    IN  NS  ns1
ns1 IN  A   192.0.2.53
"""

CASES = [
    # records that change
    Case("a serial", SOA, "example. 3600 SOA ns1 host 2026010110 7200 900 1209600 300", SOA.replace("109 ;", "110 ;")),
    Case(
        "a serial that gets longer: its digits and nothing else",
        "@ 60 SOA ns1 h ( 9 ; serial\n\t2 3 4 5 )\n",
        "example. 60 SOA ns1 h 10 2 3 4 5",
        "@ 60 SOA ns1 h ( 10 ; serial\n\t2 3 4 5 )\n",
    ),
    Case(
        "a field of a SOA that was written with a unit",
        SOA,
        "example. 3600 SOA ns1 host 2026010109 3600 900 1209600 300",
        SOA.replace("2H ", "3600 "),
    ),
    Case("nothing", "a A 192.0.2.1\n", "a.example. 60 A 192.0.2.1", "a A 192.0.2.1\n"),
    Case(
        "an address, its comment kept",
        "www     A     192.0.2.1 ; the old host\n",
        "www.example. 60 A 192.0.2.9",
        "www     A     192.0.2.9 ; the old host\n",
    ),
    Case(
        "an address that gets longer before an aligned comment",
        "www A 192.0.2.1      ; one\nftp A 192.0.2.222    ; two\n",
        "www.example. 60 A 192.0.2.111",
        "www A 192.0.2.111    ; one\nftp A 192.0.2.222    ; two\n",
    ),
    Case(
        "an address that gets shorter before an aligned comment",
        "www A 192.0.2.111    ; one\nftp A 192.0.2.222    ; two\n",
        "www.example. 60 A 192.0.2.1",
        "www A 192.0.2.1      ; one\nftp A 192.0.2.222    ; two\n",
    ),
    Case("tabs", "www\tIN\tA\t192.0.2.1\t; x\n", "www.example. 60 A 192.0.2.2", "www\tIN\tA\t192.0.2.2\t; x\n"),
    Case(
        "one of three, in place",
        "a A 192.0.2.1\n  A 192.0.2.2 ; two\n  A 192.0.2.3\n",
        "a.example. 60 A 192.0.2.1 | 192.0.2.4 | 192.0.2.3",
        "a A 192.0.2.1\n  A 192.0.2.4 ; two\n  A 192.0.2.3\n",
    ),
    Case(
        "CRLF", "a A 192.0.2.1\r\nb A 192.0.2.2\r\n", "a.example. 60 A 192.0.2.9", "a A 192.0.2.9\r\nb A 192.0.2.2\r\n"
    ),
    Case("no newline at the end", "a A 192.0.2.1", "a.example. 60 A 192.0.2.9", "a A 192.0.2.9"),
    Case("an owner in upper case", "WWW A 192.0.2.1\n", "www.example. 60 A 192.0.2.9", "WWW A 192.0.2.9\n"),
    Case("a type in lower case", "www in a 192.0.2.1\n", "www.example. 60 A 192.0.2.9", "www in a 192.0.2.9\n"),
    Case("an escaped owner", "a\\.b A 192.0.2.1\n", "a\\.b.example. 60 A 192.0.2.9", "a\\.b A 192.0.2.9\n"),
    Case("an owner by numbers", "a\\032b A 192.0.2.1\n", "a\\032b.example. 60 A 192.0.2.9", "a\\032b A 192.0.2.9\n"),
    Case(
        "a quoted string with a semicolon and parentheses",
        'a TXT "v=1; (x" ; (comment\n',
        'a.example. 60 TXT "v=2; (x"',
        'a TXT "v=2; (x" ; (comment\n',
    ),
    Case(
        "one string of several, in parentheses with comments",
        'a TXT ( "one" ; first\n        "two" ; second\n      )\nb A 192.0.2.1\n',
        'a.example. 60 TXT "one" "zwei"',
        'a TXT ( "one" ; first\n        "zwei" ; second\n      )\nb A 192.0.2.1\n',
    ),
    Case(
        "a string less, with its line",
        'a TXT ( "one"\n        "two"\n        "three" )\n',
        'a.example. 60 TXT "one" "three"',
        'a TXT ( "one"\n        "three" )\n',
    ),
    Case(
        "a string less, before the closing parenthesis",
        'a TXT ( "one"\n        "two" ) ; end\n',
        'a.example. 60 TXT "1"',
        'a TXT ( "1" ) ; end\n',
    ),
    Case(
        "a string less, after a comment",
        'a TXT ( "one" ; first\n        "two" ) ; end\n',
        'a.example. 60 TXT "one"',
        'a TXT ( "one" ; first\n         ) ; end\n',
    ),
    Case("a string more", 'a TXT "one" ; end\n', 'a.example. 60 TXT "one" "two"', 'a TXT "one" "two" ; end\n'),
    Case(
        "quite another text, on several lines before",
        "a TXT ( one two\n        three four ) ; end\nb A 192.0.2.1\n",
        'a.example. 60 TXT "five"',
        'a TXT ( "five" ) ; end\nb A 192.0.2.1\n',
    ),
    Case(
        "a preference, the relative name beside it untouched",
        "@ MX 10 Mail ; the mail host\n",
        "example. 60 MX 20 Mail",
        "@ MX 20 Mail ; the mail host\n",
    ),
    Case("a relative name by a relative name", "a CNAME b\n", "a.example. 60 CNAME c.example.", "a CNAME c\n"),
    Case(
        "an absolute name by an absolute name",
        "a CNAME b.example.\n",
        "a.example. 60 CNAME c.example.",
        "a CNAME c.example.\n",
    ),
    Case("a name of another zone", "a CNAME b\n", "a.example. 60 CNAME c.test.", "a CNAME c.test.\n"),
    Case("the zone's own name", "a CNAME b\n", "a.example. 60 CNAME example.", "a CNAME @\n"),
    Case(
        "generic data stays generic (RFC 3597 5)",
        "a TYPE65280 \\# 2 abcd ; x\n",
        "a.example. 60 TYPE65280 \\# 2 abce",
        "a TYPE65280 \\# 2 abce ; x\n",
    ),
    Case("a known type in generic form", "a A \\# 4 c0000201\n", "a.example. 60 A 192.0.2.2", "a A \\# 4 c0000202\n"),
    Case(
        "parameters, some written without quotes",
        "a HTTPS 1 . alpn=h2 port=443\n",
        "a.example. 60 HTTPS 1 . alpn=h2 port=8443",
        'a HTTPS 1 . alpn=h2 port="8443"\n',
    ),
    Case(
        "letter case of a name in the data",
        "a CNAME B.example.\n",
        "a.example. 60 CNAME b.example.",
        "a CNAME b.example.\n",
    ),
    # TTLs
    Case("a TTL that is stated", "a 300 A 192.0.2.1\n", "a.example. 600 A 192.0.2.1", "a 600 A 192.0.2.1\n"),
    Case("a TTL that is not", "a IN A 192.0.2.1\n", "a.example. 600 A 192.0.2.1", "a 600 IN A 192.0.2.1\n"),
    Case(
        "a TTL put into the space that is there",
        "www          IN A 192.0.2.1\nftp          IN A 192.0.2.2\n",
        "www.example. 600 A 192.0.2.1",
        "www      600 IN A 192.0.2.1\nftp          IN A 192.0.2.2\n",
    ),
    Case("a TTL among tabs", "a\t\tIN\tA\t192.0.2.1\n", "a.example. 600 A 192.0.2.1", "a\t600\tIN\tA\t192.0.2.1\n"),
    Case("a TTL after the class", "a IN 300 A 192.0.2.1\n", "a.example. 600 A 192.0.2.1", "a IN 600 A 192.0.2.1\n"),
    Case(
        "a TTL with units that means the same", "a 5M A 192.0.2.1\n", "a.example. 300 A 192.0.2.9", "a 5M A 192.0.2.9\n"
    ),
    Case(
        "RFC 2181 5.2: one TTL for all records of the RRset",
        "a 30 A 192.0.2.1\n  40 A 192.0.2.2\n     A 192.0.2.3\n",
        "a.example. 30 A 192.0.2.1 | 192.0.2.2 | 192.0.2.3",
        "a 30 A 192.0.2.1\n  30 A 192.0.2.2\n  30 A 192.0.2.3\n",
    ),
    # records that go
    Case("a line", "a A 192.0.2.1\nb A 192.0.2.2\n", "a.example. A", "b A 192.0.2.2\n"),
    Case("the last line", "a A 192.0.2.1\nb A 192.0.2.2", "b.example. A", "a A 192.0.2.1\n"),
    Case(
        "all lines of a record, a comment before it kept",
        'a A 192.0.2.1\n; about b\nb TXT ( "x" ; )\n  "y"\n) ; end\nc A 192.0.2.3\n',
        "b.example. TXT",
        "a A 192.0.2.1\n; about b\nc A 192.0.2.3\n",
    ),
    Case(
        "its owner goes on to the next record",
        "Www     A     192.0.2.1\n        AAAA  2001:db8::1\n        TXT   x\n",
        "www.example. A",
        "Www     AAAA  2001:db8::1\n        TXT   x\n",
    ),
    Case(
        "its owner goes on past comments, and is longer than the space",
        "a-long-name A 192.0.2.1\n; a comment\n\n    TXT x\n",
        "a-long-name.example. A",
        "; a comment\n\na-long-name TXT x\n",
    ),
    Case(
        "its owner goes on under another $ORIGIN",
        "a A 192.0.2.1\n$ORIGIN sub.example.\n  TXT x\n",
        "a.example. A",
        "$ORIGIN sub.example.\na.example. TXT x\n",
    ),
    Case(
        "several at once: the owner goes to the first that stays",
        "a A 192.0.2.1\n  A 192.0.2.2\n  TXT x\n  MX 0 .\n",
        "a.example. A",
        "a TXT x\n  MX 0 .\n",
    ),
    Case(
        "one in the middle",
        "a A 192.0.2.1\n  A 192.0.2.2\n  A 192.0.2.3\n",
        "a.example. 60 A 192.0.2.1 | 192.0.2.3",
        "a A 192.0.2.1\n  A 192.0.2.3\n",
    ),
    Case(
        "a duplicate, when its RRset is edited",
        "a A 192.0.2.1\na A 192.0.2.1\na A 192.0.2.2\n",
        "a.example. 60 A 192.0.2.1",
        "a A 192.0.2.1\n",
    ),
    # records that come
    Case(
        "after those of its RRset",
        "a A 192.0.2.1\na TXT x\nb A 192.0.2.2\n",
        "a.example. 60 A 192.0.2.1 | 192.0.2.3",
        "a A 192.0.2.1\na A 192.0.2.3\na TXT x\nb A 192.0.2.2\n",
    ),
    Case(
        "without owner where the neighbours have none",
        "a  A   192.0.2.1\n   TXT x\nb  A   192.0.2.2\n",
        "a.example. 60 MX 0 .",
        "a  A   192.0.2.1\n   TXT x\n   MX  0 .\nb  A   192.0.2.2\n",
    ),
    Case(
        "in the neighbours' columns",
        "www     A     192.0.2.1\nmail    AAAA  2001:db8::1\n",
        "a.example. 60 TXT x",
        'www     A     192.0.2.1\nmail    AAAA  2001:db8::1\na       TXT   "x"\n',
    ),
    Case(
        "with the neighbours' tabs and class",
        "www\t\tIN\tA\t192.0.2.1\n",
        "longer-name.example. 60 A 192.0.2.2",
        "www\t\tIN\tA\t192.0.2.1\nlonger-name\tIN\tA\t192.0.2.2\n",
    ),
    Case(
        "in the columns of a neighbour with parentheses",
        "www\tIN\tTXT\t( x\n\t\ty )\n",
        "ftp.example. 60 A 192.0.2.2",
        "www\tIN\tTXT\t( x\n\t\ty )\nftp\tIN\tA\t192.0.2.2\n",
    ),
    Case(
        "with an absolute owner among absolute owners",
        "www.example. A 192.0.2.1\n",
        "a.example. 60 A 192.0.2.2",
        "www.example. A 192.0.2.1\na.example. A 192.0.2.2\n",
    ),
    Case(
        "with a TTL other than $TTL",
        "www A 192.0.2.1\n",
        "a.example. 30 A 192.0.2.2",
        "www A 192.0.2.1\na 30 A 192.0.2.2\n",
    ),
    Case(
        "with a type in lower case", "www in a 192.0.2.1\n", "a.example. 60 TXT x", 'www in a 192.0.2.1\na in txt "x"\n'
    ),
    Case("CRLF line ends", "www A 192.0.2.1\r\n", "a.example. 60 A 192.0.2.2", "www A 192.0.2.1\r\na A 192.0.2.2\r\n"),
    Case("no newline at the end", "www A 192.0.2.1", "a.example. 60 A 192.0.2.2", "www A 192.0.2.1\na A 192.0.2.2"),
    Case(
        "before comments at the end",
        "www A 192.0.2.1\n; vim: ts=8\n",
        "a.example. 60 A 192.0.2.2",
        "www A 192.0.2.1\na A 192.0.2.2\n; vim: ts=8\n",
    ),
    Case(
        "after the records of its ancestor",
        "dev NS ns.dev\nns.dev A 192.0.2.1\nwww A 192.0.2.2\n",
        "x.dev.example. 60 A 192.0.2.3",
        "dev NS ns.dev\nns.dev A 192.0.2.1\nx.dev A 192.0.2.3\nwww A 192.0.2.2\n",
    ),
    Case(
        "under its $ORIGIN",
        "www A 192.0.2.1\n$ORIGIN sub.example.\na A 192.0.2.2\n$ORIGIN example.\nz A 192.0.2.3\n",
        "b.sub.example. 60 A 192.0.2.9",
        "www A 192.0.2.1\n$ORIGIN sub.example.\na A 192.0.2.2\nb A 192.0.2.9\n$ORIGIN example.\nz A 192.0.2.3\n",
    ),
    Case(
        "not under one that is not above it",
        "www A 192.0.2.1\n$ORIGIN sub.example.\na A 192.0.2.2\n",
        "b.example. 60 A 192.0.2.9",
        "www A 192.0.2.1\nb A 192.0.2.9\n$ORIGIN sub.example.\na A 192.0.2.2\n",
    ),
    Case(
        "under a relative $ORIGIN",
        "$ORIGIN sub\na A 192.0.2.2\n",
        "b.sub.example. 60 A 192.0.2.9",
        "$ORIGIN sub\na A 192.0.2.2\nb A 192.0.2.9\n",
    ),
    Case(
        "an $ORIGIN in other letters: a relative name would not be the one that is asked for",
        "$ORIGIN SUB\na CNAME b\n",
        "c.sub.example. 60 CNAME a.sub.example.",
        "$ORIGIN SUB\na CNAME b\nc CNAME a.sub.example.\n",
    ),
    Case(
        "data under another $ORIGIN",
        "$ORIGIN sub\na CNAME b\n",
        "c.sub.example. 60 CNAME a.sub.example.",
        "$ORIGIN sub\na CNAME b\nc CNAME a\n",
    ),
    Case(
        "not between a record and what takes over its owner",
        "a A 192.0.2.1\n  TXT x\n",
        "b.a.example. 60 A 192.0.2.2",
        "a A 192.0.2.1\n  TXT x\nb.a A 192.0.2.2\n",
    ),
    Case("after the SOA alone, not in its style", "", "www.example. 60 A 192.0.2.1", "www A 192.0.2.1\n"),
    Case("the zone's own name", "www A 192.0.2.1\n", "example. 60 MX 0 .", "@ MX 0 .\nwww A 192.0.2.1\n"),
    Case(
        "beside what $GENERATE makes",
        "$GENERATE 1-2 h$ A 192.0.2.$\nz A 192.0.2.9\n",
        "h1.example. 60 TXT x",
        '$GENERATE 1-2 h$ A 192.0.2.$\nh1 TXT "x"\nz A 192.0.2.9\n',
    ),
    Case(
        "a type by another",
        "a A 192.0.2.1 ; x\nb A 192.0.2.2\n",
        "a.example. A\na.example. 60 CNAME b.example.",
        "a CNAME b\nb A 192.0.2.2\n",
    ),
    Case(
        "two RRsets far apart",
        "a A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\n",
        "a.example. 60 A 192.0.2.9\nc.example. A",
        "a A 192.0.2.9\nb A 192.0.2.2\n",
    ),
]


def edited(before: str, edits: str, *, head: str = "") -> str:
    """The text after edits, a line each; the head is put before it and must be there again."""
    text = (head + before).encode("latin-1")
    result = rewrite(text, ORIGIN, [wanted(line) for line in edits.splitlines()], file="example.zone").decode("latin-1")
    assert result.startswith(head)
    return result.removeprefix(head)


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_only_the_touched_lines_change(case: Case) -> None:
    head = "" if "SOA" in case.before else HEAD
    assert edited(case.before, case.wanted, head=head) == case.after


LAST_STATED = [
    Case(
        "a TTL that others took over is stated by the first of them",
        "a 30 A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\n",
        "a.example. A",
        "b 30 A 192.0.2.2\nc A 192.0.2.3\n",
    ),
    Case(
        "a TTL that is changed is no longer taken over",
        "a 30 A 192.0.2.1\nb A 192.0.2.2\nc 70 A 192.0.2.3\nd A 192.0.2.4\n",
        "a.example. 40 A 192.0.2.1",
        "a 40 A 192.0.2.1\nb 30 A 192.0.2.2\nc 70 A 192.0.2.3\nd A 192.0.2.4\n",
    ),
    Case(
        "an added TTL is not taken over",
        "a 30 A 192.0.2.1\nb A 192.0.2.2\n",
        "a.example. 50 TXT x",
        'a 30 A 192.0.2.1\na 50 TXT "x"\nb 30 A 192.0.2.2\n',
    ),
    Case(
        "owner and TTL at once",
        "a 30 A 192.0.2.1\n  TXT x\n",
        "a.example. A",
        "a 30 TXT x\n",
    ),
    Case(
        "a $TTL line ends it (RFC 2308 4)",
        "a 30 A 192.0.2.1\n$TTL 90\nb A 192.0.2.2\n",
        "a.example. 40 A 192.0.2.1",
        "a 40 A 192.0.2.1\n$TTL 90\nb A 192.0.2.2\n",
    ),
    Case(
        "neighbours that state it",
        "a 30 A 192.0.2.1\n",
        "b.example. 30 A 192.0.2.2",
        "a 30 A 192.0.2.1\nb 30 A 192.0.2.2\n",
    ),
]


@pytest.mark.parametrize("case", LAST_STATED, ids=[case.what for case in LAST_STATED])
def test_without_a_default_the_last_stated_ttl_holds(case: Case) -> None:
    """RFC 1035 5.1: "Omitted class and TTL values are default to the last explicitly stated values"."""
    assert edited(case.before, case.wanted, head="@ 60 SOA ns1 h 1 2 3 4 5\n@ 60 NS ns1\n") == case.after


def test_the_soas_minimum_is_the_ttl_when_none_is_stated() -> None:
    """As in BIND. A minimum that changes must not change the TTLs of other records."""
    before = "@ SOA ns1 h 1 2 3 4 50\n@ NS ns1\na A 192.0.2.1\n"
    after = "@ 50 SOA ns1 h 1 2 3 4 99\n@ NS ns1\na A 192.0.2.1\n"
    assert edited(before, "example. 50 SOA ns1 h 1 2 3 4 99") == after


def test_what_generate_makes_is_edited_by_hand() -> None:
    with pytest.raises(
        RuleError, match=r"^example.zone:4: h2.example. A .* made by \$GENERATE in line 4: edit the file"
    ):
        edited("$GENERATE 1-3 h$ A 192.0.2.$\n", "h2.example. A", head=HEAD)


def test_what_generate_makes_can_stay_in_a_bigger_rrset() -> None:
    after = "$GENERATE 1-3 h$ A 192.0.2.$\nh2 A 192.0.2.99\n"
    assert edited("$GENERATE 1-3 h$ A 192.0.2.$\n", "h2.example. 60 A 192.0.2.2 | 192.0.2.99", head=HEAD) == after


def test_what_is_included_is_edited_by_hand(tmp_path: Path) -> None:
    (tmp_path / "included").write_text("a A 192.0.2.1\n\nb A 192.0.2.2\n", encoding="ascii")
    file = tmp_path / "example.zone"

    def scan(text: bytes) -> "plane.ZoneScan":
        file.write_bytes(text)
        return plane.scan_zone_file(str(file), ORIGIN)

    text = (HEAD + "$INCLUDE included\n").encode()
    with pytest.raises(RuleError, match=rf"it stands in {tmp_path}/included:3: edit that file by hand"):
        rewrite(text, ORIGIN, [wanted("b.example. A")], file="example.zone", scan=scan)
    added = rewrite(text, ORIGIN, [wanted("b.example. 60 TXT x")], file="example.zone", scan=scan)
    assert sorted(added.splitlines()) == sorted([*text.splitlines(), b'b TXT "x"'])


def test_a_type_that_the_scanner_does_not_know() -> None:
    """Types are parsed by dnspython where the scanner does not know them."""
    before = "a APL 1:192.0.2.0/24 ; networks\nb A 192.0.2.1\n"
    after = "a APL 1:192.0.3.0/24 ; networks\nb A 192.0.2.1\n"
    assert edited(before, "a.example. 60 APL 1:192.0.3.0/24", head=HEAD) == after


def test_a_byte_order_mark() -> None:
    before = "\u00ef\u00bb\u00bf$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n"
    assert edited(before, "example. 60 SOA ns1 h 2 2 3 4 5") == before.replace("h 1", "h 2")


def test_bytes_above_127_stay() -> None:
    before = '; Gr\u00fc\u00dfe\na TXT "\u00fc"\nb A 192.0.2.1\n'
    assert edited(before, "b.example. 60 A 192.0.2.2", head=HEAD) == before.replace("2.1", "2.2")


def test_a_record_that_cannot_be_written() -> None:
    """Data of two octets is no address (RFC 1035 3.4.1)."""
    with pytest.raises(RuleError, match="not well-formed"):
        rewrite(HEAD.encode(), ORIGIN, [RRset(names.from_text("a.example."), 1, 60, (b"ab",))], file="example.zone")


def test_a_text_without_anything() -> None:
    with pytest.raises(RuleError, match="there is nothing in it"):
        edited("", "a.example. 60 A 192.0.2.1")


def test_a_text_of_comments_alone() -> None:
    assert edited("; a comment\n", "a.example. 60 A 192.0.2.1") == "; a comment\na 60 A 192.0.2.1\n"

"""Any layout, any edit: the records are those that were asked for, and what was not touched is byte for byte as it was.

The layouts mix everything that RFC 1035 5.1, RFC 2308 4 and BIND allow: owners and TTLs that are taken over, TTL and
class in any order, parentheses, comments, $ORIGIN, $TTL and $GENERATE, line ends.
"""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from resolute import plane
from resolute.errors import RuleError
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.zones.filetext import rewrite

ORIGIN = names.from_text("example.")
OWNERS = ["@", "a", "B", "c.a", "*.d", "e.sub.example.", "x\\.y", "\\097"]
EDITED = ["example.", "a.example.", "b.example.", "c.a.example.", "e.sub.example.", "a.sub.example.", "new.example."]
DATA = {
    "A": ["192.0.2.1", "192.0.2.2", "192.0.2.33"],
    "TXT": ['"a ; b"', "one two", '"(" ")" \\"', '"x""y"'],
    "MX": ["10 mail", "20 Mail.Example.", "30 elsewhere.test."],
    "NS": ["ns1", "ns2.example."],
    "TYPE65280": ["\\# 2 abcd", "\\# 3 ab cdef", "\\# 0"],
    "SRV": ["0 0 5060 a", "0 5 5061 @"],
}
BARE = {
    "A": DATA["A"],
    "TXT": ['"z"', '"a ; b"', '"one" "two"'],
    "MX": ["10 mail.example.", "5 new.test."],
    "TYPE65280": ["\\# 2 abcd", "\\# 1 ff"],
    "SRV": ["0 0 5060 a.example."],
}
TTLS = ["30", "40", "1M", "1H30M"]


@st.composite
def record(draw: st.DrawFn) -> str:
    """A record in one of many layouts."""
    rtype = draw(st.sampled_from(sorted(DATA)))
    data = draw(st.sampled_from(DATA[rtype]))
    gap = draw(st.sampled_from([" ", "\t", "    ", "\t\t", " ( ", "(\n\t"]))
    head = draw(st.permutations([draw(st.sampled_from(["", *TTLS])), draw(st.sampled_from(["", "IN", "in"]))]))
    owner = draw(st.sampled_from(["", "", *OWNERS]))
    words = [word for word in (*head, draw(st.sampled_from([rtype, rtype.lower()]))) if word]
    tail = draw(st.sampled_from(["", "", " ; comment (", "   ; c", "  "]))
    if "(" in gap:
        tail = draw(st.sampled_from([" )", "\n )", " ; inner )\n ) ; outer", "\n\n)"]))
    return owner + draw(st.sampled_from([" ", "\t", "      "])) + " ".join(words) + gap + data + tail


LINE = st.one_of(
    record(),
    record(),
    record(),
    st.sampled_from(
        ["", '; comment ( "', "   ", "\t;", "$TTL 90", "$ORIGIN sub.example.", "$ORIGIN example.", "$origin a"]
    ),
    st.sampled_from(["$GENERATE 1-2 h$ 60 A 192.0.2.$", "$GENERATE 1-2 b TXT $"]),
)
HEADS = ["$TTL 60\n@ SOA a b 1 2 3 4 5\n", "@ 60 IN SOA a b ( 1 ; serial\n 2 3 4\n 5 )\n", "@ SOA a b 1 2 3 4 50\n"]


@st.composite
def edit(draw: st.DrawFn) -> RRset:
    """An RRset as it is wanted."""
    name = draw(st.sampled_from(EDITED))
    rtype = draw(st.sampled_from(sorted(BARE)))
    datas = draw(st.lists(st.sampled_from(BARE[rtype]), unique=True))
    number = rdata.type_from_text(rtype)
    wire = tuple(rdata.to_wire(number, data, ORIGIN) for data in datas)
    return RRset(names.from_text(name), number, draw(st.sampled_from([30, 40, 60, 77, 90])), wire)


def content(text: bytes) -> list[tuple[bytes, int, int, bytes]]:
    """The records of a text, by name and type, then in its order."""
    scan = plane.scan_zone_text(text, ORIGIN, file="zone")
    return [record[:4] for record in scan.listing().records(0, 1_000)]


def subsequence(part: Sequence[bytes], whole: Sequence[bytes]) -> bool:
    """Whether the lines stand in a text in this order."""
    rest = iter(whole)
    return all(line in rest for line in part)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(HEADS),
    st.lists(LINE, max_size=12),
    st.lists(edit(), min_size=1, max_size=3, unique_by=lambda rrset: rrset.key),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n"]),
)
def test_any_edit_of_any_layout(head: str, lines: list[str], edits: list[RRset], eol: str, end: str) -> None:
    text = (head + "\n".join(lines) + end).replace("\n", eol).encode()
    before = content(text)
    try:
        result = rewrite(text, ORIGIN, edits, file="zone")
    except RuleError as error:
        if "$GENERATE" in str(error) and b"$GENERATE" in text:
            return
        raise
    touched = {rrset.key for rrset in edits}
    after = content(result)
    assert [one for one in after if one[:2] not in touched] == [one for one in before if one[:2] not in touched]
    for rrset in edits:
        assert sorted(one[2:] for one in after if one[:2] == rrset.key) == sorted(
            (rrset.ttl, one) for one in rrset.rdatas
        )


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["A", "TXT", "MX"]), max_size=8), st.lists(st.integers(0, 3), max_size=8), edit())
def test_lines_of_others_are_untouched(types: list[str], owners: list[int], rrset: RRset) -> None:
    """With every owner and the TTL stated nothing is taken over: no other record's line changes or moves."""
    lines = [
        f"{OWNERS[owner]}\t{rtype} {DATA[rtype][0]} ; {at}"
        for at, (rtype, owner) in enumerate(zip(types, owners, strict=False))
    ]
    text = "\n".join([HEADS[0], *lines, ""]).encode()
    result = rewrite(text, ORIGIN, [rrset], file="zone")
    others = [line for line in text.splitlines() if not is_of(line, rrset)]
    assert subsequence(others, result.splitlines())
    assert len(result.splitlines()) - len(others) == len(rrset.rdatas)


def is_of(line: bytes, rrset: RRset) -> bool:
    """Whether a line is a record of an RRset."""
    words = line.split()
    if not line.strip() or b"SOA" in words or line.startswith(b"$"):
        return False
    owner = ORIGIN if words[0] == b"@" else names.fold(names.from_text(words[0].decode() + ".example."))
    return (owner, rdata.type_from_text(words[1].decode())) == rrset.key

"""Resolute, NSD, Knot and BIND answer the same questions about the same zones.

Where the three agree, Resolute must agree with them. Where they differ among themselves, CHOICES says what Resolute
answers and which sentence decides.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from bench.peers import Bind, Endpoint, Knot, Nsd, Resolute, Server, Service
from tests.asking import parse, query, tcp, texts

ZONES = {f"{path.stem}.": path for path in sorted((Path(__file__).parent / "zones").glob("*.zone"))}
ALWAYS = ("A", "TXT", "NS", "DS", "CNAME")
A63, B63, C63 = (letter * 63 for letter in "abc")

NAMES: dict[str, tuple[str, ...]] = {
    # every name is asked for with these types; where none is named: A, TXT, NS, DS, CNAME
    "agree.test.": ("SOA", "NS", "A", "MX", "CAA", "TXT", "DS", "DNAME", "CNAME", "HTTPS"),
    "AGREE.Test.": ("SOA",),
    "missing.agree.test.": ("A", "SOA", "CNAME", "TYPE65280"),
    "a.b.c.d.missing.agree.test.": ("A",),
    "ns1.agree.test.": ("A", "AAAA", "MX"),
    "web.agree.test.": ("A", "AAAA", "TXT", "HTTPS", "MX", "SOA", "NS", "DS"),
    "below.web.agree.test.": ("TXT", "A"),
    "missing.web.agree.test.": ("A",),
    "missing.below.web.agree.test.": ("A",),
    "mx-many.agree.test.": ("MX", "A"),
    "_sip._tcp.agree.test.": ("SRV",),
    "_sip._udp.agree.test.": ("SRV",),
    "_tcp.agree.test.": ("SRV", "A"),
    "unknown.agree.test.": ("TYPE65280", "TYPE65281", "A"),
    "mIxEd.agree.test.": ("A", "TXT"),
    "two.three.agree.test.": ALWAYS,
    "three.agree.test.": ALWAYS,
    "one.two.three.agree.test.": ("TXT", "A"),
    "x.three.agree.test.": ("A",),
    # CNAME
    "cname.agree.test.": ("A", "AAAA", "MX", "CNAME", "NS", "SOA", "DS"),
    "cname2.agree.test.": ("A", "CNAME"),
    "cname3.agree.test.": ("A", "MX", "CNAME"),
    "cname-nodata.agree.test.": ("AAAA", "CNAME"),
    "cname-missing.agree.test.": ("A", "CNAME"),
    "cname-ent.agree.test.": ("A",),
    "cname-second.agree.test.": ("A", "MX", "CNAME"),
    "cname-second2.agree.test.": ("A", "AAAA", "MX"),
    "cname-second-missing.agree.test.": ("A",),
    "cname-second-nodata.agree.test.": ("MX",),
    "cname-out.agree.test.": ("A", "CNAME"),
    "cname2-out.agree.test.": ("A", "CNAME"),
    "cname-cut.agree.test.": ("A", "CNAME"),
    "cname-at-cut.agree.test.": ("A", "NS", "DS", "CNAME"),
    "cname-wild.agree.test.": ("A", "TXT", "MX"),
    "cname-wild-nodata.agree.test.": ("A", "TXT"),
    "cname-dname.agree.test.": ("A", "CNAME"),
    "cname-ours.agree.test.": ("A", "MX"),
    "loop1.agree.test.": ("A", "CNAME"),
    "self.agree.test.": ("A", "CNAME"),
    "below.cname.agree.test.": ("A",),
    # wildcards
    "w.agree.test.": ALWAYS,
    "*.w.agree.test.": ("A", "TXT", "MX"),
    "x.w.agree.test.": ("A", "MX", "TXT", "DS", "NS", "CNAME"),
    "X.y.Z.w.agree.test.": ("A", "MX"),
    "host.w.agree.test.": ("A", "TXT"),
    "x.host.w.agree.test.": ("A", "TXT"),
    "c.w.agree.test.": ("A", "TXT"),
    "x.c.w.agree.test.": ("A", "TXT"),
    "y.x.c.w.agree.test.": ("A", "TXT"),
    "d.w.agree.test.": ("A", "TXT"),
    "x.d.w.agree.test.": ("A", "TXT"),
    "ent.d.w.agree.test.": ("A", "TXT"),
    "sub.*.w.agree.test.": ("A", "TXT"),
    "x.*.w.agree.test.": ("A", "TXT"),
    "*.*.w.agree.test.": ("A",),
    "a*b.w.agree.test.": ("A", "TXT"),
    "axb.w.agree.test.": ("A", "TXT"),
    "x.wc.agree.test.": ("A", "MX", "CNAME"),
    "x.wc2.agree.test.": ("A", "TXT"),
    "x.wcmissing.agree.test.": ("A",),
    "x.wcsecond.agree.test.": ("A",),
    "x.wcout.agree.test.": ("A",),
    "x.wloop.agree.test.": ("A", "CNAME"),
    "*.wc.agree.test.": ("A", "CNAME"),
    # zone cuts
    "cut.agree.test.": ("A", "NS", "DS", "SOA", "TXT", "CNAME", "MX"),
    "www.cut.agree.test.": ("A", "NS", "DS", "TXT"),
    "ns.cut.agree.test.": ("A", "AAAA", "DS", "NS"),
    "hidden.cut.agree.test.": ("TXT",),
    "x.under-cut.cut.agree.test.": ("TXT", "DS"),
    "*.under-cut.cut.agree.test.": ("TXT",),
    "cut-sibling.agree.test.": ("A", "NS", "DS"),
    "x.cut-sibling.agree.test.": ("A",),
    "cut-out.agree.test.": ("A", "NS", "DS"),
    "x.y.z.cut-out.agree.test.": ("A", "DS"),
    "cut-parent.agree.test.": ("A", "NS", "DS"),
    "cut-second.agree.test.": ("A",),
    "cut-ent.agree.test.": ("A", "NS", "DS"),
    "er.cut-ent.agree.test.": ("A",),
    "deep.er.cut-ent.agree.test.": ("A", "DS", "NS"),
    "x.deep.er.cut-ent.agree.test.": ("A",),
    # a cut whose child is ours too
    "ours.agree.test.": ("A", "NS", "DS", "SOA", "TXT"),
    "www.ours.agree.test.": ("A", "DS", "MX"),
    "missing.ours.agree.test.": ("A", "DS"),
    "up.ours.agree.test.": ("A", "MX"),
    # DNAME
    "dname.agree.test.": ("DNAME", "TXT", "A", "CNAME", "DS", "NS"),
    "x.dname.agree.test.": ("A", "MX", "TXT", "CNAME", "DNAME", "DS"),
    "x.c.dname.agree.test.": ("TXT", "A"),
    "X.C.DName.agree.test.": ("TXT",),
    "host.dname.agree.test.": ("TXT",),
    "web.dname-here.agree.test.": ("A", "CNAME", "MX"),
    "cname.dname-here.agree.test.": ("A",),
    "missing.dname-here.agree.test.": ("A",),
    "web.dname-second.agree.test.": ("A", "MX", "CNAME"),
    "missing.dname-second.agree.test.": ("A",),
    "x.dname-back.dname-second.agree.test.": ("A",),
    "x.dname-out.agree.test.": ("A", "DNAME", "CNAME"),
    "x.dname-missing.agree.test.": ("A",),
    "web.dname-dname.agree.test.": ("A", "CNAME"),
    "www.dname-cut.agree.test.": ("A", "DS"),
    "x.dname-long.agree.test.": ("A", "CNAME"),
    f"{A63}.dname-long.agree.test.": ("A", "CNAME"),
    # odd names
    r"a\.dot.agree.test.": ("TXT",),
    "a.dot.agree.test.": ("TXT",),
    r"n\000ul.agree.test.": ("TXT", "A"),
    r"\255\128.agree.test.": ("TXT",),
    r"sp\032ace.agree.test.": ("TXT",),
    r"back\\slash.agree.test.": ("TXT",),
    r"semi\;colon.agree.test.": ("TXT",),
    r"quo\"te.agree.test.": ("TXT",),
    r"\@.agree.test.": ("TXT",),
    "*.agree.test.": ("TXT",),
    "x.esc.agree.test.": ("TXT", "A"),
    r"upper\195\132.agree.test.": ("TXT",),
    r"upper\195\164.agree.test.": ("TXT",),
    "_UNDER_score.agree.test.": ("TXT",),
    "1234567890.agree.test.": ("TXT",),
    "-dash-.agree.test.": ("TXT",),
    f"{'l' * 63}.agree.test.": ("TXT", "A"),
    f"{'L' * 63}.agree.test.": ("TXT",),
    f"{A63}.{B63}.{C63}.{'d' * 50}.agree.test.": ("TXT", "A"),
    f"{A63}.{B63}.{C63}.{'D' * 50}.agree.test.": ("TXT",),
    f"{A63}.{B63}.{C63}.{'e' * 50}.agree.test.": ("TXT",),
    f"{B63}.{C63}.{'d' * 50}.agree.test.": ("TXT",),
    "big.agree.test.": ("TXT",),
    # the second zone, and what is nobody's
    "second.test.": ("SOA", "NS", "MX"),
    "missing.second.test.": ("A",),
    "cname-back.second.test.": ("A", "MX"),
    "x.dname-back.second.test.": ("A", "TXT"),
    "cname-pingpong.second.test.": ("A",),
    "test.": ("A", "NS", "SOA"),
    "elsewhere.invalid.": ("A",),
    ".": ("NS",),
    # reverse zones
    "2.0.192.in-addr.arpa.": ("SOA", "PTR"),
    "25.2.0.192.in-addr.arpa.": ("PTR", "A"),
    "80.2.0.192.in-addr.arpa.": ("PTR",),
    "1.2.0.192.in-addr.arpa.": ("PTR",),
    "128.2.0.192.in-addr.arpa.": ("PTR", "CNAME"),
    "128/25.2.0.192.in-addr.arpa.": ("NS", "PTR"),
    "129.128/25.2.0.192.in-addr.arpa.": ("PTR",),
    f"3.5.{'0.' * 22}8.b.d.0.1.0.0.2.ip6.arpa.": ("PTR", "AAAA"),
    f"4.5.{'0.' * 22}8.b.d.0.1.0.0.2.ip6.arpa.": ("PTR",),
    f"{'0.' * 20}8.b.d.0.1.0.0.2.ip6.arpa.": ("PTR",),
}
QUESTIONS = [(qname, rdtype) for qname, rdtypes in NAMES.items() for rdtype in rdtypes]


BIND_OPTIONS = "minimal-responses yes; check-names primary ignore; zero-no-soa-ttl no;"


class MinimalBind(Bind):
    """BIND that adds no NS records beside an answer (RFC 1034 4.3.2 step 6 leaves that open) and takes any name."""

    def arguments(self) -> Sequence[str]:
        arguments = super().arguments()
        text = (self.folder / "named.conf").read_text()
        self.write("named.conf", text.replace("options {", f"options {{{BIND_OPTIONS}"))
        return arguments


@dataclass(frozen=True)
class Said:
    """What is compared of a reply: additional records only in a referral, where they are glue."""

    rcode: str
    aa: bool
    tc: bool
    answer: frozenset[str]
    authority: frozenset[str]
    glue: frozenset[str]

    def __str__(self) -> str:
        lines = [f"{self.rcode} aa={self.aa:d} tc={self.tc:d}"]
        for section in ("answer", "authority", "glue"):
            lines += [f"  {section:9} {text}" for text in sorted(getattr(self, section))]
        return "\n".join(lines)


def said(reply: dns.message.Message) -> Said:
    referral = any(rrset.rdtype == dns.rdatatype.NS for rrset in reply.authority)
    return Said(
        dns.rcode.to_text(reply.rcode()),
        bool(reply.flags & dns.flags.AA),
        bool(reply.flags & dns.flags.TC),
        texts(reply.answer),
        texts(reply.authority),
        texts(reply.additional) if referral else frozenset(),
    )


Peers = dict[str, Endpoint]


@dataclass(frozen=True)
class Choice:
    """Whom Resolute answers like, of peers that differ, and the sentence that decides."""

    like: str
    reason: str


CROSS_ZONE = Choice(
    "nsd",
    'RFC 1034 4.3.2 step 3a: "copy the CNAME RR into the answer section of the response, change QNAME to the canonical '
    'name in the CNAME RR, and go back to step 1", and step 2 is "Search the available zones for the zone which is the '
    'nearest ancestor to QNAME": a chain is followed through every zone of ours',
)
LOOP = Choice(
    "nsd knot",
    'RFC 1034 3.6.2 has "CNAME loops signalled as an error", and the client that follows the records sees the loop; '
    "RFC 1034 4.3.2 ends in the data that the zone has, and knows no SERVFAIL",
)
SIBLING = Choice(
    "nsd knot",
    'RFC 1034 4.3.2 step 3b: "Copy the NS RRs for the subzone into the authority section of the reply. Put whatever '
    'addresses are available into the additional section"',
)
LONG = Choice(
    "nsd bind",
    'RFC 6672 2.2: "the result would be a name over 255 octets. If this occurs, the server returns an RCODE of '
    'YXDOMAIN"',
)

CHOICES: dict[tuple[str, str], Choice] = {
    ("cname-second.agree.test.", "A"): CROSS_ZONE,
    ("cname-second.agree.test.", "MX"): CROSS_ZONE,
    ("cname-second2.agree.test.", "A"): CROSS_ZONE,
    ("cname-second2.agree.test.", "AAAA"): CROSS_ZONE,
    ("cname-second2.agree.test.", "MX"): CROSS_ZONE,
    ("cname-second-missing.agree.test.", "A"): CROSS_ZONE,
    ("cname-second-nodata.agree.test.", "MX"): CROSS_ZONE,
    ("cname-ours.agree.test.", "A"): CROSS_ZONE,
    ("cname-ours.agree.test.", "MX"): CROSS_ZONE,
    ("x.wcsecond.agree.test.", "A"): CROSS_ZONE,
    ("up.ours.agree.test.", "A"): CROSS_ZONE,
    ("up.ours.agree.test.", "MX"): CROSS_ZONE,
    ("web.dname-second.agree.test.", "A"): CROSS_ZONE,
    ("web.dname-second.agree.test.", "MX"): CROSS_ZONE,
    ("missing.dname-second.agree.test.", "A"): CROSS_ZONE,
    ("x.dname-back.dname-second.agree.test.", "A"): CROSS_ZONE,
    ("cname-back.second.test.", "A"): CROSS_ZONE,
    ("cname-back.second.test.", "MX"): CROSS_ZONE,
    ("x.dname-back.second.test.", "A"): CROSS_ZONE,
    ("x.dname-back.second.test.", "TXT"): CROSS_ZONE,
    ("cname-pingpong.second.test.", "A"): CROSS_ZONE,
    ("loop1.agree.test.", "A"): LOOP,
    ("self.agree.test.", "A"): LOOP,
    ("x.wloop.agree.test.", "A"): LOOP,
    ("cut-parent.agree.test.", "A"): SIBLING,
    ("cut-parent.agree.test.", "NS"): SIBLING,
    (f"{A63}.dname-long.agree.test.", "A"): LONG,
    (f"{A63}.dname-long.agree.test.", "CNAME"): LONG,
}


@pytest.fixture(scope="module")
def ours() -> Iterator[Endpoint]:
    with Resolute(Service(zones=ZONES)) as server:
        yield server.endpoint


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    servers: list[Server] = [
        Nsd(Service(zones=ZONES, extra="server:\n    minimal-responses: yes\n")),
        Knot(Service(zones=ZONES)),
        MinimalBind(Service(zones=ZONES)),
    ]
    with contextlib.ExitStack() as stack:
        yield {server.name.lower(): stack.enter_context(server).endpoint for server in servers}


@pytest.mark.parametrize(("qname", "rdtype"), QUESTIONS, ids=[f"{qname[:60]} {rdtype}" for qname, rdtype in QUESTIONS])
def test_same_answer(ours: Endpoint, peers: Peers, qname: str, rdtype: str) -> None:
    question = dns.message.make_query(qname, rdtype, flags=0, id=0x1234).to_wire()
    said_by = {who: said(parse(tcp(endpoint, question))) for who, endpoint in peers.items()}
    choice = CHOICES.get((qname, rdtype), Choice(" ".join(said_by), "the three agree"))
    expected = {said_by[who] for who in choice.like.split()}
    assert len(expected) == 1, "\n".join(f"{who}: {what}" for who, what in said_by.items())
    assert (len(set(said_by.values())) == 1) == ((qname, rdtype) not in CHOICES), "CHOICES is not up to date"
    assert str(said(parse(tcp(ours, question)))) == str(expected.pop()), choice.reason


def test_a_dname_that_leads_below_itself_is_given_once(ours: Endpoint) -> None:
    # RFC 2181 5: no record is there twice with the same owner, class, type and data. NSD stops after one step, Knot
    # after five, BIND after twelve: each gives the DNAME once, and names that dnspython reads.
    reply = parse(tcp(ours, query("x.dname-loop.agree.test.")))
    dnames = [rrset for rrset in reply.answer if rrset.rdtype == dns.rdatatype.DNAME]
    cnames = [rrset for rrset in reply.answer if rrset.rdtype == dns.rdatatype.CNAME]
    assert len(dnames) == 1
    assert len(dnames[0]) == 1
    assert cnames[0].name == dns.name.from_text("x.dname-loop.agree.test.")
    assert cnames[0][0].target == dns.name.from_text("x.x.dname-loop.agree.test.")
    assert reply.flags & dns.flags.AA

"""What nobody thought of: any bit of a signed reply that is changed, any bytes at all."""

from collections.abc import Iterable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute.dnssec.message import Message, parse
from resolute.dnssec.ranges import DenialStore
from resolute.dnssec.trust import ZoneCache
from resolute.dnssec.verdict import Need, Security, Verdict
from resolute.errors import PeerError
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.records.types import DNSKEY, DS
from tests.signing import Hashed, Tree, answer, nodata, nxdomain, wire

TREE = Tree()
EXAMPLE = TREE.example
REPLIES = dict(TREE.replies)
SECTIONS = {
    "answer": ("www.example.", "MX", answer(EXAMPLE.signed("www.example.", "MX", "10 mail.example.", "20 b.example."))),
    "wildcard": (
        "x.example.",
        "A",
        answer(
            EXAMPLE.made("x.example.", "*.example.", "A", "192.0.2.1"),
            authority=[EXAMPLE.nsec("m.example.", "z.example.", "A")],
        ),
    ),
    "no name": (
        "no.example.",
        "A",
        nxdomain(
            EXAMPLE.soa(),
            EXAMPLE.nsec("example.", "b.example.", "NS SOA"),
            EXAMPLE.nsec("m.example.", "o.example.", "A"),
        ),
    ),
    "no type": (
        "no.example.",
        "A",
        nodata(EXAMPLE.soa(), EXAMPLE.nsec3("no.example.", "TXT RRSIG", Hashed(salt=b"s"))),
    ),
}


def to_wire(message: Message) -> bytes:
    """As a server sends it."""
    made = dns.message.Message(id=0)
    made.flags = dns.flags.QR
    made.set_rcode(dns.rcode.Rcode(message.rcode))
    for rrsets, section in ((message.answer, made.answer), (message.authority, made.authority)):
        section.extend(_plain(rrset) for rrset in rrsets)
    return made.to_wire()


def _plain(rrset: RRset) -> dns.rrset.RRset:
    rtype = dns.rdatatype.RdataType.make(rrset.rtype)
    name = dns.name.from_wire(rrset.owner, 0)[0]
    datas = [dns.rdata.from_wire(dns.rdataclass.IN, rtype, data, 0, len(data)) for data in rrset.rdatas]
    return dns.rrset.from_rdata_list(name, rrset.ttl, datas)


def contents(verdict: Verdict) -> set[tuple[bytes, int, frozenset[bytes]]]:
    """What was found authentic, without letter case (RFC 4034 6.2)."""
    return {
        (each.rrset.owner, each.rrset.rtype, frozenset(data.lower() for data in each.rrset.rdatas))
        for each in verdict.authentic
    }


def flips(octets: bytes) -> Iterable[bytes]:
    for at in range(len(octets)):
        for bit in range(8):
            yield octets[:at] + bytes((octets[at] ^ 1 << bit,)) + octets[at + 1 :]


@pytest.mark.parametrize("kind", SECTIONS)
def test_any_bit_of_a_reply(kind: str) -> None:
    """It stays secure only where what is authentic is what was signed; and it never becomes insecure."""
    qname, qtype, message = SECTIONS[kind]
    octets = to_wire(message)
    TREE.grounds.zones.forget(b"\0")
    original = TREE.judge(qname, qtype, parse(octets))
    assert original.security is Security.SECURE
    refused = 0
    for changed in flips(octets):
        try:
            reply = parse(changed)
        except PeerError:
            refused += 1
            continue
        verdict = TREE.judge(qname, qtype, reply)
        assert verdict.security in (Security.SECURE, Security.BOGUS, Security.INDETERMINATE)
        refused += verdict.security is not Security.SECURE
        if verdict.security is Security.SECURE:
            assert contents(verdict) <= contents(original)
            assert reply.rcode == message.rcode
            assert verdict.ttl is not None
            assert original.ttl is not None
            assert verdict.ttl <= original.ttl
    assert refused > 4 * len(octets)


@pytest.mark.parametrize("need", [need for need in REPLIES if need.name != TREE.sub.origin], ids=str)
def test_any_bit_on_the_way_to_the_zone(need: Need) -> None:
    """A chain of trust that is changed anywhere does not make the zone insecure, nor another zone."""
    qname, qtype, message = SECTIONS["answer"]
    honest = REPLIES[need]
    assert honest is not None
    for changed in flips(to_wire(honest)):
        try:
            TREE.replies[need] = parse(changed)
        except PeerError:
            continue
        TREE.grounds.zones.forget(b"\0")
        verdict = TREE.judge(qname, qtype, message)
        assert verdict.security in (Security.SECURE, Security.BOGUS, Security.INDETERMINATE)
    TREE.replies[need] = honest
    TREE.grounds.zones.forget(b"\0")
    assert TREE.judge(qname, qtype, message).security is Security.SECURE


@given(st.binary(max_size=600))
def test_any_bytes(octets: bytes) -> None:
    for prefix in (b"", bytes((0, 0, 0x84, 0, 0, 0, 0, 1, 0, 1, 0, 0))):
        try:
            message = parse(prefix + octets)
        except PeerError:
            continue
        for qname, qtype in (("www.example.", "A"), (".", "ANY"), ("x.sub.example.", "DS")):
            assert TREE.judge(qname, qtype, message).security is not Security.SECURE


OWNERS = st.sampled_from(
    [wire(name) for name in (".", "example.", "no.example.", "www.example.", "*.example.", "sub.example.")]
)
TYPES = st.sampled_from([1, 2, 5, 6, 15, 39, 43, 46, 47, 48, 50, 65_280])
HEADS = st.sampled_from(
    [
        b"",
        wire("example."),
        wire("z.example.") + b"\x00\x01\x40",
        b"\x01\x00\x00\x01\x00\x14",
        b"\x01\x01\x03\x0d",
        *(
            rdata
            for _, _, message in SECTIONS.values()
            for rrset in (*message.answer, *message.authority)
            for rdata in rrset.rdatas
        ),
    ]
)


@st.composite
def rrsets(draw: st.DrawFn) -> RRset:
    head = bytearray(draw(HEADS))
    for _ in range(draw(st.integers(0, 3)) if head else 0):
        head[draw(st.integers(0, len(head) - 1))] = draw(st.integers(0, 255))
    cut = bytes(head[: draw(st.integers(0, len(head)))]) if draw(st.booleans()) else bytes(head)
    return RRset(draw(OWNERS), draw(TYPES), draw(st.integers(0, 2**31 - 1)), (cut + draw(st.binary(max_size=8)),))


MESSAGES = st.builds(
    Message, st.sampled_from([0, 3, 6]), st.lists(rrsets(), max_size=5), st.lists(rrsets(), max_size=5)
)


@given(MESSAGES, MESSAGES, st.sampled_from(["A", "DS", "ANY", "CNAME", "DNSKEY", "NSEC"]))
def test_any_records(message: Message, reply: Message, qtype: str) -> None:
    """Owners are names, data may be anything, what is asked for on the way may be rubbish too: nothing is raised."""
    tree = Tree(TREE.root, TREE.example, TREE.sub)
    for honest in (True, False):
        tree.grounds = type(tree.grounds)(tree.grounds.anchors, zones=ZoneCache())
        if not honest:
            asked = [*REPLIES, Need(wire("www.example."), DS), Need(wire("no.example."), DS)]
            tree.replies = dict.fromkeys(asked, reply)
            tree.says(".", DNSKEY, tree.root.dnskey())
        for qname in ("www.example.", "no.example.", "sub.example."):
            verdict = tree.judge(qname, qtype, message)
            store = DenialStore()
            store.learn(verdict.authentic, 0.0)
            store.answer(names.fold(wire(qname)), 1, 0.0, tree.budget)

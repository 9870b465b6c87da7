"""Proofs of absence that hold (RFC 4035 5.4, RFC 5155 8, RFC 6840 4, RFC 9276 3.2), by NSEC and by NSEC3."""

import pytest

from resolute.dnssec.message import Message
from resolute.dnssec.verdict import Security
from resolute.records.rrset import RRset
from resolute.records.types import DS, A
from tests.signing import OPT_OUT, Hashed, Tree, answer, nodata, nxdomain, wire

SECURE, INSECURE, BOGUS = Security.SECURE, Security.INSECURE, Security.BOGUS


@pytest.fixture
def tree() -> Tree:
    return Tree()


def judge(tree: Tree, message: Message, qname: str = "no.example.", qtype: str = "A") -> Security:
    return tree.judge(qname, qtype, message).security


def test_nsec_no_name(tree: Tree) -> None:
    """RFC 4035 5.4: the name and the wildcard that could make it are covered."""
    name = tree.example.nsec("m.example.", "o.example.", "A")
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    assert judge(tree, nxdomain(tree.example.soa(), name, wildcard)) is SECURE
    assert judge(tree, nxdomain(name, wildcard)) is SECURE
    assert judge(tree, nxdomain(name)) is BOGUS
    assert judge(tree, nxdomain(wildcard)) is BOGUS
    both = tree.example.nsec("example.", "o.example.", "NS SOA")
    assert judge(tree, nxdomain(both)) is SECURE
    last = tree.example.nsec("m.example.", "example.", "A")
    assert judge(tree, nxdomain(last, wildcard)) is SECURE
    assert judge(tree, nxdomain(last, wildcard), "a.b.c.no.example.") is SECURE


def test_nsec_no_name_deep(tree: Tree) -> None:
    """The closest encloser is what the name shares with the names around it."""
    name = tree.example.nsec("a.deep.example.", "z.deep.example.", "A")
    wildcard = tree.example.nsec("deep.example.", "a.deep.example.", "A")
    apex = tree.example.nsec("example.", "a.example.", "NS SOA")
    assert judge(tree, nxdomain(name, wildcard), "x.y.m.deep.example.") is SECURE
    assert judge(tree, nxdomain(name, apex), "m.deep.example.") is BOGUS


def test_nsec_no_type(tree: Tree) -> None:
    assert judge(tree, nodata(tree.example.nsec("no.example.", "o.example.", "TXT"))) is SECURE
    assert judge(tree, nodata(tree.example.nsec("no.example.", "o.example.", "A"))) is BOGUS
    assert judge(tree, nodata(tree.example.nsec("no.example.", "o.example.", "CNAME"))) is BOGUS
    assert judge(tree, nodata(tree.example.nsec("example.", "a.example.", "NS SOA")), "example.") is SECURE
    assert judge(tree, nodata(tree.example.nsec("no.example.", "o.example.", "TXT")), qtype="ANY") is BOGUS


def test_nsec_empty_non_terminal(tree: Tree) -> None:
    """RFC 4592 2.2.2: it is there, without types."""
    cover = tree.example.nsec("m.example.", "x.no.example.", "A")
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    assert judge(tree, nodata(cover)) is SECURE
    assert judge(tree, nodata(cover), qtype="ANY") is SECURE
    assert judge(tree, nxdomain(cover, wildcard)) is BOGUS


def test_nsec_wildcard_without_the_type(tree: Tree) -> None:
    """RFC 4035 3.1.3.4."""
    cover = tree.example.nsec("m.example.", "o.example.", "A")
    wildcard = tree.example.nsec("*.example.", "a.example.", "TXT")
    assert judge(tree, nodata(cover, wildcard)) is SECURE
    assert judge(tree, nodata(wildcard)) is BOGUS
    assert judge(tree, nodata(cover)) is BOGUS
    assert judge(tree, nodata(cover, tree.example.nsec("*.example.", "a.example.", "A"))) is BOGUS
    assert judge(tree, nodata(cover, tree.example.nsec("*.example.", "a.example.", "CNAME"))) is BOGUS
    assert judge(tree, nxdomain(cover, wildcard)) is BOGUS


def test_nsec_answer_of_a_wildcard(tree: Tree) -> None:
    """RFC 4035 5.3.4: nothing closer is there."""
    made = tree.example.made("no.example.", "*.example.", "A", "192.0.2.1")
    cover = tree.example.nsec("m.example.", "o.example.", "A")
    good = tree.judge("no.example.", "A", answer(made, authority=[cover]))
    assert good.security is SECURE
    assert good.authentic[0].source == wire("*.example.")
    assert judge(tree, answer(made)) is BOGUS
    assert judge(tree, answer(made, authority=[tree.example.nsec("no.example.", "o.example.", "A")])) is BOGUS
    deep = tree.example.made("x.no.example.", "*.example.", "A", "192.0.2.1")
    assert judge(tree, answer(deep, authority=[cover]), "x.no.example.") is SECURE
    closer = tree.example.nsec("a.no.example.", "z.no.example.", "A")
    assert judge(tree, answer(deep, authority=[closer]), "x.no.example.") is BOGUS
    wildcard_itself = tree.example.signed("*.example.", "A", "192.0.2.1")
    assert judge(tree, answer(wildcard_itself), "*.example.") is SECURE


def test_nsec3_no_name(tree: Tree) -> None:
    """RFC 5155 8.4."""
    encloser = tree.example.nsec3("example.", "NS SOA RRSIG DNSKEY NSEC3PARAM")
    closer, wildcard = tree.example.covering("no.example."), tree.example.covering("*.example.")
    assert judge(tree, nxdomain(tree.example.soa(), encloser, closer, wildcard)) is SECURE
    assert judge(tree, nxdomain(encloser, closer, wildcard), "a.b.no.example.") is SECURE
    assert judge(tree, nxdomain(encloser, closer)) is BOGUS
    assert judge(tree, nxdomain(encloser, wildcard)) is BOGUS
    assert judge(tree, nxdomain(closer, wildcard)) is BOGUS
    assert judge(tree, nxdomain(encloser, closer, wildcard, tree.example.nsec3("no.example.", "A RRSIG"))) is BOGUS


def test_nsec3_opt_out_is_never_secure(tree: Tree) -> None:
    """RFC 5155 9.2."""
    encloser = tree.example.nsec3("example.", "NS SOA RRSIG")
    closer, wildcard = tree.example.covering("no.example.", OPT_OUT), tree.example.covering("*.example.")
    assert judge(tree, nxdomain(encloser, closer, wildcard)) is INSECURE
    assert judge(tree, nodata(encloser, closer), qtype="DS") is INSECURE
    assert judge(tree, nodata(encloser, tree.example.covering("no.example.")), qtype="DS") is BOGUS


def test_nsec3_no_type(tree: Tree) -> None:
    """RFC 5155 8.5; an empty non-terminal has an NSEC3 without types."""
    assert judge(tree, nodata(tree.example.nsec3("no.example.", "TXT RRSIG"))) is SECURE
    assert judge(tree, nodata(tree.example.nsec3("no.example.", ""))) is SECURE
    assert judge(tree, nodata(tree.example.nsec3("no.example.", "A RRSIG"))) is BOGUS
    assert judge(tree, nodata(tree.example.nsec3("no.example.", "CNAME RRSIG"))) is BOGUS
    assert judge(tree, nodata(tree.example.nsec3("other.example.", "TXT"))) is BOGUS


def test_nsec3_wildcards(tree: Tree) -> None:
    """RFC 5155 8.7 and 8.8."""
    encloser, closer = tree.example.nsec3("example.", "NS SOA RRSIG"), tree.example.covering("no.example.")
    wildcard = tree.example.nsec3("*.example.", "TXT RRSIG")
    assert judge(tree, nodata(encloser, closer, wildcard)) is SECURE
    assert judge(tree, nodata(encloser, closer, tree.example.nsec3("*.example.", "A RRSIG"))) is BOGUS
    made = tree.example.made("x.no.example.", "*.example.", "A", "192.0.2.1")
    assert judge(tree, answer(made, authority=[closer]), "x.no.example.") is SECURE
    assert judge(tree, answer(made, authority=[tree.example.covering("x.no.example.")]), "x.no.example.") is BOGUS
    opted = tree.example.covering("no.example.", OPT_OUT)
    assert judge(tree, answer(made, authority=[opted]), "x.no.example.") is INSECURE


def test_insecure_delegation_by_nsec3(tree: Tree) -> None:
    """RFC 5155 8.9."""
    plain = answer([RRset.parse(wire("www.plain.example."), A, 300, ["192.0.2.1"])])
    for proof, state in (
        (nodata(tree.example.nsec3("plain.example.", "NS")), INSECURE),
        (
            nodata(tree.example.nsec3("example.", "NS SOA RRSIG"), tree.example.covering("plain.example.", OPT_OUT)),
            INSECURE,
        ),
        (nodata(tree.example.nsec3("plain.example.", "NS DS RRSIG")), BOGUS),
        (nodata(tree.example.nsec3("example.", "NS SOA RRSIG"), tree.example.covering("plain.example.")), BOGUS),
    ):
        fresh = Tree(tree.root, tree.example, tree.sub)
        fresh.says("plain.example.", DS, proof)
        assert judge(fresh, plain, "www.plain.example.") is state


@pytest.mark.parametrize(("iterations", "state"), [(0, SECURE), (50, SECURE), (51, INSECURE), (2_500, INSECURE)])
def test_iterations(tree: Tree, iterations: int, state: Security) -> None:
    """RFC 9276 3.2: with too many the zone is taken as insecure, if the record that says so is authentic."""
    shape = Hashed(iterations=iterations, salt=b"salt")
    record = tree.example.nsec3("no.example.", "TXT RRSIG", shape)
    verdict = tree.judge("no.example.", "A", nodata(record))
    assert verdict.security is state
    assert (verdict.reason.ede if verdict.reason else None) == (27 if state is INSECURE else None)
    forged = RRset(record[1].owner, record[1].rtype, 300, (record[1].rdatas[0][:-1] + b"\0",))
    assert judge(tree, nodata([record[0], forged])) is BOGUS
    tree.says("no.example.", DS, nodata(record))
    plain = answer([RRset.parse(wire("no.example."), A, 300, ["192.0.2.1"])])
    assert judge(tree, plain) is (INSECURE if state is INSECURE else BOGUS)

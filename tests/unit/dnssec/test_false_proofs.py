"""THREATS D5: proofs that are signed and prove something else. Each is refused; each has the honest one beside it."""

from dataclasses import replace

import pytest

from resolute.dnssec.message import Message
from resolute.dnssec.verdict import Security
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.records.types import A
from tests.signing import OPT_OUT, Hashed, Tree, Zone, answer, nodata, nxdomain, wire

APEX = "NS SOA RRSIG DNSKEY"


@pytest.fixture
def tree() -> Tree:
    return Tree()


def is_refused(tree: Tree, message: Message, qname: str, qtype: str = "A") -> bool:
    verdict = tree.judge(qname, qtype, message)
    assert verdict.security in (Security.SECURE, Security.INSECURE, Security.BOGUS)
    return verdict.security is Security.BOGUS


def test_fewer_labels_than_the_signer(tree: Tree) -> None:
    """RRSIG labels less than the signer's: a wildcard above the zone that signs."""
    sub = tree.sub.origin
    rrset = RRset.parse(wire("www.sub.example."), A, 300, ["192.0.2.66"])
    cover = tree.sub.nsec("sub.example.", "z.sub.example.", "NS SOA")
    for source, labels in (("*.example.", 1), ("*.", 0)):
        lie = [rrset, tree.sub.sign(rrset, source=wire(source), labels=labels, signer=sub)]
        assert is_refused(tree, answer(lie, authority=[cover]), "www.sub.example.")
        above = tree.sub.covering("sub.example." if labels else "example.")
        assert is_refused(tree, answer(lie, authority=[above]), "www.sub.example.")
    honest = tree.sub.made("www.sub.example.", "*.sub.example.", "A", "192.0.2.66")
    assert not is_refused(tree, answer(honest, authority=[cover]), "www.sub.example.")


def test_signer_beside_or_below_the_owner(tree: Tree) -> None:
    for signer in ("sub.example.", "www.example.", "other."):
        rrset = RRset.parse(wire("www.example."), A, 300, ["192.0.2.66"])
        lie = [rrset, tree.sub.sign(rrset, signer=wire(signer))]
        assert is_refused(tree, answer(lie), "www.example.")


def test_signer_that_is_no_zone(tree: Tree) -> None:
    """A key at a name that is no zone cut."""
    fake = Zone("www.example.")
    tree.says("www.example.", 48, fake.dnskey())
    tree.says("www.example.", 43, nodata(tree.example.nsec("www.example.", "x.example.", "A")))
    verdict = tree.judge("www.example.", "A", answer(fake.signed("www.example.", "A", "192.0.2.66")))
    assert verdict.security is Security.BOGUS
    assert verdict.reason is not None
    assert "is not a zone" in verdict.reason.text


def test_child_signs_for_itself_as_its_parent(tree: Tree) -> None:
    """The DS of a zone, and its absence, are signed by the parent, never by the zone."""
    lie = nodata(tree.sub.soa(), tree.sub.nsec("sub.example.", "z.sub.example.", "NS SOA"))
    assert is_refused(tree, lie, "sub.example.", "DS")
    at_parent = tree.example.nsec("sub.example.", "z.example.", "NS SOA")
    assert is_refused(tree, nodata(at_parent), "sub.example.", "DS")
    honest = tree.example.nsec("sub.example.", "z.example.", "NS")
    assert not is_refused(tree, nodata(tree.example.soa(), honest), "sub.example.", "DS")


@pytest.mark.parametrize("following", ["other.", "zzz.", "."])
def test_nsec_that_leads_outside_its_zone(tree: Tree, following: str) -> None:
    lie = tree.example.nsec("m.example.", following, "A")
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    assert is_refused(tree, nxdomain(lie, wildcard), "no.example.")
    honest = tree.example.nsec("m.example.", "z.example.", "A")
    assert not is_refused(tree, nxdomain(honest, wildcard), "no.example.")


def test_nsec_that_leads_backwards(tree: Tree) -> None:
    lie = tree.example.nsec("m.example.", "b.example.", "A")
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    assert is_refused(tree, nxdomain(lie, wildcard), "no.example.")
    assert is_refused(tree, nxdomain(lie, wildcard), "aa.example.")
    assert is_refused(tree, nodata(lie), "m.example.", "TXT")


def test_parents_nsec_at_a_cut_says_nothing_of_the_child(tree: Tree) -> None:
    """RFC 6840 4.1: NS without SOA. Neither the child's types nor the names below it."""
    cut = tree.example.nsec("sub.example.", "z.example.", "NS DS")
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    assert is_refused(tree, nodata(tree.example.soa(), cut), "sub.example.", "A")
    assert is_refused(tree, nxdomain(tree.example.soa(), cut, wildcard), "www.sub.example.", "A")
    assert is_refused(tree, nodata(tree.example.soa(), cut), "www.sub.example.", "DS")
    honest = tree.example.nsec("sub.example.", "z.example.", "TXT")
    assert not is_refused(tree, nodata(tree.example.soa(), honest), "sub.example.", "A")


def test_dname_above_the_name(tree: Tree) -> None:
    """RFC 6840 4.1: an NSEC with DNAME says nothing of what is below."""
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    lie = tree.example.nsec("old.example.", "z.example.", "DNAME")
    assert is_refused(tree, nxdomain(lie, wildcard), "x.old.example.")
    assert is_refused(tree, nodata(lie), "x.old.example.", "DS")
    honest = tree.example.nsec("old.example.", "z.example.", "TXT")
    assert not is_refused(tree, nxdomain(honest), "x.old.example.")


def test_apex_that_is_none(tree: Tree) -> None:
    """The record at an apex has SOA, and no other record has."""
    assert is_refused(tree, nodata(tree.example.nsec("example.", "a.example.", "NS")), "example.", "TXT")
    assert is_refused(tree, nodata(tree.example.nsec("example.", "a.example.", "A")), "example.", "TXT")
    assert is_refused(tree, nodata(tree.example.nsec("m.example.", "z.example.", "NS SOA")), "m.example.", "TXT")
    encloser = tree.example.nsec3("sub.example.", "NS SOA RRSIG")
    rest = (tree.example.covering("x.sub.example."), tree.example.covering("*.sub.example."))
    assert is_refused(tree, nxdomain(tree.example.soa(), encloser, *rest), "x.sub.example.")


def test_records_of_others_do_not_stand_in_the_way(tree: Tree) -> None:
    """What another zone signed is not looked at, though it would fit."""
    apex = tree.example.nsec("example.", "a.example.", "NS SOA")
    foreign, own = tree.root.nsec("n.example.", "nz.example.", "A"), tree.example.nsec("m.example.", "o.example.", "A")
    assert not is_refused(tree, nxdomain(foreign, own, apex), "no.example.")
    foreign3, own3 = (
        tree.example.nsec3("x.", "TXT", Hashed(salt=b"x", first=bytes(20))),
        tree.example.nsec3("no.example.", "TXT"),
    )
    unsigned = tree.root.sign(foreign3[0])
    assert not is_refused(tree, nodata([foreign3[0], unsigned], own3), "no.example.")


def test_nsec_of_a_grandparent(tree: Tree) -> None:
    """The root's NSEC at, or around, example. says nothing of names below it."""
    cut = tree.root.nsec("example.", "zz.", "NS DS")
    around = tree.root.nsec(".", "zz.", "NS SOA")
    wide = tree.root.nsec("aaa.", "zz.", "A")
    assert is_refused(tree, nxdomain(tree.root.soa(), cut, around), "no.example.")
    assert is_refused(tree, nodata(tree.root.soa(), cut), "sub.example.", "DS")
    honest = (tree.root.nsec("m.", "zz.", "NS DS"), tree.root.nsec(".", "aaa.", "NS SOA"))
    assert not is_refused(tree, nxdomain(tree.root.soa(), *honest), "no.")
    assert is_refused(tree, Message(3, (), (*wide, *tree.example.soa())), "no.example.")


def test_nsec_made_by_a_wildcard(tree: Tree) -> None:
    """An NSEC belongs to one name: the NSEC of *.example. is not that of any other name."""
    rrset = RRset.parse(wire("no.example."), 47, 300, ["z.example. TXT RRSIG NSEC"])
    lie = [rrset, tree.example.sign(rrset, source=wire("*.example."))]
    assert is_refused(tree, nodata(lie), "no.example.")
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    made = RRset.parse(wire("m.example."), 47, 300, ["z.example. TXT RRSIG NSEC"])
    assert is_refused(
        tree, nxdomain([made, tree.example.sign(made, source=wire("*.example."))], wildcard), "no.example."
    )


def test_wildcard_below_another_encloser(tree: Tree) -> None:
    """A wildcard's own NSEC denies types only for names right below its encloser that are not there."""
    cover = tree.example.nsec("a.deep.example.", "z.deep.example.", "A")
    other = tree.example.nsec("*.example.", "a.example.", "TXT")
    assert is_refused(tree, nodata(cover, other), "m.deep.example.")
    own = tree.example.nsec("*.deep.example.", "a.deep.example.", "TXT")
    assert not is_refused(tree, nodata(cover, own), "m.deep.example.")


def test_wildcard_that_is_a_cut(tree: Tree) -> None:
    cover = tree.example.nsec("m.example.", "o.example.", "A")
    assert is_refused(tree, nodata(cover, tree.example.nsec("*.example.", "a.example.", "NS")), "no.example.")


def test_cname_in_the_types(tree: Tree) -> None:
    """RFC 6840 4.3: there is an alias, so there is an answer."""
    assert is_refused(tree, nodata(tree.example.nsec("no.example.", "o.example.", "CNAME")), "no.example.")
    assert is_refused(tree, nodata(tree.example.nsec3("no.example.", "CNAME RRSIG")), "no.example.")


def test_nsec3_of_the_child_for_the_parent_and_back(tree: Tree) -> None:
    child, parent = tree.sub.nsec3("sub.example.", APEX), tree.example.nsec3("sub.example.", "NS DS RRSIG")
    assert is_refused(tree, nodata(tree.sub.soa(), child), "sub.example.", "DS")
    assert is_refused(tree, nodata(tree.example.soa(), parent), "sub.example.", "A")
    assert is_refused(tree, nodata(tree.example.soa(), tree.example.nsec3("sub.example.", APEX)), "sub.example.", "DS")
    assert not is_refused(tree, nodata(tree.sub.soa(), child), "sub.example.", "A")
    assert not is_refused(
        tree, nodata(tree.example.soa(), tree.example.nsec3("sub.example.", "NS")), "sub.example.", "DS"
    )


def test_nsec3_closest_encloser_that_is_a_cut_or_dname(tree: Tree) -> None:
    """RFC 5155 8.3: DNAME not set, NS only with SOA."""
    rest = (tree.example.covering("x.sub.example."), tree.example.covering("*.sub.example."))
    for types in ("NS DS RRSIG", "NS", "DNAME RRSIG"):
        lie = tree.example.nsec3("sub.example.", types)
        assert is_refused(tree, nxdomain(tree.example.soa(), lie, *rest), "x.sub.example.")
    honest = tree.example.nsec3("sub.example.", "TXT RRSIG")
    assert not is_refused(tree, nxdomain(tree.example.soa(), honest, *rest), "x.sub.example.")


def test_nsec3_of_a_grandparent(tree: Tree) -> None:
    """The root's NSEC3 records for a name below example."""
    lie = (
        tree.root.nsec3(".", APEX),
        tree.root.covering("example."),
        tree.root.covering("*."),
    )
    opted = (tree.root.nsec3(".", APEX), tree.root.covering("sub.example.", OPT_OUT), tree.root.covering("*."))
    assert is_refused(tree, nxdomain(tree.root.soa(), *opted), "x.sub.example.")
    at_cut = (
        tree.root.nsec3("example.", "NS DS RRSIG"),
        tree.root.covering("no.example."),
        tree.root.covering("*.example."),
    )
    assert is_refused(tree, nxdomain(tree.root.soa(), *at_cut), "no.example.")
    assert not is_refused(tree, nxdomain(tree.root.soa(), *lie), "example.")


def test_nsec3_owner_two_labels_below_the_zone(tree: Tree) -> None:
    """Its hash stands right below the apex of who signs; a record of sub.example. signed by example. is none."""
    rrset, _ = tree.sub.nsec3("no.sub.example.", "TXT RRSIG")
    lie = [rrset, tree.example.sign(rrset)]
    assert is_refused(tree, nodata(tree.example.soa(), lie), "no.sub.example.")


def test_nsec3_with_unknown_hash_or_flags(tree: Tree) -> None:
    """RFC 5155 8.1 and 8.2: it is ignored."""
    good, _ = tree.example.nsec3("no.example.", "TXT RRSIG")
    for at, octet in ((0, 2), (0, 0), (1, 2), (1, 0x80)):
        data = bytearray(good.rdatas[0])
        data[at] = octet
        changed = replace(good, rdatas=(bytes(data),))
        assert is_refused(tree, nodata([changed, tree.example.sign(changed)]), "no.example.")


def test_nsec3_of_two_chains(tree: Tree) -> None:
    """RFC 5155 8.2: records with other parameters do not make one proof."""
    encloser = tree.example.nsec3("example.", APEX)
    salted = Hashed(salt=b"x")
    closer, wildcard = (tree.example.covering(name, salted) for name in ("no.example.", "*.example."))
    assert is_refused(tree, nxdomain(encloser, closer, wildcard), "no.example.")
    everything = Hashed(salt=b"x", first=bytes(20), following=bytes(20))
    assert is_refused(tree, nxdomain(encloser, tree.example.nsec3("x.", "A", everything)), "no.example.")
    plain = Hashed(first=bytes(20), following=bytes(20))
    assert not is_refused(tree, nxdomain(encloser, tree.example.nsec3("x.", "A", plain)), "no.example.")


def test_wildcard_answer_for_a_name_that_is_there(tree: Tree) -> None:
    """The signature of a wildcard is replayed for a name with data of its own."""
    made = tree.example.made("www.example.", "*.example.", "A", "192.0.2.66")
    beside = tree.example.nsec("a.example.", "b.example.", "A")
    itself = tree.example.nsec("www.example.", "x.example.", "A")
    assert is_refused(tree, answer(made), "www.example.")
    assert is_refused(tree, answer(made, authority=[beside]), "www.example.")
    assert is_refused(tree, answer(made, authority=[itself]), "www.example.")
    assert is_refused(tree, answer(made, authority=[tree.example.nsec3("www.example.", "A RRSIG")]), "www.example.")


def test_types_that_no_wildcard_makes(tree: Tree) -> None:
    """A DS, DNSKEY or SOA that a wildcard made would be a zone anywhere."""
    cover = tree.example.nsec("m.example.", "o.example.", "A")
    for rtype, line in (
        ("DS", f"1 13 2 {'ab' * 32}"),
        ("DNSKEY", "257 3 13 " + "q" * 86 + "=="),
        ("SOA", "a. b. 1 2 3 4 5"),
    ):
        made = tree.example.made("no.example.", "*.example.", rtype, line)
        assert is_refused(tree, answer(made, authority=[cover]), "no.example.", rtype)


def test_keys_that_are_signed_as_something_else(tree: Tree) -> None:
    """RFC 4035 5.3.1 holds for the keys too: their own zone signs them, and no wildcard makes them."""
    keys = RRset(tree.example.origin, 48, 300, (tree.example.key,))
    reply = answer(tree.example.signed("www.example.", "A", "192.0.2.1"))
    for lie in (
        tree.example.sign(keys, source=b"\x01*\x00", labels=0),
        tree.example.sign(keys, signer=b"\0"),
        tree.example.sign(keys, signer=tree.sub.origin),
    ):
        fresh = Tree(tree.root, tree.example, tree.sub)
        fresh.says("example.", 48, answer([keys, lie]))
        assert is_refused(fresh, reply, "www.example.")
    assert not is_refused(tree, reply, "www.example.")


def test_signatures_are_not_those_of_another_rrset(tree: Tree) -> None:
    """The signature of one name, type or rdata at another."""
    records, signature = tree.example.signed("www.example.", "A", "192.0.2.1")
    elsewhere = RRset(wire("ftp.example."), A, 300, records.rdatas)
    assert is_refused(tree, answer([elsewhere, replace(signature, owner=elsewhere.owner)]), "ftp.example.")
    more = replace(records, rdatas=(*records.rdatas, bytes(4)))
    assert is_refused(tree, answer([more, signature]), "www.example.")
    assert not is_refused(tree, answer([replace(records, rdatas=records.rdatas * 2), signature]), "www.example.")


def test_delegation_made_insecure_by_a_covering_range(tree: Tree) -> None:
    """A secure delegation cannot be hidden by a range without opt-out, nor by the NSEC3 of its own apex."""
    plain = answer([RRset.parse(wire("www.sub.example."), A, 300, ["192.0.2.66"])])
    encloser = tree.example.nsec3("example.", APEX)
    for lie in (
        (encloser, tree.example.covering("sub.example.")),
        (tree.example.nsec("s.example.", "t.example.", "NS"),),
        (tree.sub.nsec("sub.example.", "z.sub.example.", "NS SOA"),),
        (tree.root.nsec("sub.example.", "z.example.", "NS"),),
        (tree.root.nsec("example.", "zz.", "NS"),),
    ):
        fresh = Tree(tree.root, tree.example, tree.sub)
        fresh.says("sub.example.", 43, nodata(*lie))
        assert is_refused(fresh, plain, "www.sub.example.")


def test_names_are_compared_without_regard_to_case(tree: Tree) -> None:
    """RFC 4034 6.1: an NSEC's next name may be in capitals, and sorts as if it were not."""
    rdata = names.from_text("O.EXAMPLE.") + b"\x00\x06\x40\x00\x00\x00\x00\x03"
    rrset = RRset(wire("m.example."), 47, 300, (rdata,))
    wildcard = tree.example.nsec("example.", "a.example.", "NS SOA")
    assert not is_refused(tree, nxdomain([rrset, tree.example.sign(rrset)], wildcard), "no.example.")
    assert is_refused(tree, nxdomain([rrset, tree.example.sign(rrset)], wildcard), "p.example.")

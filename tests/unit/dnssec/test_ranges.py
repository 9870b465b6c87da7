"""RFC 8198: what is known of names that nobody asked for, by NSEC and NSEC3; and what is not."""

import pytest

from resolute.dnssec.budget import Budget
from resolute.dnssec.message import Message
from resolute.dnssec.ranges import MOST_RANGES, MOST_ZONES, DenialStore, Known
from resolute.dnssec.verdict import Security
from resolute.records import rdata
from resolute.records.rrset import RRset
from resolute.records.types import CNAME, DS, NSEC, NSEC3, SOA, A
from tests.signing import OPT_OUT, Hashed, Tree, answer, nodata, nxdomain, wire


class Learner:
    """A store that learns from what a validator found secure."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.store = DenialStore()

    def learn(self, qname: str, message: Message, qtype: str = "A", *, now: float = 0.0) -> None:
        verdict = self.tree.judge(qname, qtype, message)
        assert verdict.security is Security.SECURE, verdict.reason
        self.store.learn(verdict.authentic, now)

    def known(self, qname: str, qtype: str = "A", *, now: float = 1.0) -> Known | None:
        return self.store.answer(wire(qname), rdata.type_from_text(qtype), now, Budget())


@pytest.fixture
def learner() -> Learner:
    """Knows of example. that there is nothing from example. to b and from m to o."""
    learner = Learner()
    example = learner.tree.example
    apex, gap = example.nsec("example.", "b.example.", "NS SOA"), example.nsec("m.example.", "o.example.", "A")
    learner.learn("no.example.", nxdomain(example.soa(), apex, gap))
    return learner


@pytest.fixture
def hashed() -> Learner:
    """Knows the same by NSEC3, whose ranges cover half of all hashes; www is there."""
    learner = Learner()
    example, shape = learner.tree.example, Hashed()
    order = sorted((shape.digest(name), name) for name in ("example.", "www.example.", "*.w.example.", "w.example."))
    sections = []
    for at, (digest, name) in enumerate(order):
        around = Hashed(first=digest, following=order[(at + 1) % len(order)][0])
        types = "NS SOA RRSIG" if name == "example." else "TXT RRSIG" if name == "www.example." else "A RRSIG"
        sections.append(example.nsec3(name, types, around))
    learner.learn("no.example.", nxdomain(example.soa(), *sections))
    for name, types in (("www.example.", "AAAA"), ("w.example.", "AAAA"), ("*.w.example.", "AAAA")):
        learner.learn(name, nodata(example.soa(), *sections), types)
    return learner


def test_a_name_in_a_known_gap(learner: Learner) -> None:
    found = learner.known("nothing.example.", "TXT")
    assert found is not None
    assert (found.rcode, found.zone, found.ttl) == (3, wire("example."), 59)
    assert {signed.rrset.rtype for signed in found.proof} == {NSEC, SOA}
    assert all(signed.signatures for signed in found.proof)
    assert learner.known("a.b.c.nothing.example.") is not None
    again = learner.tree.judge("nothing.example.", "TXT", found.message(wire("nothing.example.")))
    assert again.security is Security.SECURE, "the proof stands for itself"


def test_a_name_in_no_gap(learner: Learner) -> None:
    for name in ("p.example.", "b.example.", "c.example.", "o.example.", "other.", "example2."):
        assert learner.known(name) is None


def test_a_type_that_a_name_lacks(learner: Learner) -> None:
    found = learner.known("m.example.", "TXT")
    assert found is not None
    assert found.rcode == 0
    assert learner.known("m.example.", "A") is None
    assert learner.known("example.", "TXT") is not None
    assert learner.known("example.", "SOA") is None
    for qtype in ("ANY", "RRSIG"):
        assert learner.known("m.example.", qtype) is None


def test_ranges_end(learner: Learner) -> None:
    """RFC 8198 5.4, RFC 9077 3: no later than the SOA's MINIMUM says."""
    assert learner.known("nothing.example.", now=59.0) is not None
    assert learner.known("nothing.example.", now=60.0) is None
    assert len(learner.store) < 2


def test_cuts_are_not_jumped_over(learner: Learner) -> None:
    """The NSEC at a zone cut says nothing of what is below, nor of the child's types."""
    example = learner.tree.example
    learner.learn("sub2.example.", nodata(example.soa(), example.nsec("sub2.example.", "z.example.", "NS")), "DS")
    assert learner.known("www.sub2.example.") is None
    assert learner.known("sub2.example.") is None
    found = learner.known("sub2.example.", "DS")
    assert found is not None
    assert found.rcode == 0


def test_a_closer_zone_is_asked_of(learner: Learner) -> None:
    """What is known of a zone says nothing of a zone below it that is known too."""
    tree = learner.tree
    sub = tree.sub
    learner.learn("x.sub.example.", nodata(sub.soa(), sub.nsec("x.sub.example.", "y.sub.example.", "A")), "TXT")
    assert learner.known("x.sub.example.", "TXT") is not None
    assert learner.known("a.sub.example.", "TXT") is None


def test_a_wildcard_makes_a_name(learner: Learner) -> None:
    """RFC 8198 5.3."""
    example = learner.tree.example
    gap, source = (
        example.nsec("d.w.example.", "z.w.example.", "A"),
        example.nsec("*.w.example.", "d.w.example.", "A CNAME"),
    )
    made = example.made("m.w.example.", "*.w.example.", "A", "192.0.2.1")
    learner.learn("m.w.example.", answer(made, authority=[gap]))
    assert learner.known("n.w.example.") is None, "the wildcard's own NSEC is not known"
    learner.store.learn(learner.tree.judge("*.w.example.", "NSEC", answer(source)).authentic, 0.0)
    found = learner.known("n.w.example.")
    assert found is not None
    assert found.answer is not None
    assert found.answer.rrset.key == (wire("*.w.example."), A)
    again = learner.tree.judge("n.w.example.", "A", found.message(wire("n.w.example.")))
    assert again.security is Security.SECURE
    assert again.authentic[0].rrset.owner == wire("n.w.example.")
    assert [signed.rrset.owner for signed in found.proof] == [wire("d.w.example.")]
    assert learner.known("n.w.example.", "TXT") is None, "there is a CNAME, which was not seen"
    alias = example.made("k.w.example.", "*.w.example.", "CNAME", "b.example.")
    learner.learn("k.w.example.", answer(alias, authority=[gap]), "CNAME")
    found = learner.known("n.w.example.", "TXT")
    assert found is not None
    assert found.answer is not None
    assert found.answer.rrset.rtype == CNAME
    assert learner.known("zz.w.example.") is None


def test_hashed_ranges(hashed: Learner) -> None:
    for name in ("nothing.example.", "x.y.nothing.example.", "x.www.example."):
        found = hashed.known(name)
        assert found is not None
        assert found.rcode == 3
        assert {signed.rrset.rtype for signed in found.proof} == {NSEC3, SOA}
    found = hashed.known("www.example.", "A")
    assert found is not None
    assert found.rcode == 0
    assert hashed.known("www.example.", "TXT") is None
    assert hashed.known("x.w.example.", "A") is None, "a wildcard makes it that was not seen"
    wildcard = hashed.known("x.w.example.", "MX")
    assert wildcard is not None
    assert wildcard.rcode == 0


def test_hashes_come_from_the_clients_budget(hashed: Learner) -> None:
    left = Budget(hashes=1)
    assert hashed.store.answer(wire("a.b.c.d.example."), A, 1.0, left) is None
    assert left.hashes == 0


def test_opt_out_says_nothing() -> None:
    """RFC 8198 5.1."""
    learner = Learner()
    example = learner.tree.example
    shape = Hashed(flags=1, first=Hashed().digest("example."), following=Hashed().digest("example."))
    verdict = learner.tree.judge(
        "no.example.", "A", nxdomain(example.soa(), example.nsec3("example.", "NS SOA", shape))
    )
    assert verdict.security is Security.INSECURE
    learner.store.learn(verdict.authentic, 0.0)
    assert learner.known("nothing.example.") is None
    assert learner.known("nothing.example.", "DS") is None
    assert learner.known("example.", "A") is not None
    assert OPT_OUT.flags == 1


def test_too_many_iterations_are_not_learnt() -> None:
    learner = Learner()
    example = learner.tree.example
    costly = example.nsec3("no.example.", "TXT RRSIG", Hashed(iterations=2_000))
    verdict = learner.tree.judge("no.example.", "A", nodata(example.soa(), costly))
    assert verdict.security is Security.INSECURE
    learner.store.learn(verdict.authentic, 0.0)
    assert learner.known("no.example.", "MX") is None


def test_a_new_chain_takes_the_place_of_the_old(hashed: Learner) -> None:
    salted = hashed.tree.example.nsec3("new.example.", "TXT RRSIG", Hashed(salt=b"x"))
    hashed.learn("new.example.", nodata(hashed.tree.example.soa(), salted))
    assert hashed.known("nothing.example.") is None
    assert hashed.known("new.example.", "MX") is not None


def test_ranges_made_for_one_name_are_not_kept() -> None:
    """RFC 4470, RFC 9824: an answer for each name would fill the store with what nobody asks again."""
    learner = Learner()
    example = learner.tree.example
    single = example.nsec("no.example.", r"\000.no.example.", "TXT")
    learner.learn("no.example.", nodata(example.soa(), single))
    assert learner.known("no.example.", "A") is None


def test_it_is_bounded() -> None:
    learner = Learner()
    store = DenialStore(capacity=50)
    for number in range(40):
        zone_names = [f"{n}.z{number}.example." for n in range(5)]
        for name in zone_names:
            records = learner.tree.judge(name, "A", nodata(learner.tree.example.nsec(name, "zz.example.", "TXT")))
            store.learn(records.authentic, 0.0)
    assert len(store) <= 50
    assert MOST_RANGES <= 10_000
    assert MOST_ZONES <= 2_000
    store.forget(wire("example."))
    assert len(store) == 0


def test_false_ranges_are_not_learnt() -> None:
    """THREATS D5: asked for by type, a signed NSEC is a secure answer, whatever it says; it denies nothing."""
    learner = Learner()
    example, sub = learner.tree.example, learner.tree.sub
    learner.learn("m.example.", nodata(example.soa(), example.nsec("m.example.", "ma.example.", "A")), "TXT")
    learner.learn("m.sub.example.", nodata(sub.soa(), sub.nsec("m.sub.example.", "ma.sub.example.", "A")), "TXT")
    for zone, owner, following in (
        (example, "n.example.", "zzz."),
        (example, "n.example.", "."),
        (example, "n.example.", "b.example."),
        (sub, "sub.example.", "zzz.example."),
    ):
        learner.learn(owner, answer(zone.nsec(owner, following, "A")), "NSEC")
    for name in ("no.example.", "ns.example.", "zz.example.", "x.sub.example.", "other."):
        assert learner.known(name) is None


def test_a_chain_of_the_child_says_nothing_of_the_parent(hashed: Learner) -> None:
    """An NSEC3 belongs to the zone that signed it."""
    sub = hashed.tree.sub
    digest = Hashed().digest("sub.example.")
    only = sub.nsec3("sub.example.", "NS SOA", Hashed(first=digest, following=digest))
    hashed.learn("x.sub.example.", nxdomain(sub.soa(), only))
    below, at_parent = hashed.known("y.sub.example."), hashed.known("sub.example.", "DS")
    assert below is not None
    assert at_parent is not None
    assert (below.zone, at_parent.zone) == (wire("sub.example."), wire("example."))
    assert hashed.known("w.example.") is None


def test_proofs_on_the_way_are_learnt() -> None:
    """RFC 8198 for DS questions: an empty non-terminal's NSEC says of those below it, too, that they are no cuts."""
    learner = Learner()
    example, tree = learner.tree.example, learner.tree
    deep = "a.b.c.d.example."
    gap = example.nsec("c.example.", deep, "A")
    tree.says("d.example.", DS, nodata(example.soa(), gap))
    plain = answer([RRset.parse(wire(deep), A, 300, ["192.0.2.66"])])
    verdict = tree.judge(deep, "A", plain)
    assert verdict.security is Security.BOGUS
    assert (wire("c.example."), NSEC) in {each.rrset.key for each in verdict.on_the_way}
    learner.store.learn(verdict.on_the_way, 0.0)
    for name in ("d.example.", "c.d.example.", "b.c.d.example."):
        assert learner.known(name, "DS") is None, "there is no SOA to say for how long"
    learner.learn("b.example.", nodata(example.soa(), example.nsec("b.example.", "ba.example.", "A")), "TXT")
    for name in ("d.example.", "c.d.example.", "b.c.d.example."):
        found = learner.known(name, "DS")
        assert found is not None
        tree.says(name, DS, found.message(wire(name)))
        assert found.rcode == 0
    tree.says(deep, DS, nodata(example.nsec(deep, "z.example.", "NS")))
    assert tree.judge(deep, "A", plain).security is Security.INSECURE

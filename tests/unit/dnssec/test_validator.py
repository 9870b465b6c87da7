"""The validator over zones that are well, and broken in one place each (RFC 4033 5, RFC 4035 5, RFC 8914 4)."""

from dataclasses import replace
from typing import Any

import pytest

from resolute.dnssec.anchors import Anchors
from resolute.dnssec.keys import Ds
from resolute.dnssec.message import Message
from resolute.dnssec.trust import Grounds, Policy
from resolute.dnssec.validator import Extent
from resolute.dnssec.verdict import Need, Security
from resolute.records.rrset import RRset
from resolute.records.types import DNSKEY, DS, SOA, A
from tests.signing import BEGINS, EXPIRES, NOW, Tree, Zone, answer, nodata, nxdomain, wire


@pytest.fixture
def tree() -> Tree:
    return Tree()


def www(tree: Tree) -> Message:
    return answer(tree.example.signed("www.example.", "A", "192.0.2.1"))


def test_secure_answer(tree: Tree) -> None:
    verdict = tree.judge("www.example.", "A", www(tree))
    assert verdict.security is Security.SECURE
    assert verdict.reason is None
    assert verdict.may_be_given
    assert [each.rrset.key for each in verdict.authentic] == [(wire("www.example."), A)]
    assert {need.rtype for need in tree.asked} == {DS, DNSKEY}
    assert tree.checks == 4  # the root's keys, the DS, the zone's keys, the answer


def test_what_is_known_is_not_asked_again(tree: Tree) -> None:
    tree.judge("www.example.", "A", www(tree))
    tree.asked.clear()
    assert tree.judge("www.example.", "A", www(tree)).security is Security.SECURE
    assert not tree.asked
    assert tree.judge("www.example.", "A", www(tree), now=NOW + 301).security is Security.SECURE
    assert tree.asked, "the DS and the keys have TTLs of 300"


def test_cuts_are_found_from_the_signer(tree: Tree) -> None:
    """RFC 4035 5.2: from the root by example. to sub.example."""
    verdict = tree.judge("www.sub.example.", "A", answer(tree.sub.signed("www.sub.example.", "A", "192.0.2.1")))
    assert verdict.security is Security.SECURE
    assert len(tree.asked) == len(set(tree.asked)) == 5


def test_ds_is_the_parents(tree: Tree) -> None:
    reply = tree.replies[Need(tree.sub.origin, DS)]
    assert reply is not None
    assert tree.judge("sub.example.", "DS", reply).security is Security.SECURE
    forged = answer(tree.sub.signed("sub.example.", "DS", f"1 13 2 {'ab' * 32}"))
    assert tree.judge("sub.example.", "DS", forged).security is Security.BOGUS


@pytest.mark.parametrize(
    ("changes", "ede"),
    [
        ({"expires": NOW - 10}, 7),
        ({"begins": NOW + 10}, 8),
        ({"tag": 1}, 9),
        ({"labels": 1}, 6),
        ({"covered": 28}, 10),
        ({"signer": wire("elsewhere.")}, 10),
        ({"labels": 3}, 10),
        ({"algorithm": 8}, 9),
    ],
)
def test_reasons(tree: Tree, changes: dict[str, Any], ede: int) -> None:
    """RFC 8914 4.7 to 4.11; RFC 4035 5.3.1."""
    tree.says("www.example.", DS, nodata(tree.example.nsec("www.example.", "x.example.", "A")))
    reply = answer(tree.example.signed("www.example.", "A", "192.0.2.1", **changes))
    verdict = tree.judge("www.example.", "A", reply)
    assert verdict.security is Security.BOGUS
    assert not verdict.may_be_given
    assert verdict.reason is not None
    assert verdict.reason.ede == ede
    assert not verdict.authentic


def test_signature_times_are_inclusive() -> None:
    """RFC 4035 5.3.1: now is not before the inception and not after the expiration."""
    for now in (BEGINS, EXPIRES):
        fresh = Tree()
        assert fresh.judge("www.example.", "A", www(fresh), now=now).security is Security.SECURE
    for now in (BEGINS - 1, EXPIRES + 1):
        fresh = Tree()
        assert fresh.judge("www.example.", "A", www(fresh), now=now).security is Security.BOGUS


def test_skew_is_allowed_by_policy(tree: Tree) -> None:
    tree.grounds = replace(tree.grounds, policy=Policy(skew_s=60))
    assert tree.judge("www.example.", "A", www(tree), now=EXPIRES + 60).security is Security.SECURE
    assert tree.judge("www.example.", "A", www(tree), now=EXPIRES + 9_999).security is Security.BOGUS


def test_no_signature(tree: Tree) -> None:
    verdict = tree.judge("www.example.", "A", answer(tree.example.signed("www.example.", "A", "192.0.2.1")[:1]))
    assert verdict.security is Security.BOGUS, "nothing shows that there is a cut"
    tree.says("www.example.", DS, nodata(tree.example.soa(), tree.example.nsec("www.example.", "x.example.", "A")))
    tree.grounds.zones.forget(b"\0")
    verdict = tree.judge("www.example.", "A", answer(tree.example.signed("www.example.", "A", "192.0.2.1")[:1]))
    assert verdict.reason is not None
    assert (verdict.security, verdict.reason.ede) == (Security.BOGUS, 10)


def test_insecure_delegation(tree: Tree) -> None:
    """RFC 4035 5.2: an authenticated NSEC with NS and without DS."""
    tree.says("plain.example.", DS, nodata(tree.example.soa(), tree.example.nsec("plain.example.", "q.example.", "NS")))
    plain = RRset.parse(wire("www.plain.example."), A, 300, ["192.0.2.1"])
    verdict = tree.judge("www.plain.example.", "A", answer([plain]))
    assert verdict.security is Security.INSECURE
    assert verdict.may_be_given
    assert not verdict.authentic
    assert tree.judge("x.www.plain.example.", "A", nxdomain()).security is Security.INSECURE
    assert tree.judge("plain.example.", "DS", nodata()).security is Security.BOGUS, "the DS is the parent's"


def test_delegation_proof_in_a_referral(tree: Tree) -> None:
    """RFC 4035 3.1.4.1: the proof, or the DS, may come with the parent's referral."""
    reply = tree.replies[Need(tree.example.origin, DS)]
    assert reply is not None
    tree.says("example.", DS, Message(0, (), reply.answer))
    assert tree.judge("www.example.", "A", www(tree)).security is Security.SECURE


def test_what_cannot_be_had(tree: Tree) -> None:
    tree.says("example.", DS, None)
    verdict = tree.judge("www.example.", "A", www(tree))
    assert verdict.security is Security.INDETERMINATE
    assert verdict.missing == Need(tree.example.origin, DS)
    assert not verdict.may_be_given
    assert verdict.reason is not None
    assert verdict.reason.ede == 5
    tree = Tree()
    tree.says("example.", DNSKEY, None)
    verdict = tree.judge("www.example.", "A", www(tree))
    assert verdict.missing == Need(tree.example.origin, DNSKEY)
    assert verdict.reason is not None
    assert (verdict.security, verdict.reason.ede) == (Security.BOGUS, 9)


def test_a_zone_that_is_bogus_is_not_fetched_again_at_once(tree: Tree) -> None:
    """RFC 4035 4.7."""
    tree.says("example.", DNSKEY, Zone("example.").dnskey())
    assert tree.judge("www.example.", "A", www(tree)).security is Security.BOGUS
    tree.asked.clear()
    verdict = tree.judge("other.example.", "A", answer(tree.example.signed("other.example.", "A", "192.0.2.1")))
    assert verdict.security is Security.BOGUS
    assert not tree.asked
    tree.judge("www.example.", "A", www(tree), now=NOW + 31)
    assert tree.asked


def test_no_anchor(tree: Tree) -> None:
    """RFC 4033 5: indeterminate, and given to clients."""
    tree.grounds = Grounds(Anchors({tree.sub.origin: [tree.sub.ds()]}))
    verdict = tree.judge("www.example.", "A", www(tree))
    assert verdict.security is Security.INDETERMINATE
    assert verdict.may_be_given
    reply = answer(tree.sub.signed("www.sub.example.", "A", "192.0.2.1"))
    assert tree.judge("www.sub.example.", "A", reply).security is Security.SECURE
    assert tree.judge("www.sub.example.", "A", Message(0, reply.answer[:1])).security is Security.BOGUS


def test_who_signs_above_the_anchor_has_no_say(tree: Tree) -> None:
    """A name below an anchor is not made indeterminate by a signature of a zone without one."""
    tree.grounds = Grounds(Anchors({tree.sub.origin: [tree.sub.ds()]}))
    reply = answer(tree.example.signed("www.sub.example.", "A", "192.0.2.66"))
    assert tree.judge("www.sub.example.", "A", reply).security is Security.BOGUS
    denial = nxdomain(tree.example.soa(), tree.example.nsec("example.", "z.example.", "NS SOA"))
    assert tree.judge("www.sub.example.", "A", denial).security is Security.BOGUS


def test_negative_anchor(tree: Tree) -> None:
    """RFC 7646: at and below it nothing is validated; an anchor further down takes precedence."""
    broken = Message(0, www(tree).answer[:1])
    tree.grounds.negative.set(wire("example."), NOW + 100)
    assert tree.judge("www.example.", "A", broken).security is Security.INSECURE
    assert tree.judge("www.example.", "A", broken, now=NOW + 101).security is Security.BOGUS
    tree.grounds = replace(tree.grounds, anchors=Anchors({tree.sub.origin: [tree.sub.ds()], b"\0": [tree.root.ds()]}))
    reply = answer(tree.sub.signed("www.sub.example.", "A", "192.0.2.1"))
    assert tree.judge("www.sub.example.", "A", reply).security is Security.SECURE
    tree.grounds.negative.set(wire("sub.example."))
    assert tree.judge("www.sub.example.", "A", Message(0, reply.answer[:1])).security is Security.INSECURE


@pytest.mark.parametrize(
    ("changes", "ede"),
    [([{"algorithm": 99}], 1), ([{"digest_type": 99}], 2), ([{"algorithm": 99}, {"algorithm": 1}], 1)],
)
def test_unsupported_ds(tree: Tree, changes: list[dict[str, Any]], ede: int) -> None:
    """RFC 4035 5.2, RFC 6840 5.2: insecure when all DS are of unknown algorithms or digests."""
    ds = tree.example.ds()
    records = [replace(ds, **change) for change in changes]
    tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example, *records)
    verdict = tree.judge("www.example.", "A", www(tree))
    assert verdict.security is Security.INSECURE
    assert verdict.reason is not None
    assert verdict.reason.ede == ede


@pytest.mark.parametrize("sha1", [True, False])
def test_sha1_is_a_matter_of_policy(*, sha1: bool) -> None:
    """RFC 9905 2."""
    policy = Policy(sha1=sha1)
    assert policy.supports(5) is sha1
    assert policy.supports(7) is sha1
    assert policy.supports(8)
    assert bool(policy.usable([Ds(1, 7, 2, b"x")])) is sha1


def test_sha1_digest_beside_another_does_not_count(tree: Tree) -> None:
    """RFC 4509 3."""
    good, wrong = tree.example.ds(1), replace(tree.example.ds(2), digest=bytes(32))
    tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example, good, wrong)
    assert tree.judge("www.example.", "A", www(tree)).security is Security.BOGUS
    tree = Tree()
    tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example, tree.example.ds(1))
    assert tree.judge("www.example.", "A", www(tree)).security is Security.SECURE


def test_keys_that_may_not_sign(tree: Tree) -> None:
    """RFC 4034 2.1.1: the zone flag; RFC 5011 2.1: revoked keys."""
    for flags in (1, 256 | 128):
        tree = Tree()
        tree.example.key = tree.example.with_flags(flags)
        tree.says("example.", DNSKEY, tree.example.dnskey())
        tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example)
        verdict = tree.judge("www.example.", "A", www(tree))
        assert verdict.reason is not None
        assert (verdict.security, verdict.reason.ede) == (Security.BOGUS, 11)


def test_other_keys_of_the_zone(tree: Tree) -> None:
    """The key that signs need not be the one that the DS was made of, but one that may sign."""
    for flags, state in ((256, Security.SECURE), (1, Security.BOGUS), (256 | 128, Security.BOGUS)):
        tree = Tree(tree.root, tree.example, tree.sub)
        others = [Zone("example.", flags=flags) for _ in range(3)]
        keys = RRset(tree.example.origin, DNSKEY, 300, (*(other.key for other in others), tree.example.key))
        tree.says("example.", DNSKEY, Message(0, (keys, tree.example.sign(keys))))
        reply = answer(others[0].signed("www.example.", "A", "192.0.2.1"))
        assert tree.judge("www.example.", "A", reply).security is state


def test_a_zone_is_known_as_long_as_its_ds(tree: Tree) -> None:
    records = RRset(tree.example.origin, DS, 100, (tree.example.ds().rdata,))
    tree.says("example.", DS, Message(0, (records, tree.root.sign(records))))
    tree.judge("www.example.", "A", www(tree))
    tree.asked.clear()
    tree.judge("www.example.", "A", www(tree), now=NOW + 99)
    assert not tree.asked
    tree.judge("www.example.", "A", www(tree), now=NOW + 100)
    assert tree.asked == [Need(tree.example.origin, DS), Need(tree.example.origin, DNSKEY)]


def test_ttl_is_capped(tree: Tree) -> None:
    """RFC 4035 5.3.3: TTL of the RRset, of the RRSIG, original TTL, time until it expires."""
    records, signature = tree.example.signed("www.example.", "A", "192.0.2.1", of_ttl=900)
    for changed, ttl in (
        ((replace(records, ttl=100), signature), 100),
        ((records, replace(signature, ttl=50)), 50),
        ((replace(records, ttl=5_000), replace(signature, ttl=6_000)), 900),
    ):
        verdict = tree.judge("www.example.", "A", answer(changed))
        assert (verdict.security, verdict.ttl) == (Security.SECURE, ttl)
        assert verdict.authentic[0].rrset.ttl == ttl
    short = tree.example.signed("www.example.", "A", "192.0.2.1", of_ttl=900, expires=NOW + 20)
    assert tree.judge("www.example.", "A", answer(short)).ttl == 20


def test_aliases(tree: Tree) -> None:
    """Each link is in a zone of its own, and the worst decides."""
    alias = tree.example.signed("a.example.", "CNAME", "www.sub.example.")
    end = tree.sub.signed("www.sub.example.", "A", "192.0.2.1")
    assert tree.judge("a.example.", "A", answer(alias, end)).security is Security.SECURE
    assert tree.judge("a.example.", "CNAME", answer(alias)).security is Security.SECURE
    assert tree.judge("a.example.", "A", answer(alias, end[:1])).security is Security.BOGUS
    assert tree.judge("a.example.", "A", answer(alias[:1], end)).security is Security.BOGUS
    first = tree.judge("a.example.", "A", answer(alias, end[:1]), extent=Extent.FIRST_LINK)
    assert (first.security, len(first.authentic)) == (Security.SECURE, 1)
    gone = answer(alias, authority=[tree.sub.soa(), tree.sub.nsec("www.sub.example.", "sub.example.", "TXT")])
    assert tree.judge("a.example.", "A", gone).security is Security.SECURE
    loop = answer(alias, tree.sub.signed("www.sub.example.", "CNAME", "a.example."))
    assert tree.judge("a.example.", "A", loop).security is Security.SECURE
    tree = Tree()
    many = [tree.example.signed(f"a{n}.example.", "CNAME", f"a{n + 1}.example.") for n in range(20)]
    assert tree.judge("a0.example.", "A", answer(*many)).security is Security.BOGUS


def test_dname(tree: Tree) -> None:
    """RFC 6672 5.3.1: the CNAME that a DNAME makes is not signed."""
    dname = tree.example.signed("old.example.", "DNAME", "sub.example.")
    made = RRset.parse(wire("www.old.example."), 5, 300, ["www.sub.example."])
    end = tree.sub.signed("www.sub.example.", "A", "192.0.2.1")
    assert tree.judge("www.old.example.", "A", answer(dname, [made], end)).security is Security.SECURE
    assert tree.judge("www.old.example.", "A", answer(dname, end)).security is Security.SECURE
    assert tree.judge("www.old.example.", "CNAME", answer(dname, [made])).security is Security.SECURE
    forged = RRset.parse(wire("www.old.example."), 5, 300, ["evil.sub.example."])
    assert tree.judge("www.old.example.", "A", answer(dname, [forged], end)).security is Security.BOGUS
    assert tree.judge("www.old.example.", "A", answer(dname[:1], [made], end)).security is Security.BOGUS
    assert tree.judge("www.old.example.", "CNAME", answer(dname, [forged])).security is Security.BOGUS


def test_any(tree: Tree) -> None:
    a, txt = (tree.example.signed("www.example.", rtype, "192.0.2.1") for rtype in ("A", "TXT"))
    assert tree.judge("www.example.", "ANY", answer(a, txt)).security is Security.SECURE
    assert tree.judge("www.example.", "ANY", answer(a, txt[:1])).security is Security.BOGUS


def test_rcodes_that_say_nothing(tree: Tree) -> None:
    for rcode in (1, 2, 5, 9, 4_095):
        verdict = tree.judge("www.example.", "A", Message(rcode))
        assert not verdict.may_be_given
        assert verdict.missing is not None


def test_the_rcode_is_that_of_the_last_link(tree: Tree) -> None:
    """RFC 2308 2.1: it is not signed, so it must be what the records say."""
    alias = tree.example.signed("a.example.", "CNAME", "www.sub.example.")
    end = tree.sub.signed("www.sub.example.", "A", "192.0.2.1")
    for rcode in (3, 6):
        assert tree.judge("www.example.", "A", replace(www(tree), rcode=rcode)).security is Security.BOGUS
        assert tree.judge("a.example.", "A", replace(answer(alias, end), rcode=rcode)).security is Security.BOGUS
    gone = (
        *tree.sub.nsec("m.sub.example.", "sub.example.", "A"),
        *tree.sub.nsec("sub.example.", "a.sub.example.", "NS SOA"),
    )
    assert tree.judge("a.example.", "A", Message(3, tuple(alias), gone)).security is Security.SECURE
    assert tree.judge("a.example.", "A", Message(0, tuple(alias), gone)).security is Security.BOGUS
    long = "a." * 120 + "old.example."
    dname = tree.example.signed("old.example.", "DNAME", f"{'b' * 60}.example.")
    assert tree.judge(long, "A", Message(6, tuple(dname))).security is Security.SECURE
    assert tree.judge("x.old.example.", "A", Message(6, tuple(dname))).security is Security.BOGUS


def test_two_signers_are_looked_at(tree: Tree) -> None:
    deep = "w." * 10 + "sub.example."
    rrset, good = tree.sub.signed(deep, "A", "192.0.2.1")
    for count, state in ((1, Security.SECURE), (2, Security.BOGUS)):
        others = [tree.sub.sign(rrset, signer=wire("w." * n + "sub.example.")).rdatas[0] for n in range(1, count + 1)]
        for n in range(1, 11):
            name = "w." * n + "sub.example."
            tree.says(name, DS, nodata(tree.sub.nsec(name, "z.sub.example.", "A")))
        signatures = replace(good, rdatas=(*others, *good.rdatas))
        assert tree.judge(deep, "A", answer([rrset, signatures])).security is state


def test_soa_of_a_negative_answer_is_verified(tree: Tree) -> None:
    nsec = tree.example.nsec("www.example.", "x.example.", "TXT")
    good = tree.judge("www.example.", "A", nodata(tree.example.soa(), nsec))
    assert good.security is Security.SECURE
    assert {each.rrset.rtype for each in good.authentic} == {SOA, 47}
    soa, signature = tree.example.soa()
    changed = replace(soa, rdatas=(soa.rdatas[0][:-1] + b"\xff",))
    assert tree.judge("www.example.", "A", nodata([changed, signature], nsec)).security is Security.BOGUS

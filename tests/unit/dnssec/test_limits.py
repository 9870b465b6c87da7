"""THREATS D1 to D4 and D6: what validation may cost, counted; and that nothing becomes insecure by being odd."""

import itertools
from dataclasses import replace

import pytest

from resolute.dnssec import budget
from resolute.dnssec.budget import Budget, ExhaustedError
from resolute.dnssec.message import Message
from resolute.dnssec.verdict import Need, Security
from resolute.records.rrset import RRset
from resolute.records.types import DNSKEY, DS, RRSIG, A
from tests.signing import Hashed, Tree, Zone, answer, nodata, nxdomain, tag, wire


@pytest.fixture
def tree() -> Tree:
    return Tree()


def colliding(key: bytes, count: int) -> list[bytes]:
    """Other keys with the same tag and algorithm: what one word has more the next has less (RFC 4034 B is a sum)."""
    words = [int.from_bytes(key[at : at + 2]) for at in range(4, len(key), 2)]
    found: list[bytes] = []
    for at, more in itertools.product(range(0, len(words) - 1, 2), range(1, 100)):
        first, second = words[at] + more, words[at + 1] - more
        if first < 65_536 and second >= 0 and len(found) < count:
            at_octet = 4 + 2 * at
            found.append(key[:at_octet] + first.to_bytes(2) + second.to_bytes(2) + key[at_octet + 4 :])
    assert all(tag(each) == tag(key) for each in found)
    return found


def test_keytrap(tree: Tree) -> None:
    """CVE-2023-50387: many keys with one tag, many signatures that none of them made."""
    keys = colliding(tree.example.key, 30)
    assert len(keys) == 30
    tree.says("example.", DNSKEY, tree.example.dnskey(*keys))
    good, signature = tree.example.signed("www.example.", "A", "192.0.2.1")
    bad = [signature.rdatas[0][:-1] + bytes((octet,)) for octet in range(100)]
    tree.checks = 0
    verdict = tree.judge("www.example.", "A", answer([good, replace(signature, rdatas=tuple(bad))]))
    assert verdict.security is Security.BOGUS
    assert tree.budget.failures == 0
    assert tree.checks == 3 + budget.FAILURES, "three checks lead to the zone's keys"


def test_keys_with_a_tag_like_the_right_one(tree: Tree) -> None:
    """RFC 4034 B: tags are not unique. Two keys of a tag are tried."""
    (other,) = colliding(tree.example.key, 1)
    keys = RRset(tree.example.origin, DNSKEY, 300, (other, tree.example.key))
    tree.says("example.", DNSKEY, Message(0, (keys, tree.example.sign(keys))))
    verdict = tree.judge("www.example.", "A", answer(tree.example.signed("www.example.", "A", "192.0.2.1")))
    assert verdict.security is Security.SECURE
    assert tree.budget.failures == budget.FAILURES - 1


def test_a_key_that_is_none_is_a_failure(tree: Tree) -> None:
    """CVE-2025-8677: keys with the right tag and a point that is not on the curve are counted."""
    broken = tree.example.key[:4] + bytes(64)
    tree.says("example.", DNSKEY, tree.example.dnskey(broken))
    rrset = RRset(wire("www.example."), A, 300, (bytes(4),))
    signatures = [tree.example.sign(rrset, tag=tag(broken)).rdatas[0] for _ in range(8)]
    verdict = tree.judge("www.example.", "A", answer([rrset, RRset(rrset.owner, RRSIG, 300, tuple(signatures))]))
    assert verdict.security is Security.BOGUS
    assert tree.budget.failures == 0


def test_all_checks_of_a_query_come_from_one_budget(tree: Tree) -> None:
    sections = [tree.example.signed("www.example.", f"TYPE{65_280 + n}", r"\# 1 00") for n in range(30)]
    verdict = tree.judge("www.example.", "ANY", answer(*sections))
    assert verdict.security is Security.BOGUS
    assert verdict.reason is not None
    assert "too many signatures" in verdict.reason.text
    assert tree.checks == budget.CHECKS


def test_padded_negative_answers(tree: Tree) -> None:
    """CVE-2026-11605: proofs that are not needed cost nothing."""
    padding = [tree.example.nsec(f"p{n}.example.", f"p{n}a.example.", "A") for n in range(500)]
    name, wildcard = (
        tree.example.nsec("m.example.", "o.example.", "A"),
        tree.example.nsec("example.", "a.example.", "NS SOA"),
    )
    good = tree.judge("no.example.", "A", nxdomain(name, wildcard, *padding))
    assert good.security is Security.SECURE
    assert tree.checks == 5
    late = tree.judge("no.example.", "A", nxdomain(*padding, name, wildcard))
    assert late.security is Security.BOGUS, f"more than {budget.PROOF_RECORDS} records are not looked at"
    assert tree.checks == 5


def test_hashes_are_counted(tree: Tree) -> None:
    """CVE-2023-50868: a name of 120 labels."""
    deep = "a." * 120 + "example."
    message = nxdomain(tree.example.covering("a.example."), tree.example.covering("*.example."))
    verdict = tree.judge(deep, "A", message)
    assert verdict.security is Security.BOGUS
    assert verdict.reason is not None
    assert "too many NSEC3 hashes" in verdict.reason.text
    assert tree.budget.hashes == 0


def test_salt_is_charged() -> None:
    """RFC 9276 2.4: a long salt is more work for each iteration."""
    left = {}
    for length in (0, 8, 35, 36, 255):
        allowance = Budget()
        allowance.take_hash(bytes(length))
        left[length] = budget.HASHES - allowance.hashes
    assert left == {0: 1, 8: 1, 35: 1, 36: 2, 255: 5}
    with pytest.raises(ExhaustedError):
        Budget(hashes=4).take_hash(bytes(255))


def test_iterations_in_an_insecure_delegation(tree: Tree) -> None:
    """CVE-2026-1519: the limit holds there too, and nothing is hashed."""
    costly = Hashed(iterations=65_535, salt=bytes(255))
    tree.says(
        "plain.example.", DS, nodata(tree.example.nsec3("other.example.", "NS", replace(costly, first=bytes(20))))
    )
    plain = RRset.parse(wire("plain.example."), A, 300, ["192.0.2.1"])
    assert tree.judge("plain.example.", "A", answer([plain])).security is Security.INSECURE
    assert tree.budget.hashes == budget.HASHES


def test_questions_are_counted(tree: Tree) -> None:
    """A name of many labels without a signature: each may be a cut."""
    deep = "a." * 120 + "example."
    for count in range(1, 121):
        name = "a." * count + "example."
        tree.says(name, DS, nodata(tree.example.nsec(name, "z.example.", "A")))
    verdict = tree.judge(deep, "A", answer([RRset.parse(wire(deep), A, 300, ["192.0.2.1"])]))
    assert verdict.security is Security.BOGUS
    assert len(tree.asked) <= budget.QUESTIONS


def test_many_ds(tree: Tree) -> None:
    """Eight DS are looked at."""
    wrong = [replace(tree.example.ds(), digest=bytes((number,)) * 32) for number in range(100)]
    tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example, *wrong[:7], tree.example.ds())
    reply = answer(tree.example.signed("www.example.", "A", "192.0.2.1"))
    assert tree.judge("www.example.", "A", reply).security is Security.SECURE
    tree = Tree(tree.root, tree.example, tree.sub)
    tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example, *wrong, tree.example.ds())
    assert tree.judge("www.example.", "A", reply).security is Security.BOGUS


def test_one_unknown_algorithm_is_no_downgrade(tree: Tree) -> None:
    """THREATS D6: insecure only when all DS are unsupported."""
    reply = answer([RRset.parse(wire("www.example."), A, 300, ["192.0.2.66"])])
    odd = [replace(tree.example.ds(), algorithm=99), replace(tree.example.ds(), digest_type=99)]
    tree.says("www.example.", DS, nodata(tree.example.nsec("www.example.", "x.example.", "A")))
    tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example, *odd, tree.example.ds())
    assert tree.judge("www.example.", "A", reply).security is Security.BOGUS
    signed = answer(tree.example.signed("www.example.", "A", "192.0.2.1"))
    assert tree.judge("www.example.", "A", signed).security is Security.SECURE
    wrong = replace(tree.example.ds(), digest=bytes(32))
    tree = Tree(tree.root, tree.example, tree.sub)
    tree.replies[Need(tree.example.origin, DS)] = tree.root.delegates(tree.example, *odd, wrong)
    assert tree.judge("www.example.", "A", reply).security is Security.BOGUS


def test_a_signature_of_an_unknown_algorithm_is_no_downgrade(tree: Tree) -> None:
    unknown = tree.example.signed("www.example.", "A", "192.0.2.66", algorithm=99)
    assert tree.judge("www.example.", "A", answer(unknown)).security is Security.BOGUS


def test_a_bogus_second_key_does_no_harm(tree: Tree) -> None:
    """RFC 6840 5.11: one path that holds is enough."""
    other = Zone("example.")
    tree.says("example.", DNSKEY, tree.example.dnskey(other.key))
    records, signature = tree.example.signed("www.example.", "A", "192.0.2.1")
    both = replace(
        signature, rdatas=(tree.root.sign(records, tag=other.tag, signer=other.origin).rdatas[0], *signature.rdatas)
    )
    assert tree.judge("www.example.", "A", answer([records, both])).security is Security.SECURE
    assert tree.budget.failures == budget.FAILURES - 1

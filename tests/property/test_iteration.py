"""Whatever servers send, iteration ends within its bounds, with an answer or a reason, and learns no more than that."""

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from resolute.records import names
from resolute.resolver.iteration.budget import FETCHES, PACKETS
from resolute.resolver.iteration.effects import Ask
from tests.unit.resolver.iteration.internet import BROKEN, TIMEOUT, Internet, query, referral

ROOT = "198.51.100.1"
EVIL = "198.51.100.66"
NAMES = [
    ".",
    "test.",
    "evil.test.",
    "www.evil.test.",
    "a.b.c.evil.test.",
    "victim.test.",
    "ns.evil.test.",
    "*.evil.test.",
]
RECORDS = [
    "A 192.0.2.66",
    f"A {EVIL}",
    "AAAA 2001:db8::66",
    "NS ns.evil.test.",
    "NS victim.test.",
    "CNAME www.evil.test.",
    "CNAME victim.test.",
    "DNAME test.",
    "DNAME a.b.c.evil.test.",
    "SOA a. b. 1 2 3 4 5",
    "DS 1 8 2 " + "ab" * 32,
    "TXT x",
    "RRSIG A 8 2 60 20300101000000 20200101000000 1 test. AAAA",
    "NSEC victim.test. A",
]

records = st.builds(
    lambda owner, ttl, data: (owner, ttl, data), st.sampled_from(NAMES), st.integers(0, 9), st.sampled_from(RECORDS)
)
sections = st.lists(records, max_size=6)
said = st.tuples(sections, sections, sections, st.booleans(), st.sampled_from([0, 0, 0, 2, 3, 5, 6, 16]))
replies = st.lists(st.one_of(said, st.binary(max_size=60), st.sampled_from([TIMEOUT, BROKEN])), min_size=1, max_size=6)
Said = tuple[list[tuple[str, int, str]], list[tuple[str, int, str]], list[tuple[str, int, str]], bool, int]


@settings(max_examples=300, deadline=None)
@given(replies, st.sampled_from(NAMES[2:]), st.sampled_from(["A", "NS", "DS", "ANY", "CNAME", "SOA"]))
def test_any_replies(scripted: list[Said | bytes | int], name: str, rtype: str) -> None:
    internet = Internet()
    turn = iter(range(10_000))
    internet.script(ROOT, lambda ask: referral(ask, "evil.test.", {"ns.evil.test.": EVIL}))
    internet.script(EVIL, lambda ask: speak(ask, scripted[next(turn) % len(scripted)]))
    found = internet.resolve(name, rtype)
    assert found.budget.packets <= PACKETS
    assert found.budget.fetches <= FETCHES
    assert found.error is not None or found.message().question
    evil = names.from_text("evil.test.")
    learnt = [cut.zone for cut in internet.iteration.memory.cuts if cut.zone not in (b"\0", evil)]
    assert all(names.is_within(zone, evil) for zone in learnt)


def speak(ask: Ask, what: Said | bytes | int) -> bytes | int | None:
    """A reply made of these records, or what it is."""
    if isinstance(what, bytes | int):
        return None if what == TIMEOUT else what
    answer, authority, additional, aa, rcode = what
    message = dns.message.make_response(query(ask))
    message.flags |= dns.flags.AA if aa else dns.flags.Flag(0)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, lines in zip(
        (message.answer, message.authority, message.additional), (answer, authority, additional), strict=True
    ):
        section += [dns.rrset.from_text(owner, ttl, "IN", *data.split(" ", 1)) for owner, ttl, data in lines]
    return message.to_wire(max_size=65_535)

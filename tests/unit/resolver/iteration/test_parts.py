"""The parts of iteration by themselves: minimisation, servers, cuts, what is known, load, judging, composing."""

from itertools import pairwise

import dns.message
import pytest

from resolute import plane
from resolute.records import names, types
from resolute.records.rrset import RRset
from resolute.resolver.iteration.budget import PACKETS, Budget, ExhaustedError
from resolute.resolver.iteration.compose import compose
from resolute.resolver.iteration.cuts import ROOT, Cut, Cuts, holds_until
from resolute.resolver.iteration.effects import Ask
from resolute.resolver.iteration.judge import Asking, Fault, Found, Referral, Useless, endpoint, judge, substitute
from resolute.resolver.iteration.known import Known, lifetime
from resolute.resolver.iteration.load import LEAST, Load
from resolute.resolver.iteration.machine import Answer
from resolute.resolver.iteration.minimise import MAX_MINIMISE_COUNT, MINIMISE_ONE_LAB, Minimiser
from resolute.resolver.iteration.servers import LONGEST_TIMEOUT_MS, Servers
from tests.unit.resolver.iteration.internet import reply

NAME = names.from_text
WWW = NAME("www.example.test.")
ZONE = NAME("example.test.")
ADDRESS = b"\xc0\0\x02\x01"


# -------------------------------------------------------------------------------------------------- RFC 9156 2.3


def questions(name: str, zone: str = ".") -> list[str]:
    """What is asked for a name when each part is there and none is a cut."""
    minimiser, asked = Minimiser(NAME(name), types.TXT, NAME(zone)), []
    while True:
        part, rtype = minimiser.question()
        asked.append(f"{names.to_text(part)} {plane.mnemonic(rtype)}")
        if rtype == types.TXT:
            return asked
        minimiser.is_there(part)


def test_a_label_at_a_time() -> None:
    assert questions("a.b.example.test.") == [
        "test. A",
        "example.test. A",
        "b.example.test. A",
        "a.b.example.test. TXT",
    ]
    assert questions("a.b.example.test.", "example.test.") == ["b.example.test. A", "a.b.example.test. TXT"]
    assert questions(".") == [". TXT"]


def test_a_name_of_many_labels_takes_ten_questions() -> None:
    """RFC 9156 2.3: MAX_MINIMISE_COUNT 10, the first MINIMISE_ONE_LAB 4 of one label."""
    asked = questions(".".join("x" * 120) + ".")
    assert MAX_MINIMISE_COUNT <= len(asked) <= MAX_MINIMISE_COUNT + 1
    counts = [line.split()[0].count(".") for line in asked]
    assert counts[:MINIMISE_ONE_LAB] == [1, 2, 3, 4]
    assert counts == sorted(counts)
    assert max(after - before for before, after in pairwise(counts)) <= 20


def test_labels_with_an_underscore_are_not_asked_for_alone() -> None:
    assert questions("_sip._tcp.example.test.", "test.") == ["example.test. A", "_sip._tcp.example.test. TXT"]
    assert questions("a._x.example.test.", "example.test.") == ["a._x.example.test. TXT"]


def test_after_giving_up_the_whole_is_asked() -> None:
    minimiser = Minimiser(WWW, types.TXT, ROOT)
    minimiser.question()
    minimiser.give_up()
    assert minimiser.question() == (WWW, types.TXT)


# -------------------------------------------------------------------------------------------------------- servers


def test_a_timeout_follows_the_round_trip_and_grows_with_silence() -> None:
    servers = Servers()
    server = servers.get("192.0.2.1:53")
    assert server.timeout_ms() == 400
    servers.replied(server, 200.0, 1.0)
    assert server.timeout_ms() == 600
    servers.replied(server, 1.0, 1.0)
    assert 100 <= server.timeout_ms() <= 600
    for second in range(1, 5):
        before = server.timeout_ms()
        servers.failed(server, second, second + 0.5, sure=False)
        assert before <= server.timeout_ms() <= LONGEST_TIMEOUT_MS


def test_the_round_trip_is_smoothed() -> None:
    """RFC 6298 2: seven eighths old."""
    servers = Servers()
    server = servers.get("192.0.2.1:53")
    servers.replied(server, 80.0, 1.0)
    servers.replied(server, 160.0, 1.0)
    assert server.rtt_ms == 90.0


def test_what_was_in_flight_together_fails_once() -> None:
    servers = Servers()
    server = servers.get("192.0.2.1:53")
    for _ in range(100):
        servers.failed(server, 1.0, 1.4, sure=False)
    assert server.failures == 1


def test_a_dead_server_gets_one_question_when_its_time_is_over() -> None:
    servers, address = Servers(), "192.0.2.1:53"
    server = servers.get(address)
    servers.replied(servers.get("192.0.2.2:53"), 1.0, 3.0)
    for second in (1.0, 2.0, 3.0):
        servers.failed(server, second, second + 0.4, sure=False)
    assert servers.choose([address], ZONE, 3.5) is None
    assert servers.choose([address], ZONE, 4.5) is server
    assert servers.choose([address], ZONE, 4.6) is None
    servers.replied(server, 1.0, 4.7)
    assert servers.choose([address], ZONE, 4.8) is server


def test_when_nobody_is_heard_each_may_be_tried_once_a_second() -> None:
    """The machine's own way is missing: what was learnt then must not last longer than that."""
    servers, address = Servers(), "192.0.2.1:53"
    server = servers.get(address)
    for second in range(1, 12):
        servers.failed(server, 100.0 + second, 100.4 + second, sure=True)
    assert server.held_until > 150.0
    assert servers.choose([address], ZONE, 112.0) is None
    assert servers.choose([address], ZONE, 113.0) is server
    assert servers.choose([address], ZONE, 113.1) is None


def test_lame_is_said_of_a_zone_and_for_a_while() -> None:
    servers = Servers()
    server = servers.get("192.0.2.1:53")
    servers.lame_for(server, ZONE, 1.0)
    assert server.is_lame(ZONE, 60.0)
    assert not server.is_lame(ZONE, 62.0)
    assert not server.is_lame(ROOT, 2.0)
    for number in range(100):
        servers.lame_for(server, NAME(f"z{number}."), 1.0)
    assert len(server.lame) == 16


def test_servers_are_bounded() -> None:
    servers = Servers(capacity=10)
    for number in range(100):
        servers.get(f"192.0.2.{number}:53")
    assert len(servers) == 10


# ----------------------------------------------------------------------------------------------------------- cuts


def cut(zone: str, expires: float) -> Cut:
    return Cut(NAME(zone), (NAME("ns.test."),), {NAME("ns.test."): ("192.0.2.1:53", "192.0.2.1:53")}, expires)


def test_the_closest_cut_that_holds() -> None:
    cuts = Cuts()
    for zone, expires in ((".", 100.0), ("test.", 50.0), ("example.test.", 20.0)):
        cuts.put(cut(zone, expires))
    found = [cuts.closest(WWW, now) for now in (10.0, 30.0, 60.0, 100.0)]
    assert [one and names.to_text(one.zone) for one in found] == ["example.test.", "test.", ".", None]


def test_a_cut_holds_no_longer_than_its_parents() -> None:
    parent = cut("test.", 50.0)
    assert holds_until(20, parent, 10.0) == 30.0
    assert holds_until(900, parent, 10.0) == 50.0


def test_an_address_is_there_once() -> None:
    assert cut("test.", 1.0).addresses == ("192.0.2.1:53",)


def test_cuts_are_bounded_and_forgotten_by_name() -> None:
    cuts = Cuts(capacity=3)
    for zone in ("a.test.", "b.test.", "c.test.", "d.test."):
        cuts.put(cut(zone, 100.0))
    assert len(cuts) == 3
    assert cuts.flush(NAME("test."), subtree=False) == 0
    assert cuts.flush(NAME("test."), subtree=True) == 3


# ---------------------------------------------------------------------------------------------------------- known


def found(*answer: RRset, authority: tuple[RRset, ...] = (), at: float = 0.0, rcode: int = 0) -> Found:
    return Found(ZONE, rcode, answer, authority, 0, None, at)


SOA = RRset(ZONE, types.SOA, 900, (b"\0\0" + (1).to_bytes(4) * 4 + (60).to_bytes(4),))
A = RRset(WWW, types.A, 300, (ADDRESS,))


def test_an_answer_is_known_for_its_ttl() -> None:
    known = Known()
    known.put(WWW, types.A, found(A))
    assert known.get(WWW, types.A, 299.0) is not None
    assert known.get(WWW, types.A, 300.0) is None
    assert known.addresses(WWW, frozenset("46"), 300.0) == []


def test_the_life_of_what_is_not_there() -> None:
    """RFC 2308 5: the SOA's TTL and minimum, the lesser; without a SOA it is not kept."""
    assert lifetime(found(authority=(SOA,), rcode=3)) == 60
    assert lifetime(found()) == 0


def test_failures_hold_for_five_seconds_then_longer() -> None:
    """RFC 9520 3.2."""
    known = Known()
    known.failed(WWW, types.A, 0.0)
    assert known.has_failed(WWW, types.A, 4.9)
    assert not known.has_failed(WWW, types.A, 5.1)
    known.failed(WWW, types.A, 6.0)
    assert known.has_failed(WWW, types.A, 15.0)


def test_a_huge_answer_is_not_kept() -> None:
    """CacheFlush."""
    known = Known()
    known.put(WWW, types.A, found(*(RRset(NAME(f"n{one}."), types.A, 60, (ADDRESS,)) for one in range(100))))
    assert len(known) == 0


# ----------------------------------------------------------------------------------------------------- load, budget


def test_load_rises_with_success_and_falls_with_failure() -> None:
    load = Load()
    assert all(load.begin(ZONE) for _ in range(LEAST))
    assert not load.begin(ZONE)
    load.end(ZONE, good=True)
    assert load.begin(ZONE)
    assert load.begin(ZONE)
    assert not load.begin(ZONE)
    load.end(ZONE, good=False)
    assert not load.begin(ZONE)
    assert load.begin(ROOT)


def test_the_budget_ends() -> None:
    budget = Budget(0.0, 4.0)
    for _ in range(PACKETS):
        budget.take_packet()
    with pytest.raises(ExhaustedError, match="32 questions"):
        budget.take_packet()
    late = Budget(0.0, 4.0)
    late.now = 4.0
    with pytest.raises(ExhaustedError, match="time"):
        late.take_packet()


# ------------------------------------------------------------------------------------------------- judging, composing


def verdict(wire: bytes, name: bytes = WWW, rtype: int = types.A, zone: bytes = ZONE) -> object:
    return judge(plane.read_reply(wire), Asking(zone, name, rtype, 1.0))


def ask(name: bytes = WWW, rtype: int = types.A) -> Ask:
    return Ask("192.0.2.1:53", name, rtype, 400, tcp=False, edns=True, cookie=b"")


def test_soas_of_other_zones_say_nothing() -> None:
    soa = "SOA a. b. 1 2 3 4 5"
    assert isinstance(verdict(reply(ask(), (), [f"example.test. 60 {soa}"], rcode=3)), Found)
    for elsewhere in ("test.", "other.test.", "www.www.example.test."):
        said = verdict(reply(ask(), (), [f"{elsewhere} 60 {soa}"], rcode=3, aa=False))
        assert isinstance(said, Useless)
        assert said.fault is Fault.LAME


def test_a_question_for_ds_is_not_referred_to_the_child() -> None:
    """RFC 4035 3.1.4.1."""
    wire = reply(ask(ZONE, types.DS), (), ["example.test. 60 NS ns.example.test."], aa=False)
    said = verdict(wire, ZONE, types.DS, NAME("test."))
    assert isinstance(said, Useless)
    assert said.fault is Fault.ERROR


def test_a_referral_brings_its_proof() -> None:
    ds = "example.test. 60 DS 1 8 2 " + "ab" * 32
    wire = reply(ask(), (), ["example.test. 60 NS ns.example.test.", ds], aa=False)
    said = verdict(wire, zone=NAME("test."))
    assert isinstance(said, Referral)
    assert [rrset.rtype for rrset in said.proof] == [types.DS]


SIGNED = "13 2 300 20300101000000 20200101000000 1 example.test. AAAA"


@pytest.mark.parametrize(
    ("answer", "authority", "kept"),
    [
        (["www.example.test. 300 A 192.0.2.1"], ["example.test. 300 NS ns.example.test."], set()),
        (["www.example.test. 300 A 192.0.2.1"], ["x.example.test. 300 NSEC y.example.test. A"], {"NSEC"}),
        ([], ["example.test. 300 SOA ns. h. 1 2 3 4 5", "x.example.test. 300 NSEC y.example.test. A"], {"SOA", "NSEC"}),
    ],
)
def test_signatures_stay_with_what_they_sign(answer: list[str], authority: list[str], kept: set[str]) -> None:
    """Of the authority section the NS records are not given on, so neither are their signatures."""
    signatures = [f"{line.split()[0]} 300 RRSIG {line.split()[2]} {SIGNED}" for line in authority]
    found = verdict(reply(ask(), answer, [*authority, *signatures]))
    assert isinstance(found, Found)
    mnemonics = [plane.mnemonic(one.rtype) for one in found.authority]
    covered = [plane.mnemonic(int.from_bytes(one.rdatas[0][:2])) for one in found.authority if one.rtype == types.RRSIG]
    assert (set(mnemonics) - {"RRSIG"}, set(covered)) == (kept, kept)


def test_thirteen_servers_of_a_referral_are_taken() -> None:
    many = [f"example.test. 60 NS ns{one}.test." for one in range(100)]
    said = verdict(reply(ask(), (), many, aa=False), zone=NAME("test."))
    assert isinstance(said, Referral)
    assert len(said.servers) == 13


def test_a_dname_whose_name_would_be_too_long() -> None:
    """RFC 6672 2.2: YXDOMAIN."""
    long = ".".join(["x" * 60] * 4)
    name = NAME("y" * 60 + ".tree.example.test.")
    wire = reply(ask(name), [f"tree.example.test. 60 DNAME {long}."])
    said = verdict(wire, name)
    assert isinstance(said, Found)
    assert said.rcode == 6
    assert substitute(WWW, ZONE, NAME("other.")) == NAME("www.other.")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (b"\xc0\0\x02\x01", "192.0.2.1:53"),
        (b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\x01", "[2001:db8::1]:53"),
        (b"\0\0\0\0", None),
        (b"\x7f\0\0\x01", None),
        (b"\xe0\0\0\x01", None),
        (b"\0" * 15 + b"\x01", None),
        (b"\0" * 10 + b"\xff\xff\xc0\0\x02\x01", None),
        (b"\xfe\x80" + b"\0" * 14, None),
        (b"\xff\x02" + b"\0" * 14, None),
        (b"\x01", None),
    ],
)
def test_addresses_that_a_server_may_have(address: bytes, expected: str | None) -> None:
    assert endpoint(address) == expected


def test_what_is_composed_counts_ttls_down() -> None:
    old, fresh = found(A, at=0.0), found(RRset(NAME("x.test."), types.A, 60, (ADDRESS,)), at=90.0)
    message = dns.message.from_wire(compose(WWW, types.A, Answer(0, (old, fresh)), 100.0))
    assert [(str(one.name), one.ttl) for one in message.answer] == [("www.example.test.", 200), ("x.test.", 50)]


def test_an_answer_that_fits_into_no_message() -> None:
    huge = RRset(NAME("x.test."), types.TXT, 60, tuple(bytes([255]) + bytes([one]) * 255 for one in range(256)))
    with pytest.raises(ValueError, match="does not fit"):
        compose(WWW, types.TXT, Answer(0, (found(huge),)), 0.0)

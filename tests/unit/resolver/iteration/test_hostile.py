"""Hostile servers (THREATS.md 2.B and 2.C): scripted functions that answer what the machine asks. No sockets."""

import asyncio
from collections import Counter

import pytest

from resolute.records import names
from resolute.resolver.iteration.budget import BYTES, CNAME_STEPS, DELEGATIONS, FETCHES, PACKETS
from resolute.resolver.iteration.effects import Ask, Heard
from tests.unit.resolver.iteration.internet import (
    BROKEN,
    TIMEOUT,
    Internet,
    Resolved,
    endpoint,
    honest,
    referral,
    reply,
)

ROOT = "198.51.100.1"
TEST = "198.51.100.2"
EVIL = "198.51.100.66"
VICTIM = "198.51.100.7"
NS = names.from_text


@pytest.fixture
def internet() -> Internet:
    """The root and `test.` are honest, and so is `victim.test.`; `evil.test.` is each test's."""
    made = Internet()
    made.serve(ROOT, _=f"@ NS r0.root.\nr0.root. A {ROOT}\ntest. NS ns.test.\nns.test. A {TEST}\n")
    made.serve(
        TEST,
        test=f"@ NS ns\nns A {TEST}\nevil NS ns.evil\nns.evil A {EVIL}\nvictim NS ns.victim\nns.victim A {VICTIM}\n",
    )
    made.serve(VICTIM, victim_test=f"@ NS ns\nns A {VICTIM}\nwww A 192.0.2.1\n")
    return made


def label_text(ask: Ask) -> str:
    return names.to_text(ask.qname)


def data(found: Resolved) -> list[list[str]]:
    """The answer's owners and data."""
    return [[line.split()[0], *line.split()[2:]] for line in found.lines]


def ends_within_bounds(found: Resolved) -> None:
    """The budget held, whatever came of the question."""
    assert found.budget.packets <= PACKETS
    assert found.budget.fetches <= FETCHES


# ------------------------------------------------------------------------------------------------------------ poison


def test_b7_b8_nothing_is_learnt_beyond_the_question(internet: Internet) -> None:
    """NS, glue, DNAME and answers of other zones that ride on a valid answer: MaginotDNS, CVE-2025-11411."""

    def poison(ask: Ask) -> bytes:
        return reply(
            ask,
            [
                f"{label_text(ask)} 300 A 192.0.2.66",
                "www.victim.test. 9999 A 192.0.2.66",
                "test. 9999 DNAME evil.test.",
            ],
            ["test. 9999 NS ns.evil.test.", "victim.test. 9999 NS ns.evil.test.", ". 9999 NS ns.evil.test."],
            [f"ns.evil.test. 9999 A {EVIL}", f"ns.victim.test. 9999 A {EVIL}", f"ns.test. 9999 A {EVIL}"],
        )

    internet.script(EVIL, poison)
    assert data(internet.resolve("www.evil.test.")) == [["www.evil.test.", "A", "192.0.2.66"]]
    assert data(internet.resolve("www.victim.test.")) == [["www.victim.test.", "A", "192.0.2.1"]]
    assert data(internet.resolve("ns.victim.test.")) == [["ns.victim.test.", "A", VICTIM]]
    assert internet.questions(EVIL) == ["www.evil.test. A"]
    assert sorted(names.to_text(cut.zone) for cut in internet.iteration.memory.cuts) == [
        ".",
        "evil.test.",
        "test.",
        "victim.test.",
    ]


@pytest.mark.parametrize("zone", ["test.", ".", "victim.test.", "other.", "evil.test."])
def test_b8_a_referral_leads_down_and_towards_the_name(internet: Internet, zone: str) -> None:
    """RFC 5452 6: upward, sideways and to itself a server refers nobody."""
    internet.script(EVIL, lambda ask: referral(ask, zone, {"ns.evil.test.": EVIL}))
    found = internet.resolve("www.evil.test.")
    assert found.error is not None
    assert [cut.zone for cut in internet.iteration.memory.cuts if cut.servers == (NS("ns.evil.test."),)] == [
        NS("evil.test.")
    ]
    assert data(internet.resolve("www.victim.test.")) == [["www.victim.test.", "A", "192.0.2.1"]]


def test_b8_glue_is_taken_for_names_in_the_zone_that_delegates(internet: Internet) -> None:
    """The address of a name of another zone is asked of that zone (RFC 2181 5.4.1)."""

    def refer(ask: Ask) -> bytes:
        return referral(ask, "sub.evil.test.", {"ns.victim.test.": EVIL})

    internet.script(EVIL, refer)
    internet.resolve("www.sub.evil.test.")
    assert internet.asked[-1].server == endpoint(VICTIM)
    assert data(internet.resolve("ns.victim.test.")) == [["ns.victim.test.", "A", VICTIM]]


def test_b9_the_target_of_an_alias_is_asked_at_its_own_zone(internet: Internet) -> None:
    """CVE-2026-0398: what the first server says of the target is not used."""
    internet.script(
        EVIL,
        lambda ask: reply(ask, [f"{label_text(ask)} 300 CNAME www.victim.test.", "www.victim.test. 300 A 192.0.2.66"]),
    )
    assert data(internet.resolve("www.evil.test."))[-1] == ["www.victim.test.", "A", "192.0.2.1"]


def test_b10_a_child_does_not_keep_itself_alive(internet: Internet) -> None:
    """Ghost domains (CVE-2012-1033): gone at the parent, NXDOMAIN after the parent's TTL at the latest."""
    address = "198.51.100.50"
    with_it = f"@ NS ns\nns A {TEST}\nghost 30 NS ns.ghost\nns.ghost 30 A {address}\n"
    internet.serve(TEST, test=with_it)
    internet.script(
        address,
        lambda ask: reply(
            ask,
            [f"{label_text(ask)} 1 A 192.0.2.66"],
            ["ghost.test. 86400 NS ns.ghost.test."],
            [f"ns.ghost.test. 86400 A {address}"],
        ),
    )
    assert internet.resolve("www.ghost.test.").rcode == 0
    internet.serve(TEST, test=f"@ NS ns\nns A {TEST}\n")
    began, rcodes = internet.now, list[int]()
    while internet.now < began + 31:
        rcodes.append(internet.resolve(f"n{len(rcodes)}.ghost.test.").rcode)
        rcodes.append(internet.resolve("ghost.test.", "NS").rcode)
        internet.now += 1
    assert rcodes[0] == 0
    assert internet.resolve("www.ghost.test.").rcode == 3


def test_b10_what_a_removed_zone_has_delegated_goes_with_it(internet: Internet) -> None:
    """Phoenix domains: a cut below holds no longer than the cut above it."""
    internet.serve(TEST, test=f"@ NS ns\nns A {TEST}\ngone 30 NS ns.gone\nns.gone 30 A {EVIL}\n")
    internet.script(
        EVIL,
        lambda ask: (
            reply(ask, [f"{label_text(ask)} 1 A 192.0.2.66"])
            if label_text(ask).count(".") > 3
            else referral(ask, "sub.gone.test.", {"ns.sub.gone.test.": EVIL}, ttl=86_400)
        ),
    )
    assert internet.resolve("www.sub.gone.test.").rcode == 0
    internet.serve(TEST, test=f"@ NS ns\nns A {TEST}\n")
    internet.now += 31
    assert internet.resolve("www.sub.gone.test.").rcode == 3


@pytest.mark.parametrize("junk", [b"", b"\0", b"x" * 40, b"\0" * 12, BROKEN, TIMEOUT])
def test_b11_one_bad_packet_does_not_make_a_question_fail(internet: Internet, junk: bytes | int) -> None:
    """TuDoor."""
    true, spoiled = internet.scripts[endpoint(VICTIM)], set[str]()

    def first_junk(ask: Ask) -> bytes | int | None:
        if label_text(ask) in spoiled:
            return true(ask)
        spoiled.add(label_text(ask))
        return junk if junk != TIMEOUT else None

    internet.script(VICTIM, first_junk)
    assert data(internet.resolve("www.victim.test.")) == [["www.victim.test.", "A", "192.0.2.1"]]


@pytest.mark.parametrize("rcode", [1, 2, 4, 5, 9, 16, 23, 11])
def test_b11_one_wrong_rcode_leads_to_another_server(internet: Internet, rcode: int) -> None:
    second = "198.51.100.8"
    internet.serve(
        TEST,
        test=f"@ NS ns\nns A {TEST}\nvictim NS ns.victim\nns.victim A {VICTIM}\nvictim NS ns2.victim\n"
        f"ns2.victim A {second}\n",
    )
    internet.serve(second, victim_test=f"@ NS ns\nns A {VICTIM}\nwww A 192.0.2.1\n")
    internet.script(VICTIM, lambda ask: reply(ask, rcode=rcode))
    for number in range(8):
        assert internet.resolve(f"n{number}.victim.test.").rcode == 3
    assert internet.resolve("www.victim.test.").rcode == 0


def test_b12_forged_addresses_change_nothing(internet: Internet) -> None:
    """Glue that no server can have (0.0.0.0, loopback, multicast) is not asked, and nothing is forgotten for it."""
    forged = ("0.0.0.0", "127.0.0.1", "255.255.255.255", "224.0.0.1", "::", "::1", "ff02::1", "fe80::1")
    internet.script(
        EVIL,
        lambda ask: referral(
            ask, "sub.evil.test.", {f"ns{number}.evil.test.": address for number, address in enumerate(forged)}
        ),
    )
    internet.resolve("www.victim.test.")
    ends_within_bounds(internet.resolve("www.sub.evil.test."))
    assert {ask.server for ask in internet.asked} == {endpoint(one) for one in (ROOT, TEST, VICTIM, EVIL)}
    internet.asked.clear()
    assert internet.resolve("www.victim.test.").rcode == 0
    assert internet.questions() == ["www.victim.test. A"]


# ----------------------------------------------------------------------------------------------------- amplification


def test_c1_endless_delegations(internet: Internet) -> None:
    """iDNS: seven, one below the other, and no more."""

    def deeper(ask: Ask) -> bytes:
        return referral(ask, label_text(ask), {f"ns.{label_text(ask)}": EVIL})

    internet.script(EVIL, deeper)
    found = internet.resolve("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.evil.test.")
    assert found.error is not None
    assert f"more than {DELEGATIONS} delegations" in found.error.text
    assert len(internet.questions(EVIL)) <= DELEGATIONS


@pytest.mark.parametrize("count", [100, 1_500])
def test_c2_many_servers_without_address(internet: Internet, count: int) -> None:
    """NXNSAttack, NRDelegation: at most five addresses are looked up, of thirteen servers."""
    internet.script(
        EVIL, lambda ask: referral(ask, "sub.evil.test.", {f"n{one}.victim.test.": None for one in range(count)})
    )
    found = internet.resolve("www.sub.evil.test.")
    assert found.error is not None
    ends_within_bounds(found)
    assert len(internet.questions(VICTIM)) <= FETCHES


def test_c4_two_zones_that_point_at_each_other(internet: Internet) -> None:
    """TsuNAME: the failure is remembered for 5 s, doubling."""
    internet.serve(TEST, test=f"@ NS ns\nns A {TEST}\none NS ns.two\ntwo NS ns.one\n")
    began = internet.now
    for number in range(60 * 20):
        found = internet.resolve(f"n{number}.one.test.")
        assert found.error is not None
        internet.now = began + number / 20
    assert len(internet.asked) <= 60


def test_c5_everything_multiplied(internet: Internet) -> None:
    """CAMP: aliases x servers without address x servers that do not answer: 32 questions and 64 KB in all."""

    def camp(ask: Ask) -> bytes | None:
        text = label_text(ask)
        number = int("".join(one for one in text if one.isdigit()) or 0)
        if ".z" in text or text.startswith("z"):
            zone = text[text.index("z") :]
            return referral(ask, zone, {f"ns{one}.n{number}-{one}.evil.test.": None for one in range(13)})
        return reply(ask, [f"{text} 1 CNAME w.z{number + 1}.evil.test."])

    internet.script(EVIL, camp)
    found = internet.resolve("www.evil.test.")
    assert found.error is not None
    ends_within_bounds(found)
    assert len(internet.asked) <= PACKETS


def test_c5_bytes_are_counted(internet: Internet) -> None:
    filler = [f"x{one}.evil.test. 1 TXT " + " ".join(['"' + "y" * 250 + '"'] * 7) for one in range(15)]
    internet.script(
        EVIL,
        lambda ask: reply(ask, [f"{label_text(ask)} 1 CNAME a.{label_text(ask)}", *filler, "evil.test. 1 A 1.1.1.1"]),
    )
    found = internet.resolve("www.evil.test.")
    assert found.error is not None
    assert found.budget.received <= BYTES + 65_535
    assert "bytes of replies" in found.error.text


@pytest.mark.parametrize("steps", [1, CNAME_STEPS, CNAME_STEPS + 1])
@pytest.mark.parametrize("together", [True, False])
def test_c6_chains_of_aliases(internet: Internet, steps: int, *, together: bool) -> None:
    """DNS Unchained: ten steps, in one reply or in many."""
    chain = [f"s{one}.evil.test. 60 CNAME s{one + 1}.evil.test." for one in range(steps)]
    end = f"s{steps}.evil.test. 60 A 192.0.2.66"

    def follow(ask: Ask) -> bytes:
        at = int(label_text(ask)[1:].split(".")[0])
        lines = [*chain, end][at:]
        return reply(ask, lines if together else lines[:1])

    internet.script(EVIL, follow)
    found = internet.resolve("s0.evil.test.")
    if steps <= CNAME_STEPS:
        assert data(found)[-1] == [f"s{steps}.evil.test.", "A", "192.0.2.66"]
    else:
        assert found.error is not None
        assert "aliases" in found.error.text


def test_c7_servers_with_the_same_addresses(internet: Internet) -> None:
    """CVE-2026-3592: ten names, twenty addresses each: each address is asked once."""
    addresses = [f"203.0.113.{one}" for one in range(20)]
    glue = [f"ns{name}.sub.evil.test. 60 A {address}" for name in range(10) for address in addresses]
    servers = [f"sub.evil.test. 60 NS ns{name}.sub.evil.test." for name in range(10)]
    internet.script(EVIL, lambda ask: reply(ask, (), servers, glue, aa=False))
    for address in addresses:
        internet.script(address, lambda ask: reply(ask, rcode=2))
    assert internet.resolve("www.sub.evil.test.").error is not None
    counts = Counter(ask.server for ask in internet.asked if ask.server.startswith("203.0.113."))
    assert counts
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("length", range(1, 9))
def test_c8_delegations_in_a_circle(internet: Internet, length: int) -> None:
    circle = "".join(f"z{one} NS ns.z{(one + 1) % length}\n" for one in range(length))
    internet.serve(TEST, test=f"@ NS ns\nns A {TEST}\n{circle}")
    found = internet.resolve("www.z0.test.")
    assert found.error is not None
    ends_within_bounds(found)
    assert len(internet.asked) <= 3 + length


def test_c9_a_server_that_always_finds_another_excuse(internet: Internet) -> None:
    """CVE-2026-5950: FORMERR, REFUSED, BADVERS, BADCOOKIE, lame, truncated rubbish, in turn: it comes to an end."""
    asked = Counter[str]()

    def excuse(ask: Ask) -> bytes | int:
        asked["all"] += 1
        kind = asked["all"] % 6
        if kind < 4:
            return reply(ask, rcode=(1, 5, 16, 23)[kind])
        return referral(ask, "test.", {"ns.test.": TEST}) if kind == 4 else b"\0" * 11

    internet.script(EVIL, excuse)
    for number in range(20):
        asked.clear()
        found = internet.resolve(f"n{number}.evil.test.")
        assert found.error is not None
        assert asked["all"] <= 12
        ends_within_bounds(found)


def test_c12_a_zone_has_two_hundred_questions_in_flight(internet: Internet) -> None:
    """Water torture: random names of a zone whose servers say nothing."""
    most, now_waiting = 0, 0
    instant = internet.exchange

    async def slow(ask: Ask) -> Heard:
        nonlocal most, now_waiting
        if ask.server != endpoint(EVIL):
            return await instant(ask)
        now_waiting += 1
        most = max(most, now_waiting)
        for _ in range(20):
            await asyncio.sleep(0)
        now_waiting -= 1
        return Heard(None, TIMEOUT)

    async def torture() -> list[Resolved]:
        await internet.query("www.victim.test.")
        await internet.query("first.evil.test.")
        internet.driver = type(internet.driver)(slow, clock=lambda: internet.now)
        internet.iteration.memory.servers.get(endpoint(EVIL)).held_until = 0
        internet.iteration.memory.servers.get(endpoint(EVIL)).failures = 0
        bystander = internet.query("ns.victim.test.")
        return await asyncio.gather(*(internet.query(f"n{one}.evil.test.") for one in range(1_000)), bystander)

    *tortured, bystander = asyncio.run(torture())
    assert most == 200
    assert all(one.error is not None for one in tortured)
    assert bystander.rcode == 0
    assert len(internet.iteration.memory.load) == 0


def test_c12_a_dead_zone_is_hardly_asked(internet: Internet) -> None:
    """Who does not reply is held: random names get their failure at once."""
    for number in range(500):
        assert internet.resolve(f"n{number}.evil.test.").error is not None
    assert len(internet.questions(EVIL)) <= 20


# ----------------------------------------------------------------------------------------------------- any bytes at all


@pytest.mark.parametrize("cut", range(0, 400, 23))
def test_replies_that_are_cut_off(internet: Internet, cut: int) -> None:
    """No exception escapes, whatever comes."""
    true = honest({"victim.test.": f"@ NS ns\nns A {VICTIM}\nwww A 192.0.2.1\n"})

    def short(ask: Ask) -> bytes:
        whole = true(ask)
        assert isinstance(whole, bytes)
        return whole[:cut]

    internet.script(VICTIM, short)
    found = internet.resolve("www.victim.test.")
    assert found.error is not None or found.rcode == 0

"""How servers are asked: EDNS and its fallback (RFC 6891 7, RFC 8906), cookies (RFC 7873), lame and slow servers."""

import asyncio

import dns.edns
import dns.message
import pytest

from resolute.resolver.iteration.effects import Ask, Heard
from tests.unit.resolver.iteration.internet import RTT_MS, Internet, Script, endpoint, honest, query, reply

ROOT = "198.51.100.1"
ONE = "198.51.100.11"
TWO = "198.51.100.12"
ZONE = f"@ NS ns1\n@ NS ns2\nns1 A {ONE}\nns2 A {TWO}\nwww A 192.0.2.1\n*.wild A 192.0.2.2\n"


@pytest.fixture
def internet() -> Internet:
    """`test.` has two servers below the root."""
    made = Internet()
    made.serve(
        ROOT,
        _=f"@ NS r0.root.\nr0.root. A {ROOT}\ntest. NS ns1.test.\ntest. NS ns2.test.\n"
        f"ns1.test. A {ONE}\nns2.test. A {TWO}\n",
    )
    made.serve(ONE, test=ZONE)
    made.serve(TWO, test=ZONE)
    return made


def only_one(internet: Internet) -> None:
    """The second server has no delegation."""
    internet.serve(ROOT, _=f"@ NS r0.root.\nr0.root. A {ROOT}\ntest. NS ns1.test.\nns1.test. A {ONE}\n")


def to(internet: Internet, address: str) -> list[Ask]:
    return [ask for ask in internet.asked if ask.server == endpoint(address)]


# --------------------------------------------------------------------------------------------------------------- EDNS


def without_edns(ask: Ask, rcode: int) -> bytes:
    """A server's refusal that does not know EDNS."""
    return reply(Ask(ask.server, ask.qname, ask.qtype, 1, tcp=False, edns=False, cookie=b""), rcode=rcode)


@pytest.mark.parametrize("rcode", [1, 4])
def test_a_server_that_refuses_edns_is_asked_without(internet: Internet, rcode: int) -> None:
    """RFC 6891 7: FORMERR and NOTIMP; remembered for that server."""
    only_one(internet)
    true = honest({"test.": ZONE})
    internet.script(ONE, lambda ask: without_edns(ask, rcode) if ask.edns else true(ask))
    assert internet.resolve("www.test.").rcode == 0
    assert [ask.edns for ask in to(internet, ONE)] == [True, False]
    assert internet.resolve("missing.test.").rcode == 3
    assert [ask.edns for ask in to(internet, ONE)] == [True, False, False]
    assert all(not ask.cookie for ask in to(internet, ONE)[1:])
    internet.now += 3_000
    internet.resolve("missing2.test.")
    assert [ask.edns for ask in to(internet, ONE)][3:] == [True, False]


def test_a_server_that_is_silent_to_edns_is_asked_without(internet: Internet) -> None:
    """RFC 8906 3.1.4: some drop what they do not know."""
    only_one(internet)
    true = honest({"test.": ZONE})
    internet.script(ONE, lambda ask: None if ask.edns else true(ask))
    assert internet.resolve("www.test.").rcode == 0
    assert [ask.edns for ask in to(internet, ONE)] == [True, False]


def test_a_lost_packet_is_no_want_of_edns(internet: Internet) -> None:
    """A server that has been heard to speak EDNS goes on being asked with it: no downgrade by loss."""
    only_one(internet)
    true, lost = honest({"test.": ZONE}), [False]
    internet.resolve("www.test.")

    def loses(ask: Ask) -> bytes | int | None:
        lost[0] = not lost[0]
        return None if lost[0] else true(ask)

    internet.script(ONE, loses)
    assert internet.resolve("missing.test.").rcode == 3
    assert all(ask.edns for ask in internet.asked)


# ------------------------------------------------------------------------------------------------------------- cookies


def with_cookie(ask: Ask, wire: bytes, server: bytes) -> bytes:
    """The reply with a COOKIE option."""
    message = dns.message.from_wire(wire)
    message.use_edns(
        0, message.ednsflags, options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, ask.cookie[:8] + server)]
    )
    return message.to_wire()


def test_a_cookie_goes_with_each_question(internet: Internet) -> None:
    """RFC 7873 5.1: ours at first, and the server's own with it from then on."""
    only_one(internet)
    true = honest({"test.": ZONE})

    def give(ask: Ask) -> bytes:
        said = true(ask)
        assert isinstance(said, bytes)
        return with_cookie(ask, said, b"S" * 16)

    internet.script(ONE, give)
    internet.resolve("www.test.")
    internet.resolve("missing.test.")
    first, second = (ask.cookie for ask in to(internet, ONE))
    assert len(first) == 8
    assert second == first + b"S" * 16
    assert to(internet, ROOT)[0].cookie != first, "each server has its own (RFC 7873 4.1)"


def test_badcookie_is_answered_with_the_servers_cookie(internet: Internet) -> None:
    """RFC 7873 5.3."""
    only_one(internet)
    true = honest({"test.": ZONE})

    def strict(ask: Ask) -> bytes:
        if len(ask.cookie) == 8:
            return with_cookie(ask, reply(ask, rcode=23), b"S" * 16)
        said = true(ask)
        assert isinstance(said, bytes)
        return with_cookie(ask, said, b"S" * 16)

    internet.script(ONE, strict)
    assert internet.resolve("www.test.").rcode == 0
    assert [(len(ask.cookie), ask.tcp) for ask in to(internet, ONE)] == [(8, False), (24, False)]


def test_a_server_that_refuses_cookies_keeps_edns(internet: Internet) -> None:
    """RFC 6891 6.1.2 has unknown options ignored; some answer FORMERR, and would be asked without DO else."""
    only_one(internet)
    true = honest({"test.": ZONE})
    internet.script(ONE, lambda ask: reply(ask, rcode=1) if ask.cookie else true(ask))
    assert internet.resolve("www.test.").rcode == 0
    assert internet.resolve("missing.test.").rcode == 3
    assert [(ask.edns, bool(ask.cookie)) for ask in to(internet, ONE)] == [(True, True), (True, False), (True, False)]


def test_badcookie_without_end_leads_to_tcp(internet: Internet) -> None:
    only_one(internet)
    true = honest({"test.": ZONE})
    internet.script(ONE, lambda ask: true(ask) if ask.tcp else with_cookie(ask, reply(ask, rcode=23), b"S" * 16))
    assert internet.resolve("www.test.").rcode == 0
    assert to(internet, ONE)[-1].tcp


# ------------------------------------------------------------------------------------------------ which server is asked


def test_the_quick_server_is_asked_and_the_other_is_not_forgotten(internet: Internet) -> None:
    internet.rtt_ms = {endpoint(ONE): 5.0, endpoint(TWO): 150.0}
    for number in range(400):
        internet.resolve(f"n{number}.wild.test.")
    quick, slow = len(to(internet, ONE)), len(to(internet, TWO))
    assert quick > 300
    assert slow > 0


def test_a_silent_server_costs_one_question_or_two(internet: Internet) -> None:
    internet.script(TWO, lambda _: None)
    for number in range(50):
        assert internet.resolve(f"n{number}.wild.test.").rcode == 0
    assert len(to(internet, TWO)) <= 6


def test_a_dead_server_that_is_back_is_found(internet: Internet) -> None:
    only_one(internet)
    true = internet.scripts[endpoint(ONE)]
    internet.script(ONE, lambda _: None)
    for number in range(5):
        assert internet.resolve(f"n{number}.test.").error is not None
    internet.script(ONE, true)
    internet.now += 61
    assert internet.resolve("www.test.").rcode == 0


def test_after_an_outage_of_our_own_nobody_is_held(internet: Internet) -> None:
    """Nobody was heard for a while: with the first reply all get another chance."""
    true = dict(internet.scripts)
    internet.resolve("www.test.")
    internet.scripts.clear()
    for number in range(6):
        assert internet.resolve(f"n{number}.test.", seconds=20.0).error is not None
    assert any(server.held_until > internet.now for server in internet.iteration.memory.servers)
    internet.scripts.update(true)
    internet.now += 1.1
    internet.resolve("org.")
    assert internet.resolve("www.test.").rcode == 0


def test_a_lame_server_is_asked_last(internet: Internet) -> None:
    """Not responsible for what was delegated to it: remembered by zone."""
    internet.script(TWO, lambda ask: reply(ask, rcode=5))
    internet.rtt_ms = {endpoint(ONE): 100.0}
    for number in range(30):
        assert internet.resolve(f"n{number}.wild.test.").rcode == 0
    assert len(to(internet, TWO)) == 1


def test_a_zone_whose_servers_are_all_lame_fails(internet: Internet) -> None:
    internet.script(ONE, lambda ask: reply(ask, rcode=5))
    internet.script(TWO, lambda ask: reply(ask, (), [". 60 NS r0.root."], aa=False))
    found = internet.resolve("www.test.")
    assert found.error is not None
    assert "answered REFUSED" in found.error.text
    assert "refers elsewhere" in found.error.text


def test_an_answer_without_authority_is_taken_when_there_is_no_better(internet: Internet) -> None:
    """A resolver where a zone's server should be: the other server is asked first, then its word is taken."""
    internet.script(ONE, lambda ask: reply(ask, ["www.test. 60 A 192.0.2.1"], aa=False))
    assert internet.resolve("www.test.").lines[0].endswith("192.0.2.1")
    internet.script(TWO, lambda ask: reply(ask, rcode=2))
    internet.now += 100_000
    assert internet.resolve("www.test.").lines[0].endswith("192.0.2.1")


def test_an_empty_reply_with_authority_is_no_data(internet: Internet) -> None:
    """RFC 2308 2.2: without a SOA it is not kept."""
    for address in (ONE, TWO):
        internet.script(address, reply)
    found = internet.resolve("www.test.")
    assert (found.rcode, found.lines) == (0, [])


def test_over_ipv4_alone_addresses_of_ipv6_are_not_asked(internet: Internet) -> None:
    internet.serve(
        ROOT, _=f"@ NS r0.root.\nr0.root. A {ROOT}\ntest. NS ns1.test.\nns1.test. A {ONE}\nns1.test. AAAA 2001:db8::1\n"
    )
    internet.iteration.memory.servers.families = frozenset("4")
    for number in range(20):
        assert internet.resolve(f"n{number}.wild.test.").rcode == 0
    assert not any(ask.server.startswith("[") for ask in internet.asked)


def test_time_is_up(internet: Internet) -> None:
    """RFC 8914 4.23: nobody could be reached; within the time that the client has."""
    for address in (ONE, TWO):
        internet.script(address, lambda _: None)
    began = internet.now
    found = internet.resolve("www.test.", seconds=1.0)
    assert found.error is not None
    assert found.error.ede == 22
    assert internet.now - began <= 1.01


# --------------------------------------------------------------------------------------------------------- minimisation


def bears_whole_names(true: Script, rcode: int) -> Script:
    """Answers questions for TXT, which the whole name is asked for, and nothing else."""
    return lambda ask: true(ask) if ask.qtype == 16 else reply(ask, rcode=rcode)


def test_a_server_that_does_not_bear_names_between_is_asked_the_whole(internet: Internet) -> None:
    """RFC 9156 3: an error, or NXDOMAIN, for a name between."""
    true = honest({"test.": ZONE + "a.b.c TXT deep\n"})
    for rcode in (2, 3, 5):
        for address in (ONE, TWO):
            internet.script(address, bears_whole_names(true, rcode))
        internet.now += 100_000
        assert internet.resolve("a.b.c.test.", "TXT").lines[0].endswith('"deep"')


# --------------------------------------------------------------------------------------------------------------- shared


def test_b3_one_question_for_all_who_want_the_same(internet: Internet) -> None:
    """CVE-2025-5994: what is in flight is not sent again, whoever wants it."""

    async def many() -> list[object]:
        return await asyncio.gather(*(internet.query("www.test.") for _ in range(500)))

    found = asyncio.run(many())
    assert len(found) == 500
    assert sorted(internet.questions()) == [". NS", "test. A", "www.test. A"]


def test_addresses_of_servers_are_looked_up_once(internet: Internet) -> None:
    zones = "".join(f"z{one} NS host.other\n" for one in range(20))
    internet.serve(ONE, test=f"@ NS ns1\nns1 A {ONE}\nother NS ns.other\nns.other A {TWO}\n{zones}")
    only_one(internet)
    hosted = {f"z{one}_test": "@ NS host.other.test.\nwww A 192.0.2.1\n" for one in range(20)}
    internet.serve(TWO, other_test=f"@ NS ns\nns A {TWO}\nhost A {TWO}\n", **hosted)

    async def many() -> None:
        found = await asyncio.gather(*(internet.query(f"www.z{one}.test.") for one in range(20)))
        assert all(one.rcode == 0 for one in found)

    asyncio.run(many())
    assert internet.questions().count("host.other.test. A") == 1


def test_two_queries_that_need_each_others_lookups_do_not_wait_for_ever(internet: Internet) -> None:
    only_one(internet)
    internet.serve(ONE, test=f"@ NS ns1\nns1 A {ONE}\none NS ns.two\ntwo NS ns.one\n")

    async def both() -> None:
        async with asyncio.timeout(10):
            found = await asyncio.gather(internet.query("www.one.test."), internet.query("www.two.test."))
        assert all(one.error is not None for one in found)

    asyncio.run(both())


def test_who_has_no_time_left_does_not_take_the_others_with_it(internet: Internet) -> None:
    """A query that is given up while others wait for what it does: one of them goes on."""
    instant = internet.exchange
    gate = asyncio.Event()

    async def gated(ask: Ask) -> Heard:
        if ask.server == endpoint(ROOT):
            return await instant(ask)
        await gate.wait()
        return await instant(ask)

    async def cancelled() -> None:
        internet.driver = type(internet.driver)(gated, clock=lambda: internet.now)
        first = asyncio.create_task(internet.query("www.test."))
        others = [asyncio.create_task(internet.query("www.test.")) for _ in range(3)]
        for _ in range(20):
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        gate.set()
        assert all(one.rcode == 0 for one in await asyncio.gather(*others))

    asyncio.run(cancelled())
    assert internet.questions().count("www.test. A") == 1


def test_what_was_done_is_told(internet: Internet) -> None:
    found = internet.resolve("www.test.")
    assert [(one.qname, one.outcome) for one in found.budget.trace] == [
        (b"\0", "named the root's servers"),
        (b"\x04test\0", "referred to test."),
        (b"\x03www\x04test\0", "answered"),
    ]
    assert all(abs(one.took_ms - RTT_MS) < 0.01 for one in found.budget.trace)
    assert found.budget.used().startswith("3 of 32 questions")
    assert query(internet.asked[0]).question

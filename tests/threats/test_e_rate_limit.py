"""Response rate limiting (E2 of the catalogue), on loopback with small figures; the real ones are in test_e_reflection.

What is alike is what BIND's RRL says (BIND 9 ARM, rate-limit): all non-empty answers for one name; all that a wildcard
synthesizes, all NXDOMAINs, all empty answers and all referrals of a zone; and all errors. Every test sends some hundred
queries at once and counts what comes; what a slow machine lets through more is reckoned with.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import pytest

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.asking import (
    TC,
    flags_of,
    numbered,
    opt,
    option,
    parse,
    query,
    rcode_of,
    receive_framed,
    send_framed,
    tcp,
    tcp_socket,
    udp_socket,
    wait_for,
)
from tests.cookies import CLIENT, asking, learn
from tests.threats.conftest import ZONE

LIMIT = 'enabled = true\nexempt = ["none"]\nrate = 1\ntotal = 4\nburst = "8s"\n'
"""Eight that are alike at once, 32 in all; then a second, or a quarter, for each more."""
ALIKE, ALL = 8, 32
COUNT = 200


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("limited") / "victim.zone"
    names = "".join(f"n{number} A 192.0.2.1\n" for number in range(COUNT))
    file.write_text(ZONE + names + "*.wild A 192.0.2.1\n")
    return file


@contextmanager
def limited(zone: Path, settings: str = "") -> Iterator[Resolute]:
    """A server that limits loopback too; `settings` come after those of LIMIT, and win."""
    lines = dict(line.split(" = ", 1) for line in (LIMIT + settings).splitlines())
    chapter = "\n".join(f"{key} = {value}" for key, value in lines.items())
    extra = f'[resolver]\nmode = "off"\n[rate_limit]\n{chapter}\n'
    with Resolute(Service(zones={"victim.test.": zone}, extra=extra)) as server:
        yield server


@dataclass(frozen=True)
class Flood:
    """What came of queries that were sent at once over UDP, and within how many seconds, rounded up."""

    replies: list[bytes]
    seconds: int

    @property
    def whole(self) -> int:
        """How many replies are not truncated."""
        return sum(not flags_of(reply) & TC for reply in self.replies)


def flood(server: Resolute, queries: Sequence[bytes]) -> Flood:
    """Sends them; takes all that came until the counters say that all are dealt with."""
    began = time.monotonic()
    with udp_socket(server.endpoint) as sock:
        before = counters(server)["queries_udp"]
        for number, wire in enumerate(queries):
            sock.send(numbered(number, wire))
        assert wait_for(lambda: counters(server)["queries_udp"] >= before + len(queries))
        seconds = math.ceil(time.monotonic() - began)
        sock.settimeout(0.2)
        replies = []
        with contextlib.suppress(TimeoutError):
            while True:
                replies.append(sock.recv(65_535))
    return Flood(replies, seconds)


def counters(server: Resolute) -> dict[str, int]:
    found: dict[str, int] = ControlClient(server.data).statistics()["plane"]
    return found


SAME: dict[str, Callable[[int], bytes]] = {
    "one name": lambda _: query("www.victim.test."),
    "one name, whatever the type": lambda n: query("www.victim.test.", 1 if n % 2 else 28),
    "one name in any letter case": lambda n: query("www.victim.test." if n % 2 else "WWW.Victim.TEST."),
    "names of one wildcard": lambda n: query(f"x{n}.wild.victim.test."),
    "names that do not exist": lambda n: query(f"missing{n}.victim.test."),
    "deep names that do not exist": lambda n: query(f"a.b{n}.c.missing{n}.victim.test."),
    "types that do not exist": lambda n: query(f"n{n}.victim.test.", 16),
    "referrals": lambda n: query(f"x{n}.child.victim.test."),
}


@pytest.mark.parametrize("kind", SAME)
def test_e2_what_is_alike_shares_an_account(zone: Path, kind: str) -> None:
    with limited(zone) as server:
        found = flood(server, [SAME[kind](number) for number in range(COUNT)])
        assert ALIKE <= found.whole <= ALIKE + found.seconds
        # slip = 2: every second one of those held back
        held_back = COUNT - found.whole
        assert counters(server)["rate_limit_slipped"] == len(found.replies) - found.whole == held_back // 2
        assert counters(server)["dropped_rate_limit"] == COUNT - len(found.replies)


def test_e2_names_have_accounts_and_all_together_are_bounded(zone: Path) -> None:
    with limited(zone) as server:
        found = flood(server, [query(f"n{number}.victim.test.") for number in range(COUNT)])
        assert ALL <= found.whole <= ALL + 4 * found.seconds


def test_e2_a_flood_for_one_name_leaves_the_others(zone: Path) -> None:
    """What is held back charges nothing, so that a flood does not use up what the network gets in all."""
    with limited(zone) as server:
        flood(server, [query("www.victim.test.")] * COUNT)
        assert flood(server, [query(f"n{number}.victim.test.") for number in range(10)]).whole == 10


def test_e2_errors_are_alike_and_stay_as_they_are(zone: Path) -> None:
    """A truncated error tells nothing; it is "leaked at the slip rate" (BIND 9 ARM), and no longer than its query."""
    queries = [
        query("elsewhere.test."),
        query("victim.test.", 252),
        query("www.victim.test.", opcode=9),
        query("x.", 251),
    ]
    with limited(zone) as server:
        found = flood(server, [queries[number % len(queries)] for number in range(COUNT)])
        assert all(rcode_of(reply) in {4, 5} for reply in found.replies)
        assert found.whole == len(found.replies)
        at_once = found.whole - counters(server)["rate_limit_slipped"]
        assert ALIKE <= at_once <= ALIKE + found.seconds
        assert found.whole == at_once + (COUNT - at_once) // 2


@pytest.mark.parametrize("extra", [b"", opt(), opt(options=option(10, b"12345678"))])
def test_e2_what_is_slipped(zone: Path, extra: bytes) -> None:
    """The question comes back with TC and without a record but the OPT, so that a real client asks over TCP."""
    wire = query("any.victim.test.", 16, extra=extra)
    with limited(zone, "slip = 1\n") as server:
        found = flood(server, [wire] * COUNT)
        assert len(found.replies) == COUNT
        counted = counters(server)["rate_limit_slipped"]
        assert counted >= COUNT - ALIKE - found.seconds
        for reply in found.replies[-counted:]:
            message = parse(reply)
            assert message.flags & dns.flags.TC
            assert message.rcode() == 0
            assert [*message.answer, *message.authority, *message.additional] == []
            assert message.question == parse(wire).question
            assert (message.edns == 0) == bool(extra)
            assert len(reply) <= len(wire) + 16  # a server's cookie is 16 bytes longer than a client's (RFC 9018 4)


def test_e2_slip_can_be_off(zone: Path) -> None:
    with limited(zone, "slip = 0\n") as server:
        found = flood(server, [query("www.victim.test.")] * COUNT)
        assert len(found.replies) == found.whole <= ALIKE + found.seconds


def test_e2_tcp_is_never_limited(zone: Path) -> None:
    """Over TCP the client is at the address that it says."""
    with limited(zone) as server:
        flood(server, [query("www.victim.test.")] * COUNT)
        with tcp_socket(server.endpoint) as sock:
            for _ in range(10):
                send_framed(sock, *[query("www.victim.test.")] * 30)
                assert all(parse(receive_framed(sock)).answer for _ in range(30))


def test_e4_a_client_with_a_good_cookie_is_not_limited(zone: Path) -> None:
    """RFC 7873 5.2.4: such a client is at its address; one that only claims to have a cookie may be anywhere."""
    with limited(zone) as server:
        good = learn(server.endpoint, "www.victim.test.")
        assert flood(server, [asking("www.victim.test.", good)] * COUNT).whole == COUNT
        for cookie in (CLIENT, CLIENT + good[:7:-1]):
            assert flood(server, [asking("www.victim.test.", cookie)] * COUNT).whole < COUNT


def test_e2_a_real_client_comes_by_tcp(zone: Path) -> None:
    """Each of its questions is answered: at once, or over TCP after a truncated reply, which comes at the latest at the
    second try when it is alone, and soon in a crowd."""
    wire = query("www.victim.test.")
    with limited(zone) as server:
        flood(server, [wire] * COUNT)
        for _ in range(20):
            reply = next(found.replies[0] for _ in range(10) if (found := flood(server, [wire])).replies)
            assert flags_of(reply) & TC or parse(reply).answer
            assert parse(tcp(server.endpoint, wire)).answer


def test_e2_a_dry_run_sends_all_and_counts(zone: Path) -> None:
    with limited(zone, "dry_run = true\n") as server:
        found = flood(server, [query("www.victim.test.")] * COUNT)
        assert found.whole == COUNT
        counted = counters(server)
        assert COUNT - ALIKE - found.seconds <= counted["rate_limit_watched"] <= COUNT - ALIKE
        assert counted["dropped_rate_limit"] == counted["rate_limit_slipped"] == 0


@pytest.mark.parametrize("settings", ['exempt = ["loopback"]\n', 'exempt = ["127.0.0.1/32"]\n', "enabled = false\n"])
def test_e2_who_is_exempt_and_when_it_is_off(zone: Path, settings: str) -> None:
    with limited(zone, settings) as server:
        assert flood(server, [query("www.victim.test.")] * COUNT).whole == COUNT


def test_e2_loopback_is_exempt_by_default(zone: Path) -> None:
    """A source on loopback cannot be spoofed from elsewhere (RFC 1122 3.2.1.3)."""
    with Resolute(Service(zones={"victim.test.": zone})) as server:
        queries = [query("www.victim.test.")] * COUNT
        assert sum(flood(server, queries).whole for _ in range(10)) == 10 * COUNT


def test_e2_an_explanation_says_how_a_reply_would_fare(zone: Path) -> None:
    with limited(zone) as server:

        def explained(client: str) -> str:
            steps = ControlClient(server.data).explain("www.victim.test.", "A", client)["steps"]
            return "".join(step["text"] for step in steps if step["stage"] == "rate limit")

        assert "within its rate for answers for this name" in explained("127.0.0.1")
        flood(server, [query("www.victim.test.")] * COUNT)
        assert "held back over UDP" in explained("127.0.0.1")
        assert "held back over UDP" in explained("127.0.0.77"), "the same /24"
        assert "within its rate" in explained("127.0.1.1")

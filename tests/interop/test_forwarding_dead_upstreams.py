"""Upstreams that die: of three NSDs one, two or all become black holes (a stopped process keeps its sockets)."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.peers import Nsd, Resolute, Service
from resolute.node.client import ControlClient
from tests.faults.kit.asking import Manner, addresses, answers, ask, rcode, reasons, wait_for
from tests.faults.kit.upstream import Asked, Respond, Upstream, answering, reply, rrset, silent

ZONE = """\
$TTL 300
@       SOA  ns1 hostmaster 1 7200 3600 1209600 60
@       NS   ns1
ns1     A    192.0.2.53
*.names A    192.0.2.80
"""
QUERIES = 2_000
AT_ONCE = 2
ADDED_P99_MS = 50
RECOVERY_S = 5.0
DEADLINE_S = 4.0
STALE_S = 1.9
SLACK_S = 0.7
"""For the client on a busy machine, which is written in Python."""


class Three:
    """Three NSDs with the same zone, and Resolute in front of them."""

    def __init__(self, upstreams: list[Nsd], server: Resolute) -> None:
        self.upstreams, self.server = upstreams, server
        self.control = ControlClient(server.data)
        self._asked = iter(range(1_000_000))

    def states(self) -> list[str]:
        """The state of each upstream, in their order."""
        found = {one["address"]: one["state"] for one in self.control.status()["upstreams"]}
        return [found[str(upstream.endpoint)] for upstream in self.upstreams]

    def first(self) -> Nsd:
        """The one that is asked first: who was sent the most of some questions."""
        before = self._sent()
        for _ in range(50):
            self.miss()
        sent = self._sent() - before
        return max(self.upstreams, key=lambda one: sent[str(one.endpoint)])

    def miss(self) -> tuple[str, float]:
        """Asks a name that is in no cache: the rcode, and the time in milliseconds."""
        began = time.monotonic()
        found = ask(self.server.endpoint, f"n{next(self._asked)}.names.dead.example.")
        return rcode(found), (time.monotonic() - began) * 1000

    def measure(self) -> float:
        """The p99 of many misses, all of which must be answered."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda _: self.miss(), range(QUERIES)))
        assert {code for code, _ in found} == {"NOERROR"}
        return sorted(took for _, took in found)[int(0.99 * len(found))]

    def _sent(self) -> Counter[str]:
        return Counter({one["address"]: one["sent"] for one in self.control.statistics()["upstreams"]})


def stop(upstream: Nsd) -> None:
    for pid in upstream.processes():
        os.kill(pid, signal.SIGSTOP)


def go_on(upstream: Nsd) -> None:
    for pid in upstream.processes():
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    zone = tmp_path / "dead.zone"
    zone.write_text(ZONE)
    with ExitStack() as stack:
        upstreams = [stack.enter_context(Nsd(Service(zones={"dead.example.": zone}))) for _ in range(3)]
        flags = [f"--forward={upstream.endpoint}" for upstream in upstreams]
        running = Three(upstreams, stack.enter_context(Resolute(Service(), flags=flags)))
        wait_for(lambda: running.states() == ["alive"] * 3, what="each was probed once")
        yield running
        for upstream in upstreams:
            go_on(upstream)


@pytest.mark.slow
def test_one_of_three_dies_and_comes_back(three: Three) -> None:
    usual = three.measure()
    dead = three.first()
    stop(dead)
    assert three.measure() <= usual + ADDED_P99_MS
    assert "dead" in wait_for(lambda: [state for state in three.states() if state == "dead"])
    go_on(dead)
    wait_for(lambda: three.states() == ["alive"] * 3, timeout_s=RECOVERY_S, what="recovery is noticed")


@pytest.mark.slow
def test_two_of_three_die(three: Three) -> None:
    stop(first := three.first())
    for _ in range(20):
        assert three.miss()[0] == "NOERROR"
    stop(second := three.first())
    assert first is not second
    for _ in range(100):
        assert three.miss()[0] == "NOERROR"
    assert three.measure() < DEADLINE_S * 1000
    go_on(second)
    wait_for(lambda: three.states().count("alive") == 2, timeout_s=RECOVERY_S)


@pytest.mark.slow
def test_all_three_die_and_come_back(three: Three) -> None:
    for upstream in three.upstreams:
        stop(upstream)
    began = time.monotonic()
    failed = ask(three.server.endpoint, "failed.names.dead.example.")
    assert rcode(failed) == "SERVFAIL"
    assert reasons(failed) == [22]
    assert time.monotonic() - began <= DEADLINE_S + SLACK_S
    for upstream in three.upstreams:
        go_on(upstream)
    began = time.monotonic()
    # The failure was cached; an upstream that is back ends that.
    wait_for(lambda: addresses(three.server.endpoint, "failed.names.dead.example.") == ["192.0.2.80"])
    assert time.monotonic() - began <= RECOVERY_S


RECORDS = ["short.example. 1 IN A 192.0.2.1", "alias.example. 1 IN CNAME short.example."]


@pytest.fixture
def dying() -> Iterator[tuple[Upstream, Resolute]]:
    """One upstream that can be told to be silent, in front of it Resolute with a negative TTL that is long enough."""
    with Upstream(answering(*RECORDS)) as upstream, Resolute(Service(forward=upstream.endpoint)) as server:
        yield upstream, server


@pytest.mark.slow
def test_stale_answers_while_every_upstream_is_dead(dying: tuple[Upstream, Resolute]) -> None:
    # RFC 8767 5 and 5.2: within 1.8 s, with a TTL of 30 s; RFC 8914 4.4: code 3.
    upstream, server = dying
    assert addresses(server.endpoint, "short.example.") == ["192.0.2.1"]
    assert rcode(ask(server.endpoint, "missing.example.")) == "NXDOMAIN"
    upstream.respond = silent
    time.sleep(1.1)  # the TTL of short.example.
    replies = []

    def impatient() -> None:
        began = time.monotonic()
        replies.append((ask(server.endpoint, "short.example."), time.monotonic() - began))

    clients = [threading.Thread(target=impatient) for _ in range(20)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len(replies) == 20
    for got, took_s in replies:
        assert answers(got) == ["192.0.2.1"]
        assert got.answer[0].ttl == 30
        assert reasons(got) == [3]
        assert took_s <= STALE_S + SLACK_S
    # What is known not to be there is never served stale, and still known.
    assert rcode(ask(server.endpoint, "missing.example.")) == "NXDOMAIN"
    upstream.respond = answering("short.example. 300 IN A 192.0.2.2")
    wait_for(lambda: addresses(server.endpoint, "short.example.") == ["192.0.2.2"], timeout_s=RECOVERY_S + 1)


@pytest.mark.slow
def test_stale_answers_are_quick_once_the_failure_is_known(dying: tuple[Upstream, Resolute]) -> None:
    # RFC 8767 5: within the failure recheck time a stale answer is sent at once.
    upstream, server = dying
    ask(server.endpoint, "short.example.")
    upstream.respond = silent
    time.sleep(1.1)
    ask(server.endpoint, "short.example.")
    wait_for(lambda: not ControlClient(server.data).statistics()["waiting"])
    sent = len(upstream.questions("short.example."))
    began = time.monotonic()
    for _ in range(20):
        assert answers(ask(server.endpoint, "short.example.")) == ["192.0.2.1"]
    assert time.monotonic() - began < 10  # each would wait for 1.8 s
    assert len(upstream.questions("short.example.")) == sent


@pytest.mark.slow
def test_never_stale_when_the_name_is_known_to_be_gone(dying: tuple[Upstream, Resolute]) -> None:
    upstream, server = dying
    assert addresses(server.endpoint, "short.example.") == ["192.0.2.1"]
    time.sleep(1.1)
    upstream.respond = answering()  # the name does not exist any more
    assert rcode(ask(server.endpoint, "short.example.")) == "NXDOMAIN"
    upstream.respond = silent
    for _ in range(3):
        assert rcode(ask(server.endpoint, "short.example.", manner=Manner(timeout_s=8))) == "NXDOMAIN"


def test_names_that_take_long_make_no_upstream_dead() -> None:
    """Two quick upstreams for which every third name takes long: none is called dead, and few questions go up twice."""
    usual, slow = answering_all("192.0.2.1"), answering_all("192.0.2.1", delay_s=0.15)

    def respond(asked: Asked) -> Sequence[bytes]:
        return slow(asked) if asked.name[1:2] in "147" else usual(asked)

    with (
        Upstream(respond) as one,
        Upstream(respond) as other,
        Resolute(Service(), flags=[f"--forward={one.endpoint}", f"--forward={other.endpoint}"]) as server,
    ):
        control = ControlClient(server.data)
        wait_for(lambda: {upstream["state"] for upstream in control.status()["upstreams"]} == {"alive"})
        with ThreadPoolExecutor(4) as pool:
            names = [f"n{number % 10}-{number}.example." for number in range(200)]
            found = list(pool.map(lambda name: addresses(server.endpoint, name), names))
        assert found == [["192.0.2.1"]] * 200
        assert "dead" not in server.log_text()
        asked = [asked for asked in one.asked + other.asked if asked.name != "."]
    assert len(asked) < 230


def answering_all(address: str, *, delay_s: float = 0.0) -> Respond:
    """The same address for every name."""

    def respond(asked: Asked) -> Sequence[bytes]:
        time.sleep(delay_s)
        return [reply(asked, rrset(f"{asked.name} 300 IN A {address}"))]

    return respond

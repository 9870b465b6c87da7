"""With the interpreter blocked for ten seconds all that is known is answered, and misses end within their time."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import dns.message
import pytest

from bench.peers import Resolute, Service
from tests.faults.kit import blocked_node
from tests.faults.kit.asking import OVER_TCP, Manner, addresses, answers, ask, rcode, reasons, wait_for
from tests.faults.kit.load import Load
from tests.faults.kit.upstream import Asked, Upstream, answering, silent

ZONE = """\
$TTL 300
@    SOA ns1 hostmaster 1 7200 3600 1209600 60
@    NS  ns1
ns1  A   192.0.2.53
www  A   192.0.2.80
*.w  A   192.0.2.81
"""
KNOWN = [
    ("www.zone.example.", "A"),
    ("a.w.zone.example.", "A"),
    ("missing.zone.example.", "A"),
    ("printer.test.", "A"),
    ("100.2.0.192.in-addr.arpa.", "PTR"),
    ("cached.example.", "A"),
    ("no-such-name.example.", "A"),
]
"""Zones, wildcards, overlays, cached answers, and those that say no."""
NO_SUCH_NAME = {"missing.zone.example.", "no-such-name.example."}

DEADLINE_S = 2.5
SLACK_S = 0.7


class BlockableNode(Resolute):
    """Resolute in a process that blocks its interpreter when it is told to."""

    command = sys.executable

    def arguments(self) -> Sequence[str]:
        return ["-m", "tests.faults.kit.blocked_node", *list(super().arguments())[1:]]

    def said(self, word: str) -> bool:
        return f"{word}\n" in self.log_text()


def respond(asked: Asked) -> Sequence[bytes]:
    return answering("cached.example. 600 IN A 192.0.2.1", "short.example. 1 IN A 192.0.2.2")(asked)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(respond) as running:
        yield running


@pytest.fixture
def node(tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockableNode]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    zone, hosts = tmp_path / "zone", tmp_path / "hosts"
    zone.write_text(ZONE)
    hosts.write_text("192.0.2.100 printer.test\n")
    flags = [f"--hosts={hosts}"]
    extra = f'[resolver]\ndeadline = "{DEADLINE_S}s"\n'
    service = Service(zones={"zone.example.": zone}, forward=upstream.endpoint, extra=extra)
    with BlockableNode(service, flags=flags) as running:
        yield running
        wait_for(lambda: running.said("free"), timeout_s=15)


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_what_is_known_is_answered_without_one_lost_query(node: BlockableNode, upstream: Upstream) -> None:
    for name, rtype in KNOWN:
        ask(node.endpoint, name, rtype)
    assert addresses(node.endpoint, "short.example.") == ["192.0.2.2"]
    time.sleep(1.1)  # the TTL of short.example.

    def check(name: str, reply: bytes) -> str:
        expected = 3 if name in NO_SUCH_NAME else 0
        return (
            ""
            if reply[3] & 0x0F == expected and (expected or reply[7])
            else f"rcode {reply[3] & 0x0F}, {reply[7]} answers"
        )

    with Load(node.endpoint, KNOWN, check=check) as load:
        load.wait_for(1_000)
        node.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: node.said("blocked"))
        blocked_at = time.monotonic()
        upstream.respond = silent
        misses = Misses(node)
        tcp_answers = tcp_while(node, lambda: time.monotonic() < blocked_at + 6)
        misses.join()
        assert time.monotonic() < blocked_at + blocked_node.SECONDS - 1, "all of that was while it was blocked"
        assert not node.said("free")
        wait_for(lambda: node.said("free"), timeout_s=15)
        load.wait_for(1_000)
        tally = load.stop()
    assert tally.wrong == []
    assert (tally.lost, tally.strange) == (0, 0)
    assert tally.answered == tally.sent > 10_000
    assert max(tally.times_ms) < 1_000
    assert tcp_answers > 100
    misses.check()


class Misses:
    """A name that is in no cache, and one that is there past its TTL, asked while upstream and interpreter are dead."""

    def __init__(self, node: BlockableNode) -> None:
        self._node = node
        self._replies: dict[str, tuple[dns.message.Message, float]] = {}
        names = ["fresh.example.", "short.example."]
        self._threads = [threading.Thread(target=self._ask, args=(name,), daemon=True) for name in names]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(10)

    def check(self) -> None:
        reply, took_s = self._replies["fresh.example."]
        assert rcode(reply) == "SERVFAIL"
        assert reasons(reply) == [22]
        assert took_s <= DEADLINE_S + SLACK_S
        reply, took_s = self._replies["short.example."]
        assert answers(reply) == ["192.0.2.2"]
        assert reasons(reply) == [3]
        assert reply.answer[0].ttl == 30
        assert took_s <= 1.9 + SLACK_S

    def _ask(self, name: str) -> None:
        began = time.monotonic()
        self._replies[name] = (ask(self._node.endpoint, name, manner=Manner(timeout_s=8)), time.monotonic() - began)


def tcp_while(node: BlockableNode, goes_on: Callable[[], bool]) -> int:
    """Known answers over TCP, a connection each; how many there were."""
    count = 0
    while goes_on():
        name, rtype = KNOWN[count % len(KNOWN)]
        assert rcode(ask(node.endpoint, name, rtype, OVER_TCP)) in ("NOERROR", "NXDOMAIN")
        count += 1
    return count

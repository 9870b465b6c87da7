"""Name servers of the test Internet that tests play, as Unbound and BIND see them; and its end, when it is killed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import dns.rrset
import pytest

from bench.peers import Server
from bench.peers.server import SYSTEM_PATH
from tests.asking import wait_for
from tests.faults.kit.upstream import Asked, answering, reply, rrset, silent
from tests.internet.asking import Answer, ask, ask_all
from tests.internet.internet import Internet
from tests.internet.questions import Question
from tests.internet.scripted import dnskey, signed

PATIENCE_S = 20.0
pytestmark = pytest.mark.skipif(
    not all(shutil.which(command, path=SYSTEM_PATH) for command in ("unshare", "nsenter", "ip")),
    reason="no namespaces here",
)


@dataclass(frozen=True)
class Net:
    """The test Internet with two resolvers."""

    internet: Internet
    unbound: Server
    bind: Server

    def ask(self, name: str, rtype: str) -> list[Answer]:
        """What both say."""
        (said,) = ask_all({"unbound": self.unbound, "bind": self.bind}, [Question(name, rtype)])
        return list(said.values())


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    with Internet(drawn=0) as internet, internet.unbound() as unbound, internet.bind() as bind:
        yield Net(internet, unbound, bind)


def test_the_server_of_an_unsigned_zone(net: Net) -> None:
    """It counts, and knows who asked: each resolver has addresses of its own."""
    zone = net.internet.delegations()[0]
    played = answering(f"{zone} 60 IN NS ns.{zone}", f"www.{zone} 60 IN A 192.0.2.1")
    with net.internet.scripted(played, zone) as server:
        for answer in net.ask(f"www.{zone}", "A"):
            assert (answer.rcode, answer.authentic) == ("NOERROR", False)
            assert answer.answer == {f"www.{zone} a 192.0.2.1"}
    asked = server.questions(f"www.{zone}")
    assert {one.client for one in asked} & {"10.99.1.2", "fd99:1::2"}
    assert {one.client for one in asked} & {"10.99.2.2", "fd99:2::2"}
    assert {one.server for one in asked} <= set(server.addresses)
    assert server.count(f"www.{zone}", "A") >= 2


def test_the_server_of_a_signed_zone(net: Net) -> None:
    zone = net.internet.delegations(signed=True)[0]
    (key,) = net.internet.keys(zone)

    def respond(asked: Asked) -> Sequence[bytes]:
        kinds = {"DNSKEY": [dnskey(zone, key)], "A": [rrset(f"{asked.name} 60 IN A 192.0.2.2")]}
        found: list[dns.rrset.RRset] = kinds.get(asked.rtype, [])
        return [reply(asked, *found, *(signed(one, zone, key) for one in found))]

    with net.internet.scripted(respond, zone):
        assert [(answer.rcode, answer.authentic) for answer in net.ask(zone, "A")] == [("NOERROR", True)] * 2


def test_a_signed_zone_without_signatures_is_bogus(net: Net) -> None:
    zone = net.internet.delegations(signed=True)[1]
    with net.internet.scripted(answering(f"{zone} 60 IN A 192.0.2.2"), zone) as server:
        assert [answer.rcode for answer in net.ask(zone, "A")] == ["SERVFAIL"] * 2
    assert server.count(zone, "A") >= 2


def test_a_truncated_reply_is_asked_for_again_over_tcp(net: Net) -> None:
    zone = net.internet.delegations()[1]

    def respond(asked: Asked) -> Sequence[bytes]:
        answer = [rrset(f"{zone} 60 IN A 192.0.2.3")] if asked.rtype == "A" else []
        return [reply(asked, *answer, truncated=asked.transport == "udp")]

    with net.internet.scripted(respond, zone) as server:
        assert [answer.answer for answer in net.ask(zone, "A")] == [{f"{zone} a 192.0.2.3"}] * 2
    assert {asked.transport for asked in server.questions(zone)} == {"udp", "tcp"}


def test_of_several_replies_the_one_that_matches_counts(net: Net) -> None:
    """RFC 5452 9.1: the others, with another ID and another name, come before it."""
    zone = net.internet.delegations()[2]

    def respond(asked: Asked) -> Sequence[bytes]:
        wrong = reply(asked, rrset(f"{zone} 60 IN A 192.0.2.66"))
        right = reply(asked, *[rrset(f"{zone} 60 IN A 192.0.2.4")] * (asked.rtype == "A"))
        another_id = bytes([wrong[0] ^ 1]) + wrong[1:]
        return [another_id, right] if asked.rtype == "A" else [right]

    with net.internet.scripted(respond, zone):
        assert [answer.answer for answer in net.ask(zone, "A")] == [{f"{zone} a 192.0.2.4"}] * 2


def test_a_server_at_addresses_is_silent_and_then_answers(net: Net) -> None:
    """`respond` may be replaced while it runs."""
    zone = net.internet.delegations()[3]
    addresses = net.internet.world.zones[zone].servers[f"ns.{zone}"].addresses
    with net.internet.scripted(silent, at=addresses) as server, ThreadPoolExecutor() as pool:
        waiting = pool.submit(ask, net.unbound, [Question(zone, "A")])
        assert wait_for(lambda: server.count(zone, "A") > 1, PATIENCE_S)
        server.respond = answering(f"{zone} 60 IN A 192.0.2.5")
        assert waiting.result()[0].answer == {f"{zone} a 192.0.2.5"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_program_is_killed(number: signal.Signals) -> None:
    program = (
        "import time; from tests.internet.internet import Internet\n"
        "with Internet(drawn=0) as net, net.unbound() as unbound:\n"
        "    pids = [server.process.pid for server in net.servers.values()]\n"
        "    print(net.folder, net.networks.pid, unbound.process.pid, *pids, flush=True)\n"
        "    time.sleep(600)\n"
    )
    tree = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree / "src"), str(tree)])}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        folder, *pids = process.stdout.readline().split()
        running = {pid: _start(pid) for pid in pids}
        process.send_signal(number)
    assert len(running) > 10
    assert all(running.values())
    assert wait_for(lambda: not any(_start(pid) == at for pid, at in running.items()), PATIENCE_S)
    assert wait_for(lambda: not Path(folder).exists(), PATIENCE_S)


def _start(pid: str) -> str:
    """When a process began, which tells it from a later one of the same number; nothing when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] == "Z" else fields[19]

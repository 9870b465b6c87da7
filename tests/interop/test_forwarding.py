"""What goes up, what does not, and what of the replies is believed: each packet that reaches an upstream is counted."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bench.peers import Bind, Dnsmasq, Nsd, Resolute, Server, Service, Unbound
from resolute.node.client import ControlClient
from tests.faults.kit.asking import OVER_TCP, WITHOUT_RD, Manner, addresses, answers, ask, rcode, reasons, wait_for
from tests.faults.kit.upstream import Asked, Respond, Upstream, answering, reply, rrset, silent


@contextmanager
def forwarding(upstream: Upstream, *flags: str, extra: str = "") -> Iterator[Resolute]:
    with Resolute(Service(forward=upstream.endpoint, extra=extra), flags=flags) as server:
        yield server


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(answering("www.example. 300 IN A 192.0.2.1")) as running:
        yield running


@pytest.fixture
def slow() -> Iterator[Upstream]:
    """One that takes its time for everything, from the first probe on."""
    with Upstream(answering("slow.example. 300 IN A 192.0.2.2", delay_s=0.3)) as running:
        yield running


@pytest.fixture
def server(upstream: Upstream) -> Iterator[Resolute]:
    with forwarding(upstream) as running:
        yield running


class TestQuestionsUpstream:
    """How often an upstream is asked."""

    def test_equal_questions_in_flight_go_up_once(self, slow: Upstream) -> None:
        with forwarding(slow) as server:
            wait_until_known(server)
            clients = [client(server, "slow.example.") for _ in range(100)]
            try:
                for one in clients:
                    assert answers(dns.message.from_wire(one.recv(4096))) == ["192.0.2.2"]
            finally:
                for one in clients:
                    one.close()
        assert len(slow.questions("slow.example.")) == 1

    def test_the_letters_of_each_client_come_back(self, slow: Upstream) -> None:
        names = ["slow.example.", "SLOW.example.", "sLoW.ExAmPlE."]
        with forwarding(slow) as server:
            wait_until_known(server)
            clients = [client(server, name) for name in names]
            for one, name in zip(clients, names, strict=True):
                assert dns.message.from_wire(one.recv(4096)).question[0].name.to_text() == name
                one.close()
        assert len(slow.questions("slow.example.")) == 1

    def test_rd_0_asks_nobody(self, upstream: Upstream, server: Resolute) -> None:
        # RFC 1034 5.3.1, RFC 1035 4.1.1: recursion is for those who desire it. What is cached may be told.
        for rtype in ("A", "AAAA", "TXT"):
            assert rcode(ask(server.endpoint, "www.example.", rtype, WITHOUT_RD)) in ("REFUSED", "SERVFAIL")
        assert upstream.questions("www.example.") == []
        assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
        assert answers(ask(server.endpoint, "www.example.", manner=WITHOUT_RD)) == ["192.0.2.1"]
        assert len(upstream.questions("www.example.")) == 1

    def test_failures_are_cached(self, upstream: Upstream, server: Resolute) -> None:
        # RFC 9520 3.2: five seconds at least; 3.1: three tries at most for each question.
        upstream.respond = lambda asked: [reply(asked, rcode=dns.rcode.SERVFAIL)]
        for _ in range(20):
            assert rcode(ask(server.endpoint, "bad.example.")) == "SERVFAIL"
        assert 1 <= len(upstream.questions("bad.example.")) <= 3
        # Another type is another question.
        assert rcode(ask(server.endpoint, "bad.example.", "AAAA")) == "SERVFAIL"
        assert {asked.rtype for asked in upstream.questions("bad.example.")} == {"A", "AAAA"}

    @pytest.mark.slow
    def test_silence_is_cached_too(self, upstream: Upstream) -> None:
        upstream.respond = silent
        with forwarding(upstream, extra='[resolver]\ndeadline = "1s"\n') as server:
            assert rcode(ask(server.endpoint, "quiet.example.")) == "SERVFAIL"
            sent, began = len(upstream.questions("quiet.example.")), time.monotonic()
            for _ in range(20):
                assert rcode(ask(server.endpoint, "quiet.example.")) == "SERVFAIL"
            assert time.monotonic() - began < 10  # each would wait for a second
            assert 1 <= sent <= 3
            assert len(upstream.questions("quiet.example.")) == sent

    def test_a_failure_ends_when_its_time_is_up(self, upstream: Upstream, server: Resolute) -> None:
        upstream.respond = lambda asked: [reply(asked, rcode=dns.rcode.REFUSED)]
        reply_ = ask(server.endpoint, "www.example.")
        assert rcode(reply_) == "SERVFAIL"
        assert reasons(reply_) == [23]
        upstream.respond = answering("www.example. 300 IN A 192.0.2.1")
        began = time.monotonic()
        wait_for(lambda: addresses(server.endpoint, "www.example.") == ["192.0.2.1"], timeout_s=8)
        assert time.monotonic() - began <= 6.5


class TestRepliesFromUpstream:
    """What is believed."""

    def test_a_truncated_reply_is_asked_again_over_tcp(self, upstream: Upstream, server: Resolute) -> None:
        # RFC 7766 5. The answer is too long for UDP on both sides.
        texts = [f'"{"x" * 250}{number:03}"' for number in range(40)]
        whole = dns.rrset.from_text("long.example.", 300, "IN", "TXT", *texts)

        def respond(asked: Asked) -> Sequence[bytes]:
            return [reply(asked, whole) if asked.transport == "tcp" else reply(asked, truncated=True)]

        upstream.respond = respond
        over_udp = ask(server.endpoint, "long.example.", "TXT")
        assert over_udp.flags & dns.flags.TC
        assert len(answers(ask(server.endpoint, "long.example.", "TXT", OVER_TCP))) == 40
        transports = [asked.transport for asked in upstream.questions("long.example.")]
        assert transports == ["udp", "tcp"]

    @pytest.mark.parametrize("lie", ["id", "case", "question", "garbage", "opcode", "not a response"])
    def test_a_reply_that_does_not_match_never_reaches_the_client(
        self, upstream: Upstream, server: Resolute, lie: str
    ) -> None:
        # RFC 5452 9.1: from the right address, with something wrong. The truth comes over TCP.
        false = rrset("www.example. 300 IN A 203.0.113.66")
        true = rrset("www.example. 300 IN A 192.0.2.1")

        def respond(asked: Asked) -> Sequence[bytes]:
            if asked.transport == "tcp":
                return [reply(asked, true)]
            return [spoiled(reply(asked, false), lie), reply(asked, false)]

        upstream.respond = respond
        assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
        assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
        assert [asked.transport for asked in upstream.questions("www.example.")] == ["udp", "tcp"]

    def test_answers_to_another_name_are_left_out(self, upstream: Upstream, server: Resolute) -> None:
        upstream.respond = lambda asked: [
            reply(asked, rrset("www.example. 300 IN A 192.0.2.1"), rrset("bank.example. 300 IN A 203.0.113.66"))
        ]
        assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
        upstream.respond = answering("bank.example. 300 IN A 192.0.2.9")
        assert addresses(server.endpoint, "bank.example.") == ["192.0.2.9"]

    def test_an_error_of_one_upstream_is_another_ones_to_mend(self, upstream: Upstream) -> None:
        with (
            Upstream(lambda asked: [reply(asked, rcode=dns.rcode.REFUSED)]) as refusing,
            forwarding(refusing, f"--forward={upstream.endpoint}") as server,
        ):
            assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]

    def test_a_port_that_nobody_has_is_passed_over_quickly(self, upstream: Upstream) -> None:
        with Upstream(silent) as gone:
            pass
        with forwarding(gone, f"--forward={upstream.endpoint}") as server:
            began = time.monotonic()
            assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
            assert time.monotonic() - began < 3


class TestRoutes:
    """Zones that are asked elsewhere, the longest suffix first."""

    def test_the_longest_suffix_is_taken(self, upstream: Upstream) -> None:
        with Upstream(echoing("192.0.2.2")) as corp, Upstream(echoing("192.0.2.3")) as lab:
            upstream.respond = echoing("192.0.2.1")
            extra = "".join(
                f'[[resolver.route]]\nzone = "{zone}"\nforward = ["{to.endpoint}"]\n'
                for zone, to in (("corp.example.", corp), ("LAB.corp.example", lab))
            )
            with forwarding(upstream, extra=extra) as server:
                expected = {
                    "example.": 1,
                    "www.example.": 1,
                    "xcorp.example.": 1,
                    "corp.example.": 2,
                    "a.b.CORP.example.": 2,
                    "xlab.corp.example.": 2,
                    "lab.corp.example.": 3,
                    "a.lab.Corp.example.": 3,
                }
                for name, number in expected.items():
                    assert addresses(server.endpoint, name) == [f"192.0.2.{number}"], name

    def test_a_route_without_a_default_one(self, upstream: Upstream) -> None:
        extra = f'[[resolver.route]]\nzone = "example."\nforward = ["{upstream.endpoint}"]\n'
        with Resolute(Service(extra=extra)) as server:
            assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
            assert rcode(ask(server.endpoint, "www.elsewhere.")) in ("SERVFAIL", "REFUSED")

    def test_routes_are_there_whatever_the_mode(self, upstream: Upstream) -> None:
        extra = f'[resolver]\nmode = "off"\n[[resolver.route]]\nzone = "example."\nforward = ["{upstream.endpoint}"]\n'
        with Resolute(Service(extra=extra)) as server:
            assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
            for _ in range(2):
                refused = ask(server.endpoint, "www.elsewhere.")
                assert (rcode(refused), reasons(refused)) == ("REFUSED", [20])


class TestRights:
    """Who may have names that are not ours."""

    def test_nobody_means_nobody(self, upstream: Upstream, zone_file: Path) -> None:
        service = Service(zones={"hello.example.": zone_file}, forward=upstream.endpoint)
        with Resolute(service, flags=["--allow-recursion=none"]) as server:
            for manner in (Manner(), OVER_TCP):
                refused = ask(server.endpoint, "www.example.", manner=manner)
                assert rcode(refused) == "REFUSED"
                assert not refused.flags & dns.flags.RA
                assert reasons(refused) == [20]  # RFC 8914 4.21: it is not configured for recursion
                ours = ask(server.endpoint, "ns1.hello.example.", manner=manner)
                assert answers(ours) == ["192.0.2.53"]
                assert not ours.flags & dns.flags.RA
        assert upstream.questions("www.example.") == []

    def test_what_others_asked_is_not_for_those_who_may_not(self, upstream: Upstream) -> None:
        with forwarding(upstream, "--allow-recursion=127.0.0.1") as server:
            assert addresses(server.endpoint, "www.example.") == ["192.0.2.1"]
            assert rcode(ask(server.endpoint, "www.example.", manner=Manner(source="127.0.0.2"))) == "REFUSED"

    def test_without_recursion_a_cname_to_outside_stands_alone(self, upstream: Upstream, tmp_path: Path) -> None:
        with alias_zone(tmp_path, upstream, "--allow-recursion=none") as server:
            found = ask(server.endpoint, "alias.ours.example.")
            assert rcode(found) == "NOERROR"
            assert answers(found) == ["www.example."]
            assert found.flags & dns.flags.AA
        assert upstream.questions("www.example.") == []


class TestOurCnameToOutside:
    """It is followed through the resolver, and the reply carries both."""

    def test_the_reply_carries_both(self, upstream: Upstream, tmp_path: Path) -> None:
        with alias_zone(tmp_path, upstream) as server:
            for _ in ("from upstream", "from the cache"):
                found = ask(server.endpoint, "alias.ours.example.")
                assert rcode(found) == "NOERROR"
                assert [rrset.to_text().split()[0] for rrset in found.answer] == ["alias.ours.example.", "www.example."]
                assert answers(found) == ["192.0.2.1", "www.example."]
        assert len(upstream.questions("www.example.")) == 1
        assert upstream.questions("alias.ours.example.") == []

    def test_the_target_does_not_exist(self, upstream: Upstream, tmp_path: Path) -> None:
        # RFC 6604 3: the rcode is that of the last name.
        with alias_zone(tmp_path, upstream, target="nowhere.example.") as server:
            found = ask(server.endpoint, "alias.ours.example.")
            assert rcode(found) == "NXDOMAIN"
            assert answers(found) == ["nowhere.example."]

    def test_the_target_cannot_be_resolved(self, upstream: Upstream, tmp_path: Path) -> None:
        upstream.respond = lambda asked: [reply(asked, rcode=dns.rcode.SERVFAIL)]
        with alias_zone(tmp_path, upstream) as server:
            assert rcode(ask(server.endpoint, "alias.ours.example.")) == "SERVFAIL"

    def test_the_target_is_an_alias_itself(self, upstream: Upstream, tmp_path: Path) -> None:
        chain = [rrset("www.example. 300 IN CNAME real.example."), rrset("real.example. 300 IN A 192.0.2.5")]
        upstream.respond = lambda asked: [reply(asked, *chain)]
        with alias_zone(tmp_path, upstream) as server:
            found = ask(server.endpoint, "alias.ours.example.")
            assert answers(found) == ["192.0.2.5", "real.example.", "www.example."]

    def test_rd_0_follows_nothing(self, upstream: Upstream, tmp_path: Path) -> None:
        with alias_zone(tmp_path, upstream) as server:
            assert answers(ask(server.endpoint, "alias.ours.example.", manner=WITHOUT_RD)) == ["www.example."]
        assert upstream.questions("www.example.") == []


@pytest.mark.parametrize("kind", [Bind, Unbound, Dnsmasq])
def test_through_a_real_resolver(kind: type[Server], zone_file: Path) -> None:
    """A name, its CNAME, a missing one and a long answer through the resolvers that people forward to."""
    zone_file.write_text(zone_file.read_text() + "".join(f'big TXT "{"y" * 200}{n:03}"\n' for n in range(20)))
    zones = {"hello.example.": zone_file}
    with (
        Nsd(Service(zones=zones)) as authority,
        kind(Service(forward=authority.endpoint)) as resolver,
        Resolute(Service(forward=resolver.endpoint)) as server,
    ):
        assert addresses(server.endpoint, "mail.hello.example.") == ["192.0.2.25"]
        assert answers(ask(server.endpoint, "www.hello.example.")) == ["192.0.2.80", "192.0.2.81", "web.hello.example."]
        missing = ask(server.endpoint, "missing.hello.example.")
        assert rcode(missing) == "NXDOMAIN"
        assert [str(rrset.name) for rrset in missing.authority] == ["hello.example."]
        assert len(answers(ask(server.endpoint, "big.hello.example.", "TXT", OVER_TCP))) == 20


def echoing(address: str) -> Respond:
    """The same address for every name."""
    return lambda asked: [reply(asked, rrset(f"{asked.name} 300 IN A {address}"))]


def spoiled(packet: bytes, lie: str) -> bytes:
    """A reply with one thing wrong."""
    changed = bytearray(packet)
    if lie == "id":
        changed[1] ^= 1
    elif lie == "case":
        at = next(at for at in range(13, len(changed)) if chr(changed[at]).isalpha())
        changed[at] ^= 0x20
    elif lie == "question":
        changed[13] = ord("q")
    elif lie == "opcode":
        changed[2] |= 0x10
    elif lie == "not a response":
        changed[2] &= 0x7F
    else:
        changed[4:] = b"\xff" * 9
    return bytes(changed)


@contextmanager
def alias_zone(folder: Path, upstream: Upstream, *flags: str, target: str = "www.example.") -> Iterator[Resolute]:
    """A server with a zone of its own, in which an alias leads outside."""
    zone = folder / "ours.zone"
    head = "$TTL 300\n@ SOA ns1 hostmaster 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n"
    zone.write_text(f"{head}alias CNAME {target}\n")
    with Resolute(Service(zones={"ours.example.": zone}, forward=upstream.endpoint), flags=flags) as server:
        yield server


def client(server: Resolute, name: str) -> socket.socket:
    """A client that has asked and waits."""
    one = socket.socket(type=socket.SOCK_DGRAM)
    one.settimeout(10)
    one.connect((server.endpoint.host, server.endpoint.port))
    one.send(dns.message.make_query(name, "A").to_wire())
    return one


def wait_until_known(server: Resolute) -> None:
    """Until each upstream was probed, and its round trip is known."""
    control = ControlClient(server.data)
    wait_for(lambda: all(one["state"] == "alive" for one in control.status()["upstreams"]), what="the first probes")

"""B14: upstreams over TLS, HTTPS and QUIC that lie, break off, stay silent, or are not who they should be.

Each has a route of its own, with an honest upstream behind it: nothing of the lie is believed, the next one is asked,
and the client has its answer within its time: when that is up, the server itself says SERVFAIL.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import dns.message
import pytest

from bench.peers import Resolute, Service
from resolute import plane
from resolute.node.client import ControlClient
from resolute.resolver.exchanges import Exchanges, Request
from resolute.resolver.settings import Resolver
from resolute.resolver.transports.connections import Connections
from resolute.resolver.transports.message import ExchangeError
from tests.faults.kit.asking import answers, ask, rcode, wait_for
from tests.faults.kit.certificates import Authority, Identity
from tests.faults.kit.encrypted import Doq, EncryptedUpstream, HalfHandshake, Http3, Https, Tls
from tests.faults.kit.upstream import Asked, Respond, Upstream, reply, rrset, silent

LIE, TRUTH = "203.0.113.66", "192.0.2.1"

Kind = type[EncryptedUpstream]
KINDS: Sequence[Kind] = (Tls, Https, Doq, Http3)


def answer(asked: Asked, address: str) -> bytes:
    """A reply with this address to whatever was asked."""
    if asked.rtype != "A":
        return reply(asked)
    return reply(asked, rrset(f"{asked.name} 300 IN A {address}"))


def lying(spoil: Callable[[Asked], Sequence[bytes]]) -> Respond:
    """Tells the truth to the probes, by which it is believed alive."""
    return lambda asked: spoil(asked) if asked.rtype == "A" else [answer(asked, LIE)]


def with_bytes(change: Callable[[bytearray], None]) -> Respond:
    def spoil(asked: Asked) -> Sequence[bytes]:
        made = bytearray(answer(asked, LIE))
        change(made)
        return [bytes(made)]

    return lying(spoil)


def set_bytes(at: int, mask: int) -> Respond:
    def change(made: bytearray) -> None:
        made[at] ^= mask

    return with_bytes(change)


def other_question(asked: Asked) -> Sequence[bytes]:
    return [about(asked, f"not-{asked.name}", "A")]


def other_type(asked: Asked) -> Sequence[bytes]:
    return [about(asked, asked.name, "AAAA")]


def about(asked: Asked, name: str, rtype: str) -> bytes:
    """A reply under the right ID to another question."""
    made = dns.message.make_response(dns.message.make_query(name, rtype))
    made.id = asked.message.id
    made.answer.append(rrset(f"{asked.name} 300 IN A {LIE}"))
    return made.to_wire()


LIES: Mapping[str, Respond] = {
    "other-question": lying(other_question),
    "other-type": lying(other_type),
    "other-id": set_bytes(1, 0x01),
    "no-reply": set_bytes(2, 0x80),
    "other-opcode": set_bytes(2, 0x20),
    "truncated": set_bytes(2, 0x02),
    "other-letters": set_bytes(13, 0x20),
    "garbage": lying(lambda _: [bytes(range(64))]),
    "short": lying(lambda asked: [answer(asked, LIE)[:11]]),
    "cut-message": lying(lambda asked: [answer(asked, LIE)[:-20]]),
    "empty": lying(lambda _: [b""]),
    "silent": lying(lambda _: []),
    "refused": lying(lambda asked: [answer(asked, LIE)[:3] + b"\x85" + answer(asked, LIE)[4:]]),
}
"""What is said over a connection that works."""

BREAKS: Mapping[Kind, Sequence[str]] = {
    Tls: ("cut",),
    Https: ("status", "type", "slow", "large", "cut", "stream", "redirect"),
    Doq: ("cut", "slow", "large", "stream", "two"),
    Http3: ("status", "type", "slow", "large", "redirect"),
}
"""What goes wrong with the transport."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.issue("dns.test")


@pytest.fixture
def honest() -> Iterator[Upstream]:
    with Upstream(lambda asked: [answer(asked, TRUTH)]) as running:
        yield running


@contextmanager
def forwarding(authority: Authority, routes: Mapping[str, Sequence[str]]) -> Iterator[Resolute]:
    """Resolute with a route for each of these zones, whose upstreams are asked in this order."""
    lines = [f'[resolver]\nmode = "forward"\nca_file = "{authority.file}"']
    for zone, upstreams in routes.items():
        forward = ", ".join(f'"{upstream}"' for upstream in upstreams)
        lines.append(f'[[resolver.route]]\nzone = "{zone}."\nforward = [{forward}]\nstrategy = "strict"')
    with Resolute(Service(extra="\n".join(lines))) as server:
        yield server


def states(server: Resolute) -> Mapping[str, Any]:
    """What the server says of each upstream."""
    return {one["address"]: one for one in ControlClient(server.data).status()["upstreams"]}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", KINDS)
def test_no_lie_is_believed(kind: Kind, authority: Authority, identity: Identity, honest: Upstream) -> None:
    with ExitStack() as stack:
        liars = {lie: stack.enter_context(kind(identity, respond)) for lie, respond in LIES.items()}
        for how in BREAKS[kind]:
            liars[f"how-{how}"] = stack.enter_context(kind(identity, lambda asked: [answer(asked, LIE)], how))
        routes = {lie: (liar.url("dns.test"), str(honest.endpoint)) for lie, liar in liars.items()}
        server = stack.enter_context(forwarding(authority, routes))
        wait_for(lambda: {one["state"] for one in states(server).values()} == {"alive"}, timeout_s=20)
        with ThreadPoolExecutor(8) as pool:
            found = dict(zip(liars, pool.map(lambda lie: ask(server.endpoint, f"www.{lie}."), liars), strict=True))
        assert {lie: answers(one) for lie, one in found.items()} == {lie: [TRUTH] for lie in liars}
        assert [lie for lie, liar in liars.items() if not liar.questions(f"www.{lie}.")] == []
        again = {lie: answers(ask(server.endpoint, f"www.{lie}.")) for lie in liars}
        assert again == {lie: [TRUTH] for lie in liars}
        assert "Traceback" not in server.log_text(), server.log_text()


@pytest.mark.parametrize("kind", KINDS)
def test_swapped_replies_are_believed_by_nobody(
    kind: Kind, authority: Authority, identity: Identity, honest: Upstream
) -> None:
    """Two questions are in flight, and each gets the other's reply."""
    asked_for: dict[str, Asked] = {}

    def respond(asked: Asked) -> Sequence[bytes]:
        if asked.rtype != "A":
            return [answer(asked, LIE)]
        asked_for[asked.name] = asked
        other = "a.swapped." if asked.name == "b.swapped." else "b.swapped."
        wait_for(lambda: other in asked_for, timeout_s=3)
        swapped = bytearray(answer(asked_for[other], LIE))
        swapped[:2] = asked.message.id.to_bytes(2)
        return [bytes(swapped)]

    with (
        kind(identity, respond) as liar,
        forwarding(authority, {"swapped": (liar.url("dns.test"), str(honest.endpoint))}) as server,
    ):
        wait_for(lambda: {one["state"] for one in states(server).values()} == {"alive"})
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda n: ask(server.endpoint, n), ("a.swapped.", "b.swapped.")))
        assert [answers(one) for one in found] == [[TRUTH], [TRUTH]]
        assert set(asked_for) == {"a.swapped.", "b.swapped."}


WRONG: Mapping[str, str] = {
    "other-name": "has a certificate that is not for dns.test",
    "expired": "has a certificate that has expired",
    "early": "has a certificate that is not valid yet",
    "own": "has a certificate that it has signed itself",
    "stranger": "has a certificate that nobody whom we trust has signed",
}
"""What is wrong with a certificate, and how it is said."""


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_not_who_it_should_be_is_asked_nothing(
    kind: Kind, authority: Authority, honest: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> None:
    identities = {
        "other-name": authority.issue("other.test", "127.0.0.1"),
        "expired": authority.issue("dns.test", days=(-9, -1)),
        "early": authority.issue("dns.test", days=(1, 9)),
        "own": authority.issue("dns.test", self_signed=True),
        "stranger": Authority(tmp_path_factory.mktemp("stranger"), "Somebody else").issue("dns.test"),
    }
    with ExitStack() as stack:
        liars = {
            wrong: stack.enter_context(kind(identity, lambda asked: [answer(asked, LIE)]))
            for wrong, identity in identities.items()
        }
        routes = {wrong: [liar.url("dns.test"), str(honest.endpoint)] for wrong, liar in liars.items()}
        routes |= {f"only-{wrong}": [liar.url("dns.test")] for wrong, liar in liars.items()}
        server = stack.enter_context(forwarding(authority, routes))
        for wrong in liars:
            assert answers(ask(server.endpoint, f"www.{wrong}.")) == [TRUTH]
            assert rcode(ask(server.endpoint, f"www.only-{wrong}.")) == "SERVFAIL"
        said = {wrong: states(server)[liar.url("dns.test")]["last_failure"] for wrong, liar in liars.items()}
        assert said == WRONG
        assert [liar.asked for liar in liars.values()] == [[]] * len(liars)


@pytest.mark.parametrize("transport", ["tls", "https"])
def test_half_a_handshake(transport: str, authority: Authority, identity: Identity, honest: Upstream) -> None:
    """One that accepts and says nothing, one that stops in the middle of its certificate, one that knows no TLS, and
    one that nobody listens at."""
    with ExitStack() as stack:
        real = stack.enter_context(Tls(identity, lambda asked: [answer(asked, LIE)]))
        halves = [stack.enter_context(HalfHandshake(real.endpoint, octets)) for octets in (0, 100)]
        halves.append(stack.enter_context(HalfHandshake(real.endpoint, 0, says=b"HTTP/1.1 400 Bad Request\r\n\r\n")))
        places = dict(zip(("nothing", "half", "plain"), (half.endpoint for half in halves), strict=True))
        urls = {zone: f"{transport}://{place}#dns.test" for zone, place in places.items()}
        urls["closed"] = f"{transport}://127.0.0.1:9#dns.test"
        server = stack.enter_context(
            forwarding(authority, {zone: (url, str(honest.endpoint)) for zone, url in urls.items()})
        )
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda zone: answers(ask(server.endpoint, f"www.{zone}.")), urls))
        assert found == [[TRUTH]] * len(urls)
        assert all(half.accepted for half in halves)
        wait_for(lambda: {states(server)[url]["state"] for url in _shown(server, urls)} == {"dead"}, timeout_s=20)
        assert real.asked == []


def _shown(server: Resolute, urls: Mapping[str, str]) -> Sequence[str]:
    """The upstreams as the server writes them: with the path of HTTPS."""
    known = states(server)
    return [next(one for one in known if one.split("#")[0].startswith(url.split("#")[0])) for url in urls.values()]


@pytest.mark.parametrize("kind", [Doq, Http3])
def test_silence_over_quic(kind: Kind, authority: Authority, honest: Upstream) -> None:
    """A port that takes every packet and says nothing."""
    with socket.socket(type=socket.SOCK_DGRAM) as silence:
        silence.bind(("127.0.0.1", 0))
        url = f"{kind.transport}://127.0.0.1:{silence.getsockname()[1]}#dns.test"
        with forwarding(authority, {"silence": (url, str(honest.endpoint))}) as server:
            assert answers(ask(server.endpoint, "www.silence.")) == [TRUTH]


@pytest.mark.parametrize("kind", KINDS)
def test_a_flood_is_bounded(kind: Kind, authority: Authority, identity: Identity) -> None:
    """64 questions on a connection, four connections: no more are in flight, however many there are."""
    with kind(identity, silent) as peer:
        settings = Resolver(forward=[peer.url("dns.test")], ca_file=str(authority.file))
        request = Request(settings.forward[0], b"\1a\0", 1, 1, timeout_ms=3_000)

        async def flood() -> list[object]:
            connections = Connections(Exchanges(native))
            connections.keep(settings.forward, settings)
            ends = await asyncio.gather(*(connections.exchange(request) for _ in range(1_000)), return_exceptions=True)
            connections.close()
            return list(ends)

        native = plane.Plane(plane.Settings(views=[plane.View("", clients=["0.0.0.0/0"], recursion=[])]), workers=1)
        began = time.monotonic()
        try:
            ends = asyncio.run(flood())
        finally:
            native.close(0)
        assert {type(end) for end in ends} == {ExchangeError}
        # Until the first of them gives up, and makes room.
        assert 0 < len([asked for asked in peer.asked if asked.at < began + 3]) <= 256
        assert peer.handshakes <= 8

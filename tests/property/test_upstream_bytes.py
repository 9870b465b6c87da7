"""Whatever bytes an upstream sends over a connection, a question ends with its reply or with words that say why not."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import dns.message
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolute import plane
from resolute.resolver.exchanges import Exchanges, Request
from resolute.resolver.settings import Resolver
from resolute.resolver.transports.body import Response, aged
from resolute.resolver.transports.bootstrap import read
from resolute.resolver.transports.connections import Connections
from resolute.resolver.transports.message import ExchangeError, check
from tests.faults.kit.certificates import Authority
from tests.faults.kit.encrypted import Doq, EncryptedUpstream, Http3, Https, Noise, Tls
from tests.faults.kit.upstream import Asked

BOUNDED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAME = b"\1a\0"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def native() -> Iterator["plane.Plane"]:
    made = plane.Plane(plane.Settings(views=[plane.View("", clients=["0.0.0.0/0"], recursion=[])]), workers=1)
    yield made
    made.close(0)


class Says:
    """Replies with what it was given last."""

    def __init__(self) -> None:
        self.wire = b""

    def __call__(self, asked: Asked) -> Sequence[bytes]:
        # The ID that was asked with, where there is one: so what comes after it is looked at.
        return [asked.message.id.to_bytes(2) + self.wire]


def ask(peer: EncryptedUpstream, authority: Authority, native: "plane.Plane") -> bytes | None:
    """The reply, or None for an ExchangeError; any other exception, and any in a callback, fails the test."""
    faults: list[dict[str, Any]] = []

    async def run() -> bytes | None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        chapter = Resolver(forward=[peer.url("dns.test")], ca_file=str(authority.file))
        connections = Connections(Exchanges(native))
        connections.keep(chapter.forward, chapter)
        try:
            reply = await connections.exchange(Request(chapter.forward[0], NAME, 1, 1, timeout_ms=700))
        except ExchangeError:
            return None
        finally:
            connections.close()
            await asyncio.sleep(0)
        return reply.message

    reply = asyncio.run(run())
    assert faults == []
    return reply


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", [Tls, Https, Doq, Http3])
def test_any_message(kind: type[EncryptedUpstream], authority: Authority, native: "plane.Plane") -> None:
    says = Says()
    with kind(authority.issue("dns.test"), says) as peer:

        @BOUNDED
        @given(st.binary(max_size=80))
        def hold(wire: bytes) -> None:
            says.wire = wire
            reply = ask(peer, authority, native)
            assert reply is None or reply.startswith(NAME, 12) or len(reply) == 12

        hold()


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("transport", "alpn"), [("tls", "dot"), ("https", "h2")])
def test_any_bytes_within_tls(transport: str, alpn: str, authority: Authority, native: "plane.Plane") -> None:
    with Noise(authority.issue("dns.test"), transport, alpn) as peer:

        @BOUNDED
        @given(st.one_of(st.binary(max_size=200), st.builds(frame, st.binary(max_size=60))))
        def hold(data: bytes) -> None:
            peer.data = data
            assert ask(peer, authority, native) is None

        hold()


def frame(drawn: bytes) -> bytes:
    """Frames of HTTP/2 after the settings: kind, flags and payload as they were drawn."""
    payload = drawn[2:]
    head = drawn[:2].ljust(2, b"\0")
    settings_frame = b"\0\0\0\4\0\0\0\0\0"
    return settings_frame + len(payload).to_bytes(3) + bytes([head[0] % 10, head[1]]) + b"\0\0\0\1" + payload


@given(st.binary(max_size=120), st.integers(0, 2**31))
def test_any_message_ages(wire: bytes, seconds: int) -> None:
    assert len(aged(wire, seconds)) == len(wire)


@given(st.binary(max_size=120))
def test_any_bootstrap_reply(wire: bytes) -> None:
    read(wire, "dns.example", "A")
    query = dns.message.make_response(dns.message.make_query("dns.example.", "A")).to_wire()
    read(query[:12] + wire, "dns.example", "A")


@given(st.binary(max_size=60))
def test_any_reply_is_checked(wire: bytes) -> None:
    try:
        check(wire, 0, NAME + b"\0\1\0\1")
    except ExchangeError as error:
        believed = not error.words
    else:
        believed = True
    if believed:
        assert wire[12:].startswith(NAME) or len(wire) == 12


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=6), st.binary(max_size=60))
def test_any_response(headers: list[tuple[str, str]], body: bytes) -> None:
    response = Response()
    if response.begin([(":status", "200"), ("content-type", "application/dns-message"), *headers]) is None:
        response.more(body)
        assert len(response.message()) == len(body)

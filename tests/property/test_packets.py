"""Whatever is sent, no reply is invalid, and the next client is served.

Strategies, from wild to tame: random bytes; a header and random bytes; a good query with bytes changed, cut out, put in
or cut off; a good query of any name, type, class, flags and EDNS.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bench.peers import Resolute, Service
from tests.asking import (
    HEADER,
    QR,
    RD,
    Z,
    closed,
    flags_of,
    header,
    opcode_of,
    opt,
    option,
    parse,
    query,
    question,
    rcode_of,
    receive_framed,
    send_framed,
    tcp_socket,
    udp_socket,
)

ZONES = {
    "agree.test.": Path(__file__).parents[1] / "interop/zones/agree.test.zone",
    "second.test.": Path(__file__).parents[1] / "interop/zones/second.test.zone",
}
FENCE = b"\xfe\xce" + query("web.agree.test.")[2:]
BOUNDED = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def server() -> Iterator[Resolute]:
    """A server that has nobody to ask: every question is answered at once."""
    with Resolute(Service(zones=ZONES, extra='[resolver]\nmode = "off"\n')) as resolute:
        yield resolute


@pytest.fixture(autouse=True)
def alive(server: Resolute) -> Iterator[None]:
    yield
    server.require_running()
    with udp_socket(server.endpoint) as sock:
        sock.send(FENCE)
        assert rcode_of(sock.recv(65_535)) == dns.rcode.NOERROR


# --------------------------------------------------------------------------------------------------- what is sent

LABELS = st.one_of(
    st.sampled_from([b"web", b"cname", b"dname", b"w", b"cut", b"big", b"loop1", b"*", b"two", b"mx-many", b"x"]),
    st.binary(min_size=1, max_size=63),
)
ENDS = st.sampled_from([b"\5agree\4test\0", b"\6second\4test\0", b"\4test\0", b"\0"])
TYPES = st.one_of(st.sampled_from([1, 2, 5, 6, 15, 16, 28, 33, 39, 41, 43, 250, 251, 252, 255]), st.integers(0, 65_535))
CLASSES = st.one_of(st.sampled_from([1, 1, 1, 1, 3, 254, 255]), st.integers(0, 65_535))
OPTIONS = st.lists(
    st.builds(option, st.one_of(st.integers(0, 20), st.integers(0, 65_535)), st.binary(max_size=40)), max_size=20
)


@st.composite
def names(draw: st.DrawFn) -> bytes:
    labels = draw(st.lists(LABELS, max_size=4))
    return b"".join(bytes([len(label)]) + label for label in labels) + draw(ENDS)


@st.composite
def opts(draw: st.DrawFn) -> bytes:
    size, flags = draw(st.integers(0, 65_535)), draw(st.sampled_from([0, 0x8000, 1 << 16, 0xFFFFFFFF]))
    return opt(size=size, ttl=flags, options=b"".join(draw(OPTIONS)))


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    """A message that is well formed."""
    extra = draw(st.one_of(st.just(b""), opts()))
    flags = draw(st.sampled_from([0, RD, RD | 0x20, 0x10, 0x07FF])) & ~QR
    head = header(ident=draw(st.integers(0, 0xFFFF)), flags=flags, counts=(1, 0, 0, 1 if extra else 0))
    return head + draw(names()) + struct.pack("!HH", draw(TYPES), draw(CLASSES)) + extra


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A query with something done to it, up to four times."""
    wire = bytearray(draw(queries()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(wire)))
        match draw(st.sampled_from(["change", "cut out", "put in", "cut off", "pointer"])):
            case "change":
                wire[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut out":
                del wire[at : at + draw(st.integers(1, 8))]
            case "put in":
                wire[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "cut off":
                del wire[at:]
            case _:  # a pointer
                wire[at : at + 2] = struct.pack("!H", 0xC000 | draw(st.integers(0, 60)))
    return bytes(wire)


@st.composite
def headed(draw: st.DrawFn) -> bytes:
    """A header with small counts, and random bytes."""
    counts = [draw(st.integers(0, 3)) for _ in range(4)]
    return HEADER.pack(draw(st.integers(0, 0xFFFF)), draw(st.integers(0, 0xFFFF)), *counts) + draw(
        st.binary(max_size=300)
    )


PACKETS = st.one_of(st.binary(max_size=600), headed(), mutated(), queries())
INTERESTING = [
    b"",
    b"\0" * 12,
    b"\xff" * 12,
    b"\xff" * 512,
    header() + b"\xc0\x0c\0\1\0\1",
    query("x.dname-loop.agree.test."),
    query("loop1.agree.test."),
    query("big.agree.test.", 16, extra=opt(size=0)),
    query("agree.test.", 255, extra=opt(size=65_535)),
]


# ------------------------------------------------------------------------------------------------------ properties


@BOUNDED
@given(PACKETS)
def test_over_udp(server: Resolute, packet: bytes) -> None:
    reply = first_reply(server, packet)
    if len(packet) < 12 or packet[2] & 0x80 or reply is None:
        assert reply is None or packet[:2] == FENCE[:2]
        return
    check(packet, reply)
    assert len(reply) <= allowed_by(packet)


@BOUNDED
@given(queries())
def test_a_well_formed_query_is_always_answered(server: Resolute, packet: bytes) -> None:
    reply = first_reply(server, packet)
    assert reply is not None
    check(packet, reply)
    end = len(packet) if packet[11] == 0 else 12 + len(question_of(packet))
    if rcode_of(reply) != dns.rcode.FORMERR or len(reply) > 12:
        assert reply[12 : 12 + len(question_of(packet))] == packet[12:end]


@pytest.mark.parametrize("packet", INTERESTING, ids=range(len(INTERESTING)))
def test_these_over_udp(server: Resolute, packet: bytes) -> None:
    reply = first_reply(server, packet)
    if reply is not None:
        check(packet, reply)


@settings(BOUNDED, max_examples=100)
@given(st.lists(PACKETS, min_size=1, max_size=8))
@example([b"", FENCE])
def test_over_tcp(server: Resolute, packets: list[bytes]) -> None:
    """Every reply belongs to a packet that was sent; the connection is answered to its end, or closed."""
    with tcp_socket(server.endpoint) as sock:
        try:
            send_framed(sock, *packets, FENCE)
            replies = []
            while (reply := receive_framed(sock))[:2] != FENCE[:2]:
                replies.append(reply)
        except (EOFError, ConnectionError):
            assert closed(sock)
            return
    for reply in replies:
        possible = [packet for packet in packets if packet[:2] == reply[:2] and len(packet) >= 12]
        assert possible
        assert any(fits(packet, reply) for packet in possible)


# --------------------------------------------------------------------------------------------------------- helpers


def first_reply(server: Resolute, packet: bytes) -> bytes | None:
    """What comes before the fence."""
    with udp_socket(server.endpoint) as sock:
        sock.send(packet)
        sock.send(FENCE)
        reply = sock.recv(65_535)
        return None if reply[:2] == FENCE[:2] else reply


def check(packet: bytes, reply: bytes) -> None:
    """A reply that no client could take for something else."""
    assert reply[:2] == packet[:2]
    assert flags_of(reply) & (QR | Z) == QR
    assert opcode_of(reply) == packet[2] >> 3 & 15
    message: dns.message.Message = parse(as_query(reply))
    assert len(message.question) <= 1
    if reply[4:6] == b"\0\1":
        asked = question_of(reply)
        assert packet[12 : 12 + len(asked)] == asked
    if message.flags & dns.flags.RD:
        assert packet[2] & 1
    if message.edns >= 0:
        assert b"\0\0\x29" in packet[12:]


def as_query(reply: bytes) -> bytes:
    """The reply with opcode QUERY: of an UPDATE dnspython wants more than a NOTIMP has that echoes any question."""
    return reply[:2] + bytes([reply[2] & 0x87]) + reply[3:]


def fits(packet: bytes, reply: bytes) -> bool:
    try:
        check(packet, reply)
    except AssertionError:
        return False
    return True


def question_of(wire: bytes) -> bytes:
    """The question as it stands in a message, which no reply of ours compresses."""
    at = 12
    while wire[at] not in {0, *range(0xC0, 0x100)}:
        at += 1 + wire[at]
    return wire[12 : at + 5]


def allowed_by(packet: bytes) -> int:
    """RFC 1035 4.2.1: 512 bytes; RFC 6891 6.2.3: or what the client's OPT says; never more than 1,232."""
    try:
        asked = dns.message.from_wire(packet, question_only=False)
    except Exception:  # noqa: BLE001 - what dnspython does not read may still have an OPT that the server reads
        return 1_232
    return min(max(asked.payload, 512), 1_232) if asked.edns >= 0 else 512


def test_the_helpers_know_a_question() -> None:
    assert question_of(FENCE) == question("web.agree.test.")
    assert allowed_by(FENCE) == 512
    assert allowed_by(query("web.agree.test.", extra=opt(size=700))) == 700

"""Whatever is asked, and whatever the upstream says, every query gets one valid reply in time."""

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.rcode
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.peers import Nsd, Resolute, Service
from tests.asking import (
    AD,
    CD,
    QR,
    RA,
    RD,
    Z,
    flags_of,
    header,
    name,
    numbered,
    opt,
    parse,
    query,
    rcode_of,
    receive_framed,
    record,
    send_framed,
    tcp_socket,
    udp_socket,
)
from tests.faults.kit.upstream import Asked, Upstream

ZONES = Path(__file__).parents[1] / "interop/zones"
DEADLINE_S = 2.0
EXTRA = f'[resolver]\ndeadline = "{DEADLINE_S:g}s"\n'
AT_ONCE = 24
BOUNDED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def server() -> Iterator[Resolute]:
    """It has second.test. itself, whose aliases lead to agree.test. and elsewhere; an NSD has agree.test., and refuses
    whatever else is asked of it."""
    with (
        Nsd(Service(zones={"agree.test.": ZONES / "agree.test.zone"})) as nsd,
        Resolute(
            Service(
                zones={"second.test.": ZONES / "second.test.zone"},
                forward=nsd.endpoint,
                extra=EXTRA,
            )
        ) as resolute,
    ):
        yield resolute


# --------------------------------------------------------------------------------------------------- what is sent

LABELS = st.one_of(
    st.sampled_from([b"web", b"cname", b"dname", b"w", b"cut", b"big", b"loop1", b"*", b"two", b"mx-many", b"x"]),
    st.binary(min_size=1, max_size=63),
)
ENDS = st.sampled_from([b"\5agree\4test\0"] * 4 + [b"\6second\4test\0", b"\4test\0", b"\0"])
TYPES = st.one_of(
    st.sampled_from([1, 2, 5, 6, 15, 16, 28, 33, 39, 43, 64, 65, 250, 251, 252, 255]), st.integers(0, 65_535)
)


@st.composite
def questions(draw: st.DrawFn) -> bytes:
    """A query that is well formed, in class IN, for what is most often not ours."""
    labels = draw(st.lists(LABELS, max_size=3))
    qname = b"".join(bytes([len(label)]) + label for label in labels) + draw(ENDS)
    extra = draw(st.sampled_from([b"", opt(), opt(size=512), opt(ttl=0x8000), opt(size=65_535)]))
    flags = draw(st.sampled_from([RD, RD, RD | CD, RD | AD, 0]))
    return header(flags=flags, counts=(1, 0, 0, bool(extra))) + qname + struct.pack("!HH", draw(TYPES), 1) + extra


BATCHES = st.lists(questions(), min_size=1, max_size=AT_ONCE).map(
    lambda wires: [numbered(ident, wire) for ident, wire in enumerate(wires)]
)


# ------------------------------------------------------------------------------------------------------ properties


@BOUNDED
@given(BATCHES)
def test_every_question_gets_its_reply_over_udp(server: Resolute, wires: list[bytes]) -> None:
    replies = ask_udp(server, wires)
    for ident, got in replies.items():
        check(wires[ident], got, longest=1232)


@settings(BOUNDED, max_examples=30)
@given(BATCHES)
def test_every_question_gets_its_reply_over_tcp(server: Resolute, wires: list[bytes]) -> None:
    until = time.monotonic() + DEADLINE_S + 1
    with tcp_socket(server.endpoint) as sock:
        send_framed(sock, *wires)
        replies = [receive_framed(sock) for _ in wires]
    assert time.monotonic() < until
    assert sorted(int.from_bytes(got[:2]) for got in replies) == list(range(len(wires)))
    for got in replies:
        check(wires[int.from_bytes(got[:2])], got, longest=65_535)


@st.composite
def upstream_replies(draw: st.DrawFn) -> bytes:
    """What follows the question in a reply: its flags and counts, records right and wrong, and bytes."""
    flags = draw(st.sampled_from([0, RA, AD, 0x0400, 0x0200, Z])) | draw(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 9]))
    owners = st.sampled_from([b"\xc0\x0c", b"\0", name("other.test."), b"\xc0\x02", b"\xc0\xff", b"\1"])
    parts = st.builds(
        record,
        owners,
        st.sampled_from([1, 2, 5, 6, 15, 28, 39, 41, 46, 65_280]),
        st.one_of(st.sampled_from([b"\xc0\0\2\1", b"\xc0\x0c", b"\0", b"\4next\4test\0"]), st.binary(max_size=40)),
        rdclass=st.sampled_from([1, 1, 1, 3, 255]),
        ttl=st.sampled_from([0, 60, 0x7FFFFFFF, 0xFFFFFFFF]),
    )
    records = draw(st.lists(parts, max_size=6))
    counts = draw(st.sampled_from([(len(records), 0, 0), (0, len(records), 0), (1, 0, 0), (0, 0, 65_535)]))
    return struct.pack("!H3H", flags, *counts) + b"".join(records) + draw(st.sampled_from([b"", b"", b"\xff"]))


def mangled(asked: Asked, made: bytes) -> bytes:
    """A reply to this question, in its letters, with that after it."""
    wire = asked.message.to_wire()
    end = 12
    while wire[end]:
        end += 1 + wire[end]
    flags, *counts = struct.unpack_from("!H3H", made)
    head = struct.pack("!HHHHHH", asked.message.id, QR | RD | flags, 1, *counts)
    return head + wire[12 : end + 5] + made[8:]


@pytest.fixture(scope="module")
def mangler() -> Iterator[tuple[Upstream, Resolute]]:
    with (
        Upstream(lambda asked: [mangled(asked, b"\0" * 8)]) as upstream,
        Resolute(Service(forward=upstream.endpoint, extra=EXTRA)) as resolute,
    ):
        yield upstream, resolute


@settings(BOUNDED, max_examples=120)
@given(made=upstream_replies(), number=st.integers(0, 1 << 60), rdtype=st.sampled_from([1, 5, 28, 16, 255, 65_280]))
def test_whatever_the_upstream_says(mangler: tuple[Upstream, Resolute], made: bytes, number: int, rdtype: int) -> None:
    """The name is a new one each time, so that the reply comes from upstream."""
    upstream, server = mangler
    upstream.respond = lambda asked: [mangled(asked, made)]
    wires = [query(f"n{number}.mangled.test.", rdtype, flags=RD, extra=extra) for extra in (b"", opt(ttl=0x8000))]
    wires = [numbered(ident, wire) for ident, wire in enumerate(wires)]
    for ident, got in ask_udp(server, wires).items():
        check(wires[ident], got, longest=1232)
        assert rcode_of(got) in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL}
        for rrset in parse(got).answer:
            assert rrset.name.to_text() in {f"n{number}.mangled.test.", "next.test."}


# --------------------------------------------------------------------------------------------------------- helpers


def ask_udp(server: Resolute, wires: list[bytes]) -> dict[int, bytes]:
    """The reply to each, by its ID; all come within the deadline, once."""
    until = time.monotonic() + DEADLINE_S + 1
    replies: dict[int, bytes] = {}
    with udp_socket(server.endpoint) as sock:
        for wire in wires:
            sock.send(wire)
        while len(replies) < len(wires):
            sock.settimeout(max(until - time.monotonic(), 0.001))
            try:
                got = sock.recv(65_535)
            except TimeoutError:
                missing = [wire.hex() for ident, wire in enumerate(wires) if ident not in replies]
                pytest.fail(f"no reply in time to {missing}")
            ident = int.from_bytes(got[:2])
            assert ident not in replies, "two replies to one query"
            replies[ident] = got
        sock.settimeout(0)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
    server.require_running()
    return replies


def check(wire: bytes, got: bytes, *, longest: int) -> None:
    """A reply that is valid and belongs to the query."""
    end = 12
    while wire[end]:
        end += 1 + wire[end]
    assert got[12 : end + 5] == wire[12 : end + 5]
    assert len(got) <= longest
    flags = flags_of(got)
    assert flags & (QR | Z | AD | RD) == QR | flags_of(wire) & RD, (wire.hex(), got.hex())
    message: dns.message.Message = parse(got)
    assert (message.edns >= 0) == (wire[11] == 1)
    assert message.rcode() != dns.rcode.FORMERR or wire[end + 1 : end + 3] != b"\0\1"

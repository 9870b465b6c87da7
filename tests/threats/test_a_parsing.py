"""Attacks on the parser of messages, from the client's side: A1, A2, A3, A5, A6, A7, A11 of the catalogue."""

import itertools
import struct
from collections.abc import Callable

import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute
from tests.asking import (
    HEADER,
    QR,
    Z,
    closed,
    cpu_seconds,
    flags_of,
    header,
    name,
    opcode_of,
    opt,
    option,
    parse,
    query,
    question,
    rcode_of,
    receive_framed,
    record,
    send_framed,
    silent,
    tcp,
    tcp_socket,
    udp,
    udp_all,
    udp_socket,
)
from tests.threats.conftest import BYSTANDER

IN_A = b"\0\1\0\1"
WWW = "www.victim.test."
Ask = Callable[[Endpoint, bytes], bytes]
both_transports = pytest.mark.parametrize("ask", [udp, tcp])


def refused_as_malformed(reply: bytes) -> None:
    """RFC 1035 4.1.1: a format error, for a query that cannot be read."""
    assert reply[:2] == b"\x12\x34"
    assert rcode_of(reply) == dns.rcode.FORMERR
    assert flags_of(reply) & (QR | Z) == QR
    parse(reply)


# ------------------------------------------------------------------------------------------------ A1: compression

# The question's name starts at offset 12. RFC 1035 4.1.4: a pointer leads back, to where the name stood before.
QNAMES = {
    "to itself": b"\xc0\x0c",
    "two-cycle": b"\xc0\x0e\xc0\x0c",
    "label and back": b"\1a\xc0\x0c",
    "forward": b"\xc0\x10" + IN_A + b"\1a\0",
    "past the end": b"\xff\xff",
    "into the header's ID": b"\xc0\x00",
    "into the header's counts": b"\xc0\x05",
    "label, then into the header": b"\3www\xc0\x05",
    "half a pointer": b"\xc0",
    "chain of 1,000": b"".join(struct.pack("!H", 0xC000 | 12 + 2 * n) for n in range(1, 1001)) + b"\0",
    "reserved label type 01": b"\x41a\0",
    "reserved label type 10": b"\x81a\0",
}


@both_transports
@pytest.mark.parametrize("qname", QNAMES.values(), ids=QNAMES)
def test_a1_a_question_with_such_a_pointer_is_malformed(server: Resolute, ask: Ask, qname: bytes) -> None:
    refused_as_malformed(ask(server.endpoint, header() + qname + IN_A))


def record_owners(at: int) -> dict[str, bytes]:
    """Owner names of a record that starts at offset `at`."""
    chain = b"".join(struct.pack("!H", 0xC000 | at - 2 * n) for n in range(1, 3))
    return {
        "to itself": struct.pack("!H", 0xC000 | at),
        "two-cycle": struct.pack("!HH", 0xC000 | at + 2, 0xC000 | at),
        "forward": struct.pack("!H", 0xC000 | at + 12),
        "into the header": b"\xc0\x02",
        "label and back": b"\1a" + struct.pack("!H", 0xC000 | at),
        "past the end": b"\xff\xff" + chain[:0],
    }


ASKED = header(counts=(1, 0, 0, 1)) + question(WWW)


@both_transports
@pytest.mark.parametrize("owner", record_owners(len(ASKED)).values(), ids=record_owners(len(ASKED)))
def test_a1_a_record_with_such_an_owner_is_malformed(server: Resolute, ask: Ask, owner: bytes) -> None:
    refused_as_malformed(ask(server.endpoint, ASKED + record(owner, 1, b"\xc0\0\2\1")))


def test_a1_pointer_loops_cost_less_than_100_microseconds_each(server: Resolute) -> None:
    attacks = [header() + qname + IN_A for qname in QNAMES.values()] * 10
    before = cpu_seconds(server)
    for _ in range(20):
        udp_all(server.endpoint, attacks)
    assert cpu_seconds(server) - before <= 20 * len(attacks) * 100e-6


# ------------------------------------------------------------------------------------------------ A2: lengths


def name_of(length: int) -> bytes:
    """A name below victim.test. of `length` bytes, its last zero included, with labels of at most 63."""
    end = name("victim.test.")
    left, labels = length - len(end), []
    while left:
        size = min(64, left if left != 65 else 63)
        labels.append(bytes([size - 1]) + b"a" * (size - 1))
        left -= size
    return b"".join(labels) + end


@both_transports
@pytest.mark.parametrize(
    ("length", "rcode"), [(254, "NXDOMAIN"), (255, "NXDOMAIN"), (256, "FORMERR"), (257, "FORMERR")]
)
def test_a2_a_question_of_255_bytes_is_a_name_and_of_256_none(
    server: Resolute, ask: Ask, length: int, rcode: str
) -> None:
    """RFC 1035 2.3.4: a name has 255 bytes at most."""
    qname = name_of(length)
    assert len(qname) == length
    reply = ask(server.endpoint, header() + qname + IN_A)
    assert dns.rcode.to_text(dns.rcode.Rcode(rcode_of(reply))) == rcode


@both_transports
@pytest.mark.parametrize(("length", "rcode"), [(254, "NOERROR"), (255, "NOERROR"), (256, "FORMERR"), (257, "FORMERR")])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_a2_the_same_for_a_record_in_a_query(
    server: Resolute, ask: Ask, length: int, rcode: str, *, compressed: bool
) -> None:
    end = question(WWW)
    owner = name_of(length)
    if compressed:  # everything before victim.test., then a pointer to it in the question
        owner = owner[: -len(name("victim.test."))] + struct.pack("!H", 0xC000 | 12 + 4)
    reply = ask(server.endpoint, header(counts=(1, 0, 0, 1)) + end + record(owner, 1, b"\xc0\0\2\1"))
    assert dns.rcode.to_text(dns.rcode.Rcode(rcode_of(reply))) == rcode


@both_transports
@pytest.mark.parametrize(("labels", "rcode"), [(126, "NXDOMAIN"), (127, "NXDOMAIN"), (128, "FORMERR")])
def test_a2_127_labels_are_the_most(server: Resolute, ask: Ask, labels: int, rcode: str) -> None:
    """RFC 1035 2.3.4 again: 127 labels of one byte each and the root fill 255 octets."""
    qname = b"\1a" * (labels - 2) + name("victim.test.")
    qname = b"\1a" * labels + b"\0" if rcode == "FORMERR" else shortened(qname, labels)
    reply = ask(server.endpoint, header() + qname + IN_A)
    assert rcode_of(reply) in {dns.rcode.from_text(rcode), dns.rcode.REFUSED, dns.rcode.SERVFAIL}
    assert (rcode_of(reply) == dns.rcode.FORMERR) == (rcode == "FORMERR")


def shortened(qname: bytes, labels: int) -> bytes:
    """A name of this many labels that fits: of one byte each, below nothing of ours, when victim.test. is too long."""
    return qname if len(qname) <= 255 else b"\1a" * labels + b"\0"


@both_transports
@pytest.mark.parametrize(("size", "rcode"), [(63, dns.rcode.NXDOMAIN), (64, dns.rcode.FORMERR)])
def test_a2_a_label_has_63_bytes_at_most(server: Resolute, ask: Ask, size: int, rcode: dns.rcode.Rcode) -> None:
    """RFC 1035 2.3.4: a label has 63 bytes at most. A length byte of 64 has the reserved type bits 01."""
    qname = bytes([size]) + b"a" * size + name("victim.test.")
    assert rcode_of(ask(server.endpoint, header() + qname + IN_A)) == rcode


# ------------------------------------------------------------------------------------------------ A3: many names


def test_a3_a_query_of_64_kilobytes_full_of_names_costs_a_millisecond(server: Resolute) -> None:
    wire, last, count = bytearray(header() + question(WWW)), 12, 0
    while len(wire) < 65_000:  # each owner is a label and a pointer to the owner before it, as deep as names may be
        owner = b"\1a" + struct.pack("!H", 0xC000 | last)
        last = len(wire) if count % 110 and len(wire) < 0x4000 else 12
        wire += record(owner, 1, b"\xc0\0\2\1")
        count += 1
    wire[10:12] = struct.pack("!H", count)
    attack, times = bytes(wire), 100
    before = cpu_seconds(server)
    with tcp_socket(server.endpoint) as sock:
        for _ in range(times):
            send_framed(sock, attack)
            assert receive_framed(sock)[:2] == attack[:2]
    assert cpu_seconds(server) - before <= times * 2e-3  # a millisecond to parse, and what 64 kilobytes of TCP cost


# ------------------------------------------------------------------------------------------------ A5: counts

COUNTS = [
    counts
    for counts in itertools.product([0, 1, 2, 65_535], [0, 1, 65_535], [0, 1, 65_535], [0, 1, 65_535])
    if counts != (1, 0, 0, 0)
]


@both_transports
@pytest.mark.parametrize("body", [b"", question(WWW)], ids=["header alone", "one question"])
def test_a5_counts_that_lie_are_malformed(server: Resolute, ask: Ask, body: bytes) -> None:
    """RFC 1035 4.1.1: each count is that of the questions or records of its section."""
    for counts in COUNTS:
        refused_as_malformed(ask(server.endpoint, header(counts=counts) + body))


@both_transports
def test_a5_one_question_announced_and_none_there(server: Resolute, ask: Ask) -> None:
    refused_as_malformed(ask(server.endpoint, header()))


# ------------------------------------------------------------------------------------------------ A6: EDNS

NSID = option(3)


def two_opts() -> bytes:
    return header(counts=(1, 0, 0, 2)) + question(WWW) + opt() + opt()


MALFORMED_EDNS = {
    # RFC 6891 6.1.1: a query with more than one OPT gets FORMERR.
    "two OPT": two_opts(),
    "two OPT, another between": header(counts=(1, 0, 0, 3)) + question(WWW) + opt() + record(b"\0", 1, b"abcd") + opt(),
    # RFC 6891 6.1.2: its owner is the root.
    "OPT not at the root": query(WWW, extra=opt(owner=name("test."))),
    "OPT at a pointer to a name": query(WWW, extra=opt(owner=b"\xc0\x0c")),
    # RFC 6891 6.1.1: it stands in the additional section.
    "OPT in the answer section": header(counts=(1, 1, 0, 0)) + question(WWW) + opt(),
    "OPT in the authority section": header(counts=(1, 0, 1, 0)) + question(WWW) + opt(),
    "OPT in answer and additional": header(counts=(1, 1, 0, 1)) + question(WWW) + opt() + opt(),
    "option longer than the record": query(WWW, extra=opt(options=struct.pack("!HH", 3, 5) + b"abc")),
    "half an option header": query(WWW, extra=opt(options=b"\0\3\0")),
    "record longer than the message": query(WWW, extra=opt(options=NSID)[:-1]),
    "RDLENGTH 65,535": query(WWW, extra=opt()[:-2] + b"\xff\xff"),
    "cut in the middle": query(WWW, extra=opt()[:-3]),
}


@both_transports
@pytest.mark.parametrize("wire", MALFORMED_EDNS.values(), ids=MALFORMED_EDNS)
def test_a6_such_an_opt_is_malformed(server: Resolute, ask: Ask, wire: bytes) -> None:
    refused_as_malformed(ask(server.endpoint, wire))


FLOODS = {
    # without 10: an empty cookie is malformed (RFC 7873 5.2.2)
    "300 empty options": b"".join(option(code) for code in range(300) if code != 10),
    "300 NSID": NSID * 300,
    "300 cookies": option(10, b"12345678") * 300,
    "100 padding": option(12, b"\0" * 8) * 100,
    "one option of 1,100 bytes": option(65_001, b"x" * 1_100),
}


@both_transports
@pytest.mark.parametrize("options", FLOODS.values(), ids=FLOODS)
def test_a6_a_flood_of_options_is_answered_like_none(server: Resolute, ask: Ask, options: bytes) -> None:
    """RFC 6891 6.1.2: an option whose code is not known is ignored."""
    reply = ask(server.endpoint, query(WWW, extra=opt(options=options)))
    assert rcode_of(reply) == dns.rcode.NOERROR
    assert len(parse(reply).answer) == 1
    assert len(reply) <= 512


def test_a6_ten_thousand_options_over_tcp_cost_a_millisecond(server: Resolute) -> None:
    attack, times = query(WWW, extra=opt(options=NSID * 10_000)), 100
    before = cpu_seconds(server)
    with tcp_socket(server.endpoint) as sock:
        for _ in range(times):
            send_framed(sock, attack)
            assert rcode_of(receive_framed(sock)) in {dns.rcode.NOERROR, dns.rcode.FORMERR}
    assert cpu_seconds(server) - before <= times * 2e-3


# ------------------------------------------------------------------------------------------------ A7: the matrix

OPCODES = range(16)
CLASSES = [0, 1, 3, 4, 254, 255, 65_535]
TYPES = [*range(272), *range(32_764, 32_772), *range(65_276, 65_284), *range(65_524, 65_536)]
META = {0, 41, *range(128, 255)}
"""Types that no record in a zone has: the reserved 0, OPT, and the block of Q and meta types but ANY (RFC 6895 3.1)."""


def test_a7_the_matrix_has_the_promised_size() -> None:
    assert len(list(OPCODES)) * len(CLASSES) * len(TYPES) == 16 * 7 * 300


@pytest.mark.parametrize("opcode", OPCODES)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a7_every_opcode_class_and_type_gets_one_sane_reply(server: Resolute, transport: str, opcode: int) -> None:
    for rdclass in CLASSES:
        questions = {ident: question(WWW, rdtype, rdclass) for ident, rdtype in enumerate(TYPES)}
        wires = [header(ident=ident, opcode=opcode) + asked for ident, asked in questions.items()]
        replies = pipelined_udp(server.endpoint, wires) if transport == "udp" else pipelined_tcp(server.endpoint, wires)
        assert sorted(int.from_bytes(reply[:2]) for reply in replies) == sorted(questions)
        for reply in replies:
            ident = int.from_bytes(reply[:2])
            check_sane(reply, opcode, rdclass, TYPES[ident])
            if opcode == 0:
                assert reply[12 : 12 + len(questions[ident])] == questions[ident]


def check_sane(reply: bytes, opcode: int, rdclass: int, rdtype: int) -> None:
    _, _, questions, answers, _, _ = HEADER.unpack_from(reply)
    what = f"opcode {opcode} class {rdclass} type {rdtype}: {reply.hex()}"
    assert flags_of(reply) & (QR | Z) == QR, what
    assert opcode_of(reply) == opcode, what
    assert questions == 1 or (opcode != 0 and len(reply) == 12), what  # BIND and NSD leave it out, Knot does not
    if opcode != 0:  # RFC 1035 4.1.1: Not Implemented
        allowed = {dns.rcode.NOTIMP} if opcode not in {4, 5} else {dns.rcode.NOTIMP, dns.rcode.REFUSED}
        assert rcode_of(reply) in allowed, what
    elif rdclass != 1:
        assert rcode_of(reply) in {dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR}, what
    elif rdtype in META:
        assert rcode_of(reply) in {dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR, dns.rcode.NOERROR}, what
    else:
        assert rcode_of(reply) == dns.rcode.NOERROR, what
    if opcode != 0 or rdclass != 1 or rdtype not in {1, 28, 255}:
        assert answers == 0, what


def pipelined_udp(endpoint: Endpoint, wires: list[bytes], at_once: int = 50) -> list[bytes]:
    with udp_socket(endpoint) as sock:
        replies = []
        for start in range(0, len(wires), at_once):
            batch = wires[start : start + at_once]
            for wire in batch:
                sock.send(wire)
            replies += [sock.recv(65_535) for _ in batch]
        return replies


def pipelined_tcp(endpoint: Endpoint, wires: list[bytes]) -> list[bytes]:
    with tcp_socket(endpoint) as sock:
        send_framed(sock, *wires)
        return [receive_framed(sock) for _ in wires]


@both_transports
def test_a7_a_request_for_an_incremental_transfer_is_refused_and_not_malformed(server: Resolute, ask: Ask) -> None:
    """RFC 1995 3: the authority section of the request has the SOA of the version that the client holds."""
    soa = b"\0\0" + struct.pack("!5I", 1, 1, 1, 1, 1)
    wire = header(counts=(1, 0, 1, 0)) + question("victim.test.", 251) + record(b"\xc0\x0c", 6, soa)
    assert rcode_of(ask(server.endpoint, wire)) in {dns.rcode.REFUSED, dns.rcode.NOTIMP}


# ------------------------------------------------------------------------------------------------ A11: loops


def responses() -> list[bytes]:
    """Everything that has QR=1: every opcode and rcode, header alone, with a question, with garbage."""
    words = [QR | opcode << 11 | rcode for opcode in range(16) for rcode in range(16)]
    heads = [HEADER.pack(1, word, *counts) for word in words for counts in [(0, 0, 0, 0), (1, 0, 0, 0), (1, 9, 9, 9)]]
    bodies = [b"", question(WWW), b"\xff" * 30]
    return [head + body for head in heads for body in bodies]


def test_a11_nothing_is_ever_sent_for_a_response_over_udp(server: Resolute) -> None:
    packets = responses()
    for start in range(0, len(packets), 100):
        assert silent(server.endpoint, packets[start : start + 100], BYSTANDER) == []


def test_a11_nothing_is_ever_sent_for_a_response_over_tcp(server: Resolute) -> None:
    with tcp_socket(server.endpoint) as sock:
        send_framed(sock, *responses(), BYSTANDER)
        try:
            assert receive_framed(sock)[:2] == BYSTANDER[:2]
        except (EOFError, ConnectionResetError):  # closing on such a client is as good
            assert closed(sock)


def test_a11_our_own_errors_are_not_answered(server: Resolute) -> None:
    errors = [
        udp(server.endpoint, wire) for wire in (header() + b"\xc0\x0c", header(opcode=9), header(counts=(2, 0, 0, 0)))
    ]
    assert all(flags_of(error) & QR for error in errors)
    assert silent(server.endpoint, [b"\0\1" + error[2:] for error in errors], BYSTANDER) == []


@pytest.mark.parametrize("length", range(12))
def test_a11_less_than_a_header_is_not_answered(server: Resolute, length: int) -> None:
    assert (
        silent(server.endpoint, [b"\0" * length, b"\0\1" + b"\7" * (length - 2 if length > 2 else 0)], BYSTANDER) == []
    )

"""Attacks on the composing of messages, from the zone's side: A2 (lengths of names in data) and A3 (many names)."""

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from bench.peers import Resolute, Service
from bench.peers.resolute import COMMAND
from tests.asking import cpu_seconds, parse, query, rcode_of, receive_framed, send_framed, tcp, tcp_socket, udp
from tests.threats.conftest import ZONE

APEX = "long.test."
HEAD = f"$ORIGIN {APEX}\n$TTL 300\n@ SOA ns1 h 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n"
TYPES = {
    "CNAME": "{}",
    "DNAME": "{}",
    "PTR": "{}",
    "NS": "{}",
    "MX": "10 {}",
    "SRV": "1 2 3 {}",
    "SVCB": "1 {}",
    "HTTPS": "0 {}",
    "AFSDB": "1 {}",
    "RT": "1 {}",
    "KX": "1 {}",
    "NAPTR": '1 2 "u" "s" "" {}',
    "RP": "{} .",
    "PX": "1 . {}",
    "NSEC": "{} A",
}
"""Types whose data has a name, and how it is written."""


def name_of(length: int) -> str:
    """An absolute name of `length` bytes in a message, its last zero included, with labels of at most 63."""
    left, labels = length - 1, []
    while left:
        size = min(64, left if left != 65 else 63)
        labels.append("a" * (size - 1))
        left -= size
    return ".".join(labels) + "."


GOOD = {
    "name-254": name_of(254),
    "name-255": name_of(255),
    "label-63": "a" * 63 + ".test.",
    "labels-127": "a." * 127,
}
BAD = {
    "name-256": name_of(256),
    "name-257": name_of(257),
    "label-64": "a" * 64 + ".test.",
    "labels-128": "a." * 128,
    "relative": name_of(255 - len(APEX) + 1)[:-1],
}
"""The last one is too long with the origin that is added to it."""


def worst(kind: str, number: int) -> str:
    """The `number`th name of a set whose names have this in common with each other."""
    match kind:
        case "siblings":  # each a label before one suffix
            return f"n{number:04}.{APEX}"
        case "unrelated":  # nothing in common, so that every label is a new suffix
            return "".join(f"{letter}{number:04}." for letter in "abcdefgh")
        case "deep":  # 110 labels in common, and one before them
            return f"n{number:04}." + "a." * 110
        case _:  # as many labels as there can be, that differ in the last ones alone
            return "a." * 115 + f"{chr(97 + number // 26 % 26)}.{chr(97 + number % 26)}.{chr(97 + number // 676)}."


COUNTS = {"siblings": 2_950, "unrelated": 1_000, "deep": 2_500, "deep, unrelated": 250}
"""So that the message has as much as fits in 65,535 bytes, or in the last two cases as much as is plausible."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    folder: Path = tmp_path_factory.mktemp("composing")
    (folder / "victim.zone").write_text(ZONE)
    lengths = [
        f"{case}.{rdtype} {rdtype} {data.format(target)}"
        for case, target in GOOD.items()
        for rdtype, data in TYPES.items()
    ]
    many = [
        f"{kind.replace(', ', '-')} MX {number} {worst(kind, number)}"
        for kind, count in COUNTS.items()
        for number in range(count)
    ]
    (folder / "long.zone").write_text(HEAD + "\n".join([*lengths, *many]) + "\n")
    zones = {"victim.test.": folder / "victim.zone", APEX: folder / "long.zone"}
    with Resolute(Service(zones=zones, extra='[resolver]\nmode = "off"\n')) as resolute:
        yield resolute


# ------------------------------------------------------------------------------------------------ A2: lengths


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("rdtype", TYPES)
def test_a2_names_that_just_fit_are_served_whole(server: Resolute, rdtype: str, case: str) -> None:
    """RFC 1035 2.3.4: a name has 255 bytes at most, a label 63."""
    target = dns.name.from_text(GOOD[case])
    for ask in (udp, tcp):
        reply = parse(ask(server.endpoint, query(f"{case}.{rdtype}.{APEX}", dns.rdatatype.from_text(rdtype))))
        assert reply.rcode() == dns.rcode.NOERROR
        section = reply.authority if rdtype == "NS" else reply.answer  # below our zone: a referral
        assert target.to_text() in section[0][0].to_text()


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[tuple[str, str], int], str]:
    """Which line has which type and case, and what `resolute check` says of the file."""
    cases = list(itertools.product(TYPES, BAD))
    lines = [f"r{number} {rdtype} {TYPES[rdtype].format(BAD[case])}\n" for number, (rdtype, case) in enumerate(cases)]
    file = tmp_path_factory.mktemp("bad") / "bad.zone"
    file.write_text(HEAD + "".join(lines))
    command = [str(COMMAND), "check", "--zone", f"{APEX}={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    first = HEAD.count("\n") + 1
    return {case: first + number for number, case in enumerate(cases)}, done.stdout + done.stderr


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("rdtype", TYPES)
def test_a2_names_that_do_not_fit_are_errors_with_their_line(
    problems: tuple[dict[tuple[str, str], int], str], rdtype: str, case: str
) -> None:
    lines, said = problems
    assert f"bad.zone:{lines[rdtype, case]}:" in said


@pytest.mark.parametrize("case", BAD)
def test_a2_such_an_owner_is_an_error_too(tmp_path: Path, case: str) -> None:
    file = tmp_path / "bad.zone"
    file.write_text(f"{HEAD}{BAD[case]} A 192.0.2.1\n")
    command = [str(COMMAND), "check", "--zone", f"{APEX}={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert f"bad.zone:{HEAD.count(chr(10)) + 1}:" in done.stdout + done.stderr


# ------------------------------------------------------------------------------------------------ A3: many names


@pytest.mark.parametrize("kind", COUNTS)
def test_a3_the_worst_answer_is_valid_and_cheap(server: Resolute, kind: str) -> None:
    """Each query costs less than 5 ms of processor time, with the 64 kilobytes through TCP."""
    asked, times = query(f"{kind.replace(', ', '-')}.{APEX}", 15), 200
    wire = tcp(server.endpoint, asked)
    message: dns.message.Message = parse(wire)
    assert rcode_of(wire) == dns.rcode.NOERROR
    assert not message.flags & dns.flags.TC
    expected = {(number, dns.name.from_text(worst(kind, number))) for number in range(COUNTS[kind])}
    assert {(rdata.preference, rdata.exchange) for rdata in message.answer[0]} == expected
    before = cpu_seconds(server)
    with tcp_socket(server.endpoint) as sock:
        for _ in range(times):
            send_framed(sock, asked)
            assert len(receive_framed(sock)) == len(wire)
    assert (cpu_seconds(server) - before) / times < 5e-3


def test_a3_the_worst_answers_fill_a_message(server: Resolute) -> None:
    """Guards the test above."""
    sizes = {kind: len(tcp(server.endpoint, query(f"{kind}.{APEX}", 15))) for kind in ("siblings", "unrelated")}
    assert all(size > 55_000 for size in sizes.values()), sizes

"""Very large RRsets and very many types at a name: C14 of the catalogue. Answers stay whole or empty, and bounded."""

import struct
from collections.abc import Iterator
from pathlib import Path

import dns.rdatatype
import pytest

from bench.peers import Resolute, Service
from tests.asking import TC, flags_of, opt, parse, query, rcode_of, tcp, udp
from tests.threats.conftest import ZONE

RECORDS = 3_000
TYPES = 1_000
FIRST = 1_000
"""Types without a meaning (RFC 3597), from here on."""
KINDS = {
    "A": "10.{high}.{low}.1",
    "AAAA": "2001:db8::{number:x}",
    "TXT": "t{number}",
    "MX": "1 t{number}",
    "PTR": "t{number}",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    file: Path = tmp_path_factory.mktemp("many") / "victim.zone"
    records = (
        f"{kind}.many {kind} {data.format(number=number, high=number // 256, low=number % 256)}\n"
        for kind, data in KINDS.items()
        for number in range(RECORDS)
    )
    types = (f"types TYPE{FIRST + number} \\# 2 {number:04x}\n" for number in range(TYPES))
    file.write_text(ZONE + "".join(records) + "".join(types) + "types A 192.0.2.1\n")
    with Resolute(Service(zones={"victim.test.": file}, extra='[resolver]\nmode = "off"\n')) as resolute:
        yield resolute


@pytest.mark.parametrize("extra", [b"", opt(), opt(size=65_535)])
@pytest.mark.parametrize("kind", KINDS)
def test_c14_a_large_rrset_is_truncated_over_udp(server: Resolute, kind: str, extra: bytes) -> None:
    """RFC 2181 9: TC, and no part of the RRset that could be taken for it."""
    reply = udp(server.endpoint, query(f"{kind}.many.victim.test.", dns.rdatatype.from_text(kind), extra=extra))
    assert flags_of(reply) & TC
    assert not parse(reply).answer
    assert len(reply) <= 512


@pytest.mark.parametrize("kind", KINDS)
def test_c14_over_tcp_it_is_whole_or_truncated(server: Resolute, kind: str) -> None:
    """RFC 1035 4.2.2: 65,535 bytes at most. AAAA has 84,000."""
    reply = tcp(server.endpoint, query(f"{kind}.many.victim.test.", dns.rdatatype.from_text(kind)))
    if kind == "AAAA":
        assert flags_of(reply) & TC
        assert len(reply) <= 512
    else:
        assert len(parse(reply).answer[0]) == RECORDS


@pytest.mark.parametrize("number", [0, 1, TYPES // 2, TYPES - 1])
def test_c14_each_of_many_types_is_found(server: Resolute, number: int) -> None:
    reply = udp(server.endpoint, query("types.victim.test.", FIRST + number))
    assert rcode_of(reply) == 0
    assert reply.endswith(struct.pack("!HH", 2, number))
    assert int.from_bytes(reply[6:8]) == 1


@pytest.mark.parametrize("rdtype", [2, FIRST - 1, FIRST + TYPES, 65_280])
def test_c14_types_that_are_not_there(server: Resolute, rdtype: int) -> None:
    """RFC 2308 2.2: no data, the SOA."""
    message = parse(udp(server.endpoint, query("types.victim.test.", rdtype)))
    assert message.rcode() == 0
    assert not message.answer
    assert message.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("transport", [udp, tcp])
def test_c14_any_gets_one_rrset_of_many(server: Resolute, transport: object) -> None:
    """RFC 8482 4.1."""
    assert callable(transport)
    assert len(parse(transport(server.endpoint, query("types.victim.test.", 255, extra=opt()))).answer) == 1

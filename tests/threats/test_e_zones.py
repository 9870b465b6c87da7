"""What belongs to a zone stays in it: E5 (transfers to strangers) and E6 (the wrong zone wins) of the catalogue."""

import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.peers import Resolute, Service
from tests.asking import HEADER, opt, parse, query, question, rcode_of, record, tcp, udp
from tests.asking import name as wire_name
from tests.threats.conftest import ZONE

AXFR, IXFR, REFUSED = 252, 251, 5
HEAD = "@ 60 SOA ns1 h 1 1 1 1 60\n@ 60 NS ns1\nns1 60 A 192.0.2.53\n"


# ------------------------------------------------------------------------------------------------ E5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    file: Path = tmp_path_factory.mktemp("transfer") / "victim.zone"
    file.write_text(ZONE)
    with Resolute(Service(zones={"victim.test.": file}, extra='[resolver]\nmode = "off"\n')) as resolute:
        yield resolute


def ixfr(qname: str, serial: int) -> bytes:
    """RFC 1995 3: the client's SOA in the authority section."""
    soa = wire_name("ns1.victim.test.") + wire_name("h.victim.test.") + struct.pack("!5I", serial, 1, 1, 1, 1)
    return HEADER.pack(0x1234, 0, 1, 0, 1, 0) + question(qname, IXFR) + record(wire_name(qname), 6, soa)


TRANSFERS = {
    "AXFR": query("victim.test.", AXFR),
    "AXFR with EDNS": query("victim.test.", AXFR, extra=opt()),
    "AXFR of a name in the zone": query("www.victim.test.", AXFR),
    "AXFR of a zone that is not ours": query("elsewhere.test.", AXFR),
    "AXFR of the root": query(".", AXFR),
    "IXFR without a SOA": query("victim.test.", IXFR),
    "IXFR from an older serial": ixfr("victim.test.", 0),
    "IXFR from this serial": ixfr("victim.test.", 1),
    "IXFR from a newer serial": ixfr("victim.test.", 2),
}


@pytest.mark.parametrize("transport", [udp, tcp])
@pytest.mark.parametrize("kind", TRANSFERS)
def test_e5_no_zone_is_transferred(server: Resolute, kind: str, transport: object) -> None:
    """RFC 5936 5: access is for the operator to give, and nobody has been given any."""
    assert callable(transport)
    reply = transport(server.endpoint, TRANSFERS[kind])
    assert rcode_of(reply) == REFUSED
    message = parse(reply)
    assert [*message.answer, *message.authority, *message.additional] == []


# ------------------------------------------------------------------------------------------------ E6

NESTED = ["test.", "b.test.", "a.b.test.", "xa.b.test.", "b.test.test.", "x.a.b.test."]
"""Apexes that are suffixes of each other by labels, and some by letters alone."""
NAMES = [
    *(
        "a.b.test.",
        "y.a.b.test.",
        "x.a.b.test.",
        "y.x.a.b.test.",
        "xa.b.test.",
        "y.xa.b.test.",
        "yxa.b.test.",
        "b.test.",
    ),
    *("bb.test.", "y.b.test.", "ab.test.", "b.test.test.", "y.b.test.test.", "test.test.", "a.b.test.test.", "test."),
]


def by_labels(qname: str) -> str:
    """The zone for a name: RFC 1034 4.3.2 step 2, "the zone which is the nearest ancestor to QNAME"."""
    labels = qname.rstrip(".").split(".")
    suffixes = (".".join(labels[at:]) + "." for at in range(len(labels)))
    return next(suffix for suffix in suffixes if suffix in NESTED)


def in_zone(apex: str, qname: str) -> str:
    """Opposite contents: what exists in one zone does not in the next, and each zone says its own name."""
    return f'{qname} 60 TXT "{apex}"\n' if NESTED.index(apex) % 2 == 0 else ""


ORDERS = [NESTED, NESTED[::-1], *(list(itertools.permutations(NESTED))[at] for at in (97, 233, 411, 600))]
"""Some of the orders that the zones can be loaded in: as given, reversed, and mixed."""


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_e6_the_nearest_zone_answers_whatever_the_order(tmp_path: Path, order: Sequence[str]) -> None:
    zones = {}
    for apex in order:
        zones[apex] = tmp_path / f"{apex}zone"
        # In every zone stand all names below it, those of the zones below it too.
        inside = (qname for qname in NAMES if qname == apex or qname.endswith("." + apex))
        zones[apex].write_text(f"$ORIGIN {apex}\n{HEAD}" + "".join(in_zone(apex, qname) for qname in inside))
    with Resolute(Service(zones=zones, extra='[resolver]\nmode = "off"\n')) as server:
        for qname in NAMES:
            apex = by_labels(qname)
            message = parse(udp(server.endpoint, query(qname, 16)))
            if NESTED.index(apex) % 2 == 0:
                assert message.answer[0].to_text() == f'{qname} 60 IN TXT "{apex}"'
            else:
                assert not message.answer
                assert message.authority[0].name.to_text() == apex
        for qname in ("tes.", "btest.", "xtest."):
            assert rcode_of(udp(server.endpoint, query(qname, 16))) == REFUSED

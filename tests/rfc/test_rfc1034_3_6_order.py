"""RFC 1034 3.6: "The order of RRs in a set is not significant": fixed, each in turn first, or at random, by setting."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import pytest

from bench.peers import Resolute, Service
from tests.asking import RD, opt, parse, query, tcp, udp
from tests.faults.kit.upstream import Asked, Upstream, reply, rrset

COUNT = 5
MANY = 100
ZONE = "$ORIGIN rfc.test.\n@ 60 SOA ns1 h 1 1 1 1 1\n@ 60 NS ns1\nns1 60 A 192.0.2.53\nalias 60 CNAME www\n" + "".join(
    f"www 60 A 192.0.2.{n}\nwww 60 AAAA 2001:db8::{n}\n*.wild 60 A 192.0.2.{n}\n"
    f'@ 60 MX {n} mail{n}.some.where.\ntext 60 TXT "{"t" * n}"\n'
    for n in range(1, COUNT + 1)
)
ZONE += "".join(f"many 60 A 10.0.0.{n}\n" for n in range(MANY))
QUESTIONS = [
    *(("www.rfc.test.", 1), ("www.rfc.test.", 28), ("rfc.test.", 15), ("text.rfc.test.", 16)),
    *(("x.wild.rfc.test.", 1), ("alias.rfc.test.", 1), ("many.rfc.test.", 1)),
]


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file: Path = tmp_path_factory.mktemp("order") / "rfc.test.zone"
    file.write_text(ZONE)
    return file


@contextmanager
def ordered(zone: Path, order: str, upstream: Upstream | None = None) -> Iterator[Resolute]:
    """One worker: turns are taken by each."""
    forward = upstream.endpoint if upstream else None
    extra = f'[answers]\nrrset_order = "{order}"\n[limits]\nworkers = 1\n'
    with Resolute(Service(zones={"rfc.test.": zone}, forward=forward, extra=extra)) as server:
        yield server


def records(message: dns.message.Message) -> list[str]:
    """The last RRset of the answer, in its order."""
    return [rdata.to_text() for rdata in message.answer[-1]]


def ask(server: Resolute, qname: str, rdtype: int, *, extra: bytes = b"") -> list[str]:
    wire = query(qname, rdtype, flags=RD, extra=extra)
    return records(parse(tcp(server.endpoint, wire) if qname.startswith("many") else udp(server.endpoint, wire)))


def test_fixed_by_default(zone: Path) -> None:
    with Resolute(Service(zones={"rfc.test.": zone})) as server:
        for question in QUESTIONS:
            assert len({tuple(ask(server, *question)) for _ in range(10)}) == 1


def test_each_in_turn_is_first(zone: Path) -> None:
    """The questions come one after the other, and each takes its own turns; nothing else about the answer changes."""
    with ordered(zone, "cyclic") as server:
        found: dict[tuple[str, int], list[list[str]]] = {question: [] for question in QUESTIONS}
        for _ in range(MANY):
            for question in QUESTIONS:
                found[question].append(ask(server, *question))
    for lists in found.values():
        first = lists[0]
        for turn, rotated in enumerate(lists):
            at = turn % len(first)
            assert rotated == first[at:] + first[:at]


def test_at_random(zone: Path) -> None:
    with ordered(zone, "random") as server:
        for question in QUESTIONS[:-1]:
            lists = [ask(server, *question) for _ in range(200)]
            assert all(sorted(one) == sorted(lists[0]) for one in lists)
            for place in range(COUNT):  # a chance of 1e-18 that this fails
                assert len({one[place] for one in lists}) == COUNT
            assert len({tuple(one) for one in lists}) > 50
        lists = [ask(server, *QUESTIONS[-1]) for _ in range(50)]
        assert all(sorted(one) == sorted(lists[0]) for one in lists)
        assert len({one[0] for one in lists}) > 10


@pytest.mark.parametrize("order", ["cyclic", "random"])
@pytest.mark.parametrize("extra", [b"", opt(size=1232, ttl=0x8000)])
def test_answers_from_the_cache(zone: Path, order: str, extra: bytes) -> None:
    """Addresses change places; records with names, which other names may point into, stay."""
    answers = {
        "A": [rrset(f"www.elsewhere.test. 60 IN A 192.0.2.{n}") for n in range(1, COUNT + 1)],
        "AAAA": [rrset(f"www.elsewhere.test. 60 IN AAAA 2001:db8::{n}") for n in range(1, COUNT + 1)],
        "MX": [rrset(f"www.elsewhere.test. 60 IN MX {n} mail{n}.elsewhere.test.") for n in range(1, COUNT + 1)],
    }

    def respond(asked: Asked) -> list[bytes]:
        found = answers.get(asked.rtype, []) if asked.name == "www.elsewhere.test." else []
        cname = [rrset("alias.elsewhere.test. 60 IN CNAME www.elsewhere.test.")]
        if asked.name == "alias.elsewhere.test.":
            found = cname + answers.get(asked.rtype, [])
        return [reply(asked, *found)]

    with Upstream(respond) as upstream, ordered(zone, order, upstream) as server:
        for qname in ("www.elsewhere.test.", "alias.elsewhere.test."):
            for rdtype, kind in ((1, "A"), (28, "AAAA")):
                expected = sorted(one[0].to_text() for one in answers[kind])
                ask(server, qname, rdtype, extra=extra)
                lists = [ask(server, qname, rdtype, extra=extra) for _ in range(60)]
                assert all(sorted(one) == expected for one in lists)
                assert {one[0] for one in lists} == set(expected)
        expected = [one[0].to_text() for one in answers["MX"]]
        assert all(sorted(ask(server, "www.elsewhere.test.", 15)) == sorted(expected) for _ in range(10))
        assert len(upstream.questions("www.elsewhere.test.")) <= 3 + 2

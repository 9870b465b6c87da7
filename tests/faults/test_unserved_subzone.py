"""R4: a zone whose file does not hold, below a zone that is served: nobody else may answer for its names.

RFC 1034 4.3.2 step 2 asks for the nearest zone; the one above it does not know the names. BIND, Knot and NSD say
SERVFAIL.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers import Bind, Resolute, Service
from tests.faults.kit.asking import ask, rcode, reasons, wait_for

PARENT = """\
$TTL 300
@ SOA ns1 h 1 2 3 4 5
@ NS ns1
ns1 A 192.0.2.1
sub NS ns1.sub
ns1.sub A 192.0.2.2
al CNAME www.nodeleg
"""
BROKEN = "$TTL 300\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.300\n"
ASKED = [
    ("a.nodeleg.example.", "A"),
    ("nodeleg.example.", "SOA"),
    ("nodeleg.example.", "A"),
    ("a.sub.example.", "A"),
    ("sub.example.", "NS"),
]


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder: Path = tmp_path_factory.mktemp("zones")
    files = {"example.": PARENT, "nodeleg.example.": BROKEN, "sub.example.": BROKEN}
    for name, text in files.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in files}


@pytest.fixture(scope="module")
def server(zones: dict[str, Path]) -> Iterator[Resolute]:
    with Resolute(Service(zones=zones, extra='[resolver]\nmode = "off"\n')) as running:
        yield running


@pytest.mark.parametrize(("name", "rtype"), ASKED)
def test_names_of_it_get_servfail(server: Resolute, name: str, rtype: str) -> None:
    reply = ask(server.endpoint, name, rtype)
    assert rcode(reply) == "SERVFAIL"
    assert reasons(reply) == [24]  # RFC 8914 4.25, Invalid Data


@pytest.mark.parametrize(("name", "rtype"), ASKED)
def test_as_bind_does(zones: dict[str, Path], name: str, rtype: str) -> None:
    with Bind(Service(zones=zones)) as bind:
        assert rcode(ask(bind.endpoint, name, rtype)) == "SERVFAIL"


def test_its_parent_answers_for_ds(server: Resolute) -> None:
    """RFC 4035 3.1.4.1."""
    reply = ask(server.endpoint, "sub.example.", "DS")
    assert rcode(reply) == "NOERROR"
    assert [str(rrset.name) for rrset in reply.authority] == ["example."]


def test_a_chain_into_it_says_no_nxdomain(server: Resolute) -> None:
    reply = ask(server.endpoint, "al.example.", "A")
    assert rcode(reply) in {"NOERROR", "SERVFAIL"}
    assert [rrset.rdtype for rrset in reply.answer] == [5]
    assert not reply.authority


def test_it_is_served_once_it_holds(server: Resolute, zones: dict[str, Path]) -> None:
    zones["nodeleg.example."].write_text(BROKEN.replace("300\n", "3\n").replace("$TTL 3\n", "$TTL 300\n"))
    wait_for(lambda: rcode(ask(server.endpoint, "ns1.nodeleg.example.", "A")) == "NOERROR")
    assert rcode(ask(server.endpoint, "a.nodeleg.example.", "A")) == "NXDOMAIN"
    assert rcode(ask(server.endpoint, "a.sub.example.", "A")) == "SERVFAIL"

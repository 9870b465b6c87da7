"""The same zone file in Resolute and in NSD and BIND gives the same answers (RFC 1034 4.3.2, RFC 4592, RFC 6672)."""

from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
import pytest

from bench.peers import Bind, Endpoint, Nsd, Resolute, Server, Service
from bench.peers.server import probe

QUESTIONS = [
    ("hello.example.", "SOA"),
    ("hello.example.", "NS"),
    ("hello.example.", "MX"),
    ("hello.example.", "CAA"),  # NODATA at the apex
    ("web.hello.example.", "A"),
    ("web.hello.example.", "TXT"),
    ("WeB.hElLo.eXaMpLe.", "A"),  # RFC 4343
    ("www.hello.example.", "A"),  # CNAME within the zone
    ("www.hello.example.", "CNAME"),
    ("missing.hello.example.", "A"),
    ("x.wild.hello.example.", "A"),
    ("y.x.wild.hello.example.", "MX"),
    ("x.wild.hello.example.", "TXT"),  # NODATA of a wildcard
    ("wild.hello.example.", "A"),  # RFC 4592 2.2.2: an empty non-terminal
    ("empty.node.hello.example.", "A"),
    ("node.hello.example.", "A"),
    ("_dns._tcp.hello.example.", "SRV"),
    ("x.old.hello.example.", "A"),  # DNAME to a name that does not exist
    ("old.hello.example.", "DNAME"),
    ("child.hello.example.", "A"),  # a zone cut
    ("x.child.hello.example.", "A"),
    ("child.hello.example.", "NS"),
    ("ns.child.hello.example.", "A"),  # glue is not an answer
]


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory, zone_text: str) -> dict[str, Path]:
    path = tmp_path_factory.mktemp("zones") / "hello.zone"
    path.write_text(zone_text)
    return {"hello.example.": path}


@pytest.fixture(scope="module")
def ours(zones: dict[str, Path]) -> Iterator[Endpoint]:
    with Resolute(Service(zones=zones)) as server:
        yield server.endpoint


@pytest.fixture(scope="module", params=[Nsd, Bind])
def theirs(zones: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    kind: type[Server] = request.param
    with kind(Service(zones=zones)) as server:
        yield server.endpoint


@pytest.mark.parametrize(("qname", "rdtype"), QUESTIONS)
def test_same_answer(ours: Endpoint, theirs: Endpoint, qname: str, rdtype: str) -> None:
    assert content(probe(ours, qname, rdtype=rdtype)) == content(probe(theirs, qname, rdtype=rdtype))


def content(reply: dns.message.Message | None) -> object:
    """What must be equal: rcode, AA, the answer, and who is responsible where there is none.

    NS records beside an answer, and additional addresses, are each server's own choice (RFC 1034 4.3.2 step 6).
    """
    assert reply is not None
    authority = reply.authority if not reply.answer or reply.rcode() else []
    return reply.rcode(), bool(reply.flags & dns.flags.AA), texts(reply.answer), texts(authority)


def texts(section: list[dns.rrset.RRset]) -> list[tuple[str, int, list[str]]]:
    """The RRsets of a section: owner and type, TTL, and the records in one order."""
    return sorted(
        (f"{rrset.name.canonicalize()} {rrset.rdtype}", rrset.ttl, sorted(str(rdata) for rdata in rrset))
        for rrset in section
    )

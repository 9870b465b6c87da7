"""The peers that other tests compare with are what they should be: started, right, and gone afterwards."""

from pathlib import Path

import dns.flags
import dns.rcode
import pytest

from bench.peers import Bind, Dnsmasq, Knot, Nsd, PeerFailedError, PowerDns, PowerDnsRecursor, Server, Service, Unbound
from bench.peers.server import probe, process_tree

AUTHORITATIVE = [Bind, Knot, Nsd, PowerDns]
FORWARDING = [Bind, Dnsmasq, PowerDnsRecursor, Unbound]


@pytest.mark.parametrize("kind", AUTHORITATIVE)
def test_an_authoritative_peer_serves_the_zone_file(kind: type[Server], zone_file: Path) -> None:
    with kind(Service(zones={"hello.example.": zone_file})) as server:
        found = probe(server.endpoint, "x.wild.hello.example.", rdtype="A")
        missing = probe(server.endpoint, "missing.hello.example.", rdtype="A")
    assert found is not None
    assert missing is not None
    assert found.flags & dns.flags.AA
    assert [str(rdata) for rdata in found.answer[0]] == ["192.0.2.99"]
    assert missing.rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize("kind", FORWARDING)
def test_a_forwarding_peer_asks_its_upstream(kind: type[Server], zone_file: Path) -> None:
    zones = {"hello.example.": zone_file}
    with Nsd(Service(zones=zones)) as upstream, kind(Service(forward=upstream.endpoint)) as server:
        reply = probe(server.endpoint, "mail.hello.example.", rdtype="A", timeout_s=5)
    assert reply is not None
    assert reply.flags & dns.flags.RA
    assert [str(rdata) for rdata in reply.answer[0]] == ["192.0.2.25"]


@pytest.mark.parametrize("kind", AUTHORITATIVE)
def test_a_peer_leaves_nothing_behind(kind: type[Server], zone_file: Path) -> None:
    with kind(Service(zones={"hello.example.": zone_file})) as server:
        folder, processes = server.folder, process_tree(server.process.pid)
    assert not folder.exists()
    assert not [pid for pid in processes if Path(f"/proc/{pid}/exe").exists()]


def test_a_peer_that_cannot_start_shows_its_log(zone_file: Path) -> None:
    server = Nsd(Service(zones={"hello.example.": zone_file}, extra="no-such-clause:"))
    with pytest.raises(PeerFailedError, match=r"(?s)ended by itself.*nsd\.conf"):
        server.start()

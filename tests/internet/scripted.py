"""Name servers that a test plays: a Python function answers, at any address of the test Internet, over UDP and TCP.

    def respond(asked):    # runs in the test's process, in a thread for each question
        return [reply(asked, rrset("www.s0.zz. 60 IN A 192.0.2.1"))]    # packets, one after another; none: silence

    with internet.scripted(respond, "s0.zz.") as evil:
        ask(unbound, [Question("www.s0.zz.", "A")])
        assert evil.count("www.s0.zz.", "A") == 1

What `tests.faults.kit.upstream` has for upstreams is there for these, too: `reply`, `rrset`, `answering`, `silent`. A
delay is a `time.sleep`. `Asked` says from which address the question came, and to which.
"""

import socket
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.name
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec

from tests.faults.kit.upstream import Respond, Upstream
from tests.internet.network import Namespace
from tests.internet.signing import Key

BACKLOG = 64


class Scripted(Upstream):
    """Runs within `with`, at port 53 of the addresses. `respond` may be replaced at any time."""

    def __init__(self, network: Namespace, respond: Respond, addresses: Sequence[str]) -> None:
        super().__init__(respond)
        self.addresses = tuple(addresses)
        self._network = network

    def open_sockets(self) -> Iterator[tuple[socket.socket, socket.socket]]:
        """One pair for each address."""
        for address in self.addresses:
            at, family = (address, 53), socket.AF_INET6 if ":" in address else socket.AF_INET
            udp = self._network.open_socket(family, socket.SOCK_DGRAM, bind=at)
            yield udp, self._network.open_socket(family, socket.SOCK_STREAM, bind=at, backlog=BACKLOG)

    def count(self, name: str, rtype: str | None = None) -> int:
        """How often it was asked for a name, over any transport."""
        return len([asked for asked in self.questions(name) if rtype in (None, asked.rtype)])


def signed(rrset: dns.rrset.RRset, zone: str, key: Key) -> dns.rrset.RRset:
    """The signature of an RRset by a key of a played zone (`Internet.keys`); those are ECDSA P-256."""
    now = datetime.now(UTC)
    return dns.rrset.from_rdata(
        rrset.name,
        rrset.ttl,
        dns.dnssec.sign(
            rrset,
            _private(key),
            dns.name.from_text(zone),
            key.dnskey,
            inception=now - timedelta(days=1),
            expiration=now + timedelta(days=1),
        ),
    )


def dnskey(zone: str, key: Key) -> dns.rrset.RRset:
    """The DNSKEY RRset of a played zone."""
    return dns.rrset.from_rdata(dns.name.from_text(zone), 3600, key.dnskey)


def _private(key: Key) -> ec.EllipticCurvePrivateKey:
    """From the file of BIND's tools."""
    lines = key.private.read_text().splitlines()
    (secret,) = (line.removeprefix("PrivateKey: ") for line in lines if line.startswith("PrivateKey: "))
    return ec.derive_private_key(int.from_bytes(b64decode(secret)), ec.SECP256R1())

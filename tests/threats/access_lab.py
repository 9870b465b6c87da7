"""Run within a network namespace of its own: a server on every address, and clients of every kind; prints JSON.

    unshare --map-root-user --net python tests/threats/access_lab.py ZONE_FILE

The loopback device of the namespace has the addresses of all: 203.0.113.1, 198.51.100.77 and 2001:db8:5::1
(public-looking), 10.9.0.1 and fd00:9::1 (private, directly attached, with the neighbours 10.9.0.2 and fd00:9::2). A
forwarder on 127.0.0.1 answers everything.
"""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from bench.peers import Endpoint, Resolute, Service
from tests.asking import RD, query

ADDRESSES = [
    *("203.0.113.1/24", "198.51.100.77/32", "2001:db8:5::1/64"),
    *("10.9.0.1/24", "10.9.0.2/24", "fd00:9::1/64", "fd00:9::2/64"),
]
CLIENTS = {
    "loopback": ("127.0.0.1", "127.0.0.1"),
    "loopback, another address": ("127.9.9.9", "127.0.0.1"),
    "loopback v6": ("::1", "::1"),
    "private neighbour": ("10.9.0.2", "10.9.0.1"),
    "private neighbour v6": ("fd00:9::2", "fd00:9::1"),
    "public": ("203.0.113.1", "127.0.0.1"),
    "public, same network": ("203.0.113.1", "203.0.113.1"),
    "public, asks a private address": ("198.51.100.77", "10.9.0.1"),
    "public v6": ("2001:db8:5::1", "::1"),
}
QUESTIONS = {"ours": "www.victim.test.", "not ours": "www.elsewhere.test."}


def main(zone: Path) -> None:
    """Prints {client: {transport and question: [rcode, RA, answers]}} and how often the forwarder was asked."""
    for command in network():
        subprocess.run(command, check=True)
    asked: list[str] = []
    with socket.socket(type=socket.SOCK_DGRAM) as upstream:
        upstream.bind(("127.0.0.1", 0))
        threading.Thread(target=forwarder, args=(upstream, asked), daemon=True).start()
        service = Service(zones={"victim.test.": zone}, forward=Endpoint("127.0.0.1", upstream.getsockname()[1]))
        flags = ["--listen=0.0.0.0:5301", "--listen=[::]:5301"]
        with Resolute(service, flags=flags):
            outsiders = {who: ask_all(*CLIENTS[who]) for who in CLIENTS if who.startswith("public")}
            asked_for_outsiders = asked.count(QUESTIONS["not ours"])  # the server probes with the root's name
            insiders = {who: ask_all(*CLIENTS[who]) for who in CLIENTS if not who.startswith("public")}
    sys.stdout.write(json.dumps({"replies": outsiders | insiders, "asked for outsiders": asked_for_outsiders}))


def network() -> list[list[str]]:
    """The commands that make the addresses."""
    nodad = {address: ["nodad"] if ":" in address else [] for address in ADDRESSES}
    add = [["ip", "address", "add", address, "dev", "lo", *nodad[address]] for address in ADDRESSES]
    return [["ip", "link", "set", "lo", "up"], *add]


def ask_all(source: str, server: str) -> dict[str, tuple[str, bool, int]]:
    """Every question over every transport, from this address to that one."""
    said = {}
    for what, qname in QUESTIONS.items():
        wire = query(qname, flags=RD)
        for transport in ("udp", "tcp"):
            reply = dns.message.from_wire(
                udp(source, server, wire) if transport == "udp" else tcp(source, server, wire)
            )
            ra = bool(reply.flags & dns.flags.RA)
            said[f"{what} {transport}"] = (dns.rcode.to_text(reply.rcode()), ra, len(reply.answer))
    return said


def udp(source: str, server: str, wire: bytes) -> bytes:
    with socket.socket(family(server), socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.bind((source, 0))
        sock.connect((server, 5301))
        sock.send(wire)
        return sock.recv(65_535)


def tcp(source: str, server: str, wire: bytes) -> bytes:
    with socket.create_connection((server, 5301), timeout=5, source_address=(source, 0)) as sock:
        sock.sendall(len(wire).to_bytes(2) + wire)
        with sock.makefile("rb") as stream:
            return stream.read(int.from_bytes(stream.read(2)))


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def forwarder(upstream: socket.socket, asked: list[str]) -> None:
    """Answers every question with an address."""
    while True:
        wire, client = upstream.recvfrom(4096)
        question = dns.message.from_wire(wire)
        asked.append(str(question.question[0].name).lower())
        reply = dns.message.make_response(question, recursion_available=True)
        reply.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "A", "192.0.2.99"))
        upstream.sendto(reply.to_wire(), client)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

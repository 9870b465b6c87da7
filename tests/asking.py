"""How tests ask a server: bytes over UDP and TCP, with bounds on the time, and proofs that nothing came.

A test that expects silence sends the packet and then, from the same socket, a question that is answered (`fence`): the
fence's reply is the first to come, so nothing has to be waited for.
"""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rrset

from bench.peers import Endpoint, Server

TIMEOUT_S = 5.0
"""How long a reply may take before the test fails; no test waits this long when all is well."""
HEADER = struct.Struct("!HHHHHH")
QR = 0x8000
AA = 0x0400
TC = 0x0200
RD = 0x0100
RA = 0x0080
Z = 0x0040
AD = 0x0020
CD = 0x0010


def header(
    *, ident: int = 0x1234, flags: int = 0, counts: tuple[int, int, int, int] = (1, 0, 0, 0), opcode: int = 0
) -> bytes:
    """The twelve bytes of RFC 1035 4.1.1."""
    return HEADER.pack(ident, flags | opcode << 11, *counts)


def question(qname: str, rdtype: int = 1, rdclass: int = 1) -> bytes:
    """A question section entry (RFC 1035 4.1.2)."""
    return name(qname) + struct.pack("!HH", rdtype, rdclass)


def name(text: str) -> bytes:
    """A name as it stands in a message, without compression (RFC 1035 3.1)."""
    return b"".join(bytes([len(label)]) + label for label in dns.name.from_text(text).labels)


def query(
    qname: str, rdtype: int = 1, rdclass: int = 1, *, flags: int = 0, opcode: int = 0, extra: bytes = b""
) -> bytes:
    """A message with one question; `extra` is an additional section of one record."""
    return (
        header(flags=flags, opcode=opcode, counts=(1, 0, 0, 1 if extra else 0))
        + question(qname, rdtype, rdclass)
        + extra
    )


def numbered(ident: int, wire: bytes) -> bytes:
    """The message with another ID."""
    return ident.to_bytes(2) + wire[2:]


def opt(*, size: int = 1232, ttl: int = 0, options: bytes = b"", owner: bytes = b"\0") -> bytes:
    """An OPT record (RFC 6891 6.1.2); `ttl` holds the extended rcode, the version and the flags."""
    return owner + struct.pack("!HHIH", 41, size, ttl, len(options)) + options


def record(owner: bytes, rdtype: int, rdata: bytes, *, rdclass: int = 1, ttl: int = 0) -> bytes:
    """A resource record (RFC 1035 4.1.3)."""
    return owner + struct.pack("!HHIH", rdtype, rdclass, ttl, len(rdata)) + rdata


def option(code: int, data: bytes = b"") -> bytes:
    """An EDNS option (RFC 6891 6.1.2)."""
    return struct.pack("!HH", code, len(data)) + data


def udp(endpoint: Endpoint, wire: bytes) -> bytes:
    """The first reply. Raises TimeoutError when there is none."""
    return udp_all(endpoint, [wire])[0]


def udp_all(endpoint: Endpoint, wires: Sequence[bytes]) -> list[bytes]:
    """Sends every packet from one socket and returns as many replies as there are packets."""
    with udp_socket(endpoint) as sock:
        for wire in wires:
            sock.send(wire)
        return [sock.recv(65_535) for _ in wires]


def udp_socket(endpoint: Endpoint) -> socket.socket:
    """A socket that is connected to the server, so it takes replies from the address that was asked alone."""
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT_S)
    sock.connect((endpoint.host.strip("[]"), endpoint.port))
    return sock


def silent(endpoint: Endpoint, wires: Iterable[bytes], fence: bytes) -> list[bytes]:
    """What the server sends for these packets, which should be nothing: all that comes before the reply to `fence`."""
    with udp_socket(endpoint) as sock:
        for wire in wires:
            sock.send(wire)
        sock.send(fence)
        replies = []
        while (reply := sock.recv(65_535))[:2] != fence[:2]:
            replies.append(reply)
        return replies


def tcp(endpoint: Endpoint, wire: bytes) -> bytes:
    """The reply over a TCP connection of its own."""
    with tcp_socket(endpoint) as sock:
        send_framed(sock, wire)
        return receive_framed(sock)


def tcp_socket(endpoint: Endpoint) -> socket.socket:
    return socket.create_connection((endpoint.host.strip("[]"), endpoint.port), timeout=TIMEOUT_S)


def send_framed(sock: socket.socket, *wires: bytes) -> None:
    """Sends messages in one segment, each after its length (RFC 1035 4.2.2)."""
    sock.sendall(b"".join(struct.pack("!H", len(wire)) + wire for wire in wires))


def receive_framed(sock: socket.socket) -> bytes:
    """One message. Raises EOFError when the server closes instead."""
    (length,) = struct.unpack("!H", _receive_exactly(sock, 2))
    return _receive_exactly(sock, length)


def closed(sock: socket.socket) -> bool:
    """Whether the server closes the connection, after sending nothing more, within the time."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def parse(wire: bytes) -> dns.message.Message:
    """The message, all of it: bytes left over are an error."""
    return dns.message.from_wire(wire, ignore_trailing=False)


def flags_of(wire: bytes) -> int:
    """The second word of the header, without opcode and rcode."""
    return int.from_bytes(wire[2:4]) & ~0x780F


def opcode_of(wire: bytes) -> int:
    return wire[2] >> 3 & 15


def rcode_of(wire: bytes) -> int:
    """The four bits of the header, without an OPT record's."""
    return wire[3] & 15


def texts(section: list[dns.rrset.RRset]) -> frozenset[str]:
    """The records of a section as text, in lower case, as a set."""
    return frozenset(
        f"{rrset.name} {rrset.ttl} {rrset.rdtype.name} {rdata}".lower() for rrset in section for rdata in rrset
    )


def cpu_seconds(server: Server) -> float:
    """Processor time of its process so far, user and system."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sockets(server: Server) -> int:
    """How many sockets its process has open. Files come and go with what it keeps and follows."""
    return sum(1 for one in Path(f"/proc/{server.process.pid}/fd").iterdir() if _target(one).startswith("socket:"))


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


def wait_for(condition: Callable[[], bool], within_s: float = TIMEOUT_S) -> bool:
    """Whether it comes true within the time; asked again and again."""
    until = time.monotonic() + within_s
    while not (true := condition()) and time.monotonic() < until:
        time.sleep(0.01)
    return true


def _receive_exactly(sock: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = sock.recv(length - len(data))
        if not part:
            raise EOFError(f"closed after {len(data)} of {length} bytes")
        data += part
    return bytes(data)

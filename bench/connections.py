"""Asks each question over a TCP connection of its own: `python -m bench.connections HOST PORT FILE SECONDS`.

dnsperf can be told to (`num-queries-per-conn=1`), and then waits a tenth of a second for each connection. Prints its
counts in the words of dnsperf's report.
"""

import itertools
import socket
import struct
import sys
import time
from collections import Counter
from pathlib import Path

import dns.message
import dns.rcode

TIMEOUT_S = 5.0


def main() -> int:
    """Returns 0 when the time is up."""
    host, port, file, seconds = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])
    packets = [_packet(*line.split()) for line in itertools.islice(file.open(), 20_000)]
    sent, began, rcodes = 0, time.monotonic(), Counter[str]()
    for packet in itertools.cycle(packets):
        if time.monotonic() - began >= seconds:
            break
        sent += 1
        if reply := _ask((host, port), packet):
            rcodes[dns.rcode.to_text(dns.rcode.Rcode(reply[3] & 15))] += 1
    completed, took = rcodes.total(), time.monotonic() - began
    shares = ", ".join(f"{rcode} {count} ({count / completed:.2%})" for rcode, count in rcodes.items())
    print(f"Queries sent: {sent}\nQueries completed: {completed}\nQueries per second: {completed / took:f}")
    print(f"Response codes: {shares}")
    return 0


def _packet(qname: str, rdtype: str) -> bytes:
    wire = dns.message.make_query(qname, rdtype).to_wire()
    return struct.pack("!H", len(wire)) + wire


def _ask(server: tuple[str, int], packet: bytes) -> bytes:
    """The reply; empty when there was none."""
    with socket.socket() as tcp:
        tcp.settimeout(TIMEOUT_S)
        # Closed with RST: the port can be taken again at once.
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            tcp.connect(server)
            tcp.sendall(packet)
            return tcp.recv(65_537)[2:]
        except OSError:
            return b""


if __name__ == "__main__":
    sys.exit(main())

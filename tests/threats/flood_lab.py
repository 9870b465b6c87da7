"""Run within a network namespace of its own: floods of spoofed queries over a cable; prints JSON.

    unshare --map-root-user --net python -m tests.threats.flood_lab ZONE_FILE

The cable is that of veth_lab. At its other end every address of a few public networks of 256 is at home, so queries can
be sent from any of them as if they were spoofed. A flood comes from one such network; a real client lives in it too.
Sending uses UDP segmentation offload: one call makes forty datagrams.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.asking import TC, flags_of, opt, parse, query, receive_framed, send_framed
from tests.threats.veth_lab import Far, far_end, run

PORT = 5301
SERVER = ("10.9.0.1", PORT)
UDP_SEGMENT = 103
"""linux/udp.h; Python has no name for it."""
RATE, SECONDS, WARM_UP_S = 50_000, 3.0, 1.0
TOGETHER = 40
"""Datagrams of one call, all of one length."""
HEADERS = 20 + 8
"""Of IPv4 and UDP, which the victim gets too."""
EDNS = opt(size=1232)

KINDS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    # network, and the query of a number; the queries of a kind are of one length
    "one name": ("203.0.113", lambda _: query("any.victim.test.", 16, extra=EDNS)),
    "every name": ("198.51.100", lambda n: query(f"n{n % 2000:04}.victim.test.", 16, extra=EDNS)),
    "names of a wildcard": ("192.0.2", lambda n: query(f"x{n % 100_000:05}.wild.victim.test.", 16, extra=EDNS)),
    "names that are not there": ("198.18.1", lambda n: query(f"y{n % 100_000:05}.victim.test.", extra=EDNS)),
    "names that are not ours": ("198.18.2", lambda n: query(f"z{n % 100_000:05}.elsewhere.test.", extra=EDNS)),
}


def main(zone: Path) -> None:
    """Prints {kind: what was counted}."""
    found = {}
    with far_end("tests.threats.flood_lab") as far:
        for kind, (network, _) in KINDS.items():
            run(f"ip route add {network}.0/24 via 10.9.0.2")
            # a server for each flood, so that its counters are of this one alone
            with Resolute(Service(zones={"victim.test.": zone}), flags=[f"--listen=0.0.0.0:{PORT}"]) as server:
                found[kind] = flooded(server, far, kind)
    sys.stdout.write(json.dumps(found))


def flooded(server: Resolute, far: Far, kind: str) -> dict[str, object]:
    """What both ends counted of one flood."""
    said = far.call("flood", kind)
    assert isinstance(said, dict)
    counters = ControlClient(server.data).statistics()["plane"]
    replies = sum(count for name, count in counters.items() if name.startswith("replies_"))
    return said | {"whole": replies - counters["rate_limit_slipped"], "queries": counters["queries_udp"]}


# ------------------------------------------------------------------------------------------------ at the other end


def serve_far() -> None:
    """Does what it is told until its input ends."""
    for line in sys.stdin:
        what, *rest = json.loads(line)
        said: object = None
        if what == "network":
            run("ip link set lo up", "ip address add 10.9.0.2/24 dev far", "ip link set far up")
            run(*(f"ip route add local {network}.0/24 dev lo" for network, _ in KINDS.values()))
        elif what == "flood":
            said = flood(rest[0])
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


def flood(kind: str) -> dict[str, object]:
    """Floods the server from one network, and asks it as a real client of that network does meanwhile."""
    network, make = KINDS[kind]
    answered = {"tcp": 0, "udp": 0, "asked": 0}
    stop = threading.Event()
    clients = [threading.Thread(target=ask, args=(f"{network}.77", answered, stop), daemon=True)]
    socks = [sender(f"{network}.{number}", len(make(0))) for number in range(1, 9)]
    bursts = [b"".join(make(at * TOGETHER + number) for number in range(TOGETHER)) for at in range(250)]
    for client in clients:
        client.start()
    began = time.monotonic()
    sent = send(socks, bursts, WARM_UP_S)
    before = received()
    later = send(socks, bursts, SECONDS)
    time.sleep(0.1)  # replies under way
    bytes_out = received() - before
    seconds = time.monotonic() - began
    stop.set()
    for client in clients:
        client.join()
    query_bytes = len(make(0)) + HEADERS
    return {
        "sent": sent + later,
        "bytes in": later * query_bytes,
        "bytes out": bytes_out,
        "seconds": seconds,
        "client": answered,
    }


def sender(address: str, length: int) -> socket.socket:
    """A socket with an address of the flooding network, whose datagrams have this length."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, length)
    sock.bind((address, 0))
    sock.connect(SERVER)
    return sock


def send(socks: list[socket.socket], bursts: list[bytes], seconds: float) -> int:
    """Sends RATE queries a second for so long; how many."""
    began = time.monotonic()
    calls = 0
    while (passed := time.monotonic() - began) < seconds:
        if calls * TOGETHER > passed * RATE:
            time.sleep(0.0005)
            continue
        socks[calls % len(socks)].send(bursts[calls % len(bursts)])
        calls += 1
    return calls * TOGETHER


def received() -> int:
    """Bytes that came over the cable, without those of Ethernet."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    total, packets = next(line.split()[1:3] for line in lines if line.lstrip().startswith("far:"))
    return int(total) - 14 * int(packets)


def ask(address: str, answered: dict[str, int], stop: threading.Event) -> None:
    """A real client: over TCP with a connection for each question; and over UDP, with TCP after a truncated reply."""
    wire = query("any.victim.test.", 16)
    while not stop.is_set():
        answered["asked"] += 1
        answered["tcp"] += ask_tcp(address, wire)
        answered["udp"] += any(ask_udp(address, wire) for _ in range(10))
        time.sleep(0.02)


def ask_tcp(address: str, wire: bytes) -> bool:
    with socket.create_connection(SERVER, timeout=5, source_address=(address, 0)) as sock:
        send_framed(sock, wire)
        return bool(parse(receive_framed(sock)).answer)


def ask_udp(address: str, wire: bytes) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.1)
        sock.bind((address, 0))
        sock.connect(SERVER)
        sock.send(wire)
        try:
            reply = sock.recv(65_535)
        except TimeoutError:
            return False
    return ask_tcp(address, wire) if flags_of(reply) & TC else bool(parse(reply).answer)


if __name__ == "__main__":
    if sys.argv[1] == "--far":
        serve_far()
    else:
        main(Path(sys.argv[1]))

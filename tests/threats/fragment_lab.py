"""Run within a network namespace of its own: large replies over a path of a small MTU; prints JSON.

    unshare --map-root-user --net python -m tests.threats.fragment_lab ZONE_FILE

A route with an MTU of 576 stands for what a forged "fragmentation needed" leaves in the kernel.
"""

import json
import socket
import sys
from pathlib import Path

from bench.peers import Endpoint, Resolute, Service
from tests.asking import opt, query, udp
from tests.threats.veth_lab import run

QUESTIONS = 20


def fragments() -> int:
    """How many fragments this namespace has made."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:"))
    return int(values[names.index("FragCreates")])


def main(zone: Path) -> None:
    """Prints the lengths of the replies, and how many fragments were made."""
    run("ip link set lo up")
    run("ip route replace table local local 127.0.0.0/8 dev lo mtu 576")
    run("ip route replace table local local 127.0.0.1 dev lo mtu 576")
    settings = '[resolver]\nmode = "off"\n'
    with Resolute(Service(zones={"victim.test.": zone}, extra=settings)) as server:
        before = fragments()
        asked = query("big.victim.test.", 16, extra=opt(size=1232))
        replies = [len(udp(Endpoint("127.0.0.1", server.endpoint.port), asked)) for _ in range(QUESTIONS)]
        found = {"replies": replies, "fragments": fragments() - before, "of another": of_another()}
        print(json.dumps(found))  # noqa: T201


def of_another() -> int:
    """The fragments of a program that does not mind: shows that the path is such a one."""
    before = fragments()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(bytes(1_100), ("127.0.0.1", 9))
    return fragments() - before


if __name__ == "__main__":
    main(Path(sys.argv[1]))

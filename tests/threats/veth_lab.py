"""Run within a network namespace of its own: a server, and clients behind a cable (veth); prints JSON.

    unshare --map-root-user --net python -m tests.threats.veth_lab ZONE_FILE

The other end of the cable is in a namespace that this program makes. The server has 10.9.0.1/24 and fd00:9::1/64 on its
end; everything else is routed over the cable to the other end, which has the addresses of the clients: a neighbour in
each of the two networks, private addresses of networks that are not attached, and public ones. The program at the other
end reads one request a line on its standard input, and answers with one line.
"""

import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers import Endpoint, Resolute, Service
from tests.asking import HEADER, QR, query, question
from tests.faults.kit.upstream import Upstream, rrset
from tests.faults.kit.upstream import reply as upstream_reply
from tests.threats.access_lab import ask_all

PORT = 5301
HERE = ["10.9.0.1/24", "fd00:9::1/64"]
FAR = [
    *("10.9.0.2/24", "10.77.0.1/32", "192.168.200.9/32", "172.16.5.5/32", "100.64.0.9/32", "203.0.113.9/32"),
    *("fd00:9::2/64", "fd00:77::1/128", "2001:db8:5::9/128"),
]
CLIENTS = {
    "neighbour": ("10.9.0.2", "10.9.0.1"),
    "10/8, elsewhere": ("10.77.0.1", "10.9.0.1"),
    "192.168/16, elsewhere": ("192.168.200.9", "10.9.0.1"),
    "172.16/12, elsewhere": ("172.16.5.5", "10.9.0.1"),
    "shared address space": ("100.64.0.9", "10.9.0.1"),
    "public": ("203.0.113.9", "10.9.0.1"),
    "neighbour v6": ("fd00:9::2", "fd00:9::1"),
    "unique local, elsewhere": ("fd00:77::1", "fd00:9::1"),
    "public v6": ("2001:db8:5::9", "fd00:9::1"),
}
LOCAL = {"loopback": ("127.0.0.1", "127.0.0.1"), "loopback v6": ("::1", "::1")}
SETTINGS = {
    "default": [],
    "prefix": ["--allow-recursion=10.77.0.0/16"],
    "none": ["--allow-recursion=none"],
    "any": ["--allow-recursion=any"],
}
WWW = "www.victim.test."


def main(zone: Path) -> None:
    """Prints {"access": {setting: {client: {question and transport: reply}}}, "packets": {kind: packets out}}."""
    found: dict[str, object] = {}
    packets: dict[str, object] = {}
    with (
        far_end() as far,
        Upstream(lambda asked: [upstream_reply(asked, rrset(f"{asked.name} 60 IN A 192.0.2.99"))]) as up,
    ):
        service = Service(zones={"victim.test.": zone}, forward=Endpoint("127.0.0.1", up.endpoint.port))
        for setting, flags in SETTINGS.items():
            with Resolute(service, flags=[f"--listen=0.0.0.0:{PORT}", f"--listen=[::]:{PORT}", *flags]):
                said: dict[str, object] = {who: ask_all(*addresses) for who, addresses in LOCAL.items()}
                said |= {who: far.call("ask", *addresses) for who, addresses in CLIENTS.items()}
                found[setting] = said
                if setting == "default":
                    packets = {kind: far.call("inject", kind) for kind in RAW}
    sys.stdout.write(json.dumps({"access": found, "packets": packets}))


class Far:
    """The program at the other end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def call(self, *request: str) -> object:
        """One request, and what it gave."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def far_end(module: str = "tests.threats.veth_lab") -> Iterator[Far]:
    """The cable, and the namespace and the program at its other end; all ends with this one."""
    command = ["unshare", "--net", sys.executable, "-m", module, "--far"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        far = Far(process)
        far.call("ready")  # from now on it is in its namespace
        run(
            "ip link set lo up",
            f"ip link add near type veth peer name far netns {process.pid}",
            *(f"ip address add {address} dev near nodad" for address in HERE),
            "ip link set near up",
        )
        far.call("network")
        run("ip route add default via 10.9.0.2", "ip -6 route add default via fd00:9::2")
        yield far
        assert process.stdin is not None
        process.stdin.close()


def run(*commands: str) -> None:
    """Each in turn; addresses of IPv4 have no duplicates to detect."""
    for command in commands:
        words = [word for word in command.split() if word != "nodad" or ":" in command]
        subprocess.run(words, check=True)


# ------------------------------------------------------------------------------------------------ at the other end


def serve_far() -> None:
    """Does what it is told until its input ends."""
    for line in sys.stdin:
        what, *rest = json.loads(line)
        said: object = None
        if what == "network":
            addresses = (f"ip address add {address} dev far nodad" for address in FAR)
            run("ip link set lo up", *addresses, "ip link set far up")
        elif what == "ask":
            said = ask_all(*rest)
        elif what == "inject":
            said = inject(rest[0])
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


def responses() -> Iterator[bytes]:
    """QR=1 with every opcode and rcode, alone and with a question."""
    for opcode in range(16):
        for rcode in range(16):
            word = QR | opcode << 11 | rcode
            yield HEADER.pack(1, word, 0, 0, 0, 0)
            yield HEADER.pack(1, word, 1, 0, 0, 0) + question(WWW)


def queries() -> list[bytes]:
    """What gets a reply from any other port: answers and errors."""
    return [
        query(WWW),
        query("www.elsewhere.test."),
        query("www.elsewhere.test.", flags=0x0100),
        query(WWW, opcode=9),
        HEADER.pack(1, 0, 1, 0, 0, 0) + b"\xc0\x0c",
        b"\0" * 12,
        b"\0" * 5,
    ]


RAW = {
    "responses from port 53": (53, list(responses())),
    "responses from port 0": (0, list(responses())),
    "queries from port 0": (0, queries()),
    "a query from port 53": (53, [query(WWW)]),
}


def inject(kind: str) -> int:
    """Sends these packets, then a question as a fence, and counts the packets of the server before that one's reply."""
    port, packets = RAW[kind]
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as wire,
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw,
        socket.socket(type=socket.SOCK_DGRAM) as fence,
    ):
        wire.bind(("far", 0x0800))
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        for payload in packets:
            # A checksum of zero: none (RFC 768).
            raw.sendto(struct.pack("!HHHH", port, PORT, 8 + len(payload), 0) + payload, ("10.9.0.1", 0))
        time.sleep(0.2)  # other workers of the server may be behind the one that gets the fence
        fence.bind(("10.9.0.2", 0))
        fence.settimeout(5)
        fence.sendto(query(WWW), ("10.9.0.1", PORT))
        fence.recv(4096)
        return count_from_server(wire, fence.getsockname()[1])


def count_from_server(wire: socket.socket, fence_port: int) -> int:
    """How many UDP packets came from the server until the reply to the fence."""
    wire.settimeout(5)
    count = 0
    while True:
        packet, (_, _, kind, *_rest) = wire.recvfrom(65_535)
        if kind == socket.PACKET_OUTGOING or packet[9] != socket.IPPROTO_UDP:
            continue
        start = (packet[0] & 15) * 4
        source, target = struct.unpack_from("!HH", packet, start)
        if source == PORT and target == fence_port:
            return count
        count += 1


if __name__ == "__main__":
    if sys.argv[1] == "--far":
        serve_far()
    else:
        main(Path(sys.argv[1]))

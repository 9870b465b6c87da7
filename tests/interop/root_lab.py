"""Run within a network namespace of its own: a small Internet of real servers, and resolvers that begin at its root.

    unshare --map-root-user --net python -m tests.interop.root_lab FOLDER

NSD is two root servers, with the addresses of real ones, BIND the TLD `test.`, Knot and another NSD the zones below it.
Resolute, Unbound and BIND resolve the same questions, each with the same root hints. Prints JSON.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset

from bench.peers import Bind, Endpoint, Knot, Nsd, Resolute, Server, Service, Unbound
from resolute.node.client import ControlClient

ROOTS = ("198.41.0.4", "193.0.14.129", "2001:7fd::1")
TLD = "192.5.6.30"
EXAMPLE = "203.0.113.10"
OTHER = "203.0.113.20"
DEAD = "203.0.113.66"
ADDRESSES = (*ROOTS, TLD, EXAMPLE, OTHER, DEAD)

HEAD = "$TTL 3600\n@ IN SOA ns.{origin} hostmaster.{origin} 1 7200 3600 86400 300\n"
ZONES = {
    ".": "@ 518400 NS a.root-servers.net.\n@ 518400 NS k.root-servers.net.\n"
    f"a.root-servers.net. A {ROOTS[0]}\nk.root-servers.net. A {ROOTS[1]}\nk.root-servers.net. AAAA {ROOTS[2]}\n"
    f"test. 172800 NS a.nic.test.\na.nic.test. 172800 A {TLD}\n",
    "test.": f"@ NS a.nic\na.nic A {TLD}\nexample 900 NS ns1.example\nexample 900 NS ns2.example\n"
    f"ns1.example A {EXAMPLE}\nns2.example A {OTHER}\nother NS ns.other\nns.other A {OTHER}\n"
    "glueless NS ns2.other\nglueless NS ns3.other\nlame NS ns.other\n"
    f"half NS ns.half\nhalf NS ns-dead.half\nns.half A {OTHER}\nns-dead.half A {DEAD}\n"
    "one NS ns.two\ntwo NS ns.one\nsilent NS ns.silent\n" + f"ns.silent A {DEAD}\n",
    "example.test.": f"@ NS ns1\n@ NS ns2\nns1 A {EXAMPLE}\nns2 A {OTHER}\n@ MX 10 mail\nmail A 192.0.2.25\n"
    "www 300 A 192.0.2.1\nwww AAAA 2001:db8::1\nalias CNAME www\nout CNAME www.other.test.\n"
    "chain CNAME back.other.test.\ntree DNAME other.test.\ngone CNAME missing.other.test.\nloop CNAME pool\n"
    "pool CNAME loop\na.b.c.d TXT deep\n*.wild A 192.0.2.9\n_sip._tcp SRV 1 2 5060 www\nbig TXT "
    + " ".join(f'"{"x" * 200}"' for _ in range(15))
    + "\nsub NS ns.sub\n"
    + f"ns.sub A {OTHER}\n",
    "other.test.": f"@ NS ns\nns A {OTHER}\nns2 A {OTHER}\nns3 A {OTHER}\nwww 120 A 192.0.2.5\n"
    "back CNAME www.example.test.\n",
    "glueless.test.": "@ NS ns2.other.test.\nwww A 192.0.2.6\n",
    "half.test.": f"@ NS ns\n@ NS ns-dead\nns A {OTHER}\nns-dead A {DEAD}\nwww A 192.0.2.7\n",
    "sub.example.test.": f"@ NS ns\nns A {OTHER}\nwww A 192.0.2.8\n",
}
QUESTIONS = (
    *("www.example.test. A", "www.example.test. AAAA", "www.example.test. TXT", "example.test. MX", "example.test. NS"),
    *("alias.example.test. A", "out.example.test. A", "out.example.test. AAAA", "chain.example.test. A"),
    *("www.tree.example.test. A", "missing.tree.example.test. A", "gone.example.test. A", "a.b.c.d.example.test. TXT"),
    *("c.d.example.test. A", "x.wild.example.test. A", "_sip._tcp.example.test. SRV", "big.example.test. TXT"),
    *("missing.example.test. A", "www.glueless.test. A", "www.half.test. A", "www.sub.example.test. A"),
    *("sub.example.test. DS", "example.test. DS", "test. NS", ". NS", "missing. A", ". SOA", "a.nic.test. A"),
)
FAILURES = ("www.lame.test. A", "www.one.test. A", "www.silent.test. A", "loop.example.test. A")


class RecursiveUnbound(Unbound):
    """Unbound that begins at the root."""

    def arguments(self) -> list[str]:
        """`Service.extra` is the file of hints."""
        text = (
            f'server:\n  interface: {self.endpoint.host}\n  port: {self.endpoint.port}\n  username: ""\n  chroot: ""\n'
            f'  directory: "{self.folder}"\n  pidfile: ""\n  use-syslog: no\n  module-config: "iterator"\n'
            f'  access-control: 127.0.0.0/8 allow\n  local-zone: "test." nodefault\n'
            f'  root-hints: "{self.service.extra}"\nremote-control:\n  control-enable: no\n'
        )
        return ["-d", "-c", str(self.write("unbound.conf", text))]


class RecursiveBind(Bind):
    """BIND that begins at the root."""

    def arguments(self) -> list[str]:
        """`Service.extra` is the file of hints."""
        text = (
            f'options {{ directory "{self.folder}"; listen-on port {self.endpoint.port} {{ {self.endpoint.host}; }};\n'
            "listen-on-v6 { none; }; pid-file none; session-keyfile none; dnssec-validation no; recursion yes;\n"
            "empty-zones-enable no; allow-recursion { 127.0.0.0/8; }; };\ncontrols { };\n"
            f'zone "." {{ type hint; file "{self.service.extra}"; }};\n'
        )
        return ["-f", "-n", "1", "-c", str(self.write("named.conf", text))]


def main(folder: Path) -> None:
    """Prints {"answers": {question: {resolver: reply}}, "failures": {question: reply}, "cuts", "servers", ...}."""
    network()
    hints = folder / "root.hints"
    hints.write_text(
        f". 3600000 NS A.ROOT-SERVERS.NET.\n. 3600000 NS K.ROOT-SERVERS.NET.\n"
        f"A.ROOT-SERVERS.NET. 3600000 A {ROOTS[0]}\n"
        f"K.ROOT-SERVERS.NET. 3600000 A {ROOTS[1]}\nK.ROOT-SERVERS.NET. 3600000 AAAA {ROOTS[2]}\n"
    )
    with authorities(folder), socket.socket(type=socket.SOCK_DGRAM) as dead, ExitStack() as stack:
        dead.bind((DEAD, 53))  # it takes questions and says nothing
        extra = f'[resolver]\nroot_hints = "{hints}"\n'
        ours = stack.enter_context(Resolute(Service(extra=extra)))
        resolvers: dict[str, Server] = {
            "resolute": ours,
            "unbound": stack.enter_context(RecursiveUnbound(Service(extra=str(hints)))),
            "bind": stack.enter_context(RecursiveBind(Service(extra=str(hints)))),
        }
        answers = {
            question: {name: said(resolver.endpoint, question) for name, resolver in resolvers.items()}
            for question in QUESTIONS
        }
        failures = {question: said(ours.endpoint, question) for question in FAILURES}
        control = ControlClient(ours.data)
        found = {
            "answers": answers,
            "failures": failures,
            "cuts": control.cuts()["cuts"],
            "servers": control.servers()["servers"],
            "explain": control.explain("out.example.test")["steps"],
            "trace": json.loads(command(folder, hints, "query", "--trace", "--json", "www.glueless.test")),
            "shown": command(folder, hints, "cache", "cuts", "example.test", f"--data={ours.data}"),
            "asked": command(folder, hints, "cache", "servers", f"--data={ours.data}"),
        }
    sys.stdout.write(json.dumps(found))


def command(folder: Path, hints: Path, *words: str) -> str:
    """What a command of the command line prints."""
    (folder / "resolute.toml").write_text(f'[resolver]\nroot_hints = "{hints.name}"\n')
    line = [sys.executable, "-m", "resolute", *words, f"--config={folder / 'resolute.toml'}"]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


@contextmanager
def authorities(folder: Path) -> Iterator[None]:
    """The servers of all zones, running."""
    with ExitStack() as stack:
        for server, address, zones in (
            (Nsd, ROOTS[0], (".",)),
            (Bind, TLD, ("test.",)),
            (Knot, EXAMPLE, ("example.test.",)),
            (Nsd, OTHER, ("other.test.", "example.test.", "glueless.test.", "half.test.", "sub.example.test.")),
        ):
            more = "".join(f"server:\n    ip-address: {one}\n" for one in ROOTS[1:]) if address == ROOTS[0] else ""
            made = server(Service(zones={zone: written(folder, zone) for zone in zones}, extra=more))
            made.endpoint = Endpoint(address, 53)
            stack.enter_context(made)
        yield


def written(folder: Path, zone: str) -> Path:
    """A zone's file."""
    file = folder / f"zone-{zone.strip('.') or 'root'}"
    file.write_text(HEAD.format(origin=zone if zone != "." else "root-servers.net.") + ZONES[zone])
    return file


def network() -> None:
    """All addresses are on loopback; nothing else is there."""
    addresses = (f"ip address add {one}/{128 if ':' in one else 32} dev lo" for one in ADDRESSES)
    for command in ("ip link set lo up", *addresses):
        subprocess.run(command.split(), check=True)


def said(endpoint: Endpoint, question: str) -> dict[str, object]:
    """A resolver's answer, without what may differ: TTLs, order, letter case."""
    name, rtype = question.split()
    query = dns.message.make_query(name, rtype, use_edns=0)
    reply = dns.query.udp_with_fallback(query, endpoint.host, 8, endpoint.port)[0]
    return {
        "rcode": dns.rcode.to_text(reply.rcode()),
        "ra": bool(reply.flags & dns.flags.RA),
        "answer": records(reply.answer),
        "negative": sorted(str(one.name).lower() for one in reply.authority if one.rdtype.name == "SOA"),
        "errors": [[int(one.code), one.text or ""] for one in reply.extended_errors()],
    }


def records(section: list[dns.rrset.RRset]) -> list[str]:
    """Each record, but for its TTL."""
    return sorted(f"{rrset.name} {rrset.rdtype.name} {record}".lower() for rrset in section for record in rrset)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

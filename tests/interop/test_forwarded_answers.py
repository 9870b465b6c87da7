"""What a reply looks like whose records come from an upstream, in whole or behind an alias of ours (RFC 6604)."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from bench.peers import Endpoint, Knot, Nsd, Resolute, Server, Service
from tests.asking import (
    AA,
    AD,
    CD,
    RA,
    RD,
    TC,
    flags_of,
    opt,
    parse,
    query,
    receive_framed,
    send_framed,
    tcp,
    tcp_socket,
    udp,
    udp_socket,
)
from tests.faults.kit.upstream import Asked, Upstream, reply, rrset

A, TXT = 1, 16
THEIRS = "$ORIGIN theirs.test.\n$TTL 300\n@ SOA ns1 h 7 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n" + "".join(
    [
        "www A 192.0.2.80\nalias CNAME www\nout CNAME missing\n",
        *(f'big TXT "{"b" * 200}{number:03}"\n' for number in range(30)),
    ]
)
OURS = (
    "$ORIGIN ours.test.\n$TTL 300\n@ SOA ns1 h 9 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.54\n"
    + "".join(f"to-{target} CNAME {target}.theirs.test.\n" for target in ("www", "alias", "missing", "out", "big"))
    + "chain CNAME to-www\n*.wild CNAME www.theirs.test.\nd DNAME theirs.test.\n"
)
OUTSIDER = "127.0.0.2"
both_transports = pytest.mark.parametrize("ask", [udp, tcp])
Ask = Callable[[Endpoint, bytes], bytes]


@contextmanager
def resolute(folder: Path, upstream: Endpoint, *flags: str) -> Iterator[Endpoint]:
    (folder / "ours.zone").write_text(OURS)
    service = Service(zones={"ours.test.": folder / "ours.zone"}, forward=upstream)
    with Resolute(service, flags=["--allow-recursion=127.0.0.1", *flags]) as running:
        yield running.endpoint


@pytest.fixture(scope="module", params=[Nsd, Knot])
def authority(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An authoritative server that knows theirs.test., to which is forwarded."""
    kind: type[Server] = request.param
    zone = tmp_path_factory.mktemp("theirs") / "theirs.zone"
    zone.write_text(THEIRS)
    with kind(Service(zones={"theirs.test.": zone})) as running:
        yield running.endpoint


@pytest.fixture(scope="module")
def server(authority: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """Only 127.0.0.1 may recurse."""
    with resolute(tmp_path_factory.mktemp("ours"), authority) as endpoint:
        yield endpoint


def asked_by_outsider(server: Endpoint, wire: bytes, transport: str) -> bytes:
    if transport == "udp":
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.bind((OUTSIDER, 0))
            sock.sendto(wire, (server.host, server.port))
            return sock.recv(65_535)
    with socket.create_connection((server.host, server.port), 5, source_address=(OUTSIDER, 0)) as sock:
        send_framed(sock, wire)
        return receive_framed(sock)


# ------------------------------------------------------------------------------------------------------ the header


@both_transports
@pytest.mark.parametrize("qname", ["www", "alias", "missing", "ns1"])
def test_the_flags_of_a_forwarded_answer(server: Endpoint, ask: Ask, qname: str) -> None:
    """RFC 1035 4.1.1, RFC 4035 3.2.2 and 3.2.3: RD and CD are those of the query, RA is set, AD is not, nor AA."""
    for flags in (RD, RD | CD, RD | AD, RD | AD | CD):
        for extra in (b"", opt(), opt(ttl=0x8000)):
            for _ in ("from upstream", "from the cache"):
                got = ask(server, query(f"{qname}.theirs.test.", flags=flags, extra=extra))
                assert flags_of(got) & (RD | CD | RA | AD | AA | TC) == (flags & (RD | CD)) | RA
                assert parse(got).rcode() == (dns.rcode.NXDOMAIN if qname == "missing" else dns.rcode.NOERROR)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_who_may_not_recurse_gets_no_ra(server: Endpoint, transport: str) -> None:
    for flags in (RD, RD | CD, RD | AD):
        for qname, rcode in {"www.theirs.test.": "REFUSED", "ns1.ours.test.": "NOERROR"}.items():
            udp(server, query(qname, flags=RD))  # it is in the cache, which changes nothing
            got = asked_by_outsider(server, query(qname, flags=flags), transport)
            assert flags_of(got) & (RA | AD) == 0
            assert flags_of(got) & RD
            assert dns.rcode.to_text(parse(got).rcode()) == rcode


@pytest.mark.parametrize("qname", ["www.theirs.test.", "ns1.ours.test.", "missing.ours.test.", "to-www.ours.test."])
def test_ra_is_for_the_client_whether_it_asks_for_recursion_or_not(server: Endpoint, qname: str) -> None:
    """RFC 1035 4.1.1: RA says what can be had, not what was asked for."""
    for flags in (0, RD):
        assert flags_of(udp(server, query(qname, flags=flags))) & RA


@both_transports
def test_ad_of_an_upstream_is_not_passed_on(tmp_path: Path, ask: Ask) -> None:
    """RFC 6840 5.8: AD is a statement of ours, and nothing was validated here."""

    def respond(asked: Asked) -> list[bytes]:
        wire = bytearray(reply(asked, rrset(f"{asked.name} 300 IN A 192.0.2.1")))
        wire[3] |= AD
        return [bytes(wire)]

    with Upstream(respond) as upstream, resolute(tmp_path, upstream.endpoint) as server:
        for qname in ("signed.test.", "to-www.ours.test."):
            for flags in (RD, RD | AD, RD | AD | CD):
                for extra in (b"", opt(ttl=0x8000)):
                    for _ in ("from upstream", "from the cache"):
                        got = ask(server, query(qname, flags=flags, extra=extra))
                        assert parse(got).answer
                        assert not flags_of(got) & AD


# --------------------------------------------------------------------------------- an alias of ours that leads outside

ALIASES = {
    "to-www": (["to-www.ours.test. CNAME www.theirs.test.", "www.theirs.test. A 192.0.2.80"], "NOERROR"),
    "chain": (
        [
            "chain.ours.test. CNAME to-www.ours.test.",
            "to-www.ours.test. CNAME www.theirs.test.",
            "www.theirs.test. A 192.0.2.80",
        ],
        "NOERROR",
    ),
    "to-alias": (
        [
            "to-alias.ours.test. CNAME alias.theirs.test.",
            "alias.theirs.test. CNAME www.theirs.test.",
            "www.theirs.test. A 192.0.2.80",
        ],
        "NOERROR",
    ),
    "x.wild": (["x.wild.ours.test. CNAME www.theirs.test.", "www.theirs.test. A 192.0.2.80"], "NOERROR"),
    "www.d": (
        [
            "d.ours.test. DNAME theirs.test.",
            "www.d.ours.test. CNAME www.theirs.test.",
            "www.theirs.test. A 192.0.2.80",
        ],
        "NOERROR",
    ),
    "to-missing": (["to-missing.ours.test. CNAME missing.theirs.test."], "NXDOMAIN"),
    "to-out": (
        ["to-out.ours.test. CNAME out.theirs.test.", "out.theirs.test. CNAME missing.theirs.test."],
        "NXDOMAIN",
    ),
    "to-big": (["to-big.ours.test. CNAME big.theirs.test."], "NOERROR"),
}
"""Each alias, asked for its address: the answer section in its order, and the rcode."""


def lines(message: dns.message.Message) -> list[str]:
    return [f"{rr.name} {rr.rdtype.name} {rdata}" for rr in message.answer for rdata in rr]


@both_transports
@pytest.mark.parametrize("alias", ALIASES)
def test_the_reply_has_the_alias_and_what_it_leads_to(server: Endpoint, ask: Ask, alias: str) -> None:
    """RFC 6604 2.1 and 3: AA is that of the first owner, the rcode that of the last name. At the end of a chain that
    leads to nothing stands the SOA of the zone that says so (RFC 2308 2.1)."""
    answer, rcode = ALIASES[alias]
    for _ in ("from upstream", "from the cache"):
        got = ask(server, query(f"{alias}.ours.test.", A, flags=RD))
        message = parse(got)
        assert lines(message) == answer
        assert dns.rcode.to_text(message.rcode()) == rcode
        assert flags_of(got) & (AA | RA | AD | RD | TC) == AA | RA | RD
        ends_with_data = message.answer[-1].rdtype == dns.rdatatype.A
        soas = [str(rr.name) for rr in message.authority if rr.rdtype == dns.rdatatype.SOA]
        assert soas == ([] if ends_with_data else ["theirs.test."])


@pytest.mark.parametrize("size", [None, 512, 700, 1232, 4096])
def test_a_long_end_is_truncated_over_udp_and_whole_over_tcp(server: Endpoint, size: int | None) -> None:
    """RFC 2181 9: TC says that something is missing; what is there is valid."""
    extra = b"" if size is None else opt(size=size)
    asked = query("to-big.ours.test.", TXT, flags=RD, extra=extra)
    for _ in ("from upstream", "from the cache"):
        got = udp(server, asked)
        assert len(got) <= min(size or 512, 1232)
        assert flags_of(got) & (TC | AA | RA) == TC | AA | RA
        cut = parse(got)
        assert {rr.name for rr in cut.answer} <= {
            dns.name.from_text("to-big.ours.test."),
            dns.name.from_text("big.theirs.test."),
        }
    whole = tcp(server, asked)
    message = parse(whole)
    assert flags_of(whole) & (TC | AA | RA) == AA | RA
    assert [len(rr) for rr in message.answer] == [1, 30]
    assert lines(message)[0] == "to-big.ours.test. CNAME big.theirs.test."


def test_a_forwarded_long_answer_is_truncated_too(server: Endpoint) -> None:
    asked = query("big.theirs.test.", TXT, flags=RD, extra=opt())
    for _ in ("from upstream", "from the cache"):
        got = udp(server, asked)
        assert len(got) <= 1232
        assert flags_of(got) & (TC | AA | RA) == TC | RA
    assert len(parse(tcp(server, asked)).answer[0]) == 30


@both_transports
def test_without_recursion_the_alias_stands_alone(server: Endpoint, ask: Ask) -> None:
    got = ask(server, query("chain.ours.test."))
    assert lines(parse(got)) == ALIASES["chain"][0][:2]
    assert flags_of(got) & (AA | RD) == AA


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_who_may_not_recurse_gets_the_alias_alone(server: Endpoint, transport: str) -> None:
    """Even when the rest is in the cache."""
    udp(server, query("chain.ours.test.", flags=RD))
    got = asked_by_outsider(server, query("chain.ours.test.", flags=RD), transport)
    message = parse(got)
    assert lines(message) == ALIASES["chain"][0][:2]
    assert message.rcode() == dns.rcode.NOERROR
    assert flags_of(got) & (AA | RA) == AA


def test_asked_for_the_alias_itself_nothing_is_followed(server: Endpoint) -> None:
    got = udp(server, query("to-www.ours.test.", dns.rdatatype.CNAME, flags=RD))
    assert lines(parse(got)) == ALIASES["to-www"][0][:1]


def test_a_hundred_at_once(server: Endpoint) -> None:
    """Aliases, ends and mistakes, all in flight together over one socket and one connection: each gets its own."""
    wires = {}
    for number in range(100):
        alias = list(ALIASES)[number % len(ALIASES)]
        wires[number] = (alias, number.to_bytes(2) + query(f"{alias}.ours.test.", flags=RD)[2:])
    with udp_socket(server) as datagrams, tcp_socket(server) as stream:
        for _, wire in wires.values():
            datagrams.send(wire)
        send_framed(stream, *(wire for _, wire in wires.values()))
        replies = [datagrams.recv(65_535) for _ in wires] + [receive_framed(stream) for _ in wires]
    assert sorted(int.from_bytes(got[:2]) for got in replies) == sorted([*wires, *wires])
    for got in replies:
        assert lines(parse(got)) == ALIASES[wires[int.from_bytes(got[:2])][0]][0]

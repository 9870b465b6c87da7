r"""THREATS G6: what the API takes is what DNS answers, the export says and a restart finds; the rest is refused.

Every record type that Resolute knows, with the values of tests/vectors/rdata.txt (dnspython's and the RFCs') and the
bounds of the wire format, as text, in the generic form `\# ...` (RFC 3597 5) and as typed fields.
"""

import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.apiclient import Client

VECTORS: Final = Path(__file__).parents[1] / "vectors" / "rdata.txt"
ZONE: Final = "/zones/example"
HEAD: Final = "$TTL 60\n@ SOA ns1 h 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"
APEX_ONLY: Final = ("SOA",)
UNSEEN: Final = ("NSEC3",)
"""No question finds these (RFC 5155 7.2.8)."""
STRICTER: Final = (("SVCB", "1 . ech=AQIDBA=="), ("SVCB", "0 . alpn=h2"))
"""What a zone file may have, and the API refuses: no ECHConfigList, and parameters that nobody reads."""
ALIKE: Final = {"MD": "NS", "MF": "NS", "MB": "NS", "MG": "NS", "MR": "NS", "MINFO": "RP", "TA": "DS"}
"""Types that dnspython does not know, and one of the same form."""
LABEL: Final = "x" * 63
LONGEST: Final = ".".join([LABEL] * 3 + ["y" * 61])  # 255 octets with the root
STRING: Final = "s" * 255


@dataclass(frozen=True)
class Vector:
    """A record of its own name: its type, its text, and its wire form; None: it is to be refused."""

    owner: str
    rtype: str
    text: str
    wire: bytes | None


def _vectors() -> Iterator[Vector]:
    for number, line in enumerate(VECTORS.read_text().splitlines()[1:]):
        rtype, text, wire = line.split("\t")
        expected = None if wire == "refused" else bytes.fromhex("" if wire == "-" else wire)
        if rtype not in APEX_ONLY:
            yield Vector(f"v{number}", rtype, text, expected)


EVERY: Final = tuple(_vectors())
GOOD: Final = tuple(one for one in EVERY if one.wire is not None and (one.rtype, one.text) not in STRICTER)
BAD: Final = tuple(one for one in EVERY if one not in GOOD)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Resolute(Service(), admin=True, data=tmp_path_factory.mktemp("data")) as server:
        client = Client(server)
        assert client.send("POST", ZONE + "/import", HEAD, Content_Type="text/dns").status == 200
        yield client


def put(client: Client, owner: str, rtype: str, *records: object) -> tuple[int, Any]:
    said = client.send("PUT", f"{ZONE}/rrsets/{owner}/{rtype}", {"records": records})
    return said.status, said.json


def exported(client: Client) -> str:
    return client.send("GET", ZONE + "/export").text


def asked(endpoint: Endpoint, owner: str, rtype: str) -> list[bytes]:
    """The rdatas of this type that a question over TCP brings, names in them written out."""
    query = dns.message.make_query(f"{owner}.example.", rtype).to_wire()
    with socket.create_connection((endpoint.host, endpoint.port), timeout=10) as tcp, tcp.makefile("rb") as stream:
        tcp.sendall(struct.pack("!H", len(query)) + query)
        return list(_rdatas(stream.read(*struct.unpack("!H", stream.read(2))), dns.rdatatype.from_text(rtype)))


def _rdatas(message: bytes, wanted: int) -> Iterator[bytes]:
    """Of answer and authority: an NS below the apex is a delegation (RFC 1034 4.2.1)."""
    parser = dns.wire.Parser(message)
    _, _, _, answers, authorities, _ = parser.get_struct("!HHHHHH")
    parser.get_name(decompress=True)
    parser.get_struct("!HH")
    for _ in range(answers + authorities):
        parser.get_name(decompress=True)
        rtype, rclass, _, length = parser.get_struct("!HHIH")
        word = dns.rdatatype.to_text(rtype)
        kind = dns.rdatatype.from_text(ALIKE.get(word, word))
        with parser.restrict_to(length):
            data = dns.rdata.from_wire_parser(dns.rdataclass.RdataClass.make(rclass), kind, parser)
        if rtype == wanted:
            yield data.to_wire() or b""


def wire_of(rtype: str, text: str) -> bytes:
    """As dnspython reads it."""
    kind = dns.rdatatype.from_text(ALIKE.get(rtype, rtype))
    return dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=dns.name.root, relativize=False).to_wire() or b""


def as_read(client: Client, vectors: Sequence[Vector]) -> list[tuple[str, str, list[bytes]]]:
    """What the API and DNS say of these names, where it is not the vector's."""
    wrong = []
    for one in vectors:
        shown = client.send("GET", f"{ZONE}/rrsets/{one.owner}/{one.rtype}").json
        found = [wire_of(one.rtype, text) for text in shown["records"]]
        if one.rtype not in UNSEEN:
            found += asked(client.server.endpoint, one.owner, one.rtype)
        if one.rtype == "NS" and one.wire is not None:  # compressed, it has the letters of the name that it points at
            found = [one.wire if data.lower() == one.wire.lower() else data for data in found]
        if set(found) != {one.wire} or len(found) != 1 + (one.rtype not in UNSEEN):
            wrong.append((one.rtype, one.text, found))
    return wrong


def test_what_is_taken_is_read_back(client: Client) -> None:
    assert [(one.rtype, one.text) for one in GOOD if put(client, one.owner, one.rtype, one.text)[0] != 201] == []
    assert as_read(client, GOOD) == []


def test_what_is_refused_is_named(client: Client) -> None:
    """The record that does not hold, of those that were sent; and nothing has changed."""
    before = exported(client)
    for one in BAD:
        status, body = put(client, "bad", one.rtype, one.text)
        assert (status, [error["field"] for error in body["errors"]]) == (422, ["records[0]"]), (one, body)
        assert body["errors"][0]["reason"]
    assert exported(client) == before


def test_the_generic_form_is_the_same_record(client: Client) -> None:
    r"""RFC 3597 5: `\# LENGTH HEX` may be given for any type."""
    for one in GOOD:
        assert one.wire is not None
        generic = f"\\# {len(one.wire)} {one.wire.hex()}"
        answer = put(client, f"g{one.owner}", one.rtype, one.text, generic)[1]
        assert (answer["added"], answer.get("detail")) == (2, None), one  # one record, and the SOA


def test_typed_fields_are_the_same_record(client: Client) -> None:
    types = set()
    for one in GOOD:
        put(client, one.owner, one.rtype, one.text)
        (shown,) = client.send("GET", f"{ZONE}/rrsets/{one.owner}/{one.rtype}?records=fields").json["records"]
        if isinstance(shown, dict):
            types.add(one.rtype)
            answer = put(client, f"f{one.owner}", one.rtype, shown, one.text)[1]
            assert (answer["added"], answer.get("detail")) == (2, None), (one, shown)
    documented = "A AAAA CNAME NS PTR DNAME MX SRV TXT CAA SVCB HTTPS TLSA SSHFP DS NAPTR"  # and SOA
    assert types == set(documented.split())


@pytest.mark.parametrize(
    ("rtype", "given", "wire"),
    [
        ("TXT", f'"{STRING}"', b"\xff" + STRING.encode()),
        ("TXT", {"strings": [""]}, b"\0"),
        ("TXT", {"strings": [STRING, "", STRING]}, b"\xff" + STRING.encode() + b"\0\xff" + STRING.encode()),
        ("TXT", {"strings": ["".join(map(chr, range(128)))]}, b"\x80" + bytes(range(128))),
        ("TXT", '"' + "".join(f"\\{octet:03}" for octet in range(255)) + '"', b"\xff" + bytes(range(255))),
        ("HINFO", f'"{STRING}" ""', b"\xff" + STRING.encode() + b"\0"),
        ("CAA", {"flags": 255, "tag": "t" * 255, "value": ""}, b"\xff\xff" + b"t" * 255),
        ("CAA", {"flags": 0, "tag": "issue", "value": STRING * 4}, b"\0\5issue" + STRING.encode() * 4),
        ("MX", {"preference": 65535, "exchange": LABEL + ".test."}, b"\xff\xff\x3f" + LABEL.encode() + b"\4test\0"),
        ("PTR", {"target": LONGEST + "."}, dns.name.from_text(LONGEST).to_wire()),
        ("PTR", {"target": r"\000\255\.\\.test."}, b"\4\0\xff.\\\4test\0"),
        ("SRV", {"priority": 0, "weight": 0, "port": 0, "target": "."}, bytes(7)),
        ("NAPTR", f'65535 0 "{STRING}" "" "" .', b"\xff\xff\0\0\xff" + STRING.encode() + b"\0\0\0"),
        ("SVCB", {"priority": 1, "target": ".", "params": {}}, b"\0\1\0"),
        ("SVCB", {"priority": 65535, "target": ".", "params": {"key65534": ""}}, b"\xff\xff\0\xff\xfe\0\0"),
        ("SVCB", {"priority": 1, "target": ".", "params": {"alpn": "h2"}}, b"\0\1\0\0\1\0\3\2h2"),
        (
            "TLSA",
            {"usage": 255, "selector": 255, "matching_type": 0, "data": "00" * 9_999},
            b"\xff\xff" + bytes(10_000),
        ),
        ("TYPE65534", "\\# 0", b""),
        ("TYPE65280", "\\# 65482 " + "ab" * 65_482, b"\xab" * 65_482),
    ],
)
def test_bounds_that_hold(client: Client, rtype: str, given: object, wire: bytes) -> None:
    put(client, "full", rtype, given)
    assert asked(client.server.endpoint, "full", rtype) == [wire]
    (text,) = client.send("GET", f"{ZONE}/rrsets/full/{rtype}").json["records"]
    assert wire_of(rtype, text) == wire
    assert f"full.example. 3600 {rtype} {text}\n" in exported(client)
    assert client.send("DELETE", f"{ZONE}/rrsets/full/{rtype}").status == 200


@pytest.mark.parametrize(
    ("rtype", "given", "status", "field"),
    [
        ("TXT", {"strings": []}, 422, ".strings"),
        ("TXT", {"strings": [STRING + "s"]}, 422, ""),
        ("TXT", {"strings": ["\ud800"]}, 422, ".strings"),
        ("CAA", {"flags": 256, "tag": "issue", "value": ""}, 422, ".flags"),
        ("CAA", {"flags": 0, "tag": "", "value": ""}, 422, ".tag"),
        ("CAA", {"flags": 0, "tag": "t" * 256, "value": ""}, 422, ""),
        ("MX", {"preference": 65536, "exchange": "."}, 422, ".preference"),
        ("MX", {"preference": -1, "exchange": "."}, 422, ".preference"),
        ("MX", {"preference": True, "exchange": "."}, 422, ".preference"),
        ("MX", {"preference": 1, "exchange": LABEL + "x.test."}, 422, ".exchange"),
        ("MX", {"preference": 1, "exchange": ""}, 422, ".exchange"),
        ("MX", {"preference": 1}, 422, ".exchange"),
        ("MX", {"preference": 1, "exchange": ".", "weight": 1}, 422, ".weight"),
        ("PTR", {"target": "x" + LONGEST + "."}, 422, ".target"),
        ("PTR", {"target": "a..b"}, 422, ".target"),
        ("PTR", {"target": "a\nb."}, 422, ".target"),
        ("A", {"address": "192.0.2.1\n"}, 422, ".address"),
        ("A", {"address": "::1"}, 422, ".address"),
        ("SVCB", {"priority": 1, "target": ".", "params": {"key65535": "x"}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"alpn": ""}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"alpn": "," * 3}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"port": "65536"}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"mandatory": "port"}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"mandatory": None}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"no-default-alpn": "x"}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"ipv4hint": "192.0.2.1,"}}, 422, ""),
        ("SVCB", {"priority": 1, "target": ".", "params": {"key1=x port": "1"}}, 422, ".params"),
        ("SVCB", "\\# 7 00010000010000", 422, ""),
        ("SVCB", "\\# 11 0001000003000200350001", 422, ""),
        ("SVCB", "\\# 12 000100000300010000010000", 422, ""),
        ("SVCB", "\\# 15 000100000300020035000100030268", 422, ""),
        ("SVCB", "\\# 7 000100ffff0000", 422, ""),
        ("TLSA", {"usage": 0, "selector": 0, "matching_type": 0, "data": ""}, 422, ".data"),
        ("TLSA", {"usage": 0, "selector": 0, "matching_type": 0, "data": "abc"}, 422, ".data"),
        ("TYPE65280", "\\# 65536 " + "ab" * 65_536, 422, ""),
        ("TYPE65280", "\\# 65535 " + "ab" * 65_535, 409, None),
        ("TYPE65280", "\\# 65483 " + "ab" * 65_483, 409, None),
        ("OPT", "\\# 0", 422, None),
        ("ANY", "\\# 0", 422, None),
        ("TYPE65536", "\\# 0", 422, None),
    ],
)
def test_bounds_that_do_not(client: Client, rtype: str, given: object, status: int, field: str | None) -> None:
    """CVE-2026-33611 of another server: an SVCB record whose parameters do not hold must not reach the store."""
    before = exported(client)
    answered, body = put(client, "full", rtype, "" if given is None else given)
    assert answered == status, body
    if field is not None:
        assert [error["field"] for error in body["errors"]] == [f"records[0]{field}"]
    assert body["detail"]
    assert exported(client) == before


def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    """Imported, and each RRset changed by its TTL: what was strictly read is written no worse."""
    good = [one for one in EVERY if one.wire is not None]
    lines = "".join(f"{one.owner} {one.rtype} {one.text}\n" for one in good)
    server = Resolute(Service(), admin=True, data=tmp_path / "data").start()
    try:
        client = Client(server)
        assert client.send("POST", ZONE + "/import", HEAD + lines, Content_Type="text/dns").json["served"] is True
        changes = [client.send("PATCH", f"{ZONE}/rrsets/{one.owner}/{one.rtype}", {"ttl": 61}) for one in good]
        assert {said.json.get("served") for said in changes} == {True}
        before = exported(client)
        assert before.count(" 61 ") >= len(good)
        server.stop()
        server.start()
        assert exported(client) == before
        assert as_read(client, GOOD) == []
        again = client.send("POST", ZONE + "/import", before, Content_Type="text/dns")
        assert (again.json["revision"], again.json["added"]) == (None, 0)
    finally:
        server.kill()

"""Signed zones: Unbound, delv and drill validate all kinds of answer and of denial (RFC 4035 3.1, RFC 5155 7.2).

Zones are signed by BIND's dnssec-signzone; the expectation is the validators' verdict, never our own output.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from bench.peers import Endpoint, Resolute, Service, Unbound

CHAINS = {
    "nsec.example.": [],
    "nsec3.example.": ["-3", "aabb", "-H", "0"],
    "optout.example.": ["-3", "-", "-H", "0", "-A"],
}
"""Zones by the way that they deny, with the arguments of dnssec-signzone for it."""
ZONE = """\
$TTL 3600
@       SOA   ns1 hostmaster 1 7200 3600 1209600 900
        NS    ns1
        MX    10 mail
ns1     A     192.0.2.1
mail    A     192.0.2.2
        AAAA  2001:db8::2
web.srv A     192.0.2.3
www     CNAME web.srv
gone    CNAME nothing
old     DNAME srv
*.wild  A     192.0.2.9
*.alias CNAME web.srv
*.lost  CNAME nothing
ent.*.hollow A 192.0.2.8
cut.*.thin NS ns1
a.b.c   A     192.0.2.7
signed  NS    ns.signed
        DS    12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.signed A   192.0.2.5
plain   NS    ns.plain
ns.plain A    192.0.2.6
far.below.it NS ns1
"""
QUESTIONS = [
    ("", "SOA"),
    ("", "DNSKEY"),
    ("", "MX"),
    ("", "TXT"),
    ("web.srv", "A"),
    ("web.srv", "AAAA"),  # the type does not exist
    ("srv", "A"),  # an empty non-terminal
    ("b.c", "TXT"),
    ("missing", "A"),
    ("x.y.missing", "A"),
    ("x.a.b.c", "A"),
    ("www", "A"),
    ("gone", "A"),
    ("web.old", "A"),
    ("nothing.old", "A"),
    ("x.wild", "A"),  # a wildcard stands in
    ("y.x.wild", "A"),
    ("x.wild", "TXT"),  # it does, without the type
    ("*.wild", "A"),
    ("wild", "A"),
    ("x.hollow", "A"),  # RFC 4592 4.9: the wildcard is an empty non-terminal
    ("x.alias", "A"),
    ("x.lost", "A"),
    ("signed", "DS"),
]
"""Answers that are secure in every chain."""
BY_OPT_OUT = {
    *{("missing", "A"), ("x.y.missing", "A"), ("x.a.b.c", "A"), ("gone", "A"), ("nothing.old", "A")},
    *{("x.wild", "A"), ("y.x.wild", "A"), ("x.wild", "TXT"), ("x.hollow", "A")},
    *{("x.alias", "A"), ("x.lost", "A")},
}
"""Those that rest on the name not being there: with opt-out there could be a delegation (RFC 5155 6, 9.2)."""
OPT_OUT = [("plain", "DS"), ("far.below.it", "DS"), ("below.it", "A"), ("x.thin", "A")]
"""Denials that are secure where the chain has the names, and insecure, but no error, where it leaves them out."""


class Signed:
    """The zones, their trust anchors, and Resolute serving them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zones = {origin: self._sign(origin, arguments) for origin, arguments in CHAINS.items()}
        self.server = Resolute(Service(zones=self.zones))

    def anchor(self, origin: str) -> str:
        """The key-signing key as a record."""
        (key,) = (path for path in (self.folder / origin).glob("K*.key") if " 257 " in path.read_text())
        return next(line for line in key.read_text().splitlines() if not line.startswith(";"))

    def _sign(self, origin: str, arguments: list[str]) -> Path:
        folder = self.folder / origin
        folder.mkdir()
        for flags in ([], ["-f", "KSK"]):
            _run("dnssec-keygen", "-q", "-K", folder, "-a", "ECDSAP256SHA256", *flags, origin)
        keys = "".join(path.read_text() for path in folder.glob("K*.key"))
        (folder / "plain.zone").write_text(ZONE + keys)
        out = folder / "signed.zone"
        _run(
            "dnssec-signzone",
            "-q",
            "-K",
            folder,
            "-d",
            folder,
            "-o",
            origin,
            *arguments,
            "-f",
            out,
            folder / "plain.zone",
        )
        return out


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    zones = Signed(tmp_path_factory.mktemp("signed"))
    with zones.server:
        yield zones


@pytest.fixture(scope="module")
def unbound(signed: Signed) -> Iterator[Endpoint]:
    """Unbound, which validates all that it gets from Resolute."""
    anchors = "".join(f"    trust-anchor: '{signed.anchor(origin)}'\n" for origin in CHAINS)
    extra = f'    module-config: "validator iterator"\n    aggressive-nsec: no\n    cache-max-ttl: 0\n{anchors}'
    with Unbound(Service(forward=signed.server.endpoint, extra=extra)) as server:
        yield server.endpoint


@pytest.mark.parametrize("origin", CHAINS)
@pytest.mark.parametrize(("name", "rdtype"), QUESTIONS)
def test_unbound_says_secure(unbound: Endpoint, origin: str, name: str, rdtype: str) -> None:
    reply = _validated(unbound, f"{name}.{origin}".lstrip("."), rdtype)
    assert reply.rcode() != dns.rcode.SERVFAIL
    assert reply.flags & dns.flags.AD or (origin == "optout.example." and (name, rdtype) in BY_OPT_OUT)


@pytest.mark.parametrize("origin", CHAINS)
@pytest.mark.parametrize(("name", "rdtype"), OPT_OUT)
def test_unbound_accepts_what_opt_out_leaves_open(unbound: Endpoint, origin: str, name: str, rdtype: str) -> None:
    reply = _validated(unbound, f"{name}.{origin}", rdtype)
    assert (reply.rcode(), len(reply.answer)) == (dns.rcode.NOERROR, 0)
    assert reply.flags & dns.flags.AD or origin == "optout.example."


@pytest.mark.parametrize("origin", ["nsec.example.", "nsec3.example."])
@pytest.mark.parametrize(("name", "rdtype"), QUESTIONS)
def test_delv_says_fully_validated(signed: Signed, tmp_path: Path, origin: str, name: str, rdtype: str) -> None:
    owner, _, rest = signed.anchor(origin).partition(" IN DNSKEY ")
    flags, protocol, algorithm, key = rest.split(maxsplit=3)
    anchors = tmp_path / "anchors"
    anchors.write_text(f'trust-anchors {{ {owner} static-key {flags} {protocol} {algorithm} "{key}"; }};\n')
    at = signed.server.endpoint
    arguments = ["-a", anchors, f"+root={origin}", f"@{at.host}", "-p", at.port, f"{name}.{origin}".lstrip("."), rdtype]
    assert "fully validated" in _run("delv", *arguments)


@pytest.mark.parametrize("origin", CHAINS)
@pytest.mark.parametrize(("name", "rdtype"), [("", "MX"), ("web.srv", "A"), ("mail", "AAAA"), ("signed", "DS")])
def test_drill_chases_the_signatures(signed: Signed, tmp_path: Path, origin: str, name: str, rdtype: str) -> None:
    key = tmp_path / "key"
    key.write_text(signed.anchor(origin) + "\n")
    at = signed.server.endpoint
    out = _run("drill", "-S", "-k", key, f"@{at.host}", "-p", at.port, f"{name}.{origin}".lstrip("."), rdtype)
    assert "Chase successful" in out


@pytest.mark.parametrize("origin", CHAINS)
@pytest.mark.parametrize(("name", "rdtype"), QUESTIONS + OPT_OUT)
def test_nothing_of_it_for_who_does_not_ask(signed: Signed, origin: str, name: str, rdtype: str) -> None:
    """RFC 4035 3.1: without DO no RRSIG, NSEC or NSEC3 is added; what was asked for by type is an answer."""
    query = dns.message.make_query(f"{name}.{origin}".lstrip("."), rdtype, use_edns=True, want_dnssec=False)
    reply = dns.query.tcp(query, signed.server.endpoint.host, port=signed.server.endpoint.port, timeout=5)
    types = {rrset.rdtype.name for section in (reply.answer, reply.authority, reply.additional) for rrset in section}
    assert not types & {"RRSIG", "NSEC", "NSEC3"}


def _validated(server: Endpoint, qname: str, rdtype: str) -> dns.message.Message:
    query = dns.message.make_query(qname, rdtype, want_dnssec=True)
    return dns.query.tcp(query, server.host, port=server.port, timeout=5)


def _run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout

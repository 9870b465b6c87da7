"""What the tests share. The servers themselves are in `bench.peers`: `with Nsd(Service(...)) as nsd:`."""

from pathlib import Path

import pytest

ZONE = """\
$ORIGIN hello.example.
$TTL 300
@       SOA   ns1 hostmaster 2026010101 7200 3600 1209600 60
        NS    ns1
        NS    ns2.elsewhere.example.
        MX    10 mail
ns1     A     192.0.2.53
        AAAA  2001:db8::53
mail    A     192.0.2.25
www     CNAME web
web     A     192.0.2.80
        A     192.0.2.81
        TXT   "two words" "a \\"quoted\\" one"
*.wild  A     192.0.2.99
        MX    20 mail
deep.empty.node TXT "below an empty non-terminal"
_dns._tcp SRV 0 5 53 ns1
old     DNAME web
child   NS    ns.child
ns.child A    192.0.2.200
"""
"""Every case of RFC 1034 4.3.2 in one small zone."""


@pytest.fixture(scope="session")
def zone_text() -> str:
    """The zone `hello.example.` as text."""
    return ZONE


@pytest.fixture
def zone_file(tmp_path: Path, zone_text: str) -> Path:
    """The zone `hello.example.` as a file."""
    path = tmp_path / "hello.zone"
    path.write_text(zone_text)
    return path

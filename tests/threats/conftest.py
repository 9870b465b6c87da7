"""One server for the attacks, and the bystander who must not notice them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers import Resolute, Service
from tests.asking import query, rcode_of, udp

ZONE = """\
$ORIGIN victim.test.
$TTL 300
@       SOA   ns1 hostmaster 1 7200 3600 1209600 60
        NS    ns1
        MX    10 mail
        TXT   "text"
ns1     A     192.0.2.53
mail    A     192.0.2.25
www     A     192.0.2.80
        AAAA  2001:db8::80
*.wild  TXT   "wild"
child   NS    ns.child
ns.child A    192.0.2.200
""" + "".join(f'any     TXT   "{"t" * 200}{n}"\nany     A 192.0.2.{n}\nany     AAAA 2001:db8::{n}\n' for n in range(40))
BYSTANDER = query("www.victim.test.")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    file: Path = tmp_path_factory.mktemp("victim") / "victim.zone"
    file.write_text(ZONE)
    with Resolute(Service(zones={"victim.test.": file})) as resolute:
        yield resolute


@pytest.fixture(autouse=True)
def bystander(server: Resolute) -> Iterator[None]:
    """After each test the server runs and answers somebody else's question."""
    yield
    server.require_running()
    reply = udp(server.endpoint, BYSTANDER)
    assert rcode_of(reply) == 0
    assert int.from_bytes(reply[6:8]) == 1

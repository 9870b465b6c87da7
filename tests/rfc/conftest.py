"""One server with the zones of the RFCs' own examples, and `rfc.test.` for what they have no example of."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import pytest

from bench.peers import Endpoint, Resolute, Service
from tests.asking import parse, query, tcp, udp

ZONES = {f"{path.stem}.": path for path in sorted((Path(__file__).parent / "zones").glob("*.zone"))}
Ask = Callable[..., dns.message.Message]


@pytest.fixture(scope="session")
def server() -> Iterator[Endpoint]:
    """Answers from its zones, and has nobody to ask for the rest."""
    with Resolute(Service(zones=ZONES, extra='[resolver]\nmode = "off"\n')) as resolute:
        yield resolute.endpoint


@pytest.fixture(params=["udp", "tcp"])
def ask(server: Endpoint, request: pytest.FixtureRequest) -> Ask:
    """Asks over UDP and, in a second test, over TCP: `ask("www.example.", rdtype, rdclass, flags=RD)`."""
    transport = udp if request.param == "udp" else tcp

    def asked(
        qname: str, rdtype: int = 1, rdclass: int = 1, *, flags: int = 0, extra: bytes = b""
    ) -> dns.message.Message:
        return parse(transport(server, query(qname, rdtype, rdclass, flags=flags, extra=extra)))

    return asked

"""Work for the additional section: C15 of the catalogue."""

from collections.abc import Iterator
from pathlib import Path

import dns.rdatatype
import pytest

from bench.peers import Resolute, Service
from tests.asking import opt, parse, query, tcp, udp
from tests.threats.conftest import ZONE

TYPES = {"MX": "10 {}", "SRV": "1 1 53 {}", "SVCB": "{number} {}", "HTTPS": "{number} {}", "AFSDB": "1 {}"}
HEAD = "$ORIGIN hundred.test.\n$TTL 300\n@ SOA ns1 h 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n"
WHERE = {"own": "t{}", "other": "t{}.other.test."}
"""Targets of the zone itself, and of another zone of ours."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    folder: Path = tmp_path_factory.mktemp("additional")
    (folder / "victim.zone").write_text(ZONE)
    addresses = "".join(f"t{number} A 192.0.2.{number}\nt{number} AAAA 2001:db8::{number}\n" for number in range(100))
    pointing = "".join(
        f"{where}.{rdtype} {rdtype} {data.format(target.format(number), number=number + 1)}\n"
        for where, target in WHERE.items()
        for rdtype, data in TYPES.items()
        for number in range(100)
    )
    # a relative target is relative to the zone, not to its owner
    (folder / "hundred.zone").write_text(HEAD + addresses + pointing)
    (folder / "other.zone").write_text(HEAD.replace("hundred.test.", "other.test.") + addresses)
    zones = {"victim.test.": folder / "victim.zone"}
    zones |= {f"{zone}.test.": folder / f"{zone}.zone" for zone in ("hundred", "other")}
    with Resolute(Service(zones=zones)) as resolute:
        yield resolute


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("rdtype", TYPES)
def test_c15_the_addresses_of_thirteen_targets_at_most(server: Resolute, rdtype: str, where: str) -> None:
    asked = query(f"{where}.{rdtype}.hundred.test.", dns.rdatatype.from_text(rdtype))
    reply = parse(tcp(server.endpoint, asked))
    assert len(reply.answer[0]) == 100
    names = {rrset.name for rrset in reply.additional}
    assert len(names) <= 13
    assert all(rrset.rdtype in {dns.rdatatype.A, dns.rdatatype.AAAA} for rrset in reply.additional)
    if rdtype != "AFSDB" and where == "own":  # RFC 1035 3.3.9, RFC 2782, RFC 9460 4.1: they are wanted
        assert names


@pytest.mark.parametrize("rdtype", TYPES)
def test_c15_over_udp_too(server: Resolute, rdtype: str) -> None:
    reply = parse(
        udp(server.endpoint, query(f"own.{rdtype}.hundred.test.", dns.rdatatype.from_text(rdtype), extra=opt()))
    )
    assert len({rrset.name for rrset in reply.additional}) <= 13

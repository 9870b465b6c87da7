"""Types that a server does not know: RFC 3597."""

import dns.rcode
import dns.rdata
import pytest

from bench.peers import Endpoint
from tests.asking import name, parse, query, tcp, udp

UNKNOWN = [
    ("unknown.rfc.test.", 65_280, bytes.fromhex("C00C01020304")),
    ("unknown.rfc.test.", 65_281, b""),
    ("nameish.rfc.test.", 65_282, bytes.fromhex("03777777C00C00010203")),
]


@pytest.mark.parametrize(("qname", "rdtype", "rdata"), UNKNOWN)
def test_rdata_is_not_touched(server: Endpoint, qname: str, rdtype: int, rdata: bytes) -> None:
    """3: the data of an unknown type is a sequence of bytes without a structure; 4: names within the data of types that
    are not well known are not compressed."""
    for transport in (udp, tcp):
        reply = transport(server, query(qname, rdtype))
        assert reply.endswith(len(rdata).to_bytes(2) + rdata)


@pytest.mark.parametrize("rdtype", [64_000, 65_279, 65_283, 65_534])
def test_no_data_of_an_unknown_type(server: Endpoint, rdtype: int) -> None:
    reply = parse(udp(server, query("www.rfc.test.", rdtype)))
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


@pytest.mark.parametrize(("qname", "rdtype"), [("srv.rfc.test.", 33), ("svc.rfc.test.", 64), ("tree.of.rfc.test.", 39)])
def test_names_in_newer_types_are_not_compressed(server: Endpoint, qname: str, rdtype: int) -> None:
    """4: types that are newer than RFC 1035 do not have their names compressed; RFC 2782 and RFC 9460 2.2 say so of SRV
    and SVCB, RFC 6672 2.5 of DNAME."""
    assert name("www.rfc.test.") in udp(server, query(qname, rdtype))[12 + len(name(qname)) :]

"""The native module behind the door."""

import dns.message
import dns.rrset
import pytest

from resolute import plane


def test_every_name_is_there() -> None:
    assert all(getattr(plane, name) is not None for name in plane.__all__)


def test_replies_are_read_whole() -> None:
    """RFC 2181 5: as RRsets, owners in lower case, rdata uncompressed."""
    message = dns.message.make_response(dns.message.make_query("WWW.Test.", "A"))
    message.answer.append(dns.rrset.from_text("WWW.Test.", 60, "IN", "A", "192.0.2.1", "192.0.2.2"))
    message.authority.append(dns.rrset.from_text("test.", 60, "IN", "NS", "Ns.Test."))
    reply = plane.read_reply(message.to_wire())
    assert (reply.qname, reply.qtype, reply.rcode) == (b"\x03www\x04test\0", 1, 0)
    ((owner, rtype, ttl, rdatas),) = reply.answer
    assert (owner, rtype, ttl) == (b"\x03www\x04test\0", 1, 60)
    assert sorted(rdatas) == [b"\xc0\0\x02\x01", b"\xc0\0\x02\x02"]  # dnspython writes them in any order
    assert reply.authority == ((b"\x04test\0", 2, 60, (b"\x02ns\x04test\0",)),)
    assert reply.additional == ()
    with pytest.raises(ValueError, match="not a reply"):
        plane.read_reply(message.to_wire()[:-1])


@pytest.mark.parametrize("length", [1, 7, 9, 15, 41])
def test_cookies_have_a_length(length: int) -> None:
    """RFC 7873 4."""
    running = plane.Plane(plane.Settings(views=[plane.View("", clients=["0.0.0.0/0"])]), workers=1)
    try:
        with pytest.raises(ValueError, match="cookie"):
            running.exchange("127.0.0.1:9", b"\0", 1, timeout_ms=1, cookie=bytes(length))
    finally:
        running.close(0)

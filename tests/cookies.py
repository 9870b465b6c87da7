"""DNS cookies as RFC 9018 4 says to make them, apart from the server's code; SipHash-2-4 as its authors give it.

`test_rfc9018_server_cookies.py` holds this against the vectors of the RFC's appendix A.
"""

import ipaddress
import struct
from dataclasses import dataclass

import dns.edns
import dns.message

from bench.peers import Endpoint
from tests.asking import opt, option, parse, query, udp

COOKIE = 10
CLIENT = bytes.fromhex("2464c4abcf10c957")
"""The client cookie of RFC 9018 A.1."""
SECRET = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
"""The secret of RFC 9018 A.1."""
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Maker:
    """Makes cookies with a secret for a client at an address."""

    secret: bytes = SECRET
    address: str = "127.0.0.1"

    def cookie(self, made_at: int, *, client: bytes = CLIENT, version: bytes = b"\1\0\0\0") -> bytes:
        """The client cookie and the server cookie behind it (4, 4.4)."""
        start = client + version + struct.pack("!I", made_at)
        hashed = siphash24(self.secret, start + ipaddress.ip_address(self.address).packed)
        return start + hashed.to_bytes(8, "little")


def asking(qname: str, cookie: bytes | None = CLIENT, rdtype: int = 1) -> bytes:
    """A query with this cookie, or with an OPT that has none."""
    return query(qname, rdtype, extra=opt(options=b"" if cookie is None else option(COOKIE, cookie)))


def cookie_of(reply: dns.message.Message) -> bytes | None:
    """The data of the reply's only COOKIE option."""
    found = [o.to_wire() or b"" for o in reply.options if o.otype == dns.edns.OptionType.COOKIE]
    assert len(found) <= 1
    return found[0] if found else None


def learn(server: Endpoint, qname: str, cookie: bytes = CLIENT) -> bytes:
    """The cookie that a server gives in its reply."""
    learnt = cookie_of(parse(udp(server, asking(qname, cookie))))
    assert learnt is not None
    return learnt


def siphash24(key: bytes, data: bytes) -> int:
    """SipHash-2-4 (Aumasson and Bernstein, 2012), 64 bits."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    state = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    tail = len(data) % 8
    padded = data + bytes(7 - tail) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(v: list[int], count: int) -> None:
    for _ in range(count):
        v[0] = v[0] + v[1] & _MASK
        v[1] = _left(v[1], 13) ^ v[0]
        v[0] = _left(v[0], 32)
        v[2] = v[2] + v[3] & _MASK
        v[3] = _left(v[3], 16) ^ v[2]
        v[0] = v[0] + v[3] & _MASK
        v[3] = _left(v[3], 21) ^ v[0]
        v[2] = v[2] + v[1] & _MASK
        v[1] = _left(v[1], 17) ^ v[2]
        v[2] = _left(v[2], 32)


def _left(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & _MASK

"""TSIG records byte by byte (RFC 8945 4.2), for what no library sends or reads: MACs of any length, errors unsigned."""

import struct
from dataclasses import dataclass

import dns.name
import dns.wire

from tests.asking import name, record

TSIG = 250
BADKEY = 17
ANY = 255


@dataclass(frozen=True)
class Signed:
    """The fields of a TSIG record."""

    key: str = "key.test."
    algorithm: str = "hmac-sha256."
    time: int = 1_700_000_000
    fudge: int = 300
    mac: bytes = b"m" * 32
    original_id: int = 0x1234
    error: int = 0

    def rdata(self) -> bytes:
        times = self.time.to_bytes(6) + struct.pack("!H", self.fudge)
        sized = struct.pack("!H", len(self.mac)) + self.mac
        return name(self.algorithm) + times + sized + struct.pack("!HHH", self.original_id, self.error, 0)

    def record(self, *, rdclass: int = ANY, behind: bytes = b"") -> bytes:
        """The record; `behind` follows the data and is counted with it."""
        return record(name(self.key), TSIG, self.rdata() + behind, rdclass=rdclass)


def signature_of(reply: bytes) -> Signed:
    """The TSIG of a reply, which must be its last record."""
    parser = dns.wire.Parser(reply, 12)
    questions, *records = struct.unpack("!4H", reply[4:12])
    for _ in range(questions):
        parser.get_name()
        parser.get_bytes(4)
    for _ in range(sum(records) - 1):
        parser.get_name()
        parser.get_bytes(8)
        parser.get_counted_bytes(2)
    key = parser.get_name()
    assert parser.get_struct("!HHI") == (TSIG, ANY, 0)
    (length,) = parser.get_struct("!H")
    assert length == parser.remaining()
    algorithm = parser.get_name()
    time = int.from_bytes(parser.get_bytes(6))
    (fudge,) = parser.get_struct("!H")
    mac = parser.get_counted_bytes(2)
    original_id, error, other = parser.get_struct("!HHH")
    assert other == 0
    return Signed(_text(key), _text(algorithm), time, fudge, mac, original_id, error)


def _text(parsed: dns.name.Name) -> str:
    return parsed.to_text()

"""Records that the native scanner does not parse."""

from dataclasses import dataclass, field

from resolute.records import foreign

LOC, WKS, CAA, TXT = 29, 11, 257, 16


@dataclass(frozen=True)
class Record:
    rtype: int
    text: bytes
    origin: bytes = b"\5hello\0"


@dataclass
class Scan:
    """The records of a zone text and what became of them."""

    foreign: list[Record]
    converted: dict[int, bytes] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)

    def convert(self, index: int, rdata: bytes) -> None:
        self.converted[index] = rdata

    def reject(self, index: int, message: str) -> None:
        self.rejected[index] = message


def test_each_is_converted_or_rejected() -> None:
    scan = Scan([Record(CAA, b'0 issue "ca.example"'), Record(LOC, b"nowhere"), Record(WKS, b"192.0.2.1 tcp 25")])
    foreign.convert_all(scan)
    assert scan.converted[0] == b"\0\5issueca.example"  # RFC 8659 4.1: flags, tag length, tag, value
    assert set(scan.converted) == {0, 2}
    assert "LOC" in scan.rejected[1]


def test_octets_above_127_are_kept() -> None:
    """RFC 1035 5.1: character strings are octets, no encoding is meant."""
    scan = Scan([Record(TXT, b'"\xfc\x80"')])
    foreign.convert_all(scan)
    assert scan.converted == {0: b"\2\xfc\x80"}

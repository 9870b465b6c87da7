"""Records of a zone file whose type the native scanner does not know: their text goes through dnspython."""

from collections.abc import Sequence
from typing import Protocol

from resolute.errors import PresentationError
from resolute.records import rdata


class Foreign(Protocol):
    """A record that waits for its wire rdata."""

    @property
    def rtype(self) -> int:
        """Its type."""

    @property
    def text(self) -> bytes:
        """Its rdata as it stands in the file, on one line."""

    @property
    def origin(self) -> bytes:
        """The $ORIGIN in force there, a wire name."""


class Scan(Protocol):
    """What was read from zone text, with the records that wait (`resolute.plane.ZoneScan`)."""

    @property
    def foreign(self) -> Sequence[Foreign]:
        """The records that wait."""

    def convert(self, index: int, rdata: bytes) -> None:
        """Gives the wire rdata of one."""

    def reject(self, index: int, message: str) -> None:
        """Says why one does not parse."""


def convert_all(scan: Scan) -> None:
    """Gives every foreign record its wire rdata, or rejects it with the reason; `compile` then reports those."""
    for index, record in enumerate(scan.foreign):
        try:
            wire = rdata.to_wire(record.rtype, ascii_text(record.text), record.origin)
        except PresentationError as error:
            scan.reject(index, str(error))
        else:
            scan.convert(index, wire)


def ascii_text(text: bytes) -> str:
    r"""Zone-file text as ASCII: octets above 127 become `\DDD` (RFC 1035 5.1), so that none is lost or re-coded."""
    return "".join(chr(octet) if octet < 0x80 else f"\\{octet:03d}" for octet in text)

"""Questions as they are sent over connections, and what a reply must be to be believed. Pure.

A reply is believed when ID, QR, opcode and the whole question are those that were sent (RFC 5452 9.1 goes for encrypted
transports too: who mixes up replies must not mix up the cache), and it is whole.
"""

import struct
from dataclasses import dataclass
from typing import Final

from resolute.resolver.exchanges import Request
from resolute.resolver.forwarder import Reason

UDP_SIZE: Final = 1_232
LONGEST: Final = 65_535
BLOCK: Final = 128
"""Queries are padded to a multiple of this (RFC 8467 4.1)."""

_HEADER: Final = struct.Struct("!HHHHHH")
_OPT: Final = struct.Struct("!BHHIH")
_PADDING: Final = 12
_RD, _CD, _DO = 0x0100, 0x0010, 0x8000
_QR, _TC, _OPCODE = 0x8000, 0x0200, 0x7800


class ExchangeError(Exception):
    """No reply that can be used; `words` go after the upstream's name. `lost`: the connection ended before a reply
    came, which another connection may mend."""

    def __init__(self, reason: Reason, words: str, *, lost: bool = False) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words
        self.lost = lost


@dataclass(frozen=True, slots=True)
class Query:
    """A question ready to be sent: all that follows the ID, and the part that the reply must repeat."""

    after_id: bytes
    question: bytes

    def message(self, ident: int) -> bytes:
        """The whole message."""
        return ident.to_bytes(2) + self.after_id


def compose(request: Request, *, padded: bool) -> Query:
    """The query with EDNS; padded where it is encrypted (RFC 7830 3: nowhere else)."""
    flags = _RD | (_CD if request.checking_disabled else 0)
    question = request.qname + struct.pack("!HH", request.qtype, request.qclass)
    padding = b""
    if padded:
        length = _HEADER.size + len(question) + _OPT.size + 4
        padding = struct.pack("!HH", _PADDING, -length % BLOCK) + bytes(-length % BLOCK)
    opt = _OPT.pack(0, 41, UDP_SIZE, _DO if request.dnssec_ok else 0, len(padding))
    header = _HEADER.pack(0, flags, 1, 0, 0, 1)
    return Query(header[2:] + question + opt + padding, question)


def check(reply: bytes, ident: int, question: bytes) -> None:
    """Raises ExchangeError when this is no reply to the question that was sent under this ID."""
    if len(reply) < _HEADER.size:
        raise ExchangeError(Reason.BROKEN, "sent a reply that is no DNS message")
    got, flags, count, *_ = _HEADER.unpack_from(reply)
    if got != ident:
        raise ExchangeError(Reason.MISMATCH, "sent a reply with another ID")
    if not flags & _QR or flags & _OPCODE:
        raise ExchangeError(Reason.MISMATCH, "sent something that is no reply to a query")
    if count == 0 and flags & 0x000F and len(reply) == _HEADER.size:
        return  # an error that stands in a header alone (RFC 6891 7: FORMERR of servers without EDNS)
    if count != 1 or not reply.startswith(question, _HEADER.size):
        raise ExchangeError(Reason.MISMATCH, "sent a reply to another question")
    if flags & _TC:
        raise ExchangeError(Reason.TRUNCATED, "sent a truncated reply where there is room for all")

"""DNS messages in HTTP of any version: what a request says, which response is believed (RFC 8484 4.2), how old it is
(5.1). Pure."""

from collections.abc import Iterable
from typing import Final

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.message import LONGEST, ExchangeError

MEDIA_TYPE: Final = "application/dns-message"
_SHOWN: Final = 60
_OLDEST: Final = 2**31 - 1
_OPT: Final = 41


class Response:
    """Collects one response. Each step returns why it is none, or None."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._begun = False
        self._age = 0

    def begin(self, headers: Iterable[tuple[bytes | str, bytes | str]]) -> ExchangeError | None:
        """The headers have come: the final ones, those before them (RFC 9110 15.2), or trailers."""
        fields = {_text(name).lower(): _text(value).strip() for name, value in headers}
        status = fields.get(":status", "")
        if self._begun or (len(status) == 3 and status.startswith("1")):
            return None
        self._begun = True
        if status != "200":
            return _refused(f"answered with HTTP status {_shown(status)}")
        kind = fields.get("content-type", "").partition(";")[0].strip().lower()
        if kind != MEDIA_TYPE:
            return _refused(f"sent {_shown(kind) or 'something without a type'} where a DNS message was expected")
        if fields.get("content-encoding", "identity") != "identity":
            return _refused("sent an encoded body that was not asked for")
        length, age = fields.get("content-length", ""), fields.get("age", "")
        if length.isascii() and length.isdigit() and int(length[:9]) > LONGEST:
            return _refused("sent more than a DNS message can be")
        self._age = min(int(age[:10]), _OLDEST) if age.isascii() and age.isdigit() else 0
        return None

    def more(self, data: bytes) -> ExchangeError | None:
        """A part of the body has come."""
        if not self._begun:
            return _refused("sent a body without headers")
        if len(self._body) + len(data) > LONGEST:
            return _refused("sent more than a DNS message can be")
        self._body += data
        return None

    def message(self) -> bytes:
        """The body is whole."""
        return aged(bytes(self._body), self._age) if self._age else bytes(self._body)


def request_headers(authority: str, path: str) -> tuple[tuple[str, str], ...]:
    """What each request says; nothing that tells one client from another (RFC 8484 8.2)."""
    return (
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", authority),
        (":path", path),
        ("accept", MEDIA_TYPE),
        ("content-type", MEDIA_TYPE),
    )


def aged(message: bytes, seconds: int) -> bytes:
    """A message whose TTLs are so much lower. One that does not parse is left to those who refuse it."""
    made = bytearray(message)
    counts = [int.from_bytes(message[at : at + 2]) for at in (4, 6, 8, 10)]
    at = 12
    for _ in range(counts[0]):
        at = _after_name(message, at) + 4
    for _ in range(sum(counts[1:])):
        at = _after_name(message, at)
        if at + 10 > len(message):
            return message
        if int.from_bytes(message[at : at + 2]) != _OPT:
            ttl = int.from_bytes(message[at + 4 : at + 8])
            made[at + 4 : at + 8] = max(0, ttl - seconds).to_bytes(4)
        at += 10 + int.from_bytes(message[at + 8 : at + 10])
    return bytes(made)


def _after_name(message: bytes, at: int) -> int:
    """Where a name ends (RFC 1035 4.1.4); beyond the message where it does not."""
    while at < len(message):
        length = message[at]
        if length >= 0xC0:
            return at + 2
        at += 1 + length
        if length == 0:
            return at
    return len(message) + 1


def _refused(words: str) -> ExchangeError:
    return ExchangeError(Reason.BROKEN, words)


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _shown(text: str) -> str:
    """Of what a stranger sent: printable, and short."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text[:_SHOWN])

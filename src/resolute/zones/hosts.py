"""Hosts files (hosts(5)): an address, then its names; the first name of a line is the canonical one.

Comments, CRLF, a byte order mark and both address families are understood. A line that does not hold is skipped and
reported with its number; the rest of the file is used. Addresses with a scope (`fe80::1%eth0`) mean nothing to other
machines and are left out with a warning.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from resolute.errors import PresentationError
from resolute.records import names
from resolute.zones.addresses import Address, Named

MAX_REPORTED = 20
"""A file that is no hosts file at all would otherwise fill the log."""

_HOST_NAME = re.compile(rb"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")


@dataclass(frozen=True, slots=True)
class HostsFile:
    """What a hosts file says, and one line (`file:line: what`) for each thing in it that was left out."""

    entries: tuple[Named, ...]
    problems: tuple[str, ...]


class _SkippedError(Exception):
    """A line, or a part of it, cannot be used; the text says why."""


def parse(content: bytes, *, file: str) -> HostsFile:
    """Reads hosts-file text. `file` is the name used in problems. Never raises, whatever the bytes."""
    entries: list[Named] = []
    problems: list[str] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        words = line.split(b"#", 1)[0].split()
        if words:
            entries.extend(_line(words, f"{file}:{number}", problems))
    if len(problems) > MAX_REPORTED:
        rest = len(problems) - MAX_REPORTED
        problems[MAX_REPORTED:] = [f"{file}: {rest} more lines were skipped"]
    return HostsFile(tuple(entries), tuple(problems))


def _line(words: list[bytes], place: str, problems: list[str]) -> Iterator[Named]:
    """The names of one line. A bad name is left out alone; a bad address takes its line with it."""
    try:
        address = _address(words[0])
        if len(words) == 1:
            raise _SkippedError(f"{address} has no name: expected ADDRESS NAME..., the line is skipped")
    except _SkippedError as reason:
        problems.append(f"{place}: {reason}")
        return
    canonical = True
    for word in words[1:]:
        try:
            yield Named(_name(word), address, canonical)
            canonical = False
        except _SkippedError as reason:
            problems.append(f"{place}: {reason}")


def _address(word: bytes) -> Address:
    text = word.decode("ascii", "backslashreplace")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise _SkippedError(f"'{text}' is not an IP address, the line is skipped") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise _SkippedError(f"'{text}' has a scope, which is of this machine alone, the line is skipped")
    return address


def _name(word: bytes) -> bytes:
    """Host names by the short way, since lists of a million are common; everything else by the full grammar."""
    if _HOST_NAME.fullmatch(word) and len(word) <= 253:
        return b"".join(bytes((len(label),)) + label for label in word.rstrip(b".").split(b".")) + b"\0"
    try:
        name = names.from_text(word.decode("utf-8"))
    except (PresentationError, UnicodeDecodeError):
        shown = word.decode("ascii", "backslashreplace")
        raise _SkippedError(
            f"'{shown}' is not a domain name (labels of at most 63 octets, 255 in all), it is left out"
        ) from None
    if name == b"\0":
        raise _SkippedError("'.' is the root and cannot have an address, it is left out")
    return name

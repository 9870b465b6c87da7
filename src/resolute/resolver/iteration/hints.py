"""The root's servers before anything is asked: builtin, or from a file like IANA's `named.root` (RFC 8109 2)."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from resolute import plane
from resolute.errors import SettingsError
from resolute.records import names, types
from resolute.resolver.iteration.cuts import ROOT, Cut
from resolute.resolver.iteration.judge import PORT

BUILTIN: Final = "builtin"
_LARGEST: Final = 1 << 20
"""Bytes of a file of hints."""
_FIRST_LINE: Final = b"$TTL 3600000\n"
_FAMILIES: Final = {types.A: socket.AF_INET, types.AAAA: socket.AF_INET6}

_ADDRESSES: Final = {
    "a": ("198.41.0.4", "2001:503:ba3e::2:30"),
    "b": ("170.247.170.2", "2801:1b8:10::b"),
    "c": ("192.33.4.12", "2001:500:2::c"),
    "d": ("199.7.91.13", "2001:500:2d::d"),
    "e": ("192.203.230.10", "2001:500:a8::e"),
    "f": ("192.5.5.241", "2001:500:2f::f"),
    "g": ("192.112.36.4", "2001:500:12::d0d"),
    "h": ("198.97.190.53", "2001:500:1::53"),
    "i": ("192.36.148.17", "2001:7fe::53"),
    "j": ("192.58.128.30", "2001:503:c27::2:30"),
    "k": ("193.0.14.129", "2001:7fd::1"),
    "l": ("199.7.83.42", "2001:500:9f::42"),
    "m": ("202.12.27.33", "2001:dc3::35"),
}
"""LETTER.root-servers.net, as of 2024."""


def load(source: str) -> Cut:
    """The hints that a setting names: `builtin`, or a file. Raises SettingsError."""
    return builtin() if source == BUILTIN else read(Path(source))


def builtin() -> Cut:
    """The addresses that IANA gives."""
    return _cut({_server(letter): addresses for letter, addresses in _ADDRESSES.items()})


def read(file: Path) -> Cut:
    """The NS records of the root in a zone file, and the addresses of these servers. Raises SettingsError."""
    records = list(_records(file))
    servers: dict[bytes, list[str]] = {
        names.fold(rdata): [] for owner, rtype, rdata in records if rtype == types.NS and owner == ROOT
    }
    for owner, rtype, rdata in records:
        if rtype in _FAMILIES and owner in servers:
            servers[owner].append(socket.inet_ntop(_FAMILIES[rtype], rdata))
    if not any(servers.values()):
        raise SettingsError([f"resolver.root_hints: {file}: expected NS records of the root, and their addresses"])
    return _cut({name: tuple(addresses) for name, addresses in servers.items() if addresses})


def _records(file: Path) -> Iterator[tuple[bytes, int, bytes]]:
    """Owner, type and data of each record. TTLs may be left out. Raises SettingsError."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST)
    except OSError as error:
        raise SettingsError([f"resolver.root_hints: {file}: {error.strerror or error}"]) from error
    scan = plane.scan_zone_text(_FIRST_LINE + text, ROOT, file=str(file))
    listing = scan.listing()
    records = listing.records(0, len(listing))
    try:
        scan.compile()
    except plane.ZoneFileError as error:
        # It is no zone: what is wrong with it as a whole is of no interest, what is wrong in a line is.
        if problems := [_told(one) for one in error.problems if one.severity == "error" and one.line]:
            raise SettingsError(problems) from error
    return ((names.fold(owner), rtype, rdata) for owner, rtype, _, rdata, *_ in records)


def _told(problem: "plane.Problem") -> str:
    return f"resolver.root_hints: {problem.file}: line {problem.line - 1}: {problem.message}"


def _cut(servers: dict[bytes, tuple[str, ...]]) -> Cut:
    glue = {name: tuple(_endpoint(address) for address in addresses) for name, addresses in servers.items()}
    return Cut(ROOT, tuple(servers), glue, float("inf"))


def _server(letter: str) -> bytes:
    return b"\x01" + letter.encode() + b"\x0croot-servers\x03net\0"


def _endpoint(address: str) -> str:
    return f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"

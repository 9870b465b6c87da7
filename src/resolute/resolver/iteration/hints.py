"""The root's servers before anything is asked: builtin, or from a file like IANA's `named.root` (RFC 8109 2)."""

from pathlib import Path
from typing import Final

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.zonefile

from resolute.errors import SettingsError
from resolute.resolver.iteration.cuts import ROOT, Cut
from resolute.resolver.iteration.judge import PORT

BUILTIN: Final = "builtin"
_LARGEST: Final = 1 << 20
"""Bytes of a file of hints."""

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
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_LARGEST)
        rrsets = dns.zonefile.read_rrsets(text, rdclass=dns.rdataclass.IN, default_ttl=3_600_000, origin=dns.name.root)
    except OSError as error:
        raise SettingsError([f"resolver.root_hints: {file}: {error.strerror or error}"]) from error
    except (dns.exception.DNSException, ValueError) as error:
        raise SettingsError([f"resolver.root_hints: {file}: {error}"]) from error
    servers: dict[bytes, list[str]] = {}
    for rrset in rrsets:
        if rrset.rdtype == dns.rdatatype.NS and rrset.name == dns.name.root:
            servers |= {record.target.to_wire().lower(): [] for record in rrset}
    for rrset in rrsets:
        name = (rrset.name.to_wire() or b"").lower()
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA) and name in servers:
            servers[name] += [record.address for record in rrset]
    if not any(servers.values()):
        raise SettingsError([f"resolver.root_hints: {file}: expected NS records of the root, and their addresses"])
    return _cut({name: tuple(addresses) for name, addresses in servers.items() if addresses})


def _cut(servers: dict[bytes, tuple[str, ...]]) -> Cut:
    glue = {name: tuple(_endpoint(address) for address in addresses) for name, addresses in servers.items()}
    return Cut(ROOT, tuple(servers), glue, float("inf"))


def _server(letter: str) -> bytes:
    return b"\x01" + letter.encode() + b"\x0croot-servers\x03net\0"


def _endpoint(address: str) -> str:
    return f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"

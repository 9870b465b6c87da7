"""Names with addresses, and the records that follow from them: A, AAAA (RFC 3596) and the derived PTR.

The overlay record form is that of `resolute.plane.compile_overlay`: (owner, type, ttl, rdata), names in wire form.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
OverlayRecord = tuple[bytes, int, int, bytes]

A: Final = 1
PTR: Final = 12
AAAA: Final = 28


@dataclass(frozen=True, slots=True)
class Named:
    """One name (wire form) that has one address; `canonical` when a PTR for the address should lead to it."""

    name: bytes
    address: Address
    canonical: bool = True


def records(entries: Iterable[Named], *, ttl_s: int) -> list[OverlayRecord]:
    """Address records in the order of the entries, each once, and one PTR an address: the first canonical name's.

    The unspecified address (`0.0.0.0`, `::`), by which hosts files block names, gets no PTR.
    """
    made: dict[tuple[bytes, bytes], OverlayRecord] = {}
    pointers: dict[Address, bytes] = {}
    for entry in entries:
        owner, rdata = entry.name.lower(), entry.address.packed
        made.setdefault((owner, rdata), (owner, A if entry.address.version == 4 else AAAA, ttl_s, rdata))
        if entry.canonical and not entry.address.is_unspecified:
            pointers.setdefault(entry.address, entry.name)
    return [*made.values(), *((reverse_name(address), PTR, ttl_s, name) for address, name in pointers.items())]


def reverse_name(address: Address) -> bytes:
    """The owner of the address's PTR in wire form (RFC 1035 3.5: in-addr.arpa; RFC 3596 2.5: nibbles in ip6.arpa)."""
    if isinstance(address, ipaddress.IPv4Address):
        labels = [str(octet).encode() for octet in reversed(address.packed)]
        return _wire([*labels, b"in-addr", b"arpa"])
    nibbles = [nibble.encode() for nibble in reversed(address.packed.hex())]
    return _wire([*nibbles, b"ip6", b"arpa"])


def _wire(labels: Iterable[bytes]) -> bytes:
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"

"""PROXY protocol v2 as a proxy sends it (the haproxy specification, 2.2)."""

import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
STREAM, DGRAM = 1, 2
LONGEST = 536


def header(client: str, *, port: int = 40_000, transport: int = DGRAM, tlvs: bytes = b"") -> bytes:
    """What a proxy says that speaks for a client."""
    source = ipaddress.ip_address(client)
    target = ipaddress.ip_address("198.51.100.53" if source.version == 4 else "2001:db8::53")
    family = 0x10 if source.version == 4 else 0x20
    return raw(family | transport, source.packed + target.packed + struct.pack("!HH", port, 53) + tlvs)


def local() -> bytes:
    """What a proxy says that speaks for itself."""
    return raw(0, b"", command=LOCAL)


def raw(family: int, block: bytes, *, command: int = PROXY, length: int | None = None) -> bytes:
    """Any header; `length` may lie."""
    stated = len(block) if length is None else length
    return SIGNATURE + struct.pack("!BBH", command, family, stated) + block

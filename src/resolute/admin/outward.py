"""Requests to addresses that somebody has typed: to the internet, and not to this machine or what stands behind it.

    URL -> scheme, host -> resolved once -> every address allowed? -> connected to one -> redirects are not followed

What is checked is what is connected to, so an answer of the DNS that changes in between changes nothing (THREATS H10).
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from resolute.errors import PeerError, PresentationError

TIMEOUT_S: Final = 10.0
_HEAD: Final = 8_192
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads."""

    secure: bool
    host: str
    port: int
    path: str


def parse(url: str) -> Target:
    """Raises PresentationError for what is no http or https URL, or has a password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise PresentationError(f"it is not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PresentationError("expected a URL that begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise PresentationError("it has a user or a password in it: leave them out, deliveries are signed")
    if not url.isascii() or any(character <= " " for character in url):
        raise PresentationError("it has characters that a URL cannot have")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, parts.hostname, port or (443 if secure else 80), path)


def is_outside(address: Address) -> bool:
    """Whether an address is on the internet, also the IPv4 address that stands within an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_outside(inner)
    return address.is_global and not address.is_multicast


async def post(target: Target, headers: Mapping[str, str], body: bytes, *, private: bool) -> int:
    """The status of the answer; its body is not read. Raises PeerError that says what went wrong, in one line."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            address = await _resolve(target, private=private)
            return await _exchange(target, address, headers, body)
    except TimeoutError as error:
        raise PeerError(f"{target.host} does not answer in {TIMEOUT_S:g} s") from error
    except (OSError, ValueError, EOFError, IndexError, asyncio.LimitOverrunError) as error:
        raise PeerError(f"{target.host}: {error}") from error


async def _resolve(target: Target, *, private: bool) -> str:
    """One address; all that the name has must be allowed. Raises PeerError."""
    found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for text in addresses:
        if not private and not is_outside(ipaddress.ip_address(text.split("%")[0])):
            raise PeerError(f"{target.host} has the address {text}, which is not on the internet: it is not called")
    if not addresses:
        raise PeerError(f"{target.host} has no address")
    return addresses[0]


async def _exchange(target: Target, address: str, headers: Mapping[str, str], body: bytes) -> int:
    context = ssl.create_default_context() if target.secure else None
    name = target.host if target.secure else None
    reader, writer = await asyncio.open_connection(address, target.port, ssl=context, server_hostname=name, limit=_HEAD)
    try:
        writer.write(_head(target, headers, len(body)) + body)
        await writer.drain()
        return int((await reader.readuntil(b"\r\n")).split()[1])
    finally:
        writer.close()


def _head(target: Target, headers: Mapping[str, str], length: int) -> bytes:
    host = f"[{target.host}]" if ":" in target.host else target.host
    lines = [f"POST {target.path} HTTP/1.1", f"Host: {host}:{target.port}", "Connection: close"]
    lines += [f"Content-Length: {length}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

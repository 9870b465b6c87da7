"""What the words of `resolute query` ask for: NAME, TYPE, CLASS and @SERVER in any order."""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import typer

from resolute.units import parse_endpoint

_CLASSES = {"IN": dns.rdataclass.IN, "CH": dns.rdataclass.CH}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and whom (None: the default server)."""

    name: dns.name.Name
    rtype: dns.rdatatype.RdataType
    rclass: dns.rdataclass.RdataClass
    server: str | None


def understand(words: Sequence[str]) -> Question:
    """The question that the words ask. Raises typer.BadParameter."""
    servers = [word[1:] for word in words if word.startswith("@")]
    classes = [_CLASSES[word.upper()] for word in words if word.upper() in _CLASSES]
    rest = [word for word in words if not word.startswith("@") and word.upper() not in _CLASSES]
    if len(servers) > 1 or len(classes) > 1 or not 1 <= len(rest) <= 2:
        raise typer.BadParameter("expected one NAME, at most one TYPE and at most one @SERVER")
    if len(rest) == 2 and _type(rest[1]) is None and _type(rest[0]) is not None:
        rest.reverse()
    name, rtype = _name_and_type(rest)
    return Question(name, rtype, (classes or [dns.rdataclass.IN])[0], _server(servers[0]) if servers else None)


def _name_and_type(rest: Sequence[str]) -> tuple[dns.name.Name, dns.rdatatype.RdataType]:
    rtype = _type(rest[1]) if len(rest) == 2 else None
    if len(rest) == 2 and rtype is None:
        raise typer.BadParameter(f"{rest[1]!r} is not a record type: expected A, AAAA, MX, ... or TYPE<number>")
    try:
        address = ipaddress.ip_address(rest[0])
    except ValueError:
        return _name(rest[0]), dns.rdatatype.A if rtype is None else rtype
    return dns.reversename.from_address(str(address)), dns.rdatatype.PTR if rtype is None else rtype


def _name(text: str) -> dns.name.Name:
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise typer.BadParameter(f"{text!r} is not a domain name: {error}") from error


def _type(text: str) -> dns.rdatatype.RdataType | None:
    try:
        return dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return None


def _server(text: str) -> str:
    """An address, or a host name that this system resolves, with port 53 unless another is given."""
    host, _, port = text.partition(":")
    if text.count(":") > 1 or not _is_host(host):
        return _endpoint(text)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise typer.BadParameter(f"@{text}: there is no host {host!r}; expected @ADDRESS or @ADDRESS:PORT") from error
    address = str(found[0][4][0])
    return _endpoint(f"[{address}]:{port or 53}" if ":" in address else f"{address}:{port or 53}")


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(text)
    return False


def _endpoint(text: str) -> str:
    try:
        return parse_endpoint(text, default_port=53)
    except ValueError as error:
        raise typer.BadParameter(f"@{text}: {error}") from error

"""The parameters of a dyndns2 update: host names, and the addresses that they are to have. Pure."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from resolute.admin.clients import Address
from resolute.errors import PresentationError
from resolute.records import names, rdata

MOST_HOSTS: Final = 20
"""Of one update; more are `numhost`, as the protocol has it."""
TYPES: Final[Mapping[int, int]] = {4: rdata.type_from_text("A"), 6: rdata.type_from_text("AAAA")}
"""The type of an address by its version."""

_LABEL: Final = re.compile(rb"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NOBODYS_V4: Final = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
_NOBODYS_V6: Final = ("::/128", "::1/128", "fe80::/10", "ff00::/8")
_NOBODYS: Final = tuple(map(ipaddress.ip_network, (*_NOBODYS_V4, *_NOBODYS_V6)))


class UnusableError(ValueError):
    """What was given is not an address that a host can be reached at."""


def host_name(text: str) -> bytes | None:
    """The wire name of a host in lower case: two labels at least, of letters, digits, hyphens and underscores, the
    first perhaps an asterisk. None for anything else (`notfqdn`)."""
    if "\\" in text:  # an escape, which no host name has
        return None
    try:
        name = names.fold(names.from_text(text))
    except PresentationError:
        return None
    labels = names.split(name)
    plain = labels[1:] if labels[:1] == [b"*"] else labels
    good = len(labels) >= 2 and all(_LABEL.fullmatch(label) for label in plain)
    return name if good else None


def wanted(given: Sequence[str], client: Address) -> dict[int, Address]:
    """The addresses by record type, of lists of addresses with commas; of the client where all of them are empty.

    Raises UnusableError for what is no address, one that no other machine reaches, and two of one kind.
    """
    texts = [word.strip() for words in given for word in words.split(",") if word.strip()]
    return _by_type(map(_address, texts) if texts else [_checked(client)])


def shown(addresses: Mapping[int, Address]) -> str:
    """As the answer has them: `192.0.2.1,2001:db8::1`."""
    return ",".join(str(addresses[rtype]) for rtype in sorted(addresses))


def _by_type(addresses: Iterable[Address]) -> dict[int, Address]:
    found: dict[int, Address] = {}
    for address in addresses:
        if found.setdefault(TYPES[address.version], address) != address:
            raise UnusableError("two addresses of one kind")
    return found


def _address(text: str) -> Address:
    try:
        return _checked(ipaddress.ip_address(text))
    except ValueError as error:
        raise UnusableError("not an address") from error


def _checked(address: Address) -> Address:
    """An address that another machine can send to; private ones are some."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise UnusableError("it has a scope, which is of one machine alone")
        address = address.ipv4_mapped or address
    if any(address in network for network in _NOBODYS):
        raise UnusableError("no other machine reaches it")
    return address

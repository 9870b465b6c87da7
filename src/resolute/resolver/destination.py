"""Where an upstream is and how it is spoken to, from the text that stands in the settings.

192.0.2.1:5353                           UDP, and TCP for what does not fit; so is udp://192.0.2.1
tcp://192.0.2.1                          TCP alone (RFC 7766)
tls://9.9.9.9#dns.quad9.net              DNS over TLS (RFC 7858), the name that its certificate must have after the #
https://dns.example/dns-query            DNS over HTTPS (RFC 8484) over HTTP/2, h3:// over HTTP/3
quic://192.0.2.1#dns.example             DNS over QUIC (RFC 9250)
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator

from resolute.units import parse_endpoint, split_endpoint

PORTS: Final = {"udp": 53, "tcp": 53, "tls": 853, "https": 443, "h3": 443, "quic": 853}
"""Each transport with the port that is its own."""
ENCRYPTED: Final = frozenset({"tls", "https", "h3", "quic"})
WITH_PATH: Final = frozenset({"https", "h3"})
PATH: Final = "/dns-query"
EXAMPLES: Final = "192.0.2.1, tcp://192.0.2.1, tls://9.9.9.9#dns.quad9.net, https://dns.example/dns-query"

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_PATH: Final = re.compile(r"/[!-\"$-z|~]*")
"""Visible ASCII but for `#`, `{` and `}`."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One upstream. `name` is what its certificate must be for: a host name or an address; empty without TLS."""

    transport: str
    host: str
    port: int
    name: str = ""
    path: str = ""

    @property
    def named(self) -> bool:
        """Whether its address has to be asked for."""
        return not _is_address(self.host)

    @property
    def authority(self) -> str:
        """The host and port of its URL as HTTP names them (RFC 9110 7.2)."""
        host = f"[{self.name}]" if ":" in self.name else self.name
        return host if self.port == PORTS[self.transport] else f"{host}:{self.port}"

    def __str__(self) -> str:
        """The one way in which it is written; a plain one as the data plane takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.transport == "udp":
            return f"{host}:{self.port}"
        port = "" if self.port == PORTS[self.transport] else f":{self.port}"
        name = f"#{self.name}" if self.name and self.name != self.host else ""
        return f"{self.transport}://{host}{port}{self.path}{name}"


def is_plain(upstream: str) -> bool:
    """Whether the data plane asks this upstream itself: over UDP. `upstream` is the text of a destination."""
    return "://" not in upstream


def parse(text: str) -> Destination:
    """The destination that a text means. Raises ValueError that says what is wrong and how to mend it."""
    text = text.strip()
    transport, separator, rest = text.partition("://")
    if not separator:
        return _plain(text, text)
    transport = transport.lower()
    if transport not in PORTS:
        raise ValueError(f"{text!r} has no transport that is known: expected {', '.join(PORTS)}, such as {EXAMPLES}")
    if transport == "udp":
        return _plain(rest.removesuffix("/"), text)
    place, mark, name = rest.partition("#")
    place, slash, path = place.partition("/")
    host, port = _place(place, PORTS[transport], text)
    _check(transport, slash + path, bool(mark), text)
    if transport == "tcp":
        return Destination(transport, host, port)
    return Destination(transport, host, port, _name(name, text) if mark else host, _path(transport, slash + path, text))


def _plain(place: str, text: str) -> Destination:
    if "#" in text:
        raise ValueError(f"{text!r} has a name after '#', which UDP has no use for: for TLS write tls://{text}")
    host, port = split_endpoint(parse_endpoint(place, default_port=PORTS["udp"]))
    return Destination("udp", _usable(host, text), _port(port, text))


def _check(transport: str, path: str, named: bool, text: str) -> None:  # noqa: FBT001 - of this file alone
    if path not in {"", "/"} and transport not in WITH_PATH:
        raise ValueError(f"{text!r} has a path, which is for https:// and h3:// alone: take {path!r} out")
    if named and transport not in ENCRYPTED:
        raise ValueError(f"{text!r} has a name after '#', which is for certificates: there are none with {transport}")


def _place(place: str, default_port: int, text: str) -> tuple[str, int]:
    """Address or host name, and port."""
    if "@" in place:
        raise ValueError(f"{text!r} has a user name: take out what stands before the '@'")
    bare = place.count(":") > 1 and not place.startswith("[")
    if bare:
        raise ValueError(f"{text!r} has an IPv6 address without brackets: write [{place}]")
    host, colon, port = place.rpartition(":") if re.search(r":[0-9]*$", place) else (place, "", "")
    if colon and not port:
        raise ValueError(f"{text!r} has a ':' and no port after it")
    number = _port(int(port), text) if port else default_port
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if _is_address(inner) or inner != host:
        endpoint = parse_endpoint(host, default_port=default_port)
        return _usable(split_endpoint(endpoint)[0], text), number
    return _name(host, text), number


def _port(port: int, text: str) -> int:
    if port == 0:
        raise ValueError(f"{text!r} has port 0, which nobody can be asked at")
    if port > 65_535:
        raise ValueError(f"{text!r} has a port above 65535")
    return port


def _usable(host: str, text: str) -> str:
    if ipaddress.ip_address(host).is_unspecified:
        raise ValueError(f"{text!r} is the unspecified address: expected the address of a server")
    return host


def _name(name: str, text: str) -> str:
    """A host name in lower case without its final dot, or an address."""
    if _is_address(name):
        return str(ipaddress.ip_address(name))
    host = name.lower().removesuffix(".")
    if not name.isascii():
        raise ValueError(f"{text!r} has a name that is not ASCII: write its A-label, such as xn--bcher-kva.example")
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError(f"{text!r} has no host name or address where one is expected: write it as in {EXAMPLES}")
    if host.rpartition(".")[2].isdigit():
        raise ValueError(f"{text!r} has neither a host name nor an address: {name!r} ends in a number")
    return host


def _path(transport: str, path: str, text: str) -> str:
    """The path of the URL. A template's `{?dns}` (RFC 8484 4.1) is for GET, and questions are sent by POST."""
    if transport not in WITH_PATH:
        return ""
    path = path.removesuffix("{?dns}")
    if path in {"", "/"}:
        return PATH
    if not _PATH.fullmatch(path) or len(path) > 1_024:
        raise ValueError(f"{text!r} has a path that cannot be sent: expected visible ASCII, such as {PATH}")
    return path


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _canonical(text: str) -> str:
    return str(parse(text))


def _canonical_plain(text: str) -> str:
    destination = parse(text)
    if destination.transport != "udp":
        raise ValueError(f"{text!r} is no plain address: expected ADDRESS or ADDRESS:PORT")
    return str(destination)


def _tuple(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)


Upstream = Annotated[str, AfterValidator(_canonical)]
Upstreams = Annotated[Sequence[Upstream], AfterValidator(_tuple)]
"""Upstreams of settings, each as `str(Destination)`."""
Plain = Annotated[str, AfterValidator(_canonical_plain)]
PlainUpstreams = Annotated[Sequence[Plain], AfterValidator(_tuple)]
"""Upstreams that are given by address and asked over UDP."""

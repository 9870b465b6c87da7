"""Where everything is in the test Internet: the real root servers, sites of three programs, and places where nobody is.

A site is one running program with a few hosts, each with an IPv4 and an IPv6 address. Sites stand on four levels, so
that a parent and its child are on the same server only where a zone is meant to show that.
"""

from dataclasses import dataclass

ROOT_SERVERS = {
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
"""The addresses of a.root-servers.net to m.root-servers.net."""
PROGRAMS = ("nsd", "knot", "bind")
LEVELS = ("root", "tld", "host", "leaf")
HOSTS = 6
"""Of a site below the root."""
SCRIPTED = 16
"""Name servers that a test may play."""


@dataclass(frozen=True)
class Host:
    """The addresses of a name server."""

    v4: str | None
    v6: str | None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that it has."""
        return tuple(address for address in (self.v4, self.v6) if address)


def host(site: str, number: int) -> Host:
    """A host of a site below the root."""
    at = SITES.index(site) + 1
    return Host(f"45.{at}.0.{number}", f"2a10:{at}::{number}")


def hosts(site: str) -> list[Host]:
    """All hosts of a site; the thirteen root servers are three sites."""
    if site not in ROOT_LETTERS:
        return [host(site, number) for number in range(1, HOSTS + 1)]
    return [Host(*ROOT_SERVERS[letter]) for letter in ROOT_LETTERS[site]]


def scripted(number: int) -> Host:
    """Where the name server of a delegation that tests play is."""
    return Host(f"46.0.0.{number + 1}", f"2a11::{number + 1:x}")


def silent(number: int) -> Host:
    """Packets to it are lost."""
    return Host(f"47.0.0.{number}", f"2a12::{number:x}")


def closed(number: int) -> Host:
    """The machine is there, and nobody listens: "port unreachable"."""
    return Host(f"45.200.0.{number}", f"2a10:200::{number:x}")


SITES = [f"{level}-{program}" for level in LEVELS for program in PROGRAMS]
ROOT_LETTERS = {"root-nsd": "abcd", "root-knot": "efghi", "root-bind": "jklm"}
HERE = ["45.0.0.0/8", "46.0.0.0/8", "2a10::/16", "2a11::/16"]
"""Networks whose every address is one of the servers' namespace, besides the root servers; others are lost."""

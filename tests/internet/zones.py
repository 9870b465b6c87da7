"""What a zone of the test Internet is, and its text; a world is all of them.

What a parent says of a child is made of the child: NS, DS, and the addresses of name servers at or below a cut, in
bailiwick or of a sibling (RFC 9471). A name server's addresses stand in the zone that encloses its name, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from tests.internet.addresses import Host

TTL = 3600


class Denial(Enum):
    """How a zone proves that something is not there."""

    NSEC = "NSEC"
    NSEC3 = "NSEC3"
    OPT_OUT = "NSEC3 that leaves out delegations without DS (RFC 5155 6)"
    SALTED = "NSEC3 with a salt and some iterations"
    EXCESSIVE = "NSEC3 with more iterations than validators do"


class Fault(Enum):
    """What is wrong with a signed zone, or with its DS in the parent."""

    NONE = "nothing"
    NO_DS = "an island: signed, without DS"
    UNKNOWN_ALGORITHM = "the DS is for an algorithm that nobody knows"
    UNKNOWN_DIGEST = "the DS has a digest type that nobody knows"
    SECOND_DS = "a second DS is for a key that is not there"
    WRONG_DS = "the DS has another digest"
    EXPIRED = "the signatures have expired"
    FUTURE = "the signatures are not valid yet"
    NO_SIGNATURES = "there are no signatures but that of the keys"
    WRONG_SIGNATURES = "the signatures are wrong but that of the keys"
    WRONG_WWW = "the signature of www A is wrong"
    NO_DENIAL = "there are no NSEC or NSEC3 records"


HARMLESS = {Fault.NONE, Fault.SECOND_DS}
UNKNOWN = {Fault.UNKNOWN_ALGORITHM, Fault.UNKNOWN_DIGEST}
"""RFC 4035 5.2: as if there were no DS."""
IN_PARTS = {Fault.WRONG_WWW, Fault.NO_DENIAL}
"""Some answers of the zone are secure, others bogus."""


class Verdict(Enum):
    """What a validator says of data (RFC 4035 4.3)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"


@dataclass(frozen=True)
class Signing:
    """How a zone is signed."""

    algorithm: int = 13
    denial: Denial = Denial.NSEC
    fault: Fault = Fault.NONE
    split: bool = False
    """A key-signing and a zone-signing key; else one key does both."""


@dataclass(frozen=True)
class Zone:
    """A zone: where it is, who serves it, and what it says."""

    name: str
    shape: str
    """What is special about it, in a few words."""
    servers: Mapping[str, Host]
    """The name servers of the delegation."""
    sites: tuple[str, ...]
    """Those that have the zone; a name server elsewhere is lame."""
    body: tuple[str, ...] = ()
    """Lines of its zone file, besides SOA, NS, addresses of name servers and delegations."""
    signing: Signing | None = None
    apex: Mapping[str, Host] | None = None
    """The name servers that the zone itself says. None: those of the delegation."""
    reachable: bool = True
    """Whether it can be resolved at all."""
    scripted: bool = False
    """A test plays its name server."""


@dataclass(frozen=True)
class World:
    """All zones, the root among them."""

    seed: int
    zones: Mapping[str, Zone] = field(repr=False)

    def enclosing(self, name: str) -> Zone:
        """The zone that has a name."""
        return self.zones[next(up for up in ancestors(name) if up in self.zones)]

    def parent(self, zone: Zone) -> Zone:
        """The zone above. Not of the root."""
        return self.enclosing(above(zone.name))

    def is_alias(self, name: str) -> bool:
        """Whether there is a CNAME at the name, a wildcard's too, or a DNAME above it."""
        zone = self.enclosing(name)
        label = name.removesuffix(zone.name)
        for owner, rtype in (line.split()[:2] for line in zone.body):
            synthesised = owner[1:] if owner.startswith("*.") else f".{owner}" * (rtype == "DNAME")
            if rtype in {"CNAME", "DNAME"} and (
                label == f"{owner}." or (synthesised and label.endswith(f"{synthesised}."))
            ):
                return True
        return False

    def verdict(self, zone: Zone) -> Verdict:
        """Of the data of a zone; with a fault that lies in some of its data only, of the rest."""
        if zone.name != "." and (up := self.verdict(self.parent(zone))) is not Verdict.SECURE:
            return up
        if zone.signing is None or zone.signing.fault is Fault.NO_DS:
            signing = self.parent(zone).signing  # which has to prove that there is no DS
            return Verdict.BOGUS if signing and signing.fault is Fault.NO_DENIAL else Verdict.INSECURE
        if zone.signing.fault in UNKNOWN:
            return Verdict.INSECURE
        harmless = zone.signing.fault in HARMLESS | IN_PARTS
        return Verdict.SECURE if harmless else Verdict.BOGUS

    @cached_property
    def children(self) -> Mapping[str, list[Zone]]:
        """The delegations of each zone."""
        found: dict[str, list[Zone]] = {name: [] for name in self.zones}
        for zone in self.zones.values():
            if zone.name != ".":
                found[self.parent(zone).name].append(zone)
        return found

    @cached_property
    def hosts(self) -> Mapping[str, Host]:
        """Every name server."""
        known = (servers for zone in self.zones.values() for servers in (zone.servers, zone.apex or {}))
        return {name: host for servers in known for name, host in servers.items()}

    @cached_property
    def _hosts_in(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in self.zones}
        for name in self.hosts:
            found[self.enclosing(name).name].append(name)
        return found

    def text(self, zone: Zone, ds: Mapping[str, list[str]]) -> str:
        """The zone file, not signed; `ds` has the DS records of its children, as rdata."""
        lines = [f"$ORIGIN {zone.name}", f"$TTL {TTL}"]
        servers = zone.apex or zone.servers
        lines.append(f"@ SOA {next(iter(servers))} hostmaster {self.seed} 7200 3600 1209600 300")
        lines += [f"@ NS {name}" for name in servers]
        lines += zone.body
        for name in self._hosts_in[zone.name]:
            lines += _addresses(name, self.hosts[name])
        lines += dict.fromkeys(line for child in self.children[zone.name] for line in self._delegation(child, ds))
        return "\n".join(lines) + "\n"

    def _delegation(self, child: Zone, ds: Mapping[str, list[str]]) -> Iterator[str]:
        parent = self.parent(child)
        for name, host in child.servers.items():
            yield f"{child.name} NS {name}"
            if self.enclosing(name) is not parent and at_or_below(name, parent.name):
                yield from _addresses(name, host)
        yield from (f"{child.name} DS {rdata}" for rdata in ds.get(child.name, ()))


def _addresses(name: str, host: Host) -> Iterator[str]:
    if host.v4:
        yield f"{name} A {host.v4}"
    if host.v6:
        yield f"{name} AAAA {host.v6}"


def ancestors(name: str) -> Iterator[str]:
    """The name itself, what is above it, the root last; names are absolute and in lower case."""
    while name != ".":
        yield name
        name = above(name)
    yield "."


def above(name: str) -> str:
    """The name without its first label."""
    return name.partition(".")[2] or "."


def at_or_below(name: str, ancestor: str) -> bool:
    """Whether a name is the other or ends in it."""
    return ancestor in (name, ".") or name.endswith(f".{ancestor}")


def below(label: str, zone: str) -> str:
    """The name in a zone: `www`, or more labels; nothing for its apex."""
    return zone if not label else f"{label}." if zone == "." else f"{label}.{zone}"

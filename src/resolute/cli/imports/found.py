"""What the readers of other programs' files find, and where each of it goes. Pure.

    name with one address                        -> a local record
    all records of a domain that is theirs alone -> a zone of the store, which hides the rest of that domain
    an alias of a name with an address           -> a local record with that address
    everything else                              -> left out, with the reason

A domain is theirs alone where the other program answers for all of it, so that a zone hides nothing that it would not
have hidden; a zone for one name of a domain that is public would.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from resolute.errors import PresentationError, RuleError
from resolute.records import names
from resolute.resolver.destination import parse
from resolute.zones.founding import Founding, NameServer, zone_text
from resolute.zones.local import check_address, check_name
from resolute.zones.serial import Policy

TTL: Final = 300
_HOSTMASTER: Final = names.from_text("nobody.invalid.")  # RFC 6303 3, for zones of this kind
_SERVER: Final = names.from_text("localhost.")


class LeftOut(NamedTuple):
    """What is not taken over: where it stands (`file:line`), what stands there, and why, with a way to have it."""

    where: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class ImportedZone:
    """A zone, as zone text without directives."""

    origin: bytes
    text: bytes = field(repr=False)
    where: str
    """The file that it comes from."""


@dataclass(frozen=True, slots=True)
class Imported:
    """All that a program's files say."""

    zones: Sequence[ImportedZone] = ()
    local: Mapping[str, str] = field(default_factory=dict)
    """Names, lower case without the last dot, and addresses."""
    settings: str = ""
    """TOML, for the configuration."""
    left_out: Sequence[LeftOut] = ()


class _Record(NamedTuple):
    where: str
    rtype: str
    data: str
    ttl: int


class Collector:
    """Takes what a reader finds, line by line; `result` says where it goes."""

    def __init__(self) -> None:
        self._addresses: dict[str, list[tuple[str, str]]] = {}
        self._records: dict[str, list[_Record]] = {}
        self._own: dict[str, str] = {}
        self._left: list[LeftOut] = []
        self._upstreams: list[str] = []
        self._bootstrap: list[str] = []
        self._routes: dict[str, list[str]] = {}

    def leave(self, where: str, what: str, why: str) -> None:
        """Something is not taken over."""
        self._left.append(LeftOut(where, what, why))

    def address(self, where: str, name: str, address: str) -> None:
        """A name has an address."""
        try:
            pair = check_name(name), check_address(address)
        except RuleError as error:
            self.leave(where, f"{name} {address}", str(error))
            return
        known = self._addresses.setdefault(pair[0], [])
        if pair[1] not in [one for _, one in known]:
            known.append((where, pair[1]))

    def record(self, where: str, name: str, rtype: str, data: str, *, ttl: int = TTL) -> None:
        """A name has a record, in presentation form; names in it are absolute."""
        key = self._name(where, name, f"{rtype} {data}")
        if key:
            self._records.setdefault(key, []).append(_Record(where, rtype, data, ttl))

    def own(self, where: str, domain: str) -> None:
        """The program answers for all of a domain."""
        key = self._name(where, domain, "")
        if key:
            self._own.setdefault(key, where)

    def all_below(self, where: str, domain: str, address: str) -> None:
        """A domain and every name below it have an address."""
        self.own(where, domain)
        self.address(where, domain, address)
        rtype = "AAAA" if ":" in address else "A"
        self.record(where, f"*.{domain}", rtype, address)

    def upstream(self, where: str, server: str, domains: Sequence[str] | None = None) -> None:
        """Questions are forwarded: all, or those about some domains. `server` is ADDRESS, ADDRESS#PORT or a URL."""
        try:
            place = _endpoint(server)
        except ValueError as error:
            self.leave(where, server, f"no DNS server that can be asked: {error}")
            return
        if _is_named(place) and not self._bootstrap:
            why = "its address is not known: write it with the name after a '#', or set resolver.bootstrap"
            self.leave(where, server, why)
            return
        if domains is None:
            _add(self._upstreams, place)
        for domain in domains or ():
            if zone := self._name(where, domain, server):
                _add(self._routes.setdefault(zone, []), place)

    def bootstrap(self, where: str, server: str) -> None:
        """Asked for the addresses of upstreams that are named by host name; said before those are."""
        try:
            destination = parse(server)
        except ValueError as error:
            self.leave(where, server, f"no DNS server that can be asked: {error}")
            return
        if destination.transport == "udp":
            _add(self._bootstrap, str(destination))
        else:
            self.leave(where, server, "servers for resolver.bootstrap are asked over UDP: write an address alone")

    def result(self, zones: Sequence[ImportedZone] = ()) -> Imported:
        """Where everything goes; `zones` are those that the reader has made itself."""
        made = [self._zone(domain) for domain in sorted(self._own)]
        local = {name: self._one(name, found) for name, found in self._addresses.items() if not self._domain(name)}
        for name, records in self._records.items():
            if not self._domain(name):
                self._outside(local, name, records)
        self._pointers(local)
        taken = [*zones, *made]
        return Imported(taken, dict(sorted(local.items())), self._settings(), tuple(self._left))

    def _name(self, where: str, name: str, what: str) -> str:
        try:
            return names.to_text(names.fold(names.from_text(name))).removesuffix(".")
        except PresentationError as error:
            self.leave(where, f"{name} {what}".strip(), str(error))
            return ""

    def _domain(self, name: str) -> str | None:
        """The nearest domain of its own that a name is in."""
        labels = name.split(".")
        return next((one for one in (".".join(labels[at:]) for at in range(len(labels))) if one in self._own), None)

    def _one(self, name: str, found: Sequence[tuple[str, str]]) -> str:
        for where, address in found[1:]:
            self.leave(
                where,
                f"{name} {address}",
                f"a local record has one address, {found[0][1]}: a hosts file (`[hosts] files`) takes"
                f" `{address} {name}` besides",
            )
        return found[0][1]

    def _outside(self, local: dict[str, str], name: str, records: Sequence[_Record]) -> None:
        for record in records:
            address = self._followed(local, record.data) if record.rtype == "CNAME" else None
            what = f"{name} {record.rtype} {record.data}"
            if address is not None and name not in local:
                local[name] = address
                why = f"taken over as a local record: {name} has the address {address} itself, and does not follow it"
            else:
                why = (
                    "a local record has an address only, and a zone for this name would hide the rest of its domain:"
                    " put it into a zone that you have, or make one"
                )
            self.leave(record.where, what, why)

    def _pointers(self, local: Mapping[str, str]) -> None:
        """Of the names that have an address, reverse lookups give the first one in the alphabet."""
        first: dict[str, tuple[str, str]] = {}
        for name, found in self._addresses.items():
            if name in local:
                first.setdefault(local[name], (name, found[0][0]))
        for address, (name, where) in first.items():
            given = min(one for one, other in local.items() if other == address)
            if given != name:
                why = f"gives {given}., the first in the alphabet: a hosts file that has the address first decides"
                self.leave(where, f"reverse lookup of {address}, {name}.", why)

    def _followed(self, local: Mapping[str, str], target: str) -> str | None:
        """The address of a name, through aliases."""
        for _ in range(8):
            key = target.rstrip(".").lower()
            if key in local:
                return local[key]
            target = next((one.data for one in self._records.get(key, []) if one.rtype == "CNAME"), "")
        return None

    def _zone(self, domain: str) -> ImportedZone:
        origin = names.from_text(domain)
        text = zone_text(Founding(origin, [NameServer(_SERVER)], _HOSTMASTER, Policy.INCREMENT, TTL)).decode()
        lines = []
        for name, found in self._addresses.items():
            if self._domain(name) == domain:
                lines += [f"{name}. {TTL} {'AAAA' if ':' in one else 'A'} {one}" for _, one in found]
        for name, records in self._records.items():
            if self._domain(name) == domain:
                lines += [f"{name}. {one.ttl} {one.rtype} {one.data}" for one in records]
        if any(" A " in line or " AAAA " in line for line in lines if not line.startswith("*")):
            why = "local records and hosts files give names of addresses (PTR), zones do not: make a reverse zone"
            self.leave(self._own[domain], f"reverse lookups of addresses in {domain}.", why)
        return ImportedZone(
            origin, "".join([text, *(f"{line}\n" for line in sorted(lines))]).encode(), self._own[domain]
        )

    def _settings(self) -> str:
        parts, everywhere = [], [*self._upstreams, *(one for servers in self._routes.values() for one in servers)]
        bootstrap = f"bootstrap = {_array(self._bootstrap)}\n" if any(map(_is_named, everywhere)) else ""
        if self._upstreams:
            parts.append(f'[resolver]\nmode = "forward"\nforward = {_array(self._upstreams)}\n{bootstrap}')
        elif bootstrap:
            parts.append(f"[resolver]\n{bootstrap}")
        for zone, servers in sorted(self._routes.items()):
            parts.append(f'[[resolver.route]]\nzone = "{_quoted(zone)}."\nforward = {_array(servers)}\n')
        return "\n".join(parts)


def _add(servers: list[str], place: str) -> None:
    if place not in servers:
        servers.append(place)


def _endpoint(server: str) -> str:
    """`192.0.2.1#5353` as `192.0.2.1:5353`, a URL as settings have it. Raises ValueError for what is neither."""
    if "://" in server:
        return str(parse(server))
    host, _, port = server.strip().partition("#")
    address = ipaddress.ip_address(host.strip("[]").split("%")[0])
    shown = f"[{address}]" if address.version == 6 else str(address)
    if port and not 0 < int(port) < 65_536:
        raise ValueError(port)
    return f"{shown}:{int(port)}" if port else str(address)


def _is_named(server: str) -> bool:
    return parse(server).named


def _array(texts: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

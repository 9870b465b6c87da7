"""Takes what a reader of another program's files finds, and says where each of it goes. Pure.

    name with one address                        -> a local record
    all records of a domain that is theirs alone -> a zone of the store, which hides the rest of that domain
    an alias of a name with an address           -> a local record with that address
    whom it asks                                 -> settings; a zone hides a route at or below it
    everything else                              -> left out, with the reason

A domain is theirs alone where the other program answers for all of it, so that a zone hides nothing that it would not
have hidden; a zone for one name of a domain that is public would.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from resolute.cli.imports.forwarding import Forwarding, bootstrap_endpoint, endpoint, is_named, parents
from resolute.cli.imports.found import TTL, Imported, ImportedZone, LeftOut, Record, absolute, type_of
from resolute.cli.imports.ownzones import OwnDomain, build
from resolute.errors import PresentationError, RuleError
from resolute.records import names
from resolute.zones.local import check_address, check_name


class Collector:
    """Takes it line by line; `result` says where it goes."""

    def __init__(self) -> None:
        self._addresses: dict[str, list[Record]] = {}
        self._records: dict[str, list[Record]] = {}
        self._below: dict[str, list[Record]] = {}
        self._own: dict[str, str] = {}
        self._left: list[LeftOut] = []
        self._forwarding = Forwarding()

    def leave(self, where: str, what: str, why: str) -> None:
        """Something is not taken over."""
        self._left.append(LeftOut(where, what, why))

    def address(self, where: str, name: str, address: str) -> None:
        """A name has an address."""
        try:
            key, given = check_name(name), check_address(address)
        except RuleError as error:
            self.leave(where, f"{name} {address}", str(error))
            return
        known = self._addresses.setdefault(key, [])
        if given not in [one.data for one in known]:
            known.append(Record(where, key, type_of(given), given))

    def record(self, where: str, name: str, rtype: str, data: str, *, ttl: int = TTL) -> None:
        """A name has a record, in presentation form; names in it are absolute."""
        key = self._name(where, name, f"{rtype} {data}")
        if key and not data.isprintable():
            self.leave(where, f"{key} {rtype} {data!r}", "it is more than one line")
        elif key:
            self._records.setdefault(key, []).append(Record(where, key, rtype, data, ttl))

    def alias(self, where: str, name: str, target: str, *, ttl: int = TTL) -> None:
        """A name stands for another one."""
        try:
            self.record(where, name, "CNAME", absolute(target), ttl=ttl)
        except PresentationError as error:
            self.leave(where, f"{name} CNAME {target}", str(error))

    def own(self, where: str, domain: str) -> None:
        """The program answers for all of a domain."""
        key = self._name(where, domain, "")
        if key:
            self._own.setdefault(key, where)

    def below(self, where: str, domain: str, address: str) -> None:
        """Every name below a domain has an address; the domain is the program's own."""
        try:
            key, given = check_name(domain), check_address(address)
        except RuleError as error:
            self.leave(where, f"*.{domain} {address}", str(error))
            return
        self._own.setdefault(key, where)
        self._below.setdefault(key, []).append(Record(where, f"*.{key}", type_of(given), given))

    def upstream(self, where: str, server: str, domains: Sequence[str] | None = None) -> None:
        """Questions are forwarded: all, or those about some domains. `server` is ADDRESS, ADDRESS#PORT or a URL."""
        try:
            place = endpoint(server)
        except RuleError as error:
            self.leave(where, server, str(error))
            return
        if is_named(place) and not self._forwarding.bootstraps:
            why = "its address is not known: write it with the name after a '#', or set resolver.bootstrap"
            self.leave(where, server, why)
            return
        if domains is None:
            self._forwarding.upstream(place)
        for domain in domains or ():
            if domain == ".":
                self._forwarding.upstream(place)
            elif zone := self._name(where, domain, server):
                self._forwarding.route(where, zone, place)

    def bootstrap(self, where: str, server: str) -> None:
        """Asked for the addresses of upstreams that are named by host name; said before those are."""
        try:
            self._forwarding.bootstrap(bootstrap_endpoint(server))
        except RuleError as error:
            self.leave(where, server, str(error))

    def result(self, zones: Sequence[ImportedZone] = ()) -> Imported:
        """Where everything goes; `zones` are those that the reader has made itself."""
        self._let_go_of_forwarded()
        addresses, records = self._by_domain(self._addresses.items()), self._by_domain(self._every_record())
        made = [zone for one in sorted(self._own) if (zone := self._zone(one, addresses[one], records[one]))]
        local = {found[0].name: self._one(found) for found in addresses[None]}
        for found in records[None]:
            self._outside(local, found[0].name, found)
        self._pointers(local)
        taken = [*zones, *made]
        self._left += self._forwarding.hide(_plain(zone.origin) for zone in taken)
        return Imported(taken, dict(sorted(local.items())), self._forwarding.settings(), tuple(self._left))

    def _let_go_of_forwarded(self) -> None:
        """A domain of its own that it forwards all the same is no zone: the route would never be reached."""
        for domain in sorted(self._own):
            if self._forwarding.has(domain):
                why = "it is forwarded, so there is no zone for it: its names with an address become local records"
                self.leave(self._own.pop(domain), f"{domain}. as a domain of its own", why)

    def _every_record(self) -> Iterator[tuple[str, list[Record]]]:
        """Those with an address of all names below a domain that has become no zone, too."""
        yield from self._records.items()
        yield from ((f"*.{domain}", found) for domain, found in self._below.items() if domain not in self._own)

    def _by_domain(self, found: Iterable[tuple[str, list[Record]]]) -> defaultdict[str | None, list[list[Record]]]:
        """The records of each name, by the domain of its own that it is in."""
        grouped = defaultdict[str | None, list[list[Record]]](list)
        for name, records in found:
            grouped[self._domain(name)].append(records)
        return grouped

    def _name(self, where: str, name: str, what: str) -> str:
        try:
            key = _plain(names.from_text(name))
        except PresentationError as error:
            self.leave(where, f"{name} {what}".strip(), str(error))
            return ""
        if not key:
            self.leave(where, f". {what}".strip(), "it is the root's, which has servers of its own")
        return key

    def _domain(self, name: str) -> str | None:
        """The nearest domain of its own that a name is in."""
        return next((one for one in parents(name) if one in self._own), None)

    def _one(self, found: Sequence[Record]) -> str:
        first = found[0].data
        for one in found[1:]:
            self.leave(
                one.where,
                f"{one.name} {one.data}",
                f"a local record has one address, {first}: a hosts file (`[hosts] files`) takes"
                f" `{one.data} {one.name}` besides",
            )
        return first

    def _outside(self, local: dict[str, str], name: str, records: Sequence[Record]) -> None:
        for record in records:
            address = self._followed(local, record.data) if record.rtype == "CNAME" else None
            what = f"{name} {record.rtype} {record.data}"
            if address is not None and name not in local and not name.startswith("*."):
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
        first: dict[str, Record] = {}
        for name, found in self._addresses.items():
            if name in local:
                first.setdefault(local[name], found[0])
        names_of = {address: name for name, address in sorted(local.items(), reverse=True)}
        for address, one in first.items():
            if (given := names_of[address]) != one.name:
                why = f"gives {given}., the first in the alphabet: a hosts file that has the address first decides"
                self.leave(one.where, f"reverse lookup of {address}, {one.name}.", why)

    def _followed(self, local: Mapping[str, str], target: str) -> str | None:
        """The address of a name, through aliases."""
        for _ in range(8):
            key = target.rstrip(".").lower()
            if key in local:
                return local[key]
            target = next((one.data for one in self._records.get(key, []) if one.rtype == "CNAME"), "")
        return None

    def _zone(
        self, domain: str, addresses: Sequence[Sequence[Record]], records: Sequence[Sequence[Record]]
    ) -> ImportedZone | None:
        every = [*chain.from_iterable(addresses), *chain.from_iterable(records)]
        zone, left = build(OwnDomain(domain, self._own[domain], every, self._below.get(domain, ())))
        self._left += left
        if zone is not None and addresses:
            why = "local records and hosts files give names of addresses (PTR), zones do not: make a reverse zone"
            self.leave(self._own[domain], f"reverse lookups of addresses in {domain}.", why)
        return zone


def _plain(name: bytes) -> str:
    """Lower case, without the last dot."""
    return names.to_text(names.fold(name)).removesuffix(".")

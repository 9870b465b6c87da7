"""Zones that are checked together: a delegation against the zone that it leads to (RFC 1034 4.2.2, RFC 4035 5.2)."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from resolute.records.names import label_count, parent
from resolute.records.types import DNSKEY, DS, NS, SOA
from resolute.zones.lint.dnssec import ds
from resolute.zones.lint.finding import Finding, finding
from resolute.zones.lint.records import ADDRESSES, Record, shown, target
from resolute.zones.lint.zone import Where, Zone


@dataclass(frozen=True, slots=True)
class Delegation:
    """What a zone says of one that is checked with it: the records at the cut, and the addresses of its servers."""

    child: bytes
    records: tuple[Record, ...]
    glue: dict[bytes, frozenset[bytes]]


@dataclass(frozen=True, slots=True)
class Relative:
    """What is kept of a zone that was checked: its apex, and what it says of others."""

    origin: bytes
    files: tuple[str, ...]
    apex: tuple[Record, ...]
    delegations: tuple[Delegation, ...]
    addresses: dict[bytes, frozenset[bytes]]
    """Of its servers' names that are in it."""

    @classmethod
    def of(cls, zone: Zone, files: Sequence[str], children: Sequence[bytes]) -> "Relative":
        """From a zone, with the names of the zones next below it."""
        kept = frozenset((NS, DNSKEY, SOA))
        apex = tuple(record for record in zone.apex if record.rtype in kept)
        addresses = {name: _addresses(zone, name) for name in _servers(apex)}
        return cls(zone.origin, tuple(files), apex, tuple(_delegation(zone, name) for name in children), addresses)


def children(origins: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """For each zone of a run that has some, the zones next below it."""
    known, found = set(origins), dict[bytes, list[bytes]]()
    for origin in sorted(known):
        if (above := _nearest(origin, known)) is not None:
            found.setdefault(above, []).append(origin)
    return found


def check(relatives: Sequence[Relative]) -> Iterator[Finding]:
    """Each zone against those next below it."""
    by_origin = {relative.origin: relative for relative in relatives}
    for above in relatives:
        for delegation in above.delegations:
            if (below := by_origin.get(delegation.child)) is not None:
                yield from _compare(above, delegation, below)


def _nearest(origin: bytes, known: Container[bytes]) -> bytes | None:
    while label_count(origin):
        origin = parent(origin)
        if origin in known:
            return origin
    return None


def _compare(above: Relative, delegation: Delegation, child: Relative) -> Iterator[Finding]:
    servers = [record for record in delegation.records if record.rtype == NS]
    if not servers:
        message = f"{shown(above.origin)} does not delegate {shown(child.origin)}, which is checked with it"
        yield _finding("not-delegated", above, _soa(above), message)
        return
    said, own = _servers(servers), _servers(child.apex)
    if said != own:
        names = ", ".join(shown(name) for name in sorted(said ^ own))
        message = f"the NS of {shown(child.origin)} differ from those at its apex: {names}"
        yield _finding("delegation-differs", above, servers[0], message)
    for name, glue in delegation.glue.items():
        if glue and child.addresses.get(name) and glue != child.addresses[name]:
            message = f"the glue of {shown(name)} is not the addresses that {shown(child.origin)} has for it"
            yield _finding("glue-differs", above, servers[0], message)
    yield from _compare_keys(above, delegation, child)


def _compare_keys(above: Relative, delegation: Delegation, child: Relative) -> Iterator[Finding]:
    digests = [record for record in delegation.records if record.rtype == DS]
    keys = [record for record in child.apex if record.rtype == DNSKEY]
    odd = [
        record
        for record in digests
        if not any(ds.matches(record.rdata, child.origin, key.rdata) is not False for key in keys)
    ]
    if digests and len(odd) == len(digests):
        message = f"no DS of {shown(child.origin)} matches a key of the zone"
        yield _finding("ds-without-key", above, odd[0], message)
    else:
        for record in odd:
            yield _finding("ds-stale", above, record, f"a DS of {shown(child.origin)} matches no key of the zone")
    if keys and not digests:
        yield _finding("no-ds", above, delegation.records[0], f"{shown(child.origin)} has keys and no DS")


def _finding(code: str, relative: Relative, record: Record | None, message: str) -> Finding:
    if record is None:
        return finding(code, relative.files[0], message)
    return finding(code, relative.files[record.file], message, at=(record.line, record.column))


def _soa(relative: Relative) -> Record | None:
    return next((record for record in relative.apex if record.rtype == SOA), None)


def _servers(records: Sequence[Record]) -> set[bytes]:
    return {target(record) for record in records if record.rtype == NS}


def _delegation(zone: Zone, child: bytes) -> Delegation:
    look = zone.look(child)
    records = look.records if look.where is Where.CUT and look.at == child else ()
    kept = tuple(record for record in records if record.rtype in {NS, DS})
    return Delegation(child, kept, {name: _addresses(zone, name) for name in _servers(kept)})


def _addresses(zone: Zone, name: bytes) -> frozenset[bytes]:
    return frozenset(record.rdata for record in zone.look(name).records if record.rtype in ADDRESSES)

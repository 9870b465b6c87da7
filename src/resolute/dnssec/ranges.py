"""Aggressive use of what was validated (RFC 8198): names between two that are known need not be asked for.

validated NSEC, NSEC3, SOA, wildcards ─► learn ─► zones in order ─► answer ─► no such name, no such type, or from a
wildcard, each with its proof; None where something has to be asked. An opt-out range says nothing (RFC 8198 5.1).

Bounded: by zones, by ranges in each, and by time. What a server makes up for a single name (RFC 4470, RFC 9824) is not
kept. One thread at a time.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from resolute.dnssec.budget import Budget, ExhaustedError
from resolute.dnssec.denial import Proof, UnprovenError
from resolute.dnssec.keys import MalformedError
from resolute.dnssec.message import NOERROR, NXDOMAIN, Message
from resolute.dnssec.nsec import Key, Nsec, NsecDenial
from resolute.dnssec.nsec3 import SHA1, Nsec3, Nsec3Denial, Parameters
from resolute.dnssec.signatures import SignedRRset, label_count
from resolute.dnssec.verdict import Authentic
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.records.types import ANY, CNAME, DS, NSEC, NSEC3, RRSIG, SOA

MOST_RANGES: Final = 10_000
"""Of one zone."""
MOST_ZONES: Final = 2_000
CAPACITY: Final = 100_000
"""Ranges and wildcards of all zones."""
_SINGLE: Final = b"\x01\x00"
"""The label right after a name: an NSEC that leads there denies one name only."""

R = TypeVar("R", Nsec, Nsec3)
K = TypeVar("K", bytes, tuple[bytes, ...])


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a name without asking."""

    rcode: int
    ttl: int
    """Seconds."""
    zone: bytes
    proof: tuple[SignedRRset, ...]
    """For the authority section: the NSEC or NSEC3 records, and the SOA where the answer is negative."""
    answer: SignedRRset | None = None
    """What a wildcard makes; its owner is the wildcard."""

    def message(self, qname: bytes) -> Message:
        """The reply to the question; it validates like any other."""
        answer = () if self.answer is None else tuple(_rrsets(self.answer, qname, self.ttl))
        authority = (rrset for signed in self.proof for rrset in _rrsets(signed, signed.rrset.owner, self.ttl))
        return Message(self.rcode, answer, tuple(authority))


class Ranges(Generic[K, R]):
    """Ranges of one zone in order, each until its time."""

    def __init__(self) -> None:
        self._order: list[K] = []
        self._found: OrderedDict[K, tuple[R, float]] = OrderedDict()
        self.now = 0.0

    def __len__(self) -> int:
        return len(self._found)

    def put(self, key: K, record: R, until: float) -> None:
        """The range that begins at a key; when there are too many, the one that was learnt first is forgotten."""
        if self._found.pop(key, None) is None:
            insort(self._order, key)
        self._found[key] = (record, until)
        if len(self._found) > MOST_RANGES:
            self._forget(next(iter(self._found)))

    def clear(self) -> None:
        """Forgets all."""
        self._order.clear()
        self._found.clear()

    def at(self, key: K) -> R | None:
        """The one that begins there."""
        record, until = self._found.get(key, (None, 0.0))
        if record is not None and until <= self.now:
            self._forget(key)
            return None
        return record

    def before(self, key: K) -> R | None:
        """The last one that begins before it; for a key before all others, the last of all."""
        if not self._order:
            return None
        return self.at(self._order[bisect_left(self._order, key) - 1])

    def left(self, key: K) -> float:
        """How long the one that begins there holds."""
        return self._found[key][1] - self.now

    def _forget(self, key: K) -> None:
        del self._found[key]
        del self._order[bisect_left(self._order, key)]


class NsecRanges(Ranges[Key, Nsec]):
    """The NSECs of a zone."""

    def matching(self, key: Key) -> Nsec | None:
        """The one whose owner it is."""
        return self.at(key)

    def covering(self, key: Key) -> Nsec | None:
        """One that covers it."""
        found = self.before(key)
        return found if found is not None and found.covers(key) else None


class Nsec3Ranges(Ranges[bytes, Nsec3]):
    """The NSEC3s of a zone that have the same parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters = Parameters(SHA1, 0, b"")

    def take(self, record: Nsec3, until: float) -> None:
        """Another one; with other parameters the zone has a new chain, and nothing of the old one is used."""
        if record.parameters != self.parameters:
            self.clear()
            self.parameters = record.parameters
        self.put(record.digest, record, until)

    def matching(self, digest: bytes) -> Nsec3 | None:
        """The one whose hash it is."""
        return self.at(digest)

    def covering(self, digest: bytes) -> Nsec3 | None:
        """One that covers it."""
        found = self.before(digest)
        return found if found is not None and found.covers(digest) else None


class _Zone:
    """What is known of one zone."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.soa: tuple[SignedRRset, float] | None = None
        self.nsec = NsecRanges()
        self.nsec3 = Nsec3Ranges()
        self.wildcards: OrderedDict[tuple[bytes, int], tuple[SignedRRset, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.nsec) + len(self.nsec3) + len(self.wildcards)


class DenialStore:
    """What was validated, by zone; the zones longest unused are forgotten first. `now` is a steady clock's, in s."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._zones: OrderedDict[bytes, _Zone] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def learn(self, records: Iterable[Authentic], now: float) -> None:
        """What a secure verdict has verified."""
        records = list(records)
        negative = min((_negative_ttl(each) for each in records if each.signed.rrset.rtype == SOA), default=None)
        for each in records:
            self._learn(each, now, negative)
        while self._zones and (self._size > self._capacity or len(self._zones) > MOST_ZONES):
            self._size -= len(self._zones.popitem(last=False)[1])

    def forget(self, name: bytes) -> None:
        """Nothing is known any longer of the zones at and below a name."""
        for zone in [zone for zone in self._zones if names.is_within(zone, name)]:
            self._size -= len(self._zones.pop(zone))

    def answer(self, qname: bytes, qtype: int, now: float, budget: Budget) -> Known | None:
        """What is known of a question, its name in lower case; None: ask."""
        zone = self._closest(names.parent(qname) if qtype == DS and qname != b"\0" else qname)
        if zone is None or zone.soa is None or zone.soa[1] <= now or qtype in (ANY, RRSIG):
            return None
        before = len(zone)
        zone.nsec.now = zone.nsec3.now = now
        chain = NsecDenial(zone.name, zone.nsec) if len(zone.nsec) else Nsec3Denial(zone.name, zone.nsec3, budget)
        try:
            return _absent(zone, chain, (qname, qtype), now) or _made(zone, chain, (qname, qtype), now)
        except ExhaustedError:
            return None
        finally:
            self._size += len(zone) - before

    def _closest(self, name: bytes) -> _Zone | None:
        while (zone := self._zones.get(name)) is None:
            if name == b"\0":
                return None
            name = names.parent(name)
        self._zones.move_to_end(name)
        return zone

    def _learn(self, each: Authentic, now: float, negative: int | None) -> None:
        """RFC 8198 5.4, RFC 9077 3: ranges are kept no longer than the SOA says."""
        signed, until = each.signed, now + each.ttl
        rtype = signed.rrset.rtype
        is_expanded = each.labels < label_count(signed.rrset.owner)
        if rtype not in (NSEC, NSEC3, SOA) and not is_expanded:
            return
        zone = self._zones.setdefault(each.zone, _Zone(each.zone))
        before = len(zone)
        if rtype == SOA:
            zone.soa = (signed, until)
        elif is_expanded:
            _learn_wildcard(zone, each, until)
        else:
            _learn_range(zone, signed, min(until, now + negative) if negative is not None else until)
        self._size += len(zone) - before


def _rrsets(signed: SignedRRset, owner: bytes, ttl: int) -> Iterator[RRset]:
    """The records and their signatures."""
    yield RRset(owner, signed.rrset.rtype, ttl, signed.rrset.rdatas)
    yield RRset(owner, RRSIG, ttl, tuple(signature.rdata for signature in signed.signatures))


def _learn_range(zone: _Zone, signed: SignedRRset, until: float) -> None:
    try:
        if signed.rrset.rtype == NSEC3:
            nsec3 = Nsec3.of(zone.name, signed)
            if nsec3.parameters.is_supported:
                zone.nsec3.take(nsec3, until)
        else:
            nsec = Nsec.of(zone.name, signed)
            if nsec.following != _SINGLE + nsec.owner:
                zone.nsec.put(nsec.key, nsec, until)
    except MalformedError:
        return


def _learn_wildcard(zone: _Zone, each: Authentic, until: float) -> None:
    rrset = each.rrset
    made = RRset(each.source, rrset.rtype, rrset.ttl, rrset.rdatas)
    zone.wildcards[made.key] = (SignedRRset(made, each.signed.signatures, each.signed.signatures_ttl), until)
    if len(zone.wildcards) > MOST_RANGES:
        zone.wildcards.popitem(last=False)


def _absent(zone: _Zone, denial: NsecDenial | Nsec3Denial, question: tuple[bytes, int], now: float) -> Known | None:
    """The type, or the name, is not there."""
    qname, qtype = question
    for rcode in (NOERROR, NXDOMAIN):
        try:
            proof = denial.no_type(qname, qtype) if rcode == NOERROR else denial.no_name(qname)
        except UnprovenError:
            continue
        if not proof.opt_out and zone.soa is not None:
            ttl = min(_left(zone, proof), zone.soa[1] - now)
            return Known(rcode, int(ttl), zone.name, (*proof.records, zone.soa[0]))
    return None


def _made(zone: _Zone, denial: NsecDenial | Nsec3Denial, question: tuple[bytes, int], now: float) -> Known | None:
    """RFC 8198 5.3: a wildcard that was seen makes the name."""
    qname, qtype = question
    try:
        found = denial.source(qname)
    except UnprovenError:
        return None
    if found is None or found[1].opt_out:
        return None
    source, proof = found
    for rtype in (qtype, CNAME):
        signed, until = zone.wildcards.get((source, rtype), (None, 0.0))
        if signed is not None and until > now:
            return Known(NOERROR, int(min(_left(zone, proof), until - now)), zone.name, proof.records, signed)
    return None


def _left(zone: _Zone, proof: Proof) -> float:
    """How long all records of a proof hold."""
    left = []
    for signed in proof.records:
        if signed.rrset.rtype == NSEC:
            left.append(zone.nsec.left(names.canonical_key(signed.rrset.owner)))
        else:
            left.append(zone.nsec3.left(Nsec3.of(zone.name, signed).digest))
    return min(left)


def _negative_ttl(soa: Authentic) -> int:
    """RFC 2308 5: the lesser of the SOA's TTL and its MINIMUM."""
    return min(soa.ttl, int.from_bytes(soa.signed.rrset.rdatas[0][-4:]))

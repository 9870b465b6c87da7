"""What a server's reply says, as far as that server is believed: pure, for any bytes.

    reply --> error rcode --------------------------------------> Useless
          --> records of the name, chain of aliases in the zone -> Found (target: the alias that leads out of it)
          --> SOA of the zone ----------------------------------> Found (no such name, no data)
          --> NS below the zone, above the name ----------------> Referral
          --> NS of the zone itself or above, nothing ----------> Useless: lame

Bailiwick: a server asked about a zone is believed about names in this zone and nothing else (RFC 5452 6, RFC 2181
5.4.1). Of a referral only names of servers at or below the zone get their addresses from it. Names below a cut count as
the zone's above it: who delegates them could say anything about them anyhow.
"""

import socket
from dataclasses import dataclass
from enum import Enum
from typing import Final

from resolute import plane
from resolute.records import names, types
from resolute.records.rrset import RRset

MOST_SERVERS: Final = 13
"""Names of servers that are taken of a referral (NXNSAttack, NRDelegation)."""
MOST_ADDRESSES: Final = 6
"""Addresses that are taken of one server's name."""
PORT: Final = 53

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
NOTIMP: Final = 4
REFUSED: Final = 5
YXDOMAIN: Final = 6
NOTAUTH: Final = 9
BADVERS: Final = 16
BADCOOKIE: Final = 23

_AA: Final = 0x0400
_LONGEST_CHAIN: Final = 16
_PROOFS: Final = frozenset((types.NSEC, types.NSEC3))
_OF_SECURITY: Final = frozenset((types.DS, *_PROOFS))

Set = tuple[bytes, int, int, tuple[bytes, ...]]
"""An RRset as `plane.Reply` has it: owner, type, TTL, rdatas."""


class Fault(Enum):
    """Why a reply is of no use."""

    LAME = "is not responsible for it"
    ERROR = "fails"
    EDNS = "does not understand EDNS"
    COOKIE = "wants its own cookie"
    BROKEN = "sent a reply that does not parse"


@dataclass(frozen=True, slots=True)
class Useless:
    """Another server should be asked."""

    fault: Fault
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Referral:
    """Servers of a zone below the one asked about. `proof`: DS or the denial of it, with signatures."""

    zone: bytes
    ttl: int
    servers: tuple[bytes, ...]
    glue: dict[bytes, tuple[str, ...]]
    proof: tuple[RRset, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a zone says about a name: records, or that there are none.

    All RRsets came from the servers of `zone` and are in it. `target`: where an alias leads, which its own zone has to
    be asked about; then there is no rcode yet. An rcode other than NOERROR and NXDOMAIN says that no answer can be made
    of it: aliases in a loop (SERVFAIL), a DNAME that makes too long a name (YXDOMAIN). `firm` is false for a reply that
    a better server would not send: without the AA bit, or empty without a SOA.
    """

    zone: bytes
    rcode: int
    answer: tuple[RRset, ...]
    authority: tuple[RRset, ...]
    steps: int
    """Aliases followed."""
    target: bytes | None
    at: float
    """When it was learnt, in monotonic seconds."""
    firm: bool = True


Verdict = Referral | Found | Useless


@dataclass(frozen=True, slots=True)
class Asking:
    """What was asked, of the servers of which zone, and when the reply came."""

    zone: bytes
    qname: bytes
    qtype: int
    now: float


def judge(reply: "plane.Reply", asked: Asking) -> Verdict:
    """The verdict on a reply to this question."""
    if (useless := _error(reply.rcode)) is not None:
        return useless
    if reply.qname != asked.qname or reply.qtype != asked.qtype:
        return Useless(Fault.BROKEN, "answered another question")
    if answer := reply.answer:
        found = _found(reply, answer, asked)
        if found is not None:
            return found
    authority = reply.authority
    if reply.rcode == NOERROR and (referral := _referral(reply, authority, asked)) is not None:
        return referral
    return _negative(reply, authority, asked)


def priming(reply: "plane.Reply") -> Referral | None:
    """The root's servers as one of them says (RFC 8109 3.3); None when it does not."""
    ns = next((one for one in reply.answer if one[0] == b"\0" and one[1] == types.NS), None)
    if reply.rcode != NOERROR or ns is None or reply.qname != b"\0" or reply.qtype != types.NS:
        return None
    servers = _servers(ns)
    return Referral(b"\0", ns[2], servers, _glue(reply.additional, servers, b"\0"), ())


def endpoint(address: bytes) -> str | None:
    """An address in an A or AAAA record as what may be asked; None for one that no name server can have there."""
    if len(address) == 4:
        if address[0] in (0, 127) or address[0] >= 224:
            return None
        return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}:{PORT}"
    # Not multicast, link-local, nor anything below ::/8: unspecified, loopback, mapped.
    if len(address) != 16 or address[0] in (0, 0xFF) or (address[0] == 0xFE and address[1] & 0xC0 == 0x80):
        return None
    return f"[{socket.inet_ntop(socket.AF_INET6, address)}]:{PORT}"


def substitute(name: bytes, owner: bytes, target: bytes) -> bytes | None:
    """The name with a DNAME's owner replaced by its target (RFC 6672 2.2); None when that is too long for a name."""
    replaced = name[: len(name) - len(owner)] + target
    return replaced if len(replaced) <= 255 else None


def _error(rcode: int) -> Useless | None:
    if rcode in (NOERROR, NXDOMAIN, YXDOMAIN):
        return None
    word = RCODES.get(rcode, f"RCODE{rcode}")
    if rcode in (REFUSED, NOTAUTH):
        return Useless(Fault.LAME, f"answered {word}")
    if rcode in (FORMERR, NOTIMP, BADVERS):
        return Useless(Fault.EDNS, f"answered {word}")
    return Useless(Fault.COOKIE if rcode == BADCOOKIE else Fault.ERROR, f"answered {word}")


RCODES: Final = {
    FORMERR: "FORMERR",
    SERVFAIL: "SERVFAIL",
    NOTIMP: "NOTIMP",
    REFUSED: "REFUSED",
    NOTAUTH: "NOTAUTH",
    BADVERS: "BADVERS",
    BADCOOKIE: "BADCOOKIE",
}


# ------------------------------------------------------------------------------------------------------------ answers


class _Chain:
    """The aliases from the question's name, as far as the zone reaches."""

    __slots__ = ("asked", "end", "kept", "loops", "name", "seen", "sets", "too_long")

    def __init__(self, sets: tuple[Set, ...], asked: Asking) -> None:
        self.sets = sets
        self.asked = asked
        self.name = asked.qname
        self.kept: list[RRset] = []
        self.seen = {asked.qname}
        self.end = False
        """Records of the type asked stand at `name`."""
        self.too_long = False
        self.loops = False
        self._follow()

    @property
    def steps(self) -> int:
        return len(self.seen) - 1

    def _follow(self) -> None:
        while len(self.seen) <= _LONGEST_CHAIN and names.is_within(self.name, self.asked.zone):
            here = [one for one in self.sets if one[0] == self.name]
            if self._take_data(here):
                return
            target = self._dname() or self._cname(here)
            self.loops = target in self.seen
            if target is None or self.loops:
                return
            self.seen.add(target)
            self.name = target

    def _take_data(self, here: list[Set]) -> bool:
        qtype = self.asked.qtype
        data = [one for one in here if one[1] == qtype or qtype == types.ANY]
        if data:
            self.end = True
            self.kept += [RRset(*one) for one in data]
            self.kept += [RRset(*one) for one in here if one[1] == types.RRSIG and _covers(one, qtype)]
        return bool(data)

    def _cname(self, here: list[Set]) -> bytes | None:
        cname = next((one for one in here if one[1] == types.CNAME and len(one[3]) == 1), None)
        if cname is None:
            return None
        self.kept.append(RRset(*cname))
        self.kept += [RRset(*one) for one in here if one[1] == types.RRSIG and _covers(one, types.CNAME)]
        return names.fold(cname[3][0])

    def _dname(self) -> bytes | None:
        """A DNAME of the zone above the name; the CNAME that goes with it is made here (RFC 6672 3.4)."""
        dname = next((one for one in self.sets if one[1] == types.DNAME and self._is_above(one)), None)
        if dname is None:
            return None
        owner, _, ttl, rdatas = dname
        target = substitute(self.name, owner, names.fold(rdatas[0]))
        self.kept.append(RRset(*dname))
        self.kept += [
            RRset(*one) for one in self.sets if one[0] == owner and one[1] == types.RRSIG and _covers(one, types.DNAME)
        ]
        if target is None:
            self.too_long = True
            return None
        self.kept.append(RRset(self.name, types.CNAME, ttl, (target,)))
        return target

    def _is_above(self, dname: Set) -> bool:
        owner = dname[0]
        inside = names.is_within(owner, self.asked.zone) and names.is_within(self.name, owner)
        return inside and owner != self.name and len(dname[3]) == 1


def _found(reply: "plane.Reply", sets: tuple[Set, ...], asked: Asking) -> Found | None:
    """What the answer section says of the name; None when it has nothing to do with it."""
    chain = _Chain(sets, asked)
    if not chain.kept:
        return None
    firm = bool(reply.flags & _AA)
    kept = tuple(chain.kept)
    if chain.too_long or chain.loops:
        rcode = YXDOMAIN if chain.too_long else SERVFAIL
        return Found(asked.zone, rcode, kept, (), chain.steps, None, asked.now, firm=firm)
    if chain.end:
        proofs = _proofs(reply.authority, asked.zone)
        return Found(asked.zone, NOERROR, kept, proofs, chain.steps, None, asked.now, firm=firm)
    if names.is_within(chain.name, asked.zone):
        authority = reply.authority
        if soa := _soa(authority, asked.zone, chain.name):
            negative = (*soa, *_proofs(authority, asked.zone))
            return Found(asked.zone, reply.rcode, kept, negative, chain.steps, None, asked.now, firm=firm)
    proofs = _proofs(reply.authority, asked.zone)
    return Found(asked.zone, NOERROR, kept, proofs, chain.steps, chain.name, asked.now, firm=firm)


def _negative(reply: "plane.Reply", authority: tuple[Set, ...], asked: Asking) -> Verdict:
    """No such name, or no data (RFC 2308 2)."""
    authoritative = bool(reply.flags & _AA)
    if reply.rcode == YXDOMAIN:
        return Useless(Fault.ERROR, "answered YXDOMAIN without a DNAME")
    if soa := _soa(authority, asked.zone, asked.qname):
        held = (*soa, *_proofs(authority, asked.zone))
        return Found(asked.zone, reply.rcode, (), held, 0, None, asked.now, firm=authoritative)
    upward = any(one[1] == types.NS and not _is_below(one[0], asked.zone) for one in authority)
    if not authoritative:
        return Useless(Fault.LAME, "refers elsewhere" if upward else "sent an empty reply")
    return Found(asked.zone, reply.rcode, (), (), 0, None, asked.now, firm=False)


def _soa(authority: tuple[Set, ...], zone: bytes, name: bytes) -> tuple[RRset, ...]:
    """The SOA of a zone that the name is in, at or below the zone asked about, with its signatures."""
    for one in authority:
        if one[1] == types.SOA and names.is_within(one[0], zone) and names.is_within(name, one[0]):
            signatures = (other for other in authority if other[0] == one[0] and other[1] == types.RRSIG)
            return (RRset(*one), *(RRset(*other) for other in signatures if _covers(other, types.SOA)))
    return ()


def _proofs(authority: tuple[Set, ...], zone: bytes) -> tuple[RRset, ...]:
    return _signed(authority, zone, _PROOFS)


def _signed(authority: tuple[Set, ...], zone: bytes, rtypes: frozenset[int]) -> tuple[RRset, ...]:
    """Records of these types, and their signatures; not those of other records, which are not given on."""
    return tuple(RRset(*one) for one in authority if _kind(one) in rtypes and names.is_within(one[0], zone))


def _kind(one: Set) -> int:
    """Its type; of signatures the type that they cover."""
    return int.from_bytes(one[3][0][:2]) if one[1] == types.RRSIG else one[1]


def _covers(signature: Set, rtype: int) -> bool:
    return rtype == types.ANY or signature[3][0][:2] == rtype.to_bytes(2)


# ---------------------------------------------------------------------------------------------------------- referrals


def _referral(reply: "plane.Reply", authority: tuple[Set, ...], asked: Asking) -> Referral | Useless | None:
    ns = next((one for one in authority if one[1] == types.NS and _leads_on(one[0], asked)), None)
    if ns is None or any(one[1] == types.SOA for one in authority):
        return None
    if asked.qtype == types.DS and ns[0] == asked.qname:
        # RFC 4035 3.1.4.1: the parent has to know.
        return Useless(Fault.ERROR, "refers a question for DS to the child")
    servers = _servers(ns)
    proof = _signed(authority, asked.zone, _OF_SECURITY)
    return Referral(ns[0], ns[2], servers, _glue(reply.additional, servers, asked.zone), proof)


def _leads_on(owner: bytes, asked: Asking) -> bool:
    return _is_below(owner, asked.zone) and names.is_within(asked.qname, owner)


def _is_below(name: bytes, zone: bytes) -> bool:
    return name != zone and names.is_within(name, zone)


def _servers(ns: Set) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(names.fold(name) for name in ns[3][:MOST_SERVERS]))


def _glue(additional: tuple[Set, ...], servers: tuple[bytes, ...], zone: bytes) -> dict[bytes, tuple[str, ...]]:
    """Addresses of these servers, of those whose names are in the zone asked about."""
    glue: dict[bytes, tuple[str, ...]] = {}
    wanted = {server for server in servers if names.is_within(server, zone)}
    for owner, rtype, _, rdatas in additional:
        if owner in wanted and rtype in (types.A, types.AAAA):
            found = (endpoint(address) for address in rdatas[:MOST_ADDRESSES])
            glue[owner] = (*glue.get(owner, ()), *(address for address in found if address))[:MOST_ADDRESSES]
    return glue

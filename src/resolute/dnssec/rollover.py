"""The roll of a trust anchor's keys (RFC 5011) as a machine without I/O: a DNSKEY reply and the time in, states out.

              NEWKEY          30 days in the RRset         KEYREM
    (start) ─────────► addpend ─────────────────► valid ◄────────► missing
        ▲                │ KEYREM                   │ REVBIT  KEYPRES │ REVBIT
        └────────────────┘                          └──► revoked ◄────┘
                                                            │ 30 days
                                                            ▼
                                                         removed

A zone that is followed is a plain value; `to_data` and `from_data` are how it is kept over a restart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from resolute.dnssec.anchors import Anchors
from resolute.dnssec.budget import Budget, ExhaustedError
from resolute.dnssec.keys import REVOKE_FLAG, SEP_FLAG, Ds, Key, MalformedError, read_keys
from resolute.dnssec.message import Message
from resolute.dnssec.signatures import Check, SignedRRset, collect
from resolute.dnssec.trust import Grounds, Moment, ZoneTrust
from resolute.dnssec.verdict import BOGUS, DNSKEY_MISSING, Authentic, RefusedError, Security
from resolute.dnssec.work import Steps, Work
from resolute.errors import PresentationError
from resolute.records import names
from resolute.records.types import DNSKEY

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
HOLD_S: Final = 30 * DAY_S
"""RFC 5011 2.4.1 and 2.4.2: how long a new key is seen before it is trusted, and a revoked one remembered."""
MOST_KEYS: Final = 32
"""Keys that are followed for one zone."""


class State(StrEnum):
    """RFC 5011 4.2; a key in the state `start` is not kept."""

    ADDPEND = "addpend"
    VALID = "valid"
    MISSING = "missing"
    REVOKED = "revoked"
    REMOVED = "removed"


_TRUSTED: Final = (State.VALID, State.MISSING)


@dataclass(frozen=True, slots=True)
class Followed:
    """One key of the zone."""

    rdata: bytes
    """As it was before it was revoked."""
    state: State
    since: float
    """When it came into this state (seconds since 1970)."""
    hold_s: int = HOLD_S
    """How long it stays there: 30 days, or the TTL of the RRset that it was first seen in if that is more."""


@dataclass(frozen=True, slots=True)
class TrustPoint:
    """A zone whose keys are followed."""

    zone: bytes
    seeds: tuple[Ds, ...]
    """What was configured: a key that it was made of is trusted at once (RFC 5011 5)."""
    keys: tuple[Followed, ...] = ()
    next_at: float = 0.0
    """When its DNSKEY RRset is to be asked for again (seconds since 1970)."""
    checked_at: float = 0.0
    """When that was last done with success."""

    @property
    def is_lost(self) -> bool:
        """RFC 5011 5: all its keys were revoked, so that the zone has no trust anchor any more."""
        return bool(self.keys) and not any(key.state in _TRUSTED for key in self.keys) and not self._unseen()

    def anchors(self) -> tuple[Ds, ...]:
        """What is trusted now."""
        followed = [Ds.of_key(self.zone, key.rdata) for key in self.keys if key.state in _TRUSTED]
        return tuple(dict.fromkeys((*followed, *self._unseen())))

    def _unseen(self) -> tuple[Ds, ...]:
        """The seeds whose key was not seen yet."""
        seen = [Key.of(key.rdata) for key in self.keys]
        return tuple(ds for ds in self.seeds if not any(ds.matches(self.zone, key) for key in seen))


def follow(anchors: Anchors) -> tuple[TrustPoint, ...]:
    """The zones of the configured anchors, of which nothing is known yet."""
    return tuple(TrustPoint(zone, ds) for zone, ds in anchors.zones.items())


def refresh(point: TrustPoint, message: Message, now: float) -> TrustPoint:
    """What a DNSKEY reply changes. It checks a few signatures: microseconds to milliseconds, for another thread.

    Raises RefusedError when the reply has no keys, or none that a trusted key has signed; then ask again at the time
    that `failed` says.
    """
    signed = collect(message.answer).get((point.zone, DNSKEY))
    if signed is None:
        raise RefusedError(DNSKEY_MISSING, f"{names.to_text(point.zone)} has a trust anchor and no keys")
    present = read_keys(signed.rrset.rdatas)
    point, revoked = _revoke(point, signed, present, now)
    try:
        found = _run(_verify(point.zone, signed, _trusted(point, present), now))
    except RefusedError:
        if not revoked:
            raise
        return replace(point, next_at=now + HOUR_S)
    left = max(min(each.left(now) for each in signed.signatures), 0)
    keys = [*_seeded(point, present, now), *_later(point.keys, present, now)]
    keys += _new((*keys, *point.keys), present, now, found.signed.rrset.ttl)
    return replace(point, keys=tuple(keys[:MOST_KEYS]), next_at=now + _interval(found.ttl, left), checked_at=now)


def failed(point: TrustPoint, now: float) -> TrustPoint:
    """The RRset could not be had, or did not hold: RFC 5011 2.3, the least time until it is asked for again."""
    return replace(point, next_at=now + HOUR_S)


def to_data(point: TrustPoint) -> dict[str, Any]:
    """As plain data, for JSON."""
    return {
        "zone": names.to_text(point.zone),
        "seeds": [ds.rdata.hex() for ds in point.seeds],
        "keys": [
            {"key": key.rdata.hex(), "state": key.state.value, "since": key.since, "hold_s": key.hold_s}
            for key in point.keys
        ],
        "next_at": point.next_at,
        "checked_at": point.checked_at,
    }


def from_data(data: Mapping[str, Any]) -> TrustPoint:
    """From what `to_data` has made. Raises PresentationError when it is something else."""
    try:
        zone = names.fold(names.from_text(data["zone"]))
        seeds = tuple(Ds.of(bytes.fromhex(each)) for each in data["seeds"])
        keys = tuple(map(_followed, data["keys"]))
        return TrustPoint(zone, seeds, keys, float(data["next_at"]), float(data["checked_at"]))
    except (KeyError, TypeError, ValueError, OverflowError, MalformedError) as error:
        raise PresentationError(f"the state of a trust anchor does not parse: {error}") from error


def _followed(data: Mapping[str, Any]) -> Followed:
    rdata = Key.of(bytes.fromhex(data["key"])).rdata
    return Followed(rdata, State(data["state"]), float(data["since"]), int(data["hold_s"]))


def _revoke(
    point: TrustPoint, signed: SignedRRset, present: Iterable[Key], now: float
) -> tuple[TrustPoint, list[bytes]]:
    """RFC 5011 2.1: a key is revoked when it has the bit and signs the RRset itself."""
    revoked = []
    for key in present:
        plain = _unrevoked(key.rdata)
        if key.flags & REVOKE_FLAG and plain in _known(point, plain) and _signs(point.zone, signed, key, now):
            revoked.append(plain)
    kept = [key for key in point.keys if key.rdata not in revoked or key.state in (State.REVOKED, State.REMOVED)]
    known = {key.rdata for key in kept}
    gone = [Followed(rdata, State.REVOKED, now) for rdata in revoked if rdata not in known]
    return replace(point, keys=(*kept, *gone)), revoked


def _known(point: TrustPoint, rdata: bytes) -> list[bytes]:
    """The key if it is trusted, or one that a seed was made of."""
    followed = [key.rdata for key in point.keys if key.state in _TRUSTED]
    if any(ds.matches(point.zone, Key.of(rdata)) for ds in point.seeds):
        followed.append(rdata)
    return followed


def _signs(zone: bytes, signed: SignedRRset, key: Key, now: float) -> bool:
    try:
        _run(_verify(zone, signed, [key], now))
    except RefusedError:
        return False
    return True


def _trusted(point: TrustPoint, present: Iterable[Key]) -> list[Key]:
    """The keys of the RRset that may show that it holds."""
    gone = {key.rdata for key in point.keys if key.state not in _TRUSTED}
    anchors = point.anchors()
    return [
        key
        for key in present
        if key.may_sign and key.rdata not in gone and any(ds.matches(point.zone, key) for ds in anchors)
    ]


def _later(keys: Iterable[Followed], present: Iterable[Key], now: float) -> Iterable[Followed]:
    """Each followed key after this RRset; one that was only pending and is gone is forgotten."""
    there = {key.rdata for key in present if not key.flags & REVOKE_FLAG}
    for key in keys:
        state = _next(key, is_there=key.rdata in there, now=now)
        if state is not None:
            yield key if state is key.state else Followed(key.rdata, state, now, key.hold_s)


def _next(key: Followed, *, is_there: bool, now: float) -> State | None:
    """RFC 5011 4.1, the table."""
    is_held = now - key.since >= key.hold_s
    if key.state is State.ADDPEND:
        return None if not is_there else State.VALID if is_held else State.ADDPEND
    if key.state is State.REVOKED:
        return State.REMOVED if now - key.since >= HOLD_S else State.REVOKED
    if key.state is State.REMOVED:
        return State.REMOVED
    return State.VALID if is_there else State.MISSING


def _seeded(point: TrustPoint, present: Iterable[Key], now: float) -> Iterable[Followed]:
    """Keys that a seed was made of, seen for the first time."""
    known = {key.rdata for key in point.keys}
    for key in present:
        is_seed = key.rdata not in known and any(ds.matches(point.zone, key) for ds in point.seeds)
        if key.may_sign and is_seed:
            yield Followed(key.rdata, State.VALID, now)


def _new(known: Iterable[Followed], present: Iterable[Key], now: float, ttl: int) -> Iterable[Followed]:
    """RFC 5011 2.4.1: new keys with the SEP flag wait; not those that were revoked once."""
    rdatas = {key.rdata for key in known}
    pending = [key for key in present if key.may_sign and key.flags & SEP_FLAG and key.rdata not in rdatas]
    return [Followed(key.rdata, State.ADDPEND, now, max(HOLD_S, ttl)) for key in pending]


def _interval(ttl: int, left: int) -> int:
    """RFC 5011 2.3: between one hour and fifteen days, half the TTL, half the signatures' life."""
    return max(HOUR_S, min(15 * DAY_S, ttl // 2, left // 2))


def _unrevoked(rdata: bytes) -> bytes:
    return (int.from_bytes(rdata[:2]) & ~REVOKE_FLAG).to_bytes(2) + rdata[2:]


def _verify(zone: bytes, signed: SignedRRset, keys: list[Key], now: float) -> Steps[Authentic]:
    work = Work(Grounds(Anchors.off()), Budget())
    work.now = Moment(now, 0.0)
    return work.verify(signed, ZoneTrust(zone, Security.SECURE, tuple(keys)))


def _run(steps: Steps[Authentic]) -> Authentic:
    """All its checks, here and now. Raises RefusedError."""
    outcome: bool | None = None
    try:
        while True:
            request = steps.send(outcome)
            outcome = isinstance(request, Check) and request.run()
    except StopIteration as end:
        found: Authentic = end.value
        return found
    except ExhaustedError as error:
        raise RefusedError(BOGUS, str(error)) from error

"""RFC 5011: the states of a trust anchor's keys, over a roll and what may go wrong in it."""

import json

import pytest

from resolute.dnssec.anchors import Anchors
from resolute.dnssec.message import Message
from resolute.dnssec.rollover import (
    DAY_S,
    HOUR_S,
    Followed,
    State,
    TrustPoint,
    failed,
    follow,
    from_data,
    refresh,
    to_data,
)
from resolute.dnssec.verdict import RefusedError
from resolute.errors import PresentationError
from resolute.records.rrset import RRset
from resolute.records.types import DNSKEY
from tests.signing import NOW, Zone, wire

FAR = {"begins": NOW - DAY_S, "expires": NOW + 1_000 * DAY_S}


@pytest.fixture
def old() -> Zone:
    return Zone("example.")


@pytest.fixture
def new() -> Zone:
    return Zone("example.")


def keys(*zones: Zone, signed_by: tuple[Zone, ...], ttl: int = 3_600, revoked: tuple[Zone, ...] = ()) -> Message:
    """A DNSKEY RRset and its signatures."""
    of = {id(zone): zone.with_flags(257 | 128) if zone in revoked else zone.key for zone in zones}
    rrset = RRset(wire("example."), DNSKEY, ttl, tuple(of.values()))
    signatures = []
    for zone in signed_by:
        kept, zone.key = zone.key, of.get(id(zone), zone.key)
        signatures.append(zone.sign(rrset, begins=FAR["begins"], expires=FAR["expires"]))
        zone.key = kept
    return Message(0, (rrset, *signatures))


def start(old: Zone) -> TrustPoint:
    (point,) = follow(Anchors({old.origin: [old.ds()]}))
    return refresh(point, keys(old, signed_by=(old,)), NOW)


def states(point: TrustPoint) -> dict[bytes, State]:
    return {key.rdata: key.state for key in point.keys}


def test_the_configured_key_is_valid_at_once(old: Zone) -> None:
    (point,) = follow(Anchors({old.origin: [old.ds()]}))
    assert point.anchors() == (old.ds(),)
    point = refresh(point, keys(old, signed_by=(old,)), NOW)
    assert states(point) == {old.key: State.VALID}
    assert point.anchors() == (old.ds(),)
    assert point.checked_at == NOW


def test_a_roll(old: Zone, new: Zone) -> None:
    """4.1: addpend, valid after thirty days; the old key revoked, and removed after thirty more."""
    point = refresh(start(old), keys(old, new, signed_by=(old,)), NOW)
    assert states(point) == {old.key: State.VALID, new.key: State.ADDPEND}
    assert point.anchors() == (old.ds(),)
    point = refresh(point, keys(old, new, signed_by=(old,)), NOW + 30 * DAY_S - 1)
    assert states(point)[new.key] is State.ADDPEND
    point = refresh(point, keys(old, new, signed_by=(old,)), NOW + 30 * DAY_S)
    assert states(point)[new.key] is State.VALID
    assert set(point.anchors()) == {old.ds(), new.ds()}
    point = refresh(point, keys(old, new, signed_by=(old, new), revoked=(old,)), NOW + 31 * DAY_S)
    assert states(point) == {old.key: State.REVOKED, new.key: State.VALID}
    assert point.anchors() == (new.ds(),)
    point = refresh(point, keys(new, signed_by=(new,)), NOW + 61 * DAY_S)
    assert states(point) == {old.key: State.REMOVED, new.key: State.VALID}
    point = refresh(point, keys(old, new, signed_by=(new,)), NOW + 62 * DAY_S)
    assert states(point)[old.key] is State.REMOVED, "a key that was revoked does not come back"
    assert not point.is_lost


def test_a_new_key_that_goes_starts_anew(old: Zone, new: Zone) -> None:
    """2.4.1: seen in every RRset of the thirty days."""
    point = refresh(start(old), keys(old, new, signed_by=(old,)), NOW)
    point = refresh(point, keys(old, signed_by=(old,)), NOW + 10 * DAY_S)
    assert states(point) == {old.key: State.VALID}
    point = refresh(point, keys(old, new, signed_by=(old,)), NOW + 20 * DAY_S)
    point = refresh(point, keys(old, new, signed_by=(old,)), NOW + 40 * DAY_S)
    assert states(point)[new.key] is State.ADDPEND


def test_the_hold_down_is_the_ttl_if_that_is_longer(old: Zone, new: Zone) -> None:
    ttl = 40 * DAY_S
    point = refresh(start(old), keys(old, new, signed_by=(old,), ttl=ttl), NOW)
    assert states(refresh(point, keys(old, new, signed_by=(old,), ttl=ttl), NOW + 39 * DAY_S))[new.key] is State.ADDPEND
    assert states(refresh(point, keys(old, new, signed_by=(old,), ttl=ttl), NOW + 40 * DAY_S))[new.key] is State.VALID


def test_a_missing_key_stays_trusted(old: Zone, new: Zone) -> None:
    point = start(old)
    point = TrustPoint(point.zone, point.seeds, (*point.keys, Followed(new.key, State.VALID, NOW)))
    point = refresh(point, keys(new, signed_by=(new,)), NOW)
    assert states(point) == {old.key: State.MISSING, new.key: State.VALID}
    assert set(point.anchors()) == {old.ds(), new.ds()}
    assert states(refresh(point, keys(old, new, signed_by=(new,)), NOW))[old.key] is State.VALID


def test_only_a_key_itself_revokes_it(old: Zone, new: Zone) -> None:
    """2.1: the RRset with the revoked key is signed by that key."""
    point = start(old)
    point = TrustPoint(point.zone, point.seeds, (*point.keys, Followed(new.key, State.VALID, NOW)))
    point = refresh(point, keys(old, new, signed_by=(new,), revoked=(old,)), NOW)
    assert states(point)[old.key] is State.MISSING
    stranger = Zone("example.")
    point = refresh(point, keys(stranger, new, signed_by=(new, stranger), revoked=(stranger,)), NOW)
    assert stranger.key not in states(point)


def test_the_last_key_may_be_revoked(old: Zone) -> None:
    """5: then the zone has no trust anchor any more."""
    point = refresh(start(old), keys(old, signed_by=(old,), revoked=(old,)), NOW)
    assert states(point) == {old.key: State.REVOKED}
    assert point.anchors() == ()
    assert point.is_lost
    (unseen,) = follow(Anchors({old.origin: [old.ds()]}))
    assert refresh(unseen, keys(old, signed_by=(old,), revoked=(old,)), NOW).anchors() == ()


def test_what_is_not_signed_changes_nothing(old: Zone, new: Zone) -> None:
    point = start(old)
    for message in (keys(old, new, signed_by=()), keys(old, new, signed_by=(new,)), Message(0), Message(2)):
        with pytest.raises(RefusedError):
            refresh(point, message, NOW)
    with pytest.raises(RefusedError):
        refresh(point, keys(old, signed_by=(old,)), FAR["expires"] + 1)
    assert failed(point, NOW).next_at == NOW + HOUR_S


def test_zone_signing_keys_are_not_followed(old: Zone) -> None:
    zsk = Zone("example.", flags=256)
    assert zsk.key not in states(refresh(start(old), keys(old, zsk, signed_by=(old,)), NOW))


def test_when_to_ask_again(old: Zone) -> None:
    """2.3: half the TTL or the signature's life, between an hour and fifteen days."""
    for ttl, seconds in ((0, HOUR_S), (DAY_S, DAY_S // 2), (100 * DAY_S, 15 * DAY_S)):
        assert refresh(start(old), keys(old, signed_by=(old,), ttl=ttl), NOW).next_at == NOW + seconds


def test_a_flood_of_keys_is_bounded(old: Zone) -> None:
    many = [Zone("example.") for _ in range(60)]
    assert len(refresh(start(old), keys(old, *many, signed_by=(old,)), NOW).keys) == 32
    assert old.key in states(refresh(start(old), keys(*many, old, signed_by=(old,)), NOW))


def test_it_is_kept_as_plain_data(old: Zone, new: Zone) -> None:
    point = refresh(start(old), keys(old, new, signed_by=(old,)), NOW)
    assert from_data(json.loads(json.dumps(to_data(point)))) == point
    good = to_data(point)
    for broken in (
        {},
        {**good, "zone": "a..b"},
        {**good, "seeds": ["xyz"]},
        {**good, "seeds": ["00"]},
        {**good, "keys": [{"key": "00"}]},
        {**good, "keys": 7},
        {**good, "next_at": "soon"},
        {**good, "keys": [{"key": old.key.hex(), "state": "odd", "since": 0, "hold_s": 0}]},
    ):
        with pytest.raises(PresentationError):
            from_data(broken)

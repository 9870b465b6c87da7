"""What is known of zones: for how long, how many, and who is nearest."""

from resolute.dnssec.trust import Moment, ZoneCache, ZoneTrust
from resolute.dnssec.verdict import Security
from tests.signing import wire


def zone(name: str, until: float = 100.0) -> ZoneTrust:
    return ZoneTrust(wire(name), Security.INSECURE, until=until)


def nearest(cache: ZoneCache, name: str, top: str = ".", at: float = 0.0) -> bytes | None:
    found = cache.closest(wire(name), wire(top), Moment(0.0, at))
    return None if found is None else found.name


def test_the_nearest_that_holds() -> None:
    cache = ZoneCache()
    for each in (zone("."), zone("example."), zone("sub.example.", until=50.0)):
        cache.put(each)
    assert nearest(cache, "www.sub.example.") == wire("sub.example.")
    assert nearest(cache, "www.sub.example.", at=50.0) == wire("example.")
    assert nearest(cache, "xsub.example.") == wire("example.")
    assert nearest(cache, "other.") == wire(".")
    assert nearest(cache, "other.", at=100.0) is None
    assert nearest(cache, "www.sub.example.", top="sub.example.", at=50.0) is None, "nothing above the anchor counts"


def test_the_longest_unused_are_forgotten() -> None:
    cache = ZoneCache(capacity=3)
    for name in ("a.", "b.", "c."):
        cache.put(zone(name))
    assert nearest(cache, "a.") == wire("a.")
    cache.put(zone("d."))
    assert len(cache) == 3
    assert nearest(cache, "b.") is None
    assert nearest(cache, "a.") == wire("a.")


def test_forget() -> None:
    cache = ZoneCache()
    for name in ("example.", "sub.example.", "other."):
        cache.put(zone(name))
    cache.forget(wire("example."))
    assert len(cache) == 1
    cache.forget(b"\0")
    assert len(cache) == 0

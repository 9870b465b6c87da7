"""A zone with RRsets changed: seen by the next query, the old image as it was, nothing published that is no zone."""

from collections.abc import Iterator

import dns.message
import dns.rcode
import pytest

from resolute import plane
from resolute.records import names

ORIGIN = names.from_text("example.")
ZONE = "$TTL 60\n@ SOA ns host 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n" + "".join(
    f"h{number} A 10.0.{number >> 8}.{number & 255}\n" for number in range(5_000)
)
A, TXT = 1, 16


@pytest.fixture
def zone() -> "plane.ZoneImage":
    return plane.scan_zone_text(ZONE.encode(), ORIGIN, file="example.zone").compile()


@pytest.fixture
def served(zone: "plane.ZoneImage") -> "Iterator[plane.Plane]":
    running = plane.Plane(plane.Settings(views=[plane.View("", clients=["0.0.0.0/0"], recursion=[])]), workers=1)
    running.publish([zone])
    yield running
    running.close(0)


def test_a_change_is_seen_by_the_next_query(served: "plane.Plane", zone: "plane.ZoneImage") -> None:
    owner = names.from_text("new.below.example.")
    edited = zone.edit([(owner, A, [(30, bytes([192, 0, 2, 9]))])])
    assert ask(served, "new.below.example.") == "NXDOMAIN"
    served.publish([edited])
    assert ask(served, "new.below.example.") == "192.0.2.9"
    assert ask(served, "below.example.") == ""  # an empty non-terminal (RFC 4592 2.2.2)
    served.publish([edited.edit([(owner, A, [])])])
    assert ask(served, "below.example.") == "NXDOMAIN"
    assert ask(served, "h4999.example.") == "10.0.19.135"


def test_the_old_image_stays_as_it_was(zone: "plane.ZoneImage") -> None:
    before = sorted(zone)
    edited = zone.edit([(names.from_text("h7.example."), A, []), (names.from_text("H8.example."), TXT, [(1, b"\1x")])])
    assert sorted(zone) == before
    assert (edited.records, edited.names) == (zone.records, zone.names - 1)


def test_what_would_be_no_zone_is_refused(zone: "plane.ZoneImage") -> None:
    cname = (names.from_text("h7.example."), 5, [(60, b"\2h8\0")])
    with pytest.raises(plane.ZoneFileError, match="has a CNAME and other data") as caught:
        zone.edit([cname])
    assert [problem.code for problem in caught.value.problems] == ["cname-and-other-data"]
    with pytest.raises(ValueError, match="not a name in wire format"):
        zone.edit([(b"\3ab", A, [])])


def ask(served: "plane.Plane", name: str) -> str:
    """The address, the rcode of an error, or nothing."""
    packet = dns.message.make_query(name, "A").to_wire()
    reply = dns.message.from_wire(served.respond(packet, client="192.0.2.7") or b"")
    if reply.rcode():
        return dns.rcode.to_text(reply.rcode())
    return " ".join(str(rdata) for rrset in reply.answer for rdata in rrset)

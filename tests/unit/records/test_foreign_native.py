"""Foreign records through the native scanner."""

from resolute import plane
from resolute.records import foreign, names

ZONE = b"""$TTL 1H
@ SOA ns hostmaster 1 2H 15M 2W 5M
@ NS ns
ns A 192.0.2.1
w WKS 192.0.2.1 tcp 25
"""


def test_every_type_that_dnspython_knows_can_be_served() -> None:
    scan = plane.scan_zone_text(ZONE, names.from_text("hello."), file="hello.zone")
    foreign.convert_all(scan)
    image = scan.compile()
    assert (names.from_text("w.hello."), 11) in {(owner, rtype) for owner, rtype, _, _ in image}

"""What zones of the test Internet say: every case of RFC 1034 4.3.2, within the zone and out of it."""

from collections.abc import Sequence

from tests.internet.zones import below
from tests.interop.differential.draw import Draw

BIG = " ".join(f'"{"big" * 60}{number:02}"' for number in range(14))
"""A TXT record of some 2,500 octets."""
LABELS = [
    *("", "www", "mail", "alias", "far", "chain", "lost", "gone", "any.wild", "known.wild", "wild", "a.b.ent", "b.ent"),
    *("ent", "x.ent", "other.alias-wild", "www.old", "nothing.old", "old", "www.near", "deep.www", "_sip._tcp", "_tcp"),
    *("svc", "big", "many", "nothing", "nothing.at.all", "*.wild", "wild.wild.wild", "sub", "www.sub", "nothing.sub"),
    *("self", "any.far-wild"),
]  # fmt: skip
"""Names that a question may be about: those that are there, empty, below something, and not there."""


def plain(zone: str) -> tuple[str, ...]:
    """A few records."""
    return (
        "@ A 93.184.0.1",
        "@ MX 10 mail",
        '@ TXT "v=spf1 -all"',
        "www A 93.184.0.2",
        "www AAAA 2a00:93::2",
        "mail A 93.184.0.3",
        "alias CNAME www",
        f"self CNAME {below('alias', zone)}",
        "*.wild A 93.184.0.4",
        'a.b.ent TXT "below empty non-terminals"',
    )  # fmt: skip


def body(draw: Draw, zone: str, others: Sequence[str]) -> tuple[str, ...]:
    """Everything, with names of other zones where something leads out."""
    other, far, third = (draw.pick(others) for _ in range(3))
    number = draw.below(250)
    return (
        *plain(zone),
        '@ CAA 0 issue "ca.example.net"',
        f"@ AAAA 2a00:93::{number:x}",
        f"@ MX 20 mail.{other}",
        f"www A 93.184.1.{number}",
        "mail AAAA 2a00:93::3",
        f"far CNAME www.{other}",
        f"chain CNAME far.{far}",
        f"lost CNAME nothing.{third}",
        "gone CNAME nothing",
        '*.wild TXT "wild"',
        "known.wild A 93.184.0.5",
        "*.alias-wild CNAME www",
        f"*.far-wild CNAME www.{far}",
        f"old DNAME {third}",
        "near DNAME ent",
        f"_sip._tcp SRV 0 5 5060 mail.{other}",
        "_sip._tcp SRV 10 5 5060 mail",
        'svc HTTPS 1 . alpn="h2,h3"',
        f"big TXT {BIG}",
        *(f"many A 93.184.2.{last}" for last in range(1, 90)),
    )  # fmt: skip

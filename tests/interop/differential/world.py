"""The zones of one round: families of parents and children, hosted together or apart, with the root or without."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.interop.differential import shapes
from tests.interop.differential.draw import Draw
from tests.interop.differential.names import LONGEST, Name, ancestors, is_at_or_below, lower, text
from tests.interop.differential.shapes import Site
from tests.interop.differential.signing import Denial
from tests.interop.differential.zones import Draft, Known, Zone

FAMILIES: dict[tuple[tuple[bytes, ...], ...], int] = {
    ((),): 6,  # one zone of one label
    ((b"sub",),): 3,
    ((), (b"sub",)): 8,  # a parent and its child
    ((), (b"sub",), (b"kid",)): 3,
    ((), (b"kid", b"sub")): 3,  # an empty non-terminal between them
    ((), (b"sub",), (b"kid", b"sub")): 3,
    ((b"sub",), (b"kid", b"low", b"sub")): 2,
    ((b"x" * 63, b"y" * 63, b"z" * 50),): 1,  # an origin of almost two hundred octets
}
"""The labels before a family's own one, of each zone that is hosted."""


@dataclass(frozen=True)
class Kind:
    """What is special about the zones of a round."""

    name: str
    families: int
    root: bool = False
    below_dname: bool = False
    peers: tuple[str, ...] = ("nsd", "knot", "bind")
    denial: Denial | None = None
    """The zones are signed, and most questions ask for signatures."""


PLAIN = Kind("plain", families=120)
ROOT = Kind("root", families=60, root=True)
BELOW_DNAME = Kind("below-dname", families=20, below_dname=True, peers=("bind",))
"""Data below DNAMEs (RFC 6672 2.4), which of the three only BIND loads."""
KINDS = (PLAIN, ROOT, PLAIN, ROOT, PLAIN, BELOW_DNAME)
"""The kinds of the rounds, in turn."""
SIGNED_KINDS = (
    Kind("nsec", families=60, denial=Denial.NSEC),
    Kind("nsec3", families=60, denial=Denial.NSEC3),
    Kind("opt-out", families=60, denial=Denial.OPT_OUT),
    Kind("nsec-root", families=30, root=True, denial=Denial.NSEC),
    Kind("opt-out-root", families=30, root=True, denial=Denial.OPT_OUT),
)


@dataclass(frozen=True)
class World:
    """All zones that the servers have."""

    zones: Sequence[Zone]

    @cached_property
    def names(self) -> Mapping[Name, frozenset[Name]]:
        """By origin: the names that exist in the zone, empty non-terminals included (RFC 4592 2.2.2)."""
        return {zone.origin: frozenset(_existing(zone)) for zone in self.zones}

    @cached_property
    def all_names(self) -> frozenset[Name]:
        """The names of all zones, and what is above them."""
        return frozenset[Name]().union(*self.names.values(), *(ancestors(origin) for origin in self.names))

    @cached_property
    def _owners(self) -> frozenset[tuple[Name, str, Name]]:
        return frozenset(
            (zone.origin, record.rtype, lower(record.owner)) for zone in self.zones for record in zone.records
        )

    def is_below_dname(self, name: Name) -> bool:
        """Whether its zone has a DNAME above it, and no cut above that (RFC 6672 2.4)."""
        origin = self.zone_of(name) or ()
        for up in reversed([up for up in ancestors(name) if len(up) >= len(origin)]):
            if up != origin and (origin, "NS", up) in self._owners:
                return False
            if (origin, "DNAME", up) in self._owners:
                return True
        return False

    def zone_of(self, name: Name) -> Name | None:
        """The origin of the zone that is the nearest ancestor of a name in lower case (RFC 1034 4.3.2 step 2)."""
        return next((up for up in (name, *ancestors(name)) if up in self.names), None)


def make(draw: Draw, kind: Kind) -> World:
    """All zones of a round."""
    origins = list(_origins(draw, kind))
    longest = LONGEST - 2 if kind.denial in (Denial.NSEC3, Denial.OPT_OUT) else LONGEST
    known = Known(kind.below_dname, longest, above={up for origin in origins for up in ancestors(origin)})
    return World([_zone(Site(Draft(origin, known), draw, origins)) for origin in origins])


def _existing(zone: Zone) -> Iterator[Name]:
    for record in zone.records:
        owner = lower(record.owner)
        yield owner
        yield from (up for up in ancestors(owner) if is_at_or_below(up, zone.origin))


def _origins(draw: Draw, kind: Kind) -> Iterator[Name]:
    if kind.root:
        yield ()
    for number in range(kind.families):
        for front in draw.weighted(FAMILIES):
            yield (*front, b"f%d" % number)


def _zone(site: Site) -> Zone:
    _apex(site)
    for child in _hosted_children(site):
        _toward_child(site, child)
    for _ in range(site.draw.between(1, 9)):
        site.draw.weighted(shapes.SHAPES)(site)
    return site.draft.finish()


def _apex(site: Site) -> None:
    """SOA and NS (RFC 1035 5.2); a server inside the zone has an address, or BIND refuses the zone."""
    origin, draw = site.draft.origin, site.draw
    minimum = draw.pick((0, 5, 300, 7200))
    site.add(origin, "SOA", f"{text((b'ns0', *origin))} {text((b'admin', *origin))} 1 7200 3600 1209600 {minimum}")
    if draw.chance(80) or not origin:
        site.point(origin, "NS", (b"ns0", *origin))
        shapes.glue(site, (b"ns0", *origin))
    if origin and (draw.chance(50) or not site.draft.owners("NS")):
        site.point(origin, "NS", (b"ns", *shapes.OUTSIDE))


def _hosted_children(site: Site) -> list[Name]:
    """The zones whose parent this one is; now and then one of those further down."""
    origin, others = site.draft.origin, set(site.origins)
    below = [other for other in site.origins if len(other) > len(origin) and is_at_or_below(other, origin)]
    nearest = {other: next(up for up in ancestors(other) if up in others) for other in below}
    return [other for other in below if nearest[other] == origin or site.draw.chance(10)]


def _toward_child(site: Site, child: Name) -> None:
    """Most parents delegate a child that is hosted beside them; some have data there, some know nothing of it."""
    fate = site.draw.weighted({"cut": 8, "data": 1, "nothing": 1})
    if fate == "cut":
        shapes.delegate(site, child)
    if fate == "data" or site.draw.chance(10):
        shapes.plain(site, child)
        shapes.plain(site, (b"a", *child))

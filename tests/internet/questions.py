"""Questions about the test Internet, any number of them, repeated by a seed: names that are there, empty or missing.

    for question in questions(internet.world, 10_000):
        …

They are about every zone that can be resolved and that no test plays, its apex, its name servers and its DS, and about
the TLDs and the root. `ANY` and `RRSIG` are not asked: what a resolver then says is a choice (RFC 8482, RFC 4035 3.2).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.internet.catalogue import TROUBLED
from tests.internet.content import LABELS
from tests.internet.zones import World, Zone, below
from tests.interop.differential.draw import Draw

TYPES = {
    "A": 12,
    "AAAA": 4,
    "TXT": 3,
    **dict.fromkeys(("MX", "NS", "SOA", "DS", "CNAME"), 2),
    **dict.fromkeys(("DNSKEY", "DNAME", "SRV", "HTTPS", "CAA", "PTR", "NSEC", "TYPE65280"), 1),
}
"""How likely each is asked for."""
NOT_OF_ALIASES = {"CNAME", "DNAME", "NSEC"}
"""Types that are asked of the alias itself (RFC 1034 3.6.2, RFC 4035 2.5)."""
AT_APEX = {"A": 3, "AAAA": 1, "MX": 2, "NS": 3, "SOA": 3, "DS": 3, "DNSKEY": 2, "TXT": 1, "CAA": 1, "NSEC3PARAM": 1}


@dataclass(frozen=True)
class Question:
    """One question to a resolver, and how it is asked."""

    qname: str
    rtype: str
    dnssec_ok: bool = False
    checking_disabled: bool = False

    def __str__(self) -> str:
        return f"{self.qname} {self.rtype}{' DO' * self.dnssec_ok}{' CD' * self.checking_disabled}"


def questions(world: World, count: int, seed: object = 1) -> list[Question]:
    """So many questions, of which no two are equal. Raises ValueError when the world has not so many.

    Those with CD come last: what they leave unchecked in BIND's cache, it later gives to others without AD.
    """
    found: dict[Question, None] = {}
    draw = Draw("questions", world.seed, seed)
    zones = [zone for zone in world.zones.values() if zone.reachable and not zone.scripted]
    for _ in range(20 * count):
        question = _question(draw, world, draw.pick(zones))
        if not _takes_long(world, question):
            found[question] = None
        if len(found) == count:
            return sorted(found, key=lambda question: question.checking_disabled)
    raise ValueError(f"only {len(found)} questions of {count}: a world of more zones has more")


def _question(draw: Draw, world: World, zone: Zone) -> Question:
    how = {"dnssec_ok": draw.chance(50), "checking_disabled": draw.chance(25)}
    where = draw.weighted({"apex": 4, "name": 12, "server": 1, "missing": 2})
    if where == "apex":
        return Question(zone.name, draw.weighted(AT_APEX), **how)
    if where == "server":
        return Question(draw.pick(list(zone.servers)), draw.pick(("A", "AAAA", "TXT")), **how)
    if where == "missing" or not zone.body:
        return Question(below(f"x{draw.below(1 << 20):x}", zone.name), draw.weighted(TYPES), **how)
    return Question(_name(draw, world, zone), draw.weighted(TYPES), **how)


def _takes_long(world: World, question: Question) -> bool:
    """Unbound 1.17 follows such an alias, and looks at every server of the zone until it gives up after a minute."""
    troubled = world.enclosing(question.qname).shape in TROUBLED
    return troubled and question.rtype in NOT_OF_ALIASES and world.is_alias(question.qname)


def _name(draw: Draw, world: World, zone: Zone) -> str:
    """Mostly of the zone; a name below a delegation that cannot be resolved, or that a test plays, is none of ours."""
    name = below(draw.pick(LABELS), zone.name)
    holder = world.enclosing(name)
    return name if holder.reachable and not holder.scripted else zone.name


def verdicts(world: World) -> Iterator[tuple[Zone, Sequence[Question]]]:
    """Every zone that has content, with questions whose answers have the zone's verdict and nothing else's."""
    for zone in world.zones.values():
        if zone.body and zone.reachable and not zone.name.endswith("arpa."):
            yield zone, [Question(below("www", zone.name), rtype, dnssec_ok=True) for rtype in ("A", "AAAA")]

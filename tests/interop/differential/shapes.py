"""The shapes that zones are put together from, each a function that adds a few records at a place of its own choice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.interop.differential import labels
from tests.interop.differential.draw import Draw
from tests.interop.differential.names import Name, is_at_or_below, name, text
from tests.interop.differential.zones import Draft, Record

TTLS = (0, 1, 60, 300, 3600, 86400)
OUTSIDE = name("elsewhere.invalid")


@dataclass(frozen=True)
class Site:
    """Where a shape is built: the zone, what draws, and the origins of all zones of the round."""

    draft: Draft
    draw: Draw
    origins: Sequence[Name]

    def add(self, owner: Name, rtype: str, rdata: str, target: Name | None = None) -> bool:
        """Adds a record with some TTL; False when it does not fit in."""
        return self.draft.add(Record(owner, self.draw.pick(TTLS), rtype, rdata, target))

    def point(self, owner: Name, rtype: str, target: Name, before: str = "") -> bool:
        """Adds a record whose rdata ends in a name."""
        return self.add(owner, rtype, f"{before}{text(target)}", target)

    def fresh(self) -> Name:
        """A place that is new more often than not."""
        return labels.below(self.draw, self._base(), deepest=3)

    def known(self) -> Name:
        """A name that has records."""
        return self.draw.pick(self.draft.names())

    def target(self) -> Name:
        """Where a CNAME, a DNAME or an MX may lead: to something, to nothing, to elsewhere."""
        kind = self.draw.weighted({"known": 10, "below": 6, "fresh": 4, "dname": 3, "zone": 3, "outside": 1, "root": 1})
        if kind == "dname":
            return labels.below(self.draw, self.draw.pick(self.draft.owners("DNAME") or [self.draft.origin]))
        if kind == "zone":
            return labels.below(self.draw, self.draw.pick(self.origins))
        if kind == "outside":
            return labels.below(self.draw, OUTSIDE)
        if kind == "root":
            return ()
        return {"known": self.known, "below": lambda: labels.below(self.draw, self.known()), "fresh": self.fresh}[
            kind
        ]()

    def _base(self) -> Name:
        return self.known() if self.draw.chance(50) else self.draft.origin


def host(site: Site) -> None:
    """A name with one or a few RRsets."""
    owner = site.fresh()
    for _ in range(site.draw.between(1, 4)):
        plain(site, owner)


def plain(site: Site, owner: Name) -> None:
    """A record that leads nowhere, of a known type or of one that nobody knows (RFC 3597)."""
    draw = site.draw
    rtype = draw.weighted({"A": 8, "AAAA": 4, "TXT": 5, "CAA": 1, "TYPE65280": 1, "TYPE300": 1, "HINFO": 1})
    rdata = {
        "A": f"192.0.2.{draw.below(256)}",
        "AAAA": f"2001:db8::{draw.below(65536):x}",
        "TXT": f'"{draw.below(1000)}" "second string"',
        "CAA": f'0 issue "ca{draw.below(3)}.example"',
        "HINFO": '"cpu" "os"',
    }
    site.add(owner, rtype, rdata.get(rtype, f"\\# 4 {draw.below(2**31):08x}"))


def pointer(site: Site) -> None:
    """A record whose target's addresses may be added: MX, SRV, NS-like, SVCB and HTTPS (RFC 9460 4.1)."""
    draw = site.draw
    rtype = draw.weighted({"MX": 4, "SRV": 3, "SVCB": 2, "HTTPS": 3, "PTR": 1, "NAPTR": 1, "AFSDB": 1})
    owner = site.fresh() if draw.chance(70) else site.known()
    target = site.target()
    for _ in range(draw.between(1, 3)):
        before = {
            "MX": f"{draw.below(30)} ",
            "SRV": f"{draw.below(3)} 1 5060 ",
            "SVCB": f"{draw.below(3)} ",
            "HTTPS": f"{draw.below(3)} ",
            "NAPTR": '1 1 "S" "SIP+D2U" "" ',
            "AFSDB": "1 ",
        }
        site.point(owner, rtype, target, before.get(rtype, ""))
        target = target if draw.chance(20) else site.target()


def cname(site: Site) -> None:
    """A CNAME to anywhere, itself included."""
    owner = site.fresh()
    site.point(owner, "CNAME", owner if site.draw.chance(3) else site.target())


def chain(site: Site) -> None:
    """CNAMEs one behind the other; the last leads to anywhere, or back into the chain."""
    steps = [site.fresh() for _ in range(site.draw.between(2, 6))]
    for owner, target in pairwise(steps):
        site.point(owner, "CNAME", target)
    site.point(steps[-1], "CNAME", site.draw.pick(steps) if site.draw.chance(30) else site.target())


def wildcard(site: Site) -> None:
    """An asterisk label with data, a CNAME or a DNAME, and sometimes names below it, which are no wildcards."""
    owner = (b"*", *site.fresh()[site.draw.below(2) :])
    kind = site.draw.weighted({"plain": 10, "cname": 5, "mx": 3, "dname": 1})
    if kind == "cname":
        site.point(owner, "CNAME", site.target())
    elif kind == "mx":
        site.point(owner, "MX", site.target(), "10 ")
    elif kind == "dname":
        site.point(owner, "DNAME", site.target())
    else:
        plain(site, owner)
        plain(site, owner)
    if site.draw.chance(25):
        plain(site, labels.below(site.draw, owner))


def beside_wildcard(site: Site) -> None:
    """An empty non-terminal or a name that keeps a wildcard from what is below it (RFC 4592 3.3.1)."""
    wildcards = [owner for owner in site.draft.names() if owner[:1] == (b"*",)]
    if wildcards:
        plain(site, labels.below(site.draw, site.draw.pick(wildcards)[1:], deepest=3))


def dname(site: Site) -> None:
    """A DNAME beside data or alone, at the apex too; what is below it is drawn by the questions."""
    draw = site.draw
    owner = site.draft.origin if draw.chance(5) else site.fresh()
    if site.point(owner, "DNAME", site.target()) and draw.chance(40):
        plain(site, owner)


def dname_to_long(site: Site) -> None:
    """A DNAME whose target leaves little room: a step further is YXDOMAIN (RFC 6672 2.2)."""
    target = labels.padded(site.draw, site.draft.origin, site.draw.between(180, 255))
    site.point(site.fresh(), "DNAME", target)


def cut(site: Site) -> None:
    """A delegation with servers inside, beside and outside of it, glue or none, DS or none, and data that it hides."""
    draw, owner = site.draw, site.fresh()
    delegate(site, owner)
    for _ in range(draw.below(3)):
        hidden = labels.below(draw, owner)
        kind = draw.weighted({"plain": 5, "cname": 1, "dname": 1, "cut": 1})
        if kind == "plain":
            plain(site, hidden)
        elif kind == "cut":
            delegate(site, hidden)
        else:
            site.point(hidden, kind.upper(), site.target())


def delegate(site: Site, owner: Name) -> None:
    """The NS records of a cut, their addresses, sometimes its DS."""
    draw = site.draw
    for at in range(draw.between(1, 3)):
        server = name_server(site, owner, at)
        if site.point(owner, "NS", server) and draw.chance(85) and is_at_or_below(server, site.draft.origin):
            glue(site, server)
    if draw.chance(25):
        site.add(owner, "DS", f"{draw.below(65536)} 13 2 {draw.below(2**31):064x}")


def name_server(site: Site, cut_name: Name, at: int) -> Name:
    """A server of a cut: below it, the cut itself, below another cut, elsewhere in the zone, or out of it."""
    draw = site.draw
    kind = draw.weighted({"below": 8, "self": 1, "sibling": 4, "zone": 3, "outside": 3, "other": 2})
    cuts = [owner for owner in site.draft.owners("NS") if owner not in (site.draft.origin, cut_name)]
    if kind == "self":
        return cut_name
    if kind == "sibling" and cuts:
        return (b"ns%d" % draw.below(2), *draw.pick(cuts))
    if kind == "zone":
        return (b"ns%d" % at, *site.draft.origin)
    if kind == "outside":
        return (b"ns%d" % at, *OUTSIDE)
    if kind == "other":
        return (b"ns%d" % at, *draw.pick(site.origins))
    return (b"ns%d" % at, *cut_name)


def glue(site: Site, server: Name) -> None:
    """Its addresses, as many as a zone may have."""
    for _ in range(site.draw.between(1, 2)):
        site.add(server, "A", f"192.0.2.{site.draw.below(256)}")
    if site.draw.chance(50):
        site.add(server, "AAAA", f"2001:db8::{site.draw.below(65536):x}")


def odd_name(site: Site) -> None:
    """A label that is not a host name's."""
    plain(site, (labels.odd(site.draw), *site.fresh()[site.draw.below(2) :]))


def long_name(site: Site) -> None:
    """A name of 255 octets, or a wildcard that leaves little room below it."""
    owner = labels.longest(site.draw, site.draft.origin)
    if site.draw.chance(50):
        owner = (b"*", *owner[1:])
    plain(site, owner)


def at_apex(site: Site) -> None:
    """What an apex may have beside SOA and NS."""
    plain(site, site.draft.origin)
    if site.draw.chance(50):
        site.point(site.draft.origin, "MX", site.target(), "10 ")


SHAPES: dict[Callable[[Site], None], int] = {
    host: 8,
    pointer: 7,
    cname: 9,
    chain: 3,
    wildcard: 9,
    beside_wildcard: 6,
    dname: 6,
    dname_to_long: 1,
    cut: 10,
    odd_name: 2,
    long_name: 1,
    at_apex: 3,
}

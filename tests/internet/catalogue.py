"""Which zones the test Internet has: a root, TLDs, providers, and zones of all shapes below; a seed repeats them.

```
.                    root servers; root-servers.net. and arpa. on the same servers
├─ com. net.         NSEC3 with opt-out, at gtld-servers.net.        ├─ org.  NSEC3        ├─ se.  NSEC
├─ io.               NSEC3 with salt, Ed25519                        └─ zz.   unsigned
│   └─ alpha-dns.net., beta-dns.org., gamma-dns.com., six-dns.org., vanity.se. → alpha, deep.io. → vanity: providers
│       └─ shown zones: one for each shape of name servers, of signing, of fault
│       └─ drawn zones: shapes, signing and content mixed by chance; some with children of their own
└─ s0.zz. … and s8.com. …: delegations whose name servers tests play; those in com. have a DS
```
`test.` is not among the TLDs, for resolvers answer it themselves (RFC 6761 6.2).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from tests.internet.addresses import (
    HOSTS,
    PROGRAMS,
    ROOT_LETTERS,
    ROOT_SERVERS,
    SCRIPTED,
    Host,
    closed,
    host,
    scripted,
    silent,
)
from tests.internet.content import body, plain
from tests.internet.zones import Denial, Fault, Signing, World, Zone, below
from tests.interop.differential.draw import Draw

CONSONANTS, VOWELS = "bdfghklmnprstv", "aeiou"
TLDS = {"com.": 5, "net.": 3, "org.": 4, "se.": 4, "io.": 2, "zz.": 2}
"""How likely a drawn zone is in each."""
ALGORITHMS = {13: 7, 8: 1, 14: 1, 15: 2}
DENIALS = {Denial.NSEC: 4, Denial.NSEC3: 4, Denial.OPT_OUT: 1, Denial.SALTED: 1}
FAULTS = {Fault.NONE: 20, Fault.NO_DS: 2, Fault.SECOND_DS: 1, Fault.WRONG_DS: 1, Fault.EXPIRED: 1}
ROOT_HOSTS = {f"{letter}.root-servers.net.": Host(*addresses) for letter, addresses in ROOT_SERVERS.items()}
ROOT_SITES = tuple(ROOT_LETTERS)
TLD_SITES = tuple(f"tld-{program}" for program in PROGRAMS)
FIRST_SIGNED = SCRIPTED // 2
"""Of the delegations that tests play, those from this on have a DS."""
PROVIDERS = {
    "alpha-dns.net.": ("host-nsd", "host-knot"),
    "beta-dns.org.": ("host-bind", "host-nsd"),
    "gamma-dns.com.": ("host-knot", "host-bind"),
}
DEEP = ("host-nsd", "host-bind")
PLAIN = ("host-nsd",)
"""Says what is in the zone: without NSEC or NSEC3, BIND leaves out signatures, and Knot says SERVFAIL."""
Servers = tuple[Mapping[str, Host], tuple[str, ...]]
"""Name servers, and the sites that have the zone."""


def world(seed: int, drawn: int) -> World:
    """The zones of a seed, `drawn` of them by chance besides those that are always there."""
    draw = Draw("internet", seed)
    zones = [*_top(), *_providers(), *_shown(draw), *_played()]
    names = _names(draw, drawn, {zone.name for zone in zones})
    zones += [_drawn(draw, name, names) for name in names]
    zones += list(_children(draw, zones))
    return World(seed, {zone.name: zone for zone in zones})


# ------------------------------------------------------------------------------------------------ the top


def _top() -> Iterator[Zone]:
    yield Zone(".", "the root", ROOT_HOSTS, ROOT_SITES, signing=Signing(split=True))
    yield Zone("arpa.", "on the servers of its parent", ROOT_HOSTS, ROOT_SITES, signing=Signing())
    yield Zone("root-servers.net.", "on the servers of its grandparent", ROOT_HOSTS, ROOT_SITES)
    gtld = {f"{letter}.gtld-servers.net.": host(site, 1) for letter, site in zip("abc", TLD_SITES, strict=True)}
    yield Zone("gtld-servers.net.", "on the servers of its parent", gtld, TLD_SITES)
    yield Zone("com.", "NSEC3 opt-out", gtld, TLD_SITES, signing=Signing(denial=Denial.OPT_OUT, split=True))
    yield Zone("net.", "opt-out, RSA", gtld, TLD_SITES, signing=Signing(8, Denial.OPT_OUT, split=True))
    yield Zone("org.", "NSEC3", *_own("nic.org.", TLD_SITES[:2], 2), signing=Signing(denial=Denial.NSEC3))
    yield Zone("se.", "NSEC", *_own("ns.se.", TLD_SITES[1:], 3), signing=Signing(split=True))
    yield Zone("io.", "salted NSEC3, Ed25519", *_own("nic.io.", TLD_SITES, 4), signing=Signing(15, Denial.SALTED))
    yield Zone("zz.", "unsigned", *_own("zz.", TLD_SITES[:1], 5))
    reverse = tuple(f"{number} PTR www.alpha-dns.net." for number in range(1, 20))
    servers, sites = _own("184.93.in-addr.arpa.", ("host-knot", "host-bind"), 6)
    yield Zone("184.93.in-addr.arpa.", "reverse, below empty non-terminals", servers, sites, reverse, Signing())


def _own(name: str, sites: Sequence[str], number: int) -> Servers:
    """Name servers with names of their own in a domain, one at each site."""
    return {below(f"ns{at}", name): host(site, number) for at, site in enumerate(sites, 1)}, tuple(sites)


def _providers() -> Iterator[Zone]:
    for name, sites in PROVIDERS.items():
        servers = {below(f"ns{number}", name): host(sites[number % 2], number) for number in range(1, HOSTS - 1)}
        signing = Signing() if name == "alpha-dns.net." else None
        yield Zone(name, "provider", servers, sites, plain(name), signing)
    yield Zone("six-dns.org.", "provider with IPv6 only", _six(), DEEP, plain("six-dns.org."), Signing())
    vanity = {below(f"ns{at}", "vanity.se."): host(site, 6) for at, site in enumerate(DEEP, 1)}
    yield Zone("vanity.se.", "provider without glue", *_of("alpha-dns.net."), plain("vanity.se."), Signing())
    yield Zone("deep.io.", "provider without glue at one without glue", vanity, DEEP, plain("deep.io."))


def _six() -> Mapping[str, Host]:
    return {below(f"ns{at}", "six-dns.org."): replace(host(site, 5), v4=None) for at, site in enumerate(DEEP, 1)}


def _of(provider: str) -> Servers:
    """Two name servers of a provider, and its sites."""
    sites = PROVIDERS[provider]
    return {below(f"ns{number}", provider): host(sites[number % 2], number) for number in (1, 2)}, sites


# ------------------------------------------------------------------------------------------------ one of each


def _shown(draw: Draw) -> Iterator[Zone]:
    yield from _with_each_shape(draw)
    yield from _with_each_signing(draw)
    yield from _with_each_fault()
    zone = "signed.zz."
    yield Zone(zone, "an island below an insecure TLD", *_own(zone, _pair(0), 3), plain(zone), Signing())


def _with_each_shape(draw: Draw) -> Iterator[Zone]:
    for name, make in SERVERS.items():
        zone = f"{name}.org."
        content = body(draw, zone, ["alpha-dns.net."])
        yield Zone(zone, name, *make(zone), content, Signing(), reachable=name not in DEAD)
    zone = "others-at-child.se."
    servers, sites = _own(zone, _pair(0), 4)
    listed = {below("old", zone): host("leaf-nsd", 4), below("ns1", zone): servers[below("ns1", zone)]}
    content = body(draw, zone, ["gamma-dns.com."])
    yield Zone(zone, "other name servers than the delegation", listed, sites, content, Signing(), apex=servers)


def _with_each_signing(draw: Draw) -> Iterator[Zone]:
    for number, (algorithm, denial) in enumerate((one, two) for one in ALGORITHMS for two in Denial):
        zone = f"signed-{algorithm}-{_word(denial)}.se."
        signing = Signing(algorithm, denial, split=number % 3 == 0)
        yield Zone(zone, "signed", *_own(zone, _pair(number), 1), body(draw, zone, ["beta-dns.org."]), signing)


def _with_each_fault() -> Iterator[Zone]:
    for number, fault in enumerate(Fault):
        for denial, tld in ((Denial.NSEC, "se."), (Denial.NSEC3, "com.")):
            zone = f"{_word(fault)}.{tld}"
            sites = PLAIN if fault is Fault.NO_DENIAL else _pair(number)
            signing = Signing(denial=denial, fault=fault)
            yield Zone(zone, fault.value, *_own(zone, sites, 2), plain(zone), signing)


def _word(what: Denial | Fault) -> str:
    """As part of a name."""
    return what.name.lower().replace("_", "-")


def _pair(number: int) -> tuple[str, str]:
    """Two sites of different programs."""
    first, second = (PROGRAMS[(number + skip) % len(PROGRAMS)] for skip in (0, 1))
    return f"host-{first}", f"host-{second}"


def _with(zone: str, *more: Host) -> Servers:
    """A name server that answers, and others beside it."""
    servers, sites = _own(zone, ("host-nsd",), 4)
    return {**servers, **{below(f"other{at}", zone): other for at, other in enumerate(more)}}, sites


def _nowhere(zone: str, *hosts: Host) -> Servers:
    """Name servers that do not have the zone."""
    return {below(f"ns{at}", zone): one for at, one in enumerate(hosts)}, ()


def _thirteen(zone: str) -> Servers:
    sites = tuple(f"host-{program}" for program in PROGRAMS)
    return {below(f"ns{number}", zone): host(sites[number % 3], 1 + number % HOSTS) for number in range(13)}, sites


SERVERS: Mapping[str, Callable[[str], Servers]] = {
    "in-bailiwick": lambda zone: _own(zone, ("host-nsd", "host-knot"), 3),
    "sibling-glue": lambda _: _of("beta-dns.org."),
    "out-of-bailiwick": lambda _: _of("gamma-dns.com."),
    "glueless": lambda _: ({"ns1.vanity.se.": host(DEEP[0], 6), "ns2.vanity.se.": host(DEEP[1], 6)}, DEEP),
    "very-glueless": lambda _: ({"ns1.deep.io.": host(DEEP[0], 5), "ns2.deep.io.": host(DEEP[1], 5)}, DEEP),
    "ipv4-only": lambda zone: ({below("ns", zone): replace(host("host-bind", 2), v6=None)}, ("host-bind",)),
    "ipv6-only": lambda zone: ({below("ns", zone): replace(host("host-knot", 2), v4=None)}, ("host-knot",)),
    "ipv6-provider": lambda _: (_six(), DEEP),
    "one-lame": lambda zone: _with(zone, host("leaf-nsd", 1)),
    "one-silent": lambda zone: _with(zone, silent(1)),
    "one-closed": lambda zone: _with(zone, closed(1)),
    "most-lame": lambda zone: _with(zone, *(host(f"leaf-{one}", 1) for one in PROGRAMS)),
    "thirteen": _thirteen,
    "all-lame": lambda zone: _nowhere(zone, host("leaf-knot", 2), host("leaf-bind", 2)),
    "all-silent": lambda zone: _nowhere(zone, silent(2)),
    "all-closed": lambda zone: _nowhere(zone, closed(3), closed(4)),
    "cycle-one": lambda _: ({"ns.cycle-two.org.": Host(None, None)}, ("host-nsd",)),
    "cycle-two": lambda _: ({"ns.cycle-one.org.": Host(None, None)}, ("host-nsd",)),
}  # fmt: skip
"""Shapes of name servers: each has a zone of its name in org."""
DEAD = {"all-lame", "all-silent", "all-closed", "cycle-one", "cycle-two"}
"""Those that nobody can resolve."""
TROUBLED = {*DEAD, "one-lame", "one-silent", "one-closed", "most-lame"}
"""They have no children: Unbound 1.17 may take a minute for a DS below a child whose servers are as lame."""


def _played() -> Iterator[Zone]:
    for number in range(SCRIPTED):
        signed = number >= FIRST_SIGNED
        name = f"s{number}.com." if signed else f"s{number}.zz."
        servers = {below("ns", name): scripted(number)}
        yield Zone(name, "played by a test", servers, (), signing=Signing() if signed else None, scripted=True)


# ------------------------------------------------------------------------------------------------ by chance


def _names(draw: Draw, count: int, taken: set[str]) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        word = "".join(draw.pick(CONSONANTS) + draw.pick(VOWELS) for _ in range(draw.between(2, 4)))
        name = f"{word}.{draw.weighted(TLDS)}"
        if name not in taken:
            found[name] = None
    return list(found)


def _drawn(draw: Draw, name: str, names: Sequence[str]) -> Zone:
    shape = draw.weighted({"own": 4, "provider": 4, "glueless": 1, "mixed": 1})
    if shape == "own":
        servers, sites = _own(name, _pair(draw.below(3)), draw.between(1, HOSTS))
    elif shape == "glueless":
        servers, sites = SERVERS["glueless"](name)
    else:
        servers, sites = _of(draw.pick(list(PROVIDERS)))
    if shape == "mixed":
        own, at = _own(name, _pair(draw.below(3)), draw.between(1, HOSTS))
        servers, sites = {**own, **servers}, tuple(dict.fromkeys(at + sites))
    return Zone(name, shape, servers, sites, body(draw, name, names), _signing(draw))


def _signing(draw: Draw) -> Signing | None:
    if draw.chance(35):
        return None
    return Signing(draw.weighted(ALGORITHMS), draw.weighted(DENIALS), draw.weighted(FAULTS), draw.chance(30))


def _children(draw: Draw, zones: Sequence[Zone]) -> Iterator[Zone]:
    """Zones below some of the second level: on other servers, or on the same."""
    for zone in zones:
        if not zone.body or zone.name.endswith("arpa.") or zone.shape in TROUBLED or draw.chance(60):
            continue
        name = below("sub", zone.name)
        if draw.chance(40):
            yield Zone(name, "on the servers of its parent", zone.servers, zone.sites, plain(name), _signing(draw))
        else:
            sites = tuple(f"leaf-{program}" for program in PROGRAMS)[draw.below(2) :]
            yield Zone(name, "a child", *_own(name, sites, draw.between(1, HOSTS)), plain(name), _signing(draw))

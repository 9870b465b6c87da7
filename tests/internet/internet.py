"""A test Internet: real servers at the real addresses of the root servers, and everything below.

```
 test ─┬─ namespace of the servers: root-nsd  root-knot  root-bind   at the 26 addresses of the root servers
       │                            tld-…     host-…     leaf-…      at 45.x.0.n and 2a10:x::n; elsewhere nobody
       │                            what a test scripts              at 46.0.0.0/8 and 2a11::/16
       │        │ a cable for each
       ├─ namespace of a resolver: Unbound on 127.0.0.1:53, say
       └─ namespace of a resolver: …
```

    with Internet() as internet, internet.unbound() as unbound, internet.bind() as bind:
        for said in ask_all({"unbound": unbound, "bind": bind}, questions(internet.world, 1_000)):
            assert said["unbound"] == said["bind"]

`far.open_socket` gives sockets among the servers: at any address, and raw ones for forged packets.

Each resolver has a namespace and a source address of its own, so scripted servers can tell who asked. Packets to
addresses where nobody is are lost. Everything ends with the `with`, and also when the program is killed (`network.py`).
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.peers import Bind, Knot, Nsd, Resolute, Root, Server, Service, Unbound
from tests.faults.kit.upstream import Respond
from tests.internet.addresses import HERE, ROOT_SERVERS, SITES, hosts
from tests.internet.catalogue import world
from tests.internet.network import Namespace, Networks
from tests.internet.scripted import Scripted
from tests.internet.signing import Key, Signer
from tests.internet.zones import World, Zone

SEED = 5
DRAWN = 70
"""Zones by chance, besides the shown ones."""
SIGNERS = 2
"""Zones that are signed at once."""
STARTING = 4
"""Servers that are started at once."""
KINDS: Mapping[str, Callable[[Service], Server]] = {"nsd": Nsd, "knot": Knot, "bind": Bind}
EXTRA = {"nsd": "server:\n    tcp-count: 200\n", "knot": "server:\n    tcp-max-clients: 200\n", "bind": ""}


class Internet:
    """Runs within `with`. A seed gives the same zones, but other keys, each time."""

    def __init__(self, seed: int = SEED, drawn: int = DRAWN) -> None:
        self.world: World = world(seed, drawn)
        self.networks = Networks()
        self._stack = contextlib.ExitStack()
        self._numbers = itertools.count(1)
        self._servers: dict[str, Server] = {}
        self._far: Namespace | None = None
        self._signer: Signer | None = None

    @property
    def root(self) -> Root:
        """What a resolver needs to know: the root hints and the trust anchor, as files."""
        return Root(self.folder / "root.hints", self.folder / "root.anchor")

    @property
    def folder(self) -> Path:
        """Where everything is kept until the end."""
        return self.networks.folder

    @property
    def far(self) -> Namespace:
        """Where the servers are."""
        assert self._far is not None
        return self._far

    @property
    def servers(self) -> Mapping[str, Server]:
        """The running authoritative servers, by site."""
        return self._servers

    def resolver_network(self) -> Namespace:
        """A new namespace with a cable to the servers, for a resolver; its addresses are 10.99.N.2 and fd99:N::2."""
        number, near = next(self._numbers), self.networks.namespace()
        self.far.run(
            f"ip link add to{number} type veth peer name uplink netns {near.path}",
            f"ip address add 10.99.{number}.1/24 dev to{number}",
            f"ip address add fd99:{number:x}::1/64 dev to{number} nodad",
            f"ip link set dev to{number} up",
        )
        near.run(
            "sysctl -q -w net.ipv6.conf.all.accept_dad=0",
            "ip link set dev lo up",
            f"ip address add 10.99.{number}.2/24 dev uplink",
            f"ip address add fd99:{number:x}::2/64 dev uplink nodad",
            "ip link set dev uplink up",
            f"ip route add default via 10.99.{number}.1",
            f"ip route add default via fd99:{number:x}::1",
        )
        return near

    def service(self, extra: str = "") -> Service:
        """What a resolver is to do, in a namespace of its own: resolve from this root, and listen on 127.0.0.1."""
        return Service(root=self.root, network=self.resolver_network(), listen=("127.0.0.1",), extra=extra)

    def unbound(self, extra: str = "") -> Unbound:
        """Unbound, not yet started, as a recursive and validating resolver."""
        return Unbound(self.service(extra))

    def bind(self, extra: str = "") -> Bind:
        """BIND, not yet started, as a recursive and validating resolver."""
        return Bind(self.service(extra))

    def resolute(self, extra: str = "") -> Resolute:
        """Resolute, not yet started, as a recursive and validating resolver; `extra` is TOML."""
        root = self.root
        anchors = f'resolver.trust_anchors = "{root.anchors}"\n'
        settings = f'resolver.mode = "recurse"\nresolver.root_hints = "{root.hints}"\n{anchors}{extra}'
        return Resolute(self.service(settings))

    def scripted(self, respond: Respond, zone: str | None = None, *, at: Sequence[str] = ()) -> Scripted:
        """A name server that a test plays, not yet started: that of a delegation (`delegations`), or at addresses.

        Any address of 46.0.0.0/8 and 2a11::/16 is free for it.
        """
        addresses = at or next(iter(self.world.zones[zone or ""].servers.values())).addresses
        return Scripted(self.far, respond, addresses)

    def delegations(self, *, signed: bool = False) -> list[str]:
        """The zones that are delegated to name servers that tests play; `signed`: those with a DS."""
        return [zone.name for zone in self.world.zones.values() if zone.scripted and bool(zone.signing) is signed]

    def keys(self, zone: str) -> list[Key]:
        """The keys of a signed zone, the one that its DS is of first."""
        signing = self.world.zones[zone].signing
        assert signing is not None
        assert self._signer is not None
        return self._signer.keys(signing)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.networks)
            self._far = self._servers_network()
            files = self._zone_files()
            self._servers = self._started(files, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers = {}
        self._stack.close()

    def _servers_network(self) -> Namespace:
        far = self.networks.namespace()
        batch = self.folder / "addresses"  # BIND listens at addresses of interfaces only
        addresses = [address for site in SITES for one in hosts(site) for address in one.addresses]
        batch.write_text("".join(f"address add {address} dev lo nodad\n" for address in addresses))
        far.run(
            "sysctl -q -w net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1 net.ipv6.conf.all.accept_dad=0",
            "ip link set dev lo up",
            *(f"ip route add local {prefix} dev lo" for prefix in HERE),
            f"ip -batch {batch}",
        )
        return far

    def _zone_files(self) -> Mapping[str, Path]:
        """Signs and writes the zones, the root hints and the trust anchor."""
        self._signer = signer = Signer(self.folder / "keys")
        ds = signer.ds(self.world)
        (self.folder / "zones").mkdir()
        self.root.hints.write_text(_hints())
        self.root.anchors.write_text(signer.anchor())
        files = {zone.name: self.folder / f"zones/{zone.name}zone" for zone in self._served()}

        def write(zone: Zone) -> None:
            signer.sign(zone, self.world.text(zone, ds), files[zone.name])

        with ThreadPoolExecutor(SIGNERS) as pool:
            list(pool.map(write, self._served()))
        return files

    def _served(self) -> Iterator[Zone]:
        return (zone for zone in self.world.zones.values() if zone.sites)

    def _started(self, files: Mapping[str, Path], stack: contextlib.ExitStack) -> dict[str, Server]:
        """All sites, running; the stack ends them."""
        servers = {site: self._site(site, files) for site in SITES}
        with ThreadPoolExecutor(STARTING) as pool:
            list(pool.map(stack.enter_context, servers.values()))
        return servers

    def _site(self, site: str, files: Mapping[str, Path]) -> Server:
        program = site.partition("-")[2]
        zones = {zone.name: files[zone.name] for zone in self._served() if site in zone.sites}
        addresses = [address for one in hosts(site) for address in one.addresses]
        return KINDS[program](Service(zones=zones, network=self.far, listen=addresses, extra=EXTRA[program]))


def _hints() -> str:
    """The file that IANA publishes, in form."""
    lines = []
    for letter, (v4, v6) in ROOT_SERVERS.items():
        name = f"{letter}.root-servers.net."
        lines += [f". 3600000 NS {name}", f"{name} 3600000 A {v4}", f"{name} 3600000 AAAA {v6}"]
    return "\n".join(lines) + "\n"

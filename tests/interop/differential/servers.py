"""The four servers on the same zone files, set so that they say the same where they have a choice.

Authority NS records beside an answer (RFC 1034 4.3.2 step 6 leaves them open): none. ANY: everything, of those that
can. UDP replies of up to 4,096 octets. What they refuse for style (host names, missing addresses, MX to a CNAME) is let
through.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.peers import Bind, Endpoint, Knot, Nsd, PeerFailedError, Resolute, Server, Service
from tests.interop.differential.signing import Signer
from tests.interop.differential.world import Kind, World
from tests.interop.differential.zones import Zone

OURS = "resolute"
UDP_SIZE = 4096
ATTEMPTS = 3
NSD = f"server:\n    minimal-responses: yes\n    ipv4-edns-size: {UDP_SIZE}\n    tcp-count: 100\n"
KNOT = f"server:\n    udp-max-payload: {UDP_SIZE}\n    tcp-max-clients: 100\n"
BIND = f"""
    minimal-responses no-auth; minimal-any no; check-names primary ignore; check-integrity no; check-sibling no;
    check-mx ignore; check-mx-cname ignore; check-srv-cname ignore; check-dup-records ignore; check-wildcard no;
    check-spf ignore; zero-no-soa-ttl no; max-udp-size {UDP_SIZE}; edns-udp-size {UDP_SIZE};
"""
RESOLUTE = f"""
resolver.mode = "off"
limits.edns_size = {UDP_SIZE}
limits.workers = 1
"""


class LenientBind(Bind):
    """BIND that takes any name and adds no NS records beside an answer."""

    def arguments(self) -> Sequence[str]:
        arguments = super().arguments()
        text = (self.folder / "named.conf").read_text()
        self.write("named.conf", text.replace("options {", f"options {{{BIND}", 1))
        return arguments


def servers(files: Mapping[str, Path], *, peers: Sequence[str]) -> list[Server]:
    """Resolute and the peers named, not yet started."""
    kinds: dict[str, Server] = {
        OURS: Resolute(Service(zones=files, extra=RESOLUTE)),
        "nsd": Nsd(Service(zones=files, extra=NSD)),
        "knot": Knot(Service(zones=files, extra=KNOT)),
        "bind": LenientBind(Service(zones=files)),
    }
    return [kinds[name] for name in (OURS, *peers)]


@contextlib.contextmanager
def serving(world: World, kind: Kind, folder: Path) -> Iterator[dict[str, Endpoint]]:
    """Runs them on these zones. Raises PeerFailedError when one does not start, or does not serve the first zone."""
    files = {zone.name: folder / f"{number}.zone" for number, zone in enumerate(world.zones)}
    _write(world.zones, files, Signer(folder / "keys", kind.denial) if kind.denial else None)
    with contextlib.ExitStack() as stack:
        started = _started(files, kind.peers, stack)
        yield {server.name.lower(): server.endpoint for server in started}


def _write(zones: Sequence[Zone], files: Mapping[str, Path], signer: Signer | None) -> None:
    def write(zone: Zone) -> None:
        if signer is None:
            files[zone.name].write_text(zone.file)
        else:
            signer.sign(zone, files[zone.name])

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, zones))


def _started(files: Mapping[str, Path], peers: Sequence[str], stack: contextlib.ExitStack) -> list[Server]:
    """All of them, at once; again when a port that was free has been taken in between."""
    for attempt in range(1, ATTEMPTS + 1):
        with contextlib.ExitStack() as trial, ThreadPoolExecutor() as pool:
            try:
                started = list(pool.map(trial.enter_context, servers(files, peers=peers)))
            except PeerFailedError:
                if attempt == ATTEMPTS:
                    raise
                continue
            stack.push(trial.pop_all())
            return started
    raise AssertionError("the last attempt returns or raises")

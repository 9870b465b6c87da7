"""Knot DNS (CZ.NIC): authoritative only."""

from collections.abc import Sequence

from bench.peers.server import Server

CONFIGURATION = """
server:
    rundir: "{folder}"
    listen: [{addresses}]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "{folder}"
{extra}
template:
  - id: default
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
"""


class Knot(Server):
    """Knot with one UDP worker."""

    name = "Knot"
    command = "knotd"

    def arguments(self) -> Sequence[str]:
        zones = "".join(f'  - domain: "{n}"\n    file: "{f}"\n' for n, f in self.service.zones.items())
        addresses = ", ".join(f"{host}@{self.endpoint.port}" for host in self.hosts)
        text = CONFIGURATION.format(addresses=addresses, folder=self.folder, extra=self.service.extra)
        return ["--config", str(self.write("knot.conf", text + zones))]

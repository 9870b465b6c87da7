"""NSD (NLnet Labs): authoritative only."""

from collections.abc import Sequence

from bench.peers.server import Server

CONFIGURATION = """
server:
{addresses}    port: {port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    verbosity: 0
    rrl-ratelimit: 0
remote-control:
    control-enable: no
{extra}
"""


class Nsd(Server):
    """NSD with one server process."""

    name = "NSD"
    command = "nsd"
    version_flag = "-v"

    def arguments(self) -> Sequence[str]:
        zones = "".join(f'zone:\n    name: "{n}"\n    zonefile: "{f}"\n' for n, f in self.service.zones.items())
        addresses = "".join(f"    ip-address: {host}\n" for host in self.hosts)
        text = CONFIGURATION.format(
            addresses=addresses, port=self.endpoint.port, folder=self.folder, extra=self.service.extra
        )
        return ["-d", "-c", str(self.write("nsd.conf", text + zones))]

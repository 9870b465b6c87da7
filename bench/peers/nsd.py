"""NSD (NLnet Labs): authoritative only."""

from collections.abc import Sequence

from bench.peers.server import Server

CONFIGURATION = """
server:
    ip-address: {host}
    port: {port}
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
        text = CONFIGURATION.format(
            host=self.endpoint.host, port=self.endpoint.port, folder=self.folder, extra=self.service.extra
        )
        return ["-d", "-c", str(self.write("nsd.conf", text + zones))]

"""dnsmasq (Simon Kelley): a forwarder with a cache."""

from collections.abc import Sequence

from bench.peers.server import PeerFailedError, Server

CONFIGURATION = """
listen-address={host}
port={port}
bind-interfaces
user=root
group=
pid-file=
no-resolv
no-hosts
no-poll
cache-size=25000
dns-forward-max=1000
server={forward.host}#{forward.port}
{extra}
"""


class Dnsmasq(Server):
    """dnsmasq, which has one thread."""

    name = "dnsmasq"
    command = "dnsmasq"
    version_flag = "--version"

    def arguments(self) -> Sequence[str]:
        if self.service.zones or self.service.forward is None:
            raise PeerFailedError("dnsmasq is run as a forwarder only: give `forward`, and no zones")
        text = CONFIGURATION.format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            forward=self.service.forward,
            extra=self.service.extra,
        )
        return ["--keep-in-foreground", f"--conf-file={self.write('dnsmasq.conf', text)}"]

"""Unbound (NLnet Labs): a resolver; here one that forwards, without validation."""

from collections.abc import Sequence

from bench.peers.server import PeerFailedError, Server

CONFIGURATION = """
server:
    interface: {host}
    port: {port}
    num-threads: 1
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    verbosity: 0
    module-config: "iterator"
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    msg-cache-size: 128m
    rrset-cache-size: 256m
{extra}
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: {forward.host}@{forward.port}
"""


class Unbound(Server):
    """Unbound with one thread."""

    name = "Unbound"
    command = "unbound"

    def arguments(self) -> Sequence[str]:
        if self.service.zones or self.service.forward is None:
            raise PeerFailedError("Unbound is run as a forwarder only: give `forward`, and no zones")
        text = CONFIGURATION.format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            folder=self.folder,
            forward=self.service.forward,
            extra=self.service.extra,
        )
        return ["-d", "-c", str(self.write("unbound.conf", text))]

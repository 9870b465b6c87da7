"""Unbound (NLnet Labs): a resolver; it forwards, without validation, or resolves from the root with it."""

from collections.abc import Sequence

from bench.peers.server import PeerFailedError, Server, Service

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
    {recursion}
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    msg-cache-size: 128m
    rrset-cache-size: 256m
{extra}
remote-control:
    control-enable: no
{forward}
"""
FORWARD = """forward-zone:
    name: "."
    forward-addr: {forward.host}@{forward.port}
"""
NO_VALIDATION = 'module-config: "iterator"'
VALIDATION = """module-config: "validator iterator"
    root-hints: "{root.hints}"
    trust-anchor-file: "{root.anchors}"
"""


class Unbound(Server):
    """Unbound with one thread."""

    name = "Unbound"
    command = "unbound"

    def arguments(self) -> Sequence[str]:
        if self.service.zones or not (self.service.forward or self.service.root):
            raise PeerFailedError("Unbound is run as a resolver only: give `forward` or `root`, and no zones")
        text = CONFIGURATION.format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            folder=self.folder,
            recursion=_recursion(self.service),
            forward=FORWARD.format(forward=self.service.forward) if self.service.forward else "",
            extra=self.service.extra,
        )
        return ["-d", "-c", str(self.write("unbound.conf", text))]


def _recursion(service: Service) -> str:
    return VALIDATION.format(root=service.root) if service.root else NO_VALIDATION

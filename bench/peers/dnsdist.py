"""dnsdist (PowerDNS): a balancer that stands before servers and tells them by PROXY protocol v2 whom it speaks for."""

from collections.abc import Sequence

from bench.peers.server import PeerFailedError, Server

CONFIGURATION = """
setLocal("{host}:{port}")
setACL({{"127.0.0.0/8", "::1/128"}})
setSecurityPollSuffix("")
newServer({{address="{forward.host}:{forward.port}", useProxyProtocol=true, checkName="{check}", mustResolve=false}})
{extra}
"""


class Dnsdist(Server):
    """dnsdist before the server that `Service.forward` names, which it believes alive once that answers the check."""

    name = "dnsdist"
    command = "dnsdist"
    version_flag = "--version"

    def arguments(self) -> Sequence[str]:
        if self.service.zones or self.service.forward is None:
            raise PeerFailedError("dnsdist stands before another server: give `forward`, and no zones")
        text = CONFIGURATION.format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            forward=self.service.forward,
            check="a.root-servers.net.",
            extra=self.service.extra,
        )
        return ["--supervised", "--disable-syslog", "-C", str(self.write("dnsdist.conf", text))]

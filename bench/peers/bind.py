"""BIND (ISC): authoritative, recursive and forwarding."""

from collections.abc import Sequence

from bench.peers.server import Server

CONFIGURATION = """
options {{
    directory "{folder}";
    listen-on port {port} {{ {host}; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    dnssec-validation no;
    empty-zones-enable no;
    max-cache-size 512m;
    {recursion}
}};
controls {{ }};
logging {{
    channel problems {{ stderr; severity error; }};
    category default {{ problems; }};
}};
{extra}
"""
NO_RECURSION = "recursion no;"
FORWARD = "recursion yes; allow-recursion {{ 127.0.0.0/8; }}; forward only; forwarders {{ {host} port {port}; }};"


class Bind(Server):
    """BIND with one worker thread."""

    name = "BIND"
    command = "named"
    version_flag = "-v"

    def arguments(self) -> Sequence[str]:
        forward = self.service.forward
        text = CONFIGURATION.format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            folder=self.folder,
            recursion=FORWARD.format(host=forward.host, port=forward.port) if forward else NO_RECURSION,
            extra=self.service.extra,
        )
        zones = "".join(f'zone "{n}" {{ type primary; file "{f}"; }};\n' for n, f in self.service.zones.items())
        return ["-f", "-n", "1", "-c", str(self.write("named.conf", text + zones))]

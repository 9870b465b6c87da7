"""BIND (ISC): authoritative, recursive and forwarding."""

from collections.abc import Sequence

from bench.peers.server import Root, Server, Service

CONFIGURATION = """
options {{
    directory "{folder}";
    listen-on port {port} {{ {v4} }};
    listen-on-v6 port {port} {{ {v6} }};
    pid-file none;
    session-keyfile none;
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
NO_RECURSION = "recursion no; dnssec-validation no;"
FORWARD = """
    dnssec-validation no; recursion yes; allow-recursion {{ 127.0.0.0/8; }};
    forward only; forwarders {{ {host} port {port}; }};
"""
ITERATE = "recursion yes; allow-recursion { 127.0.0.0/8; }; dnssec-validation yes;"
ROOT = """
zone "." {{ type hint; file "{hints}"; }};
trust-anchors {{ {anchors} }};
"""


class Bind(Server):
    """BIND with one worker thread."""

    name = "BIND"
    command = "named"
    version_flag = "-v"

    def arguments(self) -> Sequence[str]:
        hosts = [f"{host};" for host in self.hosts]
        text = CONFIGURATION.format(
            v4=" ".join(host for host in hosts if ":" not in host) or "none;",
            v6=" ".join(host for host in hosts if ":" in host) or "none;",
            port=self.endpoint.port,
            folder=self.folder,
            recursion=_recursion(self.service),
            extra=self.service.extra,
        )
        zones = "".join(f'zone "{n}" {{ type primary; file "{f}"; }};\n' for n, f in self.service.zones.items())
        return ["-f", "-n", "1", "-c", str(self.write("named.conf", text + zones + _root(self.service.root)))]


def _recursion(service: Service) -> str:
    if service.forward:
        return FORWARD.format(host=service.forward.host, port=service.forward.port)
    return ITERATE if service.root else NO_RECURSION


def _root(root: Root | None) -> str:
    if root is None:
        return ""
    records = (line.split() for line in root.anchors.read_text().splitlines() if line.strip())
    anchors = " ".join(f'{ds[0]} static-ds {ds[-4]} {ds[-3]} {ds[-2]} "{ds[-1]}";' for ds in records)
    return ROOT.format(hints=root.hints, anchors=anchors)

"""Real DNS servers on loopback, in temporary folders, on free ports: for the bench and for the interoperability tests.

with Nsd(Service(zones={"example.": Path("example.zone")})) as nsd:
    reply = dns.query.udp(question, nsd.endpoint.host, port=nsd.endpoint.port)
"""

from bench.peers.bind import Bind
from bench.peers.dnsdist import Dnsdist
from bench.peers.dnsmasq import Dnsmasq
from bench.peers.floor import Floor
from bench.peers.knot import Knot
from bench.peers.nsd import Nsd
from bench.peers.postgresql import Postgresql
from bench.peers.powerdns import PowerDns, PowerDnsRecursor, PowerDnsSql
from bench.peers.resolute import Resolute
from bench.peers.server import Endpoint, Network, PeerFailedError, Root, Server, Service
from bench.peers.unbound import Unbound

__all__ = [
    "Bind",
    "Dnsdist",
    "Dnsmasq",
    "Endpoint",
    "Floor",
    "Knot",
    "Network",
    "Nsd",
    "PeerFailedError",
    "Postgresql",
    "PowerDns",
    "PowerDnsRecursor",
    "PowerDnsSql",
    "Resolute",
    "Root",
    "Server",
    "Service",
    "Unbound",
]

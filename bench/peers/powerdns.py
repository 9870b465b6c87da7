"""PowerDNS: the Authoritative Server with zone files or a database, and the Recursor as a forwarder."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bench.peers.server import PeerFailedError, Server, Service, free_port

AUTHORITATIVE = """
local-address={host}
local-port={port}
launch=bind
bind-config={folder}/named.conf
socket-dir={folder}
daemon=no
guardian=no
receiver-threads=1
distributor-threads=1
disable-syslog=yes
loglevel=3
security-poll-suffix=
version-string=anonymous
{extra}
"""
DATABASE = """
local-address={host}
local-port={port}
socket-dir={folder}
daemon=no
guardian=no
disable-syslog=yes
loglevel=3
security-poll-suffix=
version-string=anonymous
webserver=yes
webserver-address=127.0.0.1
webserver-port={api}
webserver-loglevel=none
api=yes
api-key={key}
{extra}
"""
RECURSOR = """
local-address={host}
local-port={port}
allow-from=127.0.0.0/8
forward-zones-recurse=.={forward}
dont-query=
dnssec=off
threads=1
pdns-distributes-queries=no
socket-dir={folder}
daemon=no
disable-syslog=yes
quiet=yes
loglevel=3
security-poll-suffix=
{extra}
"""


class _PowerDns(Server):
    """What both have in common."""

    version_flag = "--version"

    def version(self) -> str:
        return re.sub(r"^\w+ \d+ [\d:]+ ", "", super().version())


class PowerDns(_PowerDns):
    """The Authoritative Server with one receiver thread and its packet cache on, as shipped."""

    name = "PowerDNS"
    command = "pdns_server"

    def arguments(self) -> Sequence[str]:
        zones = "".join(
            f'zone "{n.rstrip(".")}" {{ type master; file "{f}"; }};\n' for n, f in self.service.zones.items()
        )
        self.write("named.conf", zones)
        text = AUTHORITATIVE.format(
            host=self.endpoint.host, port=self.endpoint.port, folder=self.folder, extra=self.service.extra
        )
        self.write("pdns.conf", text)
        return [f"--config-dir={self.folder}"]


class PowerDnsSql(_PowerDns):
    """The Authoritative Server with a database, as shipped, and its HTTP API; `Service.extra` says which database."""

    name = "PowerDNS"
    command = "pdns_server"
    KEY = "a key for the bench"

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.api_port = free_port()

    @staticmethod
    def sqlite(file: Path) -> str:
        """For `Service.extra`."""
        return f"launch=gsqlite3\ngsqlite3-database={file}\n"

    @staticmethod
    def postgresql(url: str) -> str:
        """For `Service.extra`."""
        parts = urlsplit(url)
        where = f"gpgsql-host={parts.hostname}\ngpgsql-port={parts.port}\ngpgsql-user={parts.username}\n"
        return f"launch=gpgsql\n{where}gpgsql-dbname={parts.path.lstrip('/')}\n"

    def arguments(self) -> Sequence[str]:
        text = DATABASE.format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            folder=self.folder,
            key=self.KEY,
            api=self.api_port,
            extra=self.service.extra,
        )
        self.write("pdns.conf", text)
        return [f"--config-dir={self.folder}"]


class PowerDnsRecursor(_PowerDns):
    """The Recursor with one thread, forwarding everything."""

    name = "PowerDNS Recursor"
    command = "pdns_recursor"

    def arguments(self) -> Sequence[str]:
        if self.service.zones or self.service.forward is None:
            raise PeerFailedError("PowerDNS Recursor is run as a forwarder only: give `forward`, and no zones")
        text = RECURSOR.format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            forward=self.service.forward,
            folder=self.folder,
            extra=self.service.extra,
        )
        self.write("recursor.conf", text)
        return [f"--config-dir={self.folder}"]

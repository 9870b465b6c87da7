"""A real PowerDNS with its HTTP API, and somebody who speaks it to any server: what does the other one answer?"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from bench.peers import Endpoint, PowerDns, Service
from bench.peers.powerdns import AUTHORITATIVE
from bench.peers.server import free_port

KEY: Final = "a key for tests"
SCHEMA: Final = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
API: Final = """
api=yes
api-key={key}
webserver=yes
webserver-address=127.0.0.1
webserver-port={port}
gsqlite3-database={database}
"""


class PowerDnsApi(PowerDns):
    """The Authoritative Server with zones in SQLite, managed by its HTTP API."""

    def __init__(self) -> None:
        super().__init__(Service())
        self.api = Endpoint("127.0.0.1", free_port())

    def arguments(self) -> Sequence[str]:
        database = self.folder / "pdns.sqlite3"
        with sqlite3.connect(database) as connection:
            connection.executescript(SCHEMA.read_text())
        connection.close()
        settings = AUTHORITATIVE.replace("launch=bind\nbind-config={folder}/named.conf", "launch=gsqlite3").format(
            host=self.endpoint.host,
            port=self.endpoint.port,
            folder=self.folder,
            extra=API.format(key=KEY, port=self.api.port, database=database),
        )
        self.write("pdns.conf", settings)
        return [f"--config-dir={self.folder}"]

    def answers(self) -> bool:
        """Whether its API does."""
        try:
            return httpx.get(f"http://{self.api}/api", headers={"X-API-Key": KEY}).is_success
        except httpx.TransportError:
            return False


@dataclass(frozen=True)
class Caller:
    """Somebody with a key, who calls a server."""

    client: httpx.Client
    url: str
    key: str

    def send(self, method: str, path: str, body: Any = None, accept: str = "application/json") -> httpx.Response:  # noqa: ANN401
        """A request as `curl --data` sends it: its body is called a form."""
        headers = {"X-API-Key": self.key, "Accept": accept, "Content-Type": "application/x-www-form-urlencoded"}
        content = body if isinstance(body, str | None) else json.dumps(body)
        return self.client.request(method, f"{self.url}{path}", content=content, headers=headers)

"""Servers whose records are changed over HTTP while they run: Resolute and PowerDNS, on SQLite and on PostgreSQL.

with ResoluteManaged(folder) as server:
    server.connect().send(server.change(7))
"""

import json
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Final, Self
from urllib.parse import urlsplit

from bench.httpload import Connection, Request
from bench.peers.postgresql import Postgresql
from bench.peers.powerdns import PowerDnsSql
from bench.peers.resolute import Resolute
from bench.peers.server import SYSTEM_PATH, Endpoint, PeerFailedError, Service
from bench.questions import ZONE, ipv4, label
from resolute.admin import tokens
from resolute.admin.rights import Scope
from resolute.store import accounts
from resolute.store.accounts import NewToken, NewUser
from resolute.store.store import Store

TTL: Final = 60


class Managed(ABC):
    """A server with the zone of `bench.questions`, and how its records are changed."""

    name: ClassVar[str]

    def __init__(self, folder: Path, zone_file: Path) -> None:
        self.folder, self.zone_file = folder, zone_file
        self._stack = ExitStack()

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Where changes are looked for: on another node, where there are two."""

    @property
    def loaded(self) -> Endpoint:
        """Where the query load goes: to the node that takes the changes."""
        return self.endpoint

    @abstractmethod
    def connect(self) -> Connection:
        """For changes."""

    @abstractmethod
    def batch(self, numbers: Iterable[int]) -> Request:
        """New addresses for hosts, all in one request; `number` says which host and which address."""

    def change(self, number: int) -> Request:
        """A new address for one host."""
        return self.batch([number])

    def owner(self, number: int) -> tuple[str, str]:
        """The host that a number changes, with its address after that."""
        return f"{label(1 + number % HOSTS)}.{ZONE}", ipv4(number)

    @abstractmethod
    def start(self) -> None:
        """Starts all that it needs, with `_stack`. Raises PeerFailedError."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


HOSTS: Final = 10_000


class ResoluteManaged(Managed):
    """Resolute with its zone in SQLite, as shipped."""

    name = "Resolute, SQLite"
    _flags: tuple[str, ...] = ()

    @property
    def endpoint(self) -> Endpoint:
        return self.server.endpoint

    def start(self) -> None:
        data = self.folder / "data"
        self.server = self._stack.enter_context(Resolute(Service(), admin=True, data=data, flags=self._flags))
        self._token = _owner(f"sqlite:///{data / 'resolute.db'}")
        self.send_zone(ZONE, self.zone_file)

    def connect(self) -> Connection:
        address = urlsplit(self.server.admin_url)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        return Connection(str(address.hostname), int(address.port or 0), headers)

    def send_zone(self, zone: str, file: Path) -> None:
        """Imports a zone file."""
        connection = self.connect()
        connection.headers = {**connection.headers, "Content-Type": "text/dns"}
        connection.send(Request("POST", f"/api/v1/zones/{zone}/import", file.read_bytes()))
        connection.close()

    def wait_until_copied(self, wait_s: float = 600.0) -> None:
        """Until the node's last copy of the store is up to date: its end waits for that. Raises PeerFailedError."""
        store, copy = (Store(f"sqlite:///{self.folder / 'data' / name}") for name in ("resolute.db", "last-copy.db"))
        until = time.monotonic() + wait_s
        while copy.revision() < store.revision():
            if time.monotonic() > until:
                raise PeerFailedError(f"the last copy is not there after {wait_s:g} s")
            time.sleep(0.1)
        store.close()
        copy.close()

    def change(self, number: int) -> Request:
        owner, address = self.owner(number)
        body = json.dumps({"ttl": TTL, "records": [address]}).encode()
        return Request("PUT", f"/api/v1/zones/{ZONE}/rrsets/{owner}/A", body)

    def batch(self, numbers: Iterable[int]) -> Request:
        edits = [
            {"action": "replace", "name": owner, "type": "A", "ttl": TTL, "records": [address]}
            for owner, address in map(self.owner, numbers)
        ]
        return Request("POST", "/api/v1/batches", json.dumps({"changes": [{"zone": ZONE, "edits": edits}]}).encode())


class ResoluteOnPostgresql(ResoluteManaged):
    """Two nodes over one PostgreSQL: changes go to the one, and are looked for on the other."""

    name = "Resolute, PostgreSQL, two nodes"

    @property
    def endpoint(self) -> Endpoint:
        return self.other.endpoint

    @property
    def loaded(self) -> Endpoint:
        return self.server.endpoint

    def start(self) -> None:
        database = self._stack.enter_context(Postgresql())
        nodes = [Service(extra=f'[store]\nurl = "{database.url}"\nnode = "{name}"\n') for name in ("first", "second")]
        self.server = self._stack.enter_context(Resolute(nodes[0], admin=True, data=self.folder / "first"))
        self.other = self._stack.enter_context(Resolute(nodes[1], data=self.folder / "second"))
        self._token = _owner(database.url)
        self.send_zone(ZONE, self.zone_file)


class PowerDnsManaged(Managed):
    """PowerDNS with its SQLite backend."""

    name = "PowerDNS, SQLite"

    @property
    def endpoint(self) -> Endpoint:
        return self.server.endpoint

    def start(self) -> None:
        database = self.folder / "pdns.db"
        schema = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql").read_text()
        _run(["sqlite3", str(database)], f"PRAGMA journal_mode=WAL;\n{schema}")
        self._serve(PowerDnsSql.sqlite(database))

    def _serve(self, launch: str) -> None:
        text = self.zone_file.with_name(f"{ZONE}named.conf")
        text.write_text(f'zone "{ZONE.rstrip(".")}" {{ type master; file "{self.zone_file}"; }};\n')
        server = PowerDnsSql(Service(zones={ZONE: self.zone_file}, extra=launch))
        filled = _run(["zone2sql", f"--named-conf={text}", *self._dialect(), "--transactions"], "")
        self._fill(filled)
        self.server = self._stack.enter_context(server)

    def _dialect(self) -> Sequence[str]:
        return ["--gsqlite"]

    def _fill(self, text: str) -> None:
        _run(["sqlite3", str(self.folder / "pdns.db")], text)

    def connect(self) -> Connection:
        headers = {"X-API-Key": PowerDnsSql.KEY, "Content-Type": "application/json"}
        return Connection("127.0.0.1", self.server.api_port, headers)

    def batch(self, numbers: Iterable[int]) -> Request:
        rrsets = [
            {
                "name": owner,
                "type": "A",
                "ttl": TTL,
                "changetype": "REPLACE",
                "records": [{"content": address, "disabled": False}],
            }
            for owner, address in map(self.owner, numbers)
        ]
        return Request("PATCH", f"/api/v1/servers/localhost/zones/{ZONE}", json.dumps({"rrsets": rrsets}).encode())


class PowerDnsOnPostgresql(PowerDnsManaged):
    """PowerDNS with its PostgreSQL backend."""

    name = "PowerDNS, PostgreSQL"

    def start(self) -> None:
        self._database = self._stack.enter_context(Postgresql())
        schema = Path("/usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql").read_text()
        self._fill(schema)
        self._serve(PowerDnsSql.postgresql(self._database.url))

    def _dialect(self) -> Sequence[str]:
        return ["--gpgsql"]

    def _fill(self, text: str) -> None:
        _run(["psql", "--quiet", "--set=ON_ERROR_STOP=1", self._database.url], text)


def _owner(url: str) -> str:
    """A token of an owner, put into the store as if they had made it."""
    store, made = Store(url), tokens.make()
    with store.writing() as connection:
        user = accounts.add_user(connection, NewUser("bench", "no password", "owner", ()))
        accounts.add_token(connection, user.id, NewToken(made.id, "bench", made.hash, Scope().to_json(), (), None))
    store.close()
    return made.text


def _run(command: Sequence[str], text: str) -> str:
    program = shutil.which(command[0], path=SYSTEM_PATH)
    if program is None:
        raise PeerFailedError(f"{command[0]} is not there: tools/install-peers.sh installs it")
    done = subprocess.run([program, *command[1:]], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerFailedError(f"{command[0]}: {done.stderr}")
    return done.stdout

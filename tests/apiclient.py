"""An operator's program that talks to the REST API of a running server."""

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.peers import Resolute
from resolute.admin import tokens
from resolute.admin.rights import Scope
from resolute.store import accounts
from resolute.store.accounts import NewToken, NewUser
from resolute.store.store import Store

API = "/api/v1"


class Said(NamedTuple):
    """What a request was answered."""

    status: int
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.text)


class Client:
    """An operator's program. `server` may be started again; `url` is its store, where it is not the embedded one."""

    def __init__(self, server: Resolute, *, url: str = "") -> None:
        self.server = server
        store = url or f"sqlite:///{server.data / 'resolute.db'}"
        self.headers = {"Authorization": f"Bearer {token(store)}"}

    def open(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.server.admin_url).netloc, timeout=60)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Said:
        """One request on a connection of its own; text is sent as it is, all else as JSON."""
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        connection = self.open()
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(
                method, API + path, content, {**self.headers, "Content-Type": "application/json", **given}
            )
            answer = connection.getresponse()
            return Said(answer.status, answer.read().decode())
        finally:
            connection.close()


def token(url: str, role: str = "operator") -> str:
    """Of a user with this role, put into the store as if they had made it."""
    store, made = Store(url), tokens.make()
    with store.writing() as connection:
        user = accounts.add_user(connection, NewUser(role, "no password", role, ()))
        ends = datetime.now(UTC) + timedelta(hours=1)
        accounts.add_token(connection, user.id, NewToken(made.id, "robot", made.hash, Scope().to_json(), (), ends))
    store.close()
    return made.text

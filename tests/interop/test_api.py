"""The REST API of a running server: what it says of the node is what the node does, and each change is told at once."""

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from bench.peers import Resolute, Service
from resolute.admin import tokens
from resolute.admin.rights import Scope
from resolute.store import accounts
from resolute.store.accounts import NewToken, NewUser
from resolute.store.store import Store
from tests.faults.kit.asking import addresses, wait_for

API = "/api/v1"
TEXT = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.7\n"


class Said(NamedTuple):
    """What a request was answered."""

    status: int
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.text)


class Client:
    """An operator's program."""

    def __init__(self, server: Resolute) -> None:
        self.server = server
        self.headers = {"Authorization": f"Bearer {_token(server.data)}"}

    def open(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.server.admin_url).netloc, timeout=60)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Said:
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


def _token(data: Path) -> str:
    """Of an operator, put into the store as if they had made it."""
    store, made = Store(f"sqlite:///{data / 'resolute.db'}"), tokens.make()
    with store.writing() as connection:
        user = accounts.add_user(connection, NewUser("operator", "no password", "operator", ()))
        ends = datetime.now(UTC) + timedelta(hours=1)
        accounts.add_token(connection, user.id, NewToken(made.id, "robot", made.hash, Scope().to_json(), (), ends))
    store.close()
    return made.text


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    zone = tmp_path / "hello.zone"
    zone.write_text(TEXT)
    with Resolute(Service(zones={"hello.": zone}), admin=True, data=tmp_path / "data") as server:
        yield Client(server)


def test_a_local_record_is_answered_when_the_change_is(client: Client) -> None:
    for number in range(1, 20):
        put = client.send("PUT", "/local-records/app.test", {"address": f"192.0.2.{number}"})
        assert put.json["served"] is True
        assert addresses(client.server.endpoint, "app.test") == [f"192.0.2.{number}"]


def test_the_zone_of_a_file_is_shown_as_it_is_served(client: Client) -> None:
    shown = client.send("GET", "/zones/hello").json
    assert (shown["source"], shown["serial"], shown["state"], shown["records"]) == ("file", 5, "serving", 4)
    rrset = client.send("GET", "/zones/hello./rrsets/www/A").json
    assert rrset["records"] == addresses(client.server.endpoint, "www.hello")
    refused = client.send("DELETE", "/zones/hello.")
    assert refused.status == 409
    assert "edit it there" in refused.json["detail"]


def test_a_change_of_a_file_s_zone_stands_in_its_file(client: Client, tmp_path: Path) -> None:
    """Only the touched lines change; the answer comes when DNS has it."""
    file = tmp_path / "hello.zone"
    file.write_text(TEXT.replace("www A", "; the web\nwww A").replace("192.0.2.7", "192.0.2.7 ; old"))
    wait_for(lambda: client.send("GET", "/zones/hello").json["records"] == 4)
    for number in range(20, 25):
        put = client.send("PUT", "/zones/hello./rrsets/www/A", {"ttl": 60, "records": [f"192.0.2.{number}"]})
        assert put.status == 200, put.text
        assert addresses(client.server.endpoint, "www.hello") == [f"192.0.2.{number}"]
    assert client.send("PUT", "/zones/hello./rrsets/new/TXT", {"ttl": 60, "records": ['"a;b"']}).status == 201
    assert client.send("DELETE", "/zones/hello./rrsets/ns1/A").status == 200
    assert file.read_text() == (
        '$TTL 60\n@ SOA ns1 h 12 7200 3600 1209600 300\n@ NS ns1\n; the web\nwww A 192.0.2.24 ; old\nnew TXT "a;b"\n'
    )
    planned = client.send("DELETE", "/zones/hello./rrsets/www/A?plan=true")
    assert (planned.json["planned"], addresses(client.server.endpoint, "www.hello")) == (True, ["192.0.2.24"])
    refused = client.send("PUT", "/zones/hello./rrsets/www/CNAME", {"records": ["a"]})
    assert refused.status == 409


def test_a_file_that_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "hello.zone").write_text(TEXT)
    extra = f'[[zone]]\nname = "hello."\nfile = "{tmp_path / "hello.zone"}"\nwritable = false\n'
    with Resolute(Service(extra=extra), admin=True, data=tmp_path / "data") as server:
        refused = Client(server).send("PUT", "/zones/hello./rrsets/www/A", {"records": ["192.0.2.8"]})
        assert refused.status == 409
        assert "writable = false" in refused.json["detail"]
        assert (tmp_path / "hello.zone").read_text() == TEXT


def test_explain_cache_and_nodes(client: Client) -> None:
    explained = client.send("GET", "/explain?name=www.hello&type=A").json
    assert "www.hello. 60 IN A 192.0.2.7" in json.dumps(explained["answer"])
    assert "zones" in [step["stage"] for step in explained["steps"]]
    assert client.send("GET", "/cache").status == 200
    assert client.send("POST", "/cache/flush", {}).json == {"planned": False, "flushed": 0}
    (node,) = client.send("GET", "/nodes").json
    assert (node["answers"], node["problems"]) == (True, [])
    assert client.send("POST", "/nodes/local/reload").json["problems"] == []
    assert client.send("GET", "/nodes/local/statistics").json["plane"]
    settings = client.send("GET", "/settings").json
    assert settings["settings"]["listen"]["dns"] == [str(client.server.endpoint)]
    assert settings["file"].endswith("resolute.toml")


def test_a_zone_in_and_out_and_back(client: Client) -> None:
    assert client.send("POST", "/zones/example.org/import", TEXT, Content_Type="text/dns").status == 200
    exported = client.send("GET", "/zones/example.org/export").text
    assert "www.example.org. 60 A 192.0.2.7" in exported.splitlines()
    for name in ("a", "b", "0%2F25"):
        assert client.send("PUT", f"/zones/example.org/rrsets/{name}/A", {"records": ["192.0.2.9"]}).status == 201
    first = client.send("GET", "/zones/example.org/history").json["items"][-1]
    client.send("POST", "/zones/example.org/revert", {"revision": first["revision"]})
    after = client.send("GET", "/zones/example.org/export").text
    assert [line for line in after.splitlines() if " SOA " not in line] == [
        line for line in exported.splitlines() if " SOA " not in line
    ]


def test_a_change_of_a_zone_is_answered_when_it_returns(client: Client) -> None:
    assert client.send("POST", "/zones/example.org/import", TEXT, Content_Type="text/dns").json["served"] is True
    assert addresses(client.server.endpoint, "www.example.org") == ["192.0.2.7"]
    for number in range(1, 20):
        put = client.send("PUT", "/zones/example.org/rrsets/www/A", {"records": [f"192.0.2.{number}"]})
        assert put.json["served"] is True
        assert addresses(client.server.endpoint, "www.example.org") == [f"192.0.2.{number}"]
    assert client.send("DELETE", "/zones/example.org").json["served"] is True
    assert addresses(client.server.endpoint, "www.example.org") == []


def test_events_come_as_changes_are_made(client: Client) -> None:
    """WHATWG HTML 9.2."""
    connection = client.open()
    connection.request("GET", API + "/events", headers=client.headers)
    stream = connection.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.readline() == b"retry: 2000\n"
    client.send("POST", "/zones/example.org/import", TEXT, Content_Type="text/dns", X_Change_Reason="a test")
    lines = [stream.readline().decode().strip() for _ in range(4)]
    change = json.loads(lines[-1].removeprefix("data: "))
    assert (change["zone"], change["kind"], change["reason"]) == ("example.org.", "create", "a test")
    assert lines[1:3] == [f"id: {change['id']}", "event: change"]
    connection.close()
    again = client.open()
    again.request("GET", API + "/events", headers={**client.headers, "Last-Event-ID": str(change["id"] - 1)})
    stream = again.getresponse()
    assert f"id: {change['id']}\n".encode() in [stream.readline() for _ in range(4)]
    again.close()

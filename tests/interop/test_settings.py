"""Settings that are changed over the API while the server runs: DNS behaves so at once, and after every kind of end."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.query
import httpx
import pytest

from bench.peers import PeerFailedError, Resolute, Service
from resolute.admin import tokens
from resolute.admin.rights import Scope
from resolute.store import accounts, kept
from resolute.store.accounts import NewToken, NewUser
from resolute.store.store import Store, raise_revision
from tests.faults.kit.asking import wait_for

FILE = '[cache]\nmin_ttl = 5\n[answers]\nrrset_order = "fixed"\n'


@contextmanager
def running(data: Path, *flags: str) -> Iterator[tuple[Resolute, httpx.Client]]:
    """A server, and an operator's program."""
    with Resolute(Service(extra=FILE), admin=True, data=data, flags=flags) as server:
        headers = {"Authorization": f"Bearer {_token(data)}"}
        with httpx.Client(base_url=f"{server.admin_url}/api/v1", headers=headers, timeout=60) as client:
            yield server, client


def _token(data: Path) -> str:
    """Of an operator, put into the store as if they had made it."""
    store, made = Store(f"sqlite:///{data / 'resolute.db'}"), tokens.make()
    with store.writing() as connection:
        user = accounts.find_user(connection, "operator")
        user = user or accounts.add_user(connection, NewUser("operator", "no password", "operator", ()))
        accounts.add_token(
            connection, user.id, NewToken(made.id, f"robot {made.id}", made.hash, Scope().to_json(), (), None)
        )
    store.close()
    return made.text


def version(server: Resolute) -> list[str]:
    """What the server says of itself (version.bind, class CH)."""
    query = dns.message.make_query("version.bind", "TXT", "CH")
    reply = dns.query.udp(query, server.endpoint.host, port=server.endpoint.port, timeout=5)
    return [str(record) for rrset in reply.answer for record in rrset]


def recursion(server: Resolute) -> bool:
    """Whether recursion is there for this client (RFC 1035 4.1.1)."""
    reply = dns.query.udp(
        dns.message.make_query("nobody.test", "A"), server.endpoint.host, port=server.endpoint.port, timeout=10
    )
    return bool(reply.flags & dns.flags.RA)


def test_dns_behaves_so_when_the_change_is_answered(tmp_path: Path) -> None:
    with running(tmp_path / "data") as (server, client):
        assert (version(server), recursion(server)) == ([], True)
        for number in range(5):
            patch = {"identity": {"version": f"v{number}"}}
            changed = client.patch("/settings", json=patch)
            assert (changed.status_code, changed.json()["served"]) == (200, True), changed.text
            assert version(server) == [f'"v{number}"']
        assert client.patch("/settings", json={"allow.recursion": ["none"]}).json()["restart_needed"] == []
        assert recursion(server) is False
        back = client.patch("/settings", json={"allow.recursion": None, "identity": None})
        assert back.json()["changes"]["allow.recursion"] == {"before": ["none"], "after": None}
        assert (version(server), recursion(server)) == ([], True)


def test_a_plan_a_condition_and_the_audit_log(tmp_path: Path) -> None:
    with running(tmp_path / "data") as (server, client):
        planned = client.patch("/settings?plan=true", json={"identity.version": "x", "limits.workers": 2}).json()
        assert (planned["planned"], planned["served"], planned["revision"]) == (True, None, None)
        assert planned["restart_needed"] == ["limits.workers: changed, takes effect at the next start of the server"]
        assert version(server) == []
        tag = client.get("/settings").headers["etag"]
        first = client.patch("/settings", json={"identity.version": "x"}, headers={"If-Match": tag})
        assert first.status_code == 200
        late = client.patch("/settings", json={"identity.version": "y"}, headers={"If-Match": tag})
        assert (late.status_code, version(server)) == (412, ['"x"'])
        third = client.patch("/settings", json={"identity.version": "z"}, headers={"If-Match": first.headers["etag"]})
        assert third.status_code == 200
        audited = client.get("/audit").json()["items"]
        assert 'identity.version: "x" -> "z"' in str(audited)


def test_where_each_came_from_and_what_wins(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--allow-recursion=none", "--log-queries") as (server, client):
        patch = {"allow.recursion": ["any"], "cache": {"min_ttl": 9, "size": "32MiB"}, "limits.workers": 1}
        changed = client.patch("/settings", json=patch).json()
        assert changed["overridden"] == {"allow.recursion": "flag"}
        assert recursion(server) is False
        shown = client.get("/settings").json()
        assert shown["settings"]["cache"]["min_ttl"] == 9
        assert shown["settings"]["cache"]["size"] == "32MiB"
        sources = shown["sources"]
        assert [sources[name] for name in ("allow.recursion", "cache.min_ttl", "answers.rrset_order")] == [
            "flag",
            "store",
            "file",
        ]
        assert "cache.max_ttl" not in sources  # as shipped
        assert shown["stored"]["allow.recursion"] == ["any"]
        assert [line.partition(":")[0] for line in shown["restart_needed"]] == ["limits.workers"]


@pytest.mark.parametrize(
    ("patch", "field", "reason"),
    [
        ({"cache": {"size": "many"}}, "cache.size", "many"),
        ({"cache": {"min_ttl": 90_000}}, "cache", "min_ttl is more than max_ttl"),
        ({"identity.nsid": "0xzz"}, "identity.nsid", "hexadecimal"),
        ({"resolver.mode": "forward"}, "resolver", "needs servers"),
        ({"listen.admin": "off"}, "listen.admin", "lock you out"),
        ({"cache.depth": 1}, "cache.depth", "is not a setting"),
    ],
)
def test_what_does_not_hold_changes_nothing(tmp_path: Path, patch: dict[str, Any], field: str, reason: str) -> None:
    with running(tmp_path / "data") as (_, client):
        before = client.get("/settings")
        refused = client.patch("/settings", json=patch)
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert error["field"] == field
        assert reason in error["reason"]
        assert client.get("/settings").json() == before.json()


def test_a_restart_and_a_kill_keep_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as (server, client):
        client.patch("/settings", json={"identity.version": "kept", "limits.workers": 1}).raise_for_status()
    with pytest.raises(PeerFailedError, match="status -9"):
        _restart_change_kill(data)
    with running(data) as (server, _):
        assert version(server) == ['"killed"']


def _restart_change_kill(data: Path) -> None:
    with running(data) as (server, client):
        assert version(server) == ['"kept"']
        shown = client.get("/settings").json()
        assert (shown["settings"]["limits"]["workers"], shown["restart_needed"]) == (1, [])
        client.patch("/settings", json={"identity.version": "killed"}).raise_for_status()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()


def test_what_a_later_version_left_keeps_no_node_from_its_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as (_, client):
        client.patch("/settings", json={"identity.version": "kept"}).raise_for_status()
    store = Store(f"sqlite:///{data / 'resolute.db'}")
    with store.writing() as connection:
        broken = {"cache.depth": 3, "limits.edns_size": "wide", "hosts.files": ["/etc/shadow"]}
        kept.write(connection, broken, raise_revision(connection))
    store.close()
    with running(data) as (server, client):
        assert version(server) == ['"kept"']
        problems = client.get("/nodes").json()[0]["problems"]
        for name in broken:
            assert any(f"settings of the store: ignored: {name}" in problem for problem in problems), name
            assert f"settings of the store: ignored: {name}" in server.log_text()
        refused = client.patch("/settings", json={"identity.version": "new"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "limits.edns_size")
        client.patch("/settings", json={"identity.version": "new", "limits.edns_size": None}).raise_for_status()
        assert version(server) == ['"new"']
        client.patch("/settings", json=dict.fromkeys(broken)).raise_for_status()
        assert client.get("/nodes").json()[0]["problems"] == []


def test_a_change_in_the_store_is_seen_by_itself(tmp_path: Path) -> None:
    """As another node's admin process makes it."""
    data = tmp_path / "data"
    with running(data) as (server, _):
        store = Store(f"sqlite:///{data / 'resolute.db'}")
        with store.writing() as connection:
            kept.write(connection, {"identity.version": "from elsewhere"}, raise_revision(connection))
        store.close()
        wait_for(lambda: version(server) == ['"from elsewhere"'])

"""Backups of running servers, restored on hosts that had nothing: DNS answers as before (R25)."""

import stat
import time
from pathlib import Path

import dns.message
import pytest

from bench.peers import Endpoint, Postgresql, Resolute, Service
from resolute.records import names
from resolute.store.store import Store
from resolute.zones import importing
from resolute.zones.change import Author
from resolute.zones.importing import NewZone
from tests.apiclient import Client
from tests.faults.kit.asking import answers, ask, rcode, wait_for
from tests.faults.kit.running import as_json, command

pytestmark = pytest.mark.timeout(300)
SERVICE = Service(extra='[resolver]\nmode = "off"\n')
ZONES = Path(__file__).parents[1] / "rfc" / "zones-of-rfc1034"
QUESTIONS = [
    ("edu.", "SOA"),
    ("sri-nic.arpa.", "A"),
    ("xx.lcs.mit.edu.", "A"),
    ("isi.edu.", "MX"),
    ("vaxa.isi.edu.", "A"),
    ("no.isi.edu.", "A"),
    ("app.test.", "A"),
    ("gone.test.", "A"),
]


def seen(endpoint: Endpoint) -> list[tuple[str, list[str], list[str]]]:
    """What clients get: rcode, answers, and the authority section with its SOA and serial."""
    found: list[dns.message.Message] = [ask(endpoint, name, rtype) for name, rtype in QUESTIONS]
    authority = ([rrset.to_text() for rrset in reply.authority] for reply in found)
    return [(rcode(reply), answers(reply), other) for reply, other in zip(found, authority, strict=True)]


def fill(client: Client) -> None:
    """Zones with a past, and local records."""
    for name in ("edu", "isi.edu"):
        text = (ZONES / f"{name}.zone").read_text()
        assert client.send("POST", f"/zones/{name}/import", text, Content_Type="text/dns").status == 200
    assert client.send("PUT", "/zones/isi.edu/rrsets/vaxa/A", {"records": ["10.2.0.28"]}).status == 200
    assert client.send("PUT", "/local-records/app.test", {"address": "192.0.2.7"}).status == 201


def test_a_restored_host_answers_as_before(tmp_path: Path) -> None:
    """Users, tokens and the past come along; a token of then is a token of now."""
    saved = tmp_path / "backups" / "today"
    saved.parent.mkdir()
    with Resolute(SERVICE, admin=True, data=tmp_path / "old") as server:
        client = Client(server)
        fill(client)
        before = seen(server.endpoint)
        made = as_json("backup", str(saved), f"--data={tmp_path / 'old'}")
        client.send("PUT", "/local-records/gone.test", {"address": "192.0.2.8"})
        history = client.send("GET", "/zones/isi.edu/history").json
    assert (made["rows"]["zones"], made["rows"]["local_records"], made["rows"]["tokens"]) == (2, 1, 1)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert list(saved.parent.iterdir()) == [saved]
    restored = command("restore", str(saved), f"--data={tmp_path / 'new'}")
    assert restored.returncode == 0, restored
    with Resolute(SERVICE, admin=True, data=tmp_path / "new") as server:
        assert seen(server.endpoint) == before
        client.server = server
        assert client.send("GET", "/zones/isi.edu/history").json == history
        put = client.send("PUT", "/zones/isi.edu/rrsets/vaxa/A", {"records": ["10.2.0.29"]})
        assert (put.status, answers(ask(server.endpoint, "vaxa.isi.edu."))) == (200, ["10.2.0.29"])


def test_what_a_restore_refuses(tmp_path: Path) -> None:
    """A server that runs, a store with contents, a torn file: each is said, and nothing has changed."""
    saved, torn = tmp_path / "saved", tmp_path / "torn"
    data = f"--data={tmp_path / 'data'}"
    with Resolute(SERVICE, admin=True, data=tmp_path / "data") as server:
        fill(Client(server))
        before = seen(server.endpoint)
        assert command("backup", str(saved), data).returncode == 0
        running = command("restore", str(saved), data, "--replace")
        assert (running.returncode, "is used by the server with process id" in running.stderr) == (2, True)
        assert seen(server.endpoint) == before
    refused = command("restore", str(saved), data)
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    torn.write_bytes(saved.read_bytes()[:-20])
    broken = command("restore", str(torn), data, "--replace")
    assert (broken.returncode, "breaks off" in broken.stderr) == (1, True)
    missing = command("restore", str(tmp_path / "nothing"), data)
    assert (missing.returncode, "cannot be read: No such file" in missing.stderr) == (1, True)
    nothing = command("backup", str(tmp_path / "x"), f"--data={tmp_path / 'typo'}")
    assert (nothing.returncode, "there is no store" in nothing.stderr) == (1, True)
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "typo").exists()
    offline = as_json("backup", str(tmp_path / "offline"), data)
    assert offline["rows"]["zones"] == 2
    again = as_json("restore", str(tmp_path / "offline"), data, "--replace")
    assert again["rows"] == offline["rows"]
    with Resolute(SERVICE, data=tmp_path / "data") as server:
        assert seen(server.endpoint) == before


def test_a_backup_over_the_network_is_its_owner_s(tmp_path: Path) -> None:
    with Resolute(SERVICE, admin=True, data=tmp_path / "data") as server:
        client = Client(server)
        fill(client)
        token = tmp_path / "token"
        token.write_text(client.headers["Authorization"].split()[1])
        words = ("backup", str(tmp_path / "saved"), f"--server={server.admin_url}", f"--token-file={token}")
        refused = command(*words)
        assert (refused.returncode, "backup:read" in refused.stderr) == (1, True)
        assert not (tmp_path / "saved").exists()
        store = Store(f"sqlite:///{server.data / 'resolute.db'}")
        with store.writing() as connection:
            connection.exec_driver_sql("UPDATE users SET role = 'owner'")
        store.close()
        assert as_json(*words)["rows"]["zones"] == 2
        event = client.send("GET", "/audit").json["items"][0]
        assert (event["verb"], event["outcome"]) == ("backup:read", "done")
        stranger = client.open()
        stranger.request("GET", "/api/v1/backup", headers=client.headers)
        half = stranger.getresponse().read(100)
        stranger.close()  # who goes away half-way keeps nobody else from taking one
        assert len(half) == 100
        wait_for(lambda: command(*words).returncode == 0)


def test_from_sqlite_to_postgresql_and_back(tmp_path: Path) -> None:
    """A move of databases is a restore; nodes that follow the PostgreSQL already notice by themselves."""
    saved, moved = tmp_path / "saved", tmp_path / "moved"
    with Resolute(SERVICE, admin=True, data=tmp_path / "old") as server:
        fill(Client(server))
        before = seen(server.endpoint)
        assert command("backup", str(saved), f"--data={tmp_path / 'old'}").returncode == 0
    with Postgresql() as database:
        config = tmp_path / "resolute.toml"
        config.write_text(f'[store]\nurl = "{database.url}"\n[data]\ndirectory = "{tmp_path / "admin"}"\n')
        extra = f'{SERVICE.extra}[store]\nurl = "{database.url}"\nnode = "one"\n'
        with Resolute(Service(extra=extra), data=tmp_path / "node") as node:
            restored = command("restore", str(saved), f"--config={config}")
            assert restored.returncode == 0, restored
            wait_for(lambda: seen(node.endpoint) == before)
            store = Store(database.url)
            other = names.from_text("other.test.")
            made = importing.create(store, NewZone(other, b"@ 9 SOA a b 1 2 3 4 5\n@ 9 NS a.test.\n", Author("t")))
            wait_for(lambda: rcode(ask(node.endpoint, "other.test.", "SOA")) == "NOERROR")
            with store.reading() as connection:
                ids = [row[0] for row in connection.exec_driver_sql("SELECT id FROM zones ORDER BY id")]
            assert (len(set(ids)), made.revision) == (3, store.revision())
            store.close()
            assert command("backup", str(moved), f"--config={config}").returncode == 0
            assert command("restore", str(saved), f"--config={config}", "--replace").returncode == 0
            wait_for(lambda: rcode(ask(node.endpoint, "other.test.", "SOA")) == "REFUSED")
            assert seen(node.endpoint) == before
    back = command("restore", str(moved), f"--data={tmp_path / 'back'}")
    assert back.returncode == 0, back
    with Resolute(SERVICE, data=tmp_path / "back") as server:
        assert seen(server.endpoint) == before
        assert rcode(ask(server.endpoint, "other.test.", "SOA")) == "NOERROR"


def test_a_hundred_thousand_records(tmp_path: Path) -> None:
    """R25 wants them back within a minute; the time is printed."""
    store = Store(f"sqlite:///{tmp_path / 'old' / 'resolute.db'}")
    lines = b"".join(b"h%d A 10.%d.%d.%d\n" % (n, n >> 16, n >> 8 & 255, n & 255) for n in range(100_000))
    zone = b"$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n" + lines
    importing.create(store, NewZone(names.from_text("big.test."), zone, Author("t")))
    store.close()
    began = time.monotonic()
    made = as_json("backup", str(tmp_path / "saved"), f"--data={tmp_path / 'old'}")
    backed_up = time.monotonic()
    restored = command("restore", str(tmp_path / "saved"), f"--data={tmp_path / 'new'}")
    ended = time.monotonic()
    assert (made["rows"]["rrsets"], restored.returncode) == (100_003, 0)
    print(f"\n100,000 records: backup {backed_up - began:.1f} s, restore {ended - backed_up:.1f} s")  # noqa: T201
    with Resolute(SERVICE, data=tmp_path / "new") as server:
        assert answers(ask(server.endpoint, "h99999.big.test.")) == ["10.1.134.159"]

"""schemathesis asks a running server everything that its OpenAPI says may be asked, and much that it says may not be.

The checks, and the few exceptions with their reasons, are in `openapi/schemathesis.toml`. For longer runs:

    OPENAPI_SEED=7 OPENAPI_EXAMPLES=500 pytest tests/interop/test_openapi.py
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bench.peers import Resolute, Service
from resolute.admin import tokens
from resolute.admin.rights import Scope
from resolute.store import accounts
from resolute.store.accounts import NewToken, NewUser
from resolute.store.store import Store

ROOT = Path(__file__).parents[2]
OWNER = "schemathesis-owner"
SEED = os.environ.get("OPENAPI_SEED", "4")
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "20"))
"""Of each operation and kind of data, beside those that the schema itself gives."""
TEXT = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.7\nwww TXT hello\n"


@dataclass(frozen=True, slots=True)
class World:
    """A server that has something of everything, and its owner's token."""

    url: str
    token: str
    token_id: str
    server: Resolute

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    zone = tmp_path / "hello.zone"
    zone.write_text(TEXT)
    with Resolute(Service(zones={"hello.": zone}), admin=True, data=tmp_path / "data") as server:
        made = _owner(server.data)
        world = World(server.admin_url, made.text, made.id, server)
        with httpx.Client(base_url=f"{world.url}/api/v1", headers=world.headers, timeout=60) as client:
            zone_text = {"Content-Type": "text/dns"}
            client.post("/zones/example.org/import", content=TEXT, headers=zone_text).raise_for_status()
            client.put("/zones/example.org/rrsets/a/A", json={"records": ["192.0.2.8"]}).raise_for_status()
            client.put("/local-records/app.test", json={"address": "192.0.2.9"}).raise_for_status()
        yield world


def _owner(data: Path) -> tokens.Made:
    store, made = Store(f"sqlite:///{data / 'resolute.db'}"), tokens.make()
    with store.writing() as connection:
        user = accounts.add_user(connection, NewUser(OWNER, "no password", "owner", ()))
        ends = datetime.now(UTC) + timedelta(hours=6)
        accounts.add_token(connection, user.id, NewToken(made.id, "robot", made.hash, Scope().to_json(), (), ends))
    store.close()
    return made


@pytest.mark.slow
@pytest.mark.timeout(600 + 30 * EXAMPLES)
def test_the_api_is_what_its_openapi_says(world: World) -> None:
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "--config-file",
        "tests/interop/openapi/schemathesis.toml",
    ]
    command += ["run", f"{world.url}/api/v1/openapi.json", "--header", f"Authorization: Bearer {world.token}"]
    command += [
        "--checks",
        "all",
        "--seed",
        SEED,
        "--max-examples",
        str(EXAMPLES),
        "--continue-on-failure",
        "--request-timeout",
        "60",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAPI_KEPT": f"{OWNER} {world.token_id}"}
    done = subprocess.run(
        [*map(str, command), "--no-color"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    with httpx.Client(base_url=world.url, headers=world.headers, timeout=60) as client:
        assert client.get("/api/v1/session").json()["user"] == OWNER  # so it was asked as the owner to the end
    assert "a request failed" not in world.server.log_text()

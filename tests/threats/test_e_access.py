"""Who may ask what: E1 (open resolver) and E3 (ANY) of the catalogue, and A11 (loops) with packets of any port."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.peers import Resolute
from bench.peers.server import SYSTEM_PATH
from tests.asking import opt, query, udp
from tests.threats.conftest import ZONE
from tests.threats.veth_lab import CLIENTS, LOCAL, RAW

ROOT = Path(__file__).parents[2]
NAMESPACE = ["unshare", "--map-root-user", "--net"]


def namespaces_work() -> bool:
    if not (shutil.which("unshare") and shutil.which("ip", path=SYSTEM_PATH)):
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


Replies = dict[str, dict[str, list[object]]]


def run_lab(module: str, folder: Path, text: str = ZONE) -> dict[str, object]:
    """What a lab, run within a namespace of its own, found."""
    if not namespaces_work():
        pytest.skip("no network namespaces here")
    zone = folder / "victim.zone"
    zone.write_text(text)
    command = [*NAMESPACE, sys.executable, "-m", f"tests.threats.{module}", str(zone)]
    environment = {**os.environ, "PATH": SYSTEM_PATH}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=50)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return run_lab("access_lab", tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def replies(lab: dict[str, object]) -> Replies:
    found = lab["replies"]
    assert isinstance(found, dict)
    return found


INSIDERS = ["loopback", "loopback, another address", "loopback v6", "private neighbour", "private neighbour v6"]
OUTSIDERS = ["public", "public, same network", "public, asks a private address", "public v6"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("client", OUTSIDERS)
def test_e1_strangers_get_no_recursion(replies: Replies, client: str, transport: str) -> None:
    """RFC 5358 4: no recursion for networks that are not ours."""
    assert replies[client][f"not ours {transport}"] == ["REFUSED", False, 0]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("client", OUTSIDERS)
def test_e1_strangers_get_our_zones(replies: Replies, client: str, transport: str) -> None:
    assert replies[client][f"ours {transport}"] == ["NOERROR", False, 1]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("client", INSIDERS)
def test_e1_loopback_and_private_neighbours_get_recursion(replies: Replies, client: str, transport: str) -> None:
    assert replies[client][f"not ours {transport}"] == ["NOERROR", True, 1]
    assert replies[client][f"ours {transport}"] == ["NOERROR", True, 1]


def test_e1_nothing_is_asked_for_strangers(lab: dict[str, object]) -> None:
    assert lab["asked for outsiders"] == 0


# ------------------------------------------------------------------------------------------------ over a cable

ALLOWED = {
    "default": {"loopback", "loopback v6", "neighbour", "neighbour v6"},
    "prefix": {"10/8, elsewhere"},
    "none": set(),
    "any": {*LOCAL, *CLIENTS},
}


@pytest.fixture(scope="module")
def cable(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return run_lab("veth_lab", tmp_path_factory.mktemp("cable"))


@pytest.mark.parametrize("client", [*LOCAL, *CLIENTS])
@pytest.mark.parametrize("setting", ALLOWED)
def test_e1_over_a_cable(cable: dict[str, object], setting: str, client: str) -> None:
    """Private is not enough: the network must be attached. A setting says exactly who may; our zones are for all."""
    access = cable["access"]
    assert isinstance(access, dict)
    said = access[setting][client]
    may = client in ALLOWED[setting]
    for transport in ("udp", "tcp"):
        assert said[f"not ours {transport}"] == (["NOERROR", True, 1] if may else ["REFUSED", False, 0])
        assert said[f"ours {transport}"] == ["NOERROR", may, 1]


@pytest.mark.parametrize("kind", RAW)
def test_a11_packets_out_for_raw_packets(cable: dict[str, object], kind: str) -> None:
    """No response is answered, and nothing from port 0; a query from port 53 is one like any other."""
    packets = cable["packets"]
    assert isinstance(packets, dict)
    assert packets[kind] == (1 if kind == "a query from port 53" else 0)


# ------------------------------------------------------------------------------------------------ E3: ANY


@pytest.mark.parametrize("qname", ["any.victim.test.", "victim.test.", "www.victim.test.", "x.wild.victim.test."])
@pytest.mark.parametrize("extra", [b"", opt(), opt(size=4096), opt(size=65_535, ttl=0x8000)])
def test_e3_any_gets_512_bytes_at_most_over_udp(server: Resolute, qname: str, extra: bytes) -> None:
    assert len(udp(server.endpoint, query(qname, 255, extra=extra))) <= 512

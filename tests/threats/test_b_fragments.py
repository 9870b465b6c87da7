"""B6: no reply leaves in fragments, whatever a forged message says of the path's MTU (RFC 9715)."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.peers.server import SYSTEM_PATH

NAMESPACE = ["unshare", "--map-root-user", "--net"]


@pytest.mark.skipif(
    not shutil.which("unshare") or not shutil.which("ip", path=SYSTEM_PATH), reason="no namespaces here"
)
def test_b6_replies_are_not_fragmented(tmp_path: Path) -> None:
    zone = tmp_path / "victim.zone"
    text = " ".join(f'"{"x" * 200}"' for _ in range(5))
    zone.write_text(f"$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nbig TXT {text}\n")
    command = [*NAMESPACE, sys.executable, "-m", "tests.threats.fragment_lab", str(zone)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(length > 1_000 for length in found["replies"])
    assert found["of another"] > 0
    assert found["fragments"] == 0

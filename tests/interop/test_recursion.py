"""Resolution from the root beside Unbound and BIND, over a small Internet of NSD, Knot and BIND (`root_lab.py`)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.peers.server import SYSTEM_PATH
from tests.interop.root_lab import FAILURES, QUESTIONS, ROOTS, TLD

ROOT = Path(__file__).parents[2]
NAMESPACE = ["unshare", "--map-root-user", "--net"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the lab found."""
    if not (shutil.which("unshare") and shutil.which("ip", path=SYSTEM_PATH)):
        pytest.skip("no network namespaces here")
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no network namespaces here")
    command = [*NAMESPACE, sys.executable, "-m", "tests.interop.root_lab", str(tmp_path_factory.mktemp("lab"))]
    environment = {**os.environ, "PATH": SYSTEM_PATH}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=55)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("peer", ["unbound", "bind"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_those_of_other_resolvers(lab: dict[str, Any], question: str, peer: str) -> None:
    said = lab["answers"][question]
    assert said["resolute"] == said[peer]


@pytest.mark.parametrize(
    ("question", "ede", "word"),
    [
        (FAILURES[0], 23, "REFUSED"),
        (FAILURES[1], 22, "ns.two.test."),
        (FAILURES[2], 22, "did not reply"),
        (FAILURES[3], 0, "circle"),
    ],
)
def test_a_failure_says_why(lab: dict[str, Any], question: str, ede: int, word: str) -> None:
    """RFC 8914 4.23, 4.24."""
    said = lab["failures"][question]
    assert said["rcode"] == "SERVFAIL"
    ((code, text),) = said["errors"]
    assert code == ede
    assert word in text


def test_zone_cuts_and_servers_are_shown(lab: dict[str, Any]) -> None:
    cuts = {one["zone"]: one for one in lab["cuts"]}
    assert cuts["."]["addresses"] == [f"{ROOTS[0]}:53", f"{ROOTS[1]}:53", f"[{ROOTS[2]}]:53"]
    assert cuts["test."]["servers"] == ["a.nic.test."]
    assert 0 < cuts["example.test."]["ttl_s"] <= 900
    servers = {one["address"]: one for one in lab["servers"]}
    assert servers[f"{TLD}:53"]["rtt_ms"] > 0
    assert servers[f"{TLD}:53"]["cookie"], "BIND gives cookies (RFC 7873)"


def test_a_trace_begins_at_the_root(lab: dict[str, Any]) -> None:
    """`resolute query --trace`, without a server: who was asked what, one below the other."""
    # A question that is lost on a busy machine is asked twice.
    steps = list(dict.fromkeys((one["zone"], one["name"], one["nested"]) for one in lab["trace"]["steps"]))
    assert steps == [
        (".", ".", 0),
        (".", "test.", 0),
        ("test.", "glueless.test.", 0),
        ("test.", "other.test.", 1),
        ("other.test.", steps[4][1], 1),
        ("glueless.test.", "www.glueless.test.", 0),
    ]
    assert lab["trace"]["answer"][0]["rdata"] == "192.0.2.6"


def test_the_command_line_shows_cuts_and_servers(lab: dict[str, Any]) -> None:
    assert [line.split()[0] for line in lab["shown"].splitlines()][:2] == ["zone", "example.test."]
    assert any(line.startswith(f"{TLD}:53") for line in lab["asked"].splitlines())


def test_explain_tells_what_was_done(lab: dict[str, Any]) -> None:
    told = [step["text"] for step in lab["explain"] if step["stage"] == "resolver"]
    assert told[0].startswith("resolved from the root")
    assert any("out.example.test. A -> an alias of www.other.test." in line for line in told)
    assert any("www.other.test. A -> answered" in line for line in told)
    assert " of 32 questions" in told[-1]

"""A zone file with a flipped bit: the old zone goes on, or the changed one is valid; it is said where."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.peers import Resolute, Service
from bench.peers.resolute import COMMAND
from resolute import plane
from resolute.node.client import ControlClient
from resolute.records import names
from tests.faults.kit import seeded
from tests.faults.kit.load import Load

ZONE = """\
$ORIGIN corrupt.example.
$TTL 1H
@       IN SOA ns1 hostmaster ( 2026010101 2H 15M 2W 5M )
        NS    ns1
        MX    10 mail.corrupt.example.
ns1     A     192.0.2.53
        AAAA  2001:db8::53
mail    A     192.0.2.25
web     60 IN CNAME mail
txt     TXT   "two words" "and \\"quotes\\""
_sip._tcp SRV 0 5 5060 mail
*.wild  A     192.0.2.99
odd     TYPE65280 \\# 3 abcdef
"""
FLIPS = 300
BY_COMMAND = 12
"""So many are also judged by the command itself, which takes a while to start."""
QUESTIONS = [
    ("corrupt.example.", "SOA"),
    ("mail.corrupt.example.", "A"),
    ("web.corrupt.example.", "A"),
    ("a.wild.corrupt.example.", "A"),
    ("missing.corrupt.example.", "A"),
]
ORIGIN = names.from_text("corrupt.example.")


def flipped(below: Callable[[int], int]) -> bytes:
    """The zone with one bit of one byte changed."""
    content = bytearray(ZONE.encode())
    content[below(len(content))] ^= 1 << below(8)
    return bytes(content)


def holds(path: Path) -> bool:
    try:
        plane.scan_zone_file(str(path), ORIGIN).compile()
    except plane.ZoneFileError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_flipped_byte_never_costs_an_answer(tmp_path: Path) -> None:
    path, below = tmp_path / "corrupt.zone", seeded.below("corrupt zone")
    path.write_text(ZONE)
    place = re.compile(rf"{re.escape(str(path))}:\d+(:\d+)?: \S")
    refused = 0
    with (
        Resolute(Service(zones={"corrupt.example.": path})) as server,
        Load(server.endpoint, QUESTIONS, sockets=2, window=4, pause_s=0.002) as load,
    ):
        control = ControlClient(server.data)
        for _ in range(FLIPS):
            path.write_bytes(flipped(below))
            good = holds(path)
            problems = control.reload()["problems"]
            (zone,) = control.status()["zones"]
            if good:
                assert (zone["state"], zone["problems"], problems) == ("serving", [], [])
                continue
            assert zone["state"] == "serving the old zone"
            # What is wrong with the zone as a whole (no SOA, no NS) has a file and no line.
            assert all(problem.startswith(str(path)) for problem in zone["problems"])
            assert any(place.match(problem) for problem in zone["problems"]), zone["problems"]
            assert problems == [f"zone corrupt.example.: {problem}" for problem in zone["problems"]]
            if refused < BY_COMMAND:
                done = checked(path)
                assert done.returncode == 1
                assert any(map(place.match, done.stdout.splitlines()))
            refused += 1
        path.write_text(ZONE)
        assert control.reload()["problems"] == []
        assert control.status()["problems"] == []
        tally = load.stop()
    assert refused > FLIPS / 4
    assert (tally.lost, tally.strange) == (0, 0)
    # NXDOMAIN also while a flipped owner name was served; but never SERVFAIL, FORMERR or REFUSED.
    assert set(tally.rcodes) <= {0, 3}
    assert tally.answered > 1_000


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "check", "--zone", f"corrupt.example.={path}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )

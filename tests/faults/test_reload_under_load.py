"""A zone that is reloaded a thousand times under load: no query lost, none SERVFAIL, no answer half old."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers import Resolute, Service
from resolute.node.client import ControlClient
from tests.faults.kit.asking import wait_for
from tests.faults.kit.load import Load

RELOADS = 1_000
BY_FOLLOWING = 100
"""So many of them through the file system's events alone; the others by `reload`."""

ZONE = """\
$ORIGIN reload.example.
$TTL 300
@       SOA  ns1 hostmaster {generation} 7200 3600 1209600 60
@       NS   ns1
@       MX   10 mail1
@       MX   20 mail2
ns1     A    {address}.1
mail1   A    {address}.2
mail2   A    {address}.3
web     A    {address}.4
web     A    {address}.5
web     A    {address}.6
www     CNAME t{generation:04}
t{generation:04} A {address}.7
*.wild  A    {address}.8
*.wild  A    {address}.9
"""
"""Every address is 77.HIGH.LOW.n with the generation's number in the middle."""

EXPECTED = {"reload.example.": 2, "web.reload.example.": 3, "www.reload.example.": 1, "a.wild.reload.example.": 2}
"""So many addresses are in each answer with its additional section."""
QUESTIONS = [(name, "MX" if name == "reload.example." else "A") for name in EXPECTED]

_ADDRESS = re.compile(rb"\x00\x04\x4d(..).", re.DOTALL)
_TARGET = re.compile(rb"\x05t(\d{4})")


def generations(name: str, reply: bytes) -> str:
    """Says what is wrong with an answer: every address in it is of one generation."""
    found = [int.from_bytes(number) for number in _ADDRESS.findall(reply[12:])]
    targets = [int(number) for number in _TARGET.findall(reply)]
    if reply[3] & 0x0F or len(found) != EXPECTED[name]:
        return f"rcode {reply[3] & 0x0F}, addresses of the generations {found}"
    return "" if len({*found, *targets}) == 1 else f"generations {found} and {targets} in one answer"


def zone_text(generation: int) -> str:
    return ZONE.format(generation=generation, address=f"77.{generation >> 8}.{generation & 255}")


def write(path: Path, generation: int) -> None:
    """In turn as editors do: by renaming another file onto it, or in place."""
    if generation % 3:
        fresh = path.with_suffix(".new")
        fresh.write_text(zone_text(generation))
        fresh.replace(path)
    else:
        path.write_text(zone_text(generation))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Resolute]:
    path = tmp_path / "reload.zone"
    path.write_text(zone_text(1))
    with Resolute(Service(zones={"reload.example.": path})) as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_thousand_reloads_lose_nothing_and_mix_nothing(server: Resolute, tmp_path: Path) -> None:
    control, path = ControlClient(server.data), tmp_path / "reload.zone"
    served: set[int] = set()

    def check(name: str, reply: bytes) -> str:
        if found := _ADDRESS.search(reply):
            served.add(int.from_bytes(found[1]))
        return generations(name, reply)

    with Load(server.endpoint, QUESTIONS, check=check) as load:
        began = time.monotonic()
        for generation in range(2, RELOADS + 2):
            write(path, generation)
            if generation % (RELOADS // BY_FOLLOWING):
                assert control.reload()["problems"] == []
            wait_for(lambda wanted=generation: max(served) >= wanted, what=f"generation {generation}")  # type: ignore[misc]
        took_s = time.monotonic() - began
        tally = load.stop()
    assert tally.lost == 0
    assert tally.strange == 0
    assert tally.wrong == []
    assert set(tally.rcodes) == {0}
    assert tally.answered == tally.sent > 10 * RELOADS
    assert len(served) == RELOADS + 1, "each generation was served"
    assert took_s < 60

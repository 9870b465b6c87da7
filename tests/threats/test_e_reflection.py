"""Reflection (E2 of the catalogue): a flood of 50,000 spoofed queries a second from one network, settings as shipped.

What a slow machine lets through more, because the flood lasts longer there, is reckoned with: all is counted.
"""

import math

import pytest

from tests.threats.conftest import ZONE
from tests.threats.flood_lab import KINDS
from tests.threats.test_e_access import run_lab

RATE, TOTAL, BURST_S = 200, 500, 2
"""The settings as shipped: [rate_limit] rate, total, burst."""
ALIKE = {"one name", "names of a wildcard", "names that are not there", "names that are not ours"}

Found = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Found:
    text = "".join(f'n{number:04} TXT "{"t" * 250}" "{"t" * 150}"\n' for number in range(2_000))
    found = run_lab("flood_lab", tmp_path_factory.mktemp("flood"), ZONE + text)
    return {kind: counted for kind, counted in found.items() if isinstance(counted, dict)}


@pytest.mark.parametrize("kind", KINDS)
def test_e2_no_more_goes_out_than_came_in(lab: Found, kind: str) -> None:
    """After a second: at the victim's network no more bytes arrive than the attacker has to send."""
    assert lab[kind]["bytes out"] <= lab[kind]["bytes in"]


@pytest.mark.parametrize("kind", KINDS)
def test_e2_whole_replies_are_bounded(lab: Found, kind: str) -> None:
    counted = lab[kind]
    rate = RATE if kind in ALIKE else TOTAL
    client = counted["client"]
    assert isinstance(client, dict)
    to_client = 2 * client["asked"]  # over TCP, which is not limited; over UDP twice at most
    assert counted["queries"] > 10_000, "a flood"
    assert counted["whole"] <= rate * (BURST_S + math.ceil(counted["seconds"])) + 2 * to_client


@pytest.mark.parametrize("kind", KINDS)
def test_e2_a_real_client_of_the_network_gets_its_answers(lab: Found, kind: str) -> None:
    """Over TCP always; over UDP, with TCP after a truncated reply, as any resolver does it."""
    client = lab[kind]["client"]
    assert isinstance(client, dict)
    assert client["asked"] > 5
    assert client["tcp"] == client["asked"]
    assert client["udp"] == client["asked"]

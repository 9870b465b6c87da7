"""The settings of zones and hosts."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from resolute.zones.settings import Hosts, ZoneSource


def test_a_zones_name_is_absolute() -> None:
    assert ZoneSource(name="hello", file=Path("x")).name == "hello."
    with pytest.raises(ValidationError, match="two dots"):
        ZoneSource(name="a..b", file=Path("x"))


def test_hosts_are_off_by_default() -> None:
    assert Hosts() == Hosts(files=(), records=None, ttl=60)

"""Quantities as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute import units


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.8s", 1.8),
        ("1800ms", 1.8),
        (10, 10),
        ("10", 10),
        ("10m", 600),
        ("12h", 43200),
        ("1d", 86400),
        ("2w", 1209600),
    ],
)
def test_durations(text: object, seconds: float) -> None:
    assert units.parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "x", "1y", "-1s", "1 2s", True, None, [1], "1e3s", "3000000000"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|unit|too long"):
        units.parse_duration(text)


def test_a_ttl_is_whole_seconds() -> None:
    assert units.parse_seconds("1h") == 3600
    with pytest.raises(ValueError, match="whole"):
        units.parse_seconds("1.5s")


@pytest.mark.parametrize(
    ("text", "size"), [("64MiB", 64 * 2**20), ("1 GB", 10**9), ("512KiB", 2**19), ("64M", 2**26), (100, 100), ("7b", 7)]
)
def test_sizes(text: object, size: int) -> None:
    assert units.parse_size(text) == size


@given(st.integers(0, 2**50))
def test_a_size_is_read_as_it_is_written(size: int) -> None:
    assert units.parse_size(units.format_size(size)) == size


@given(st.integers(0, 10**9))
def test_a_duration_is_read_as_it_is_written(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert units.parse_duration(units.format_duration(duration)) == duration
    assert units.milliseconds(duration) == milliseconds


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:5300", "127.0.0.1:5300"),
        ("[::1]:5300", "[::1]:5300"),
        ("[2001:DB8:0::1]:53", "[2001:db8::1]:53"),
        ("0.0.0.0:0", "0.0.0.0:0"),
    ],
)
def test_endpoints(text: str, endpoint: str) -> None:
    assert units.parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "::1", "localhost:53", "127.0.0.1:65536", "127.0.0.1:x", "[::1]:", ":53"]
)
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(ValueError, match="expected ADDRESS:PORT"):
        units.parse_endpoint(text)


@pytest.mark.parametrize("text", ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53"])
def test_a_port_may_be_left_out(text: str) -> None:
    assert units.parse_endpoint(text, default_port=53) == "[2001:db8::1]:53"


def test_an_interface_is_given_by_number() -> None:
    assert units.parse_endpoint("[fe80::1%2]:53") == "[fe80::1%2]:53"
    with pytest.raises(ValueError, match="number"):
        units.parse_endpoint("[fe80::1%eth0]:53")


def test_an_endpoint_comes_apart() -> None:
    assert units.split_endpoint("[::1]:53") == ("::1", 53)
    assert units.split_endpoint("192.0.2.1:5353") == ("192.0.2.1", 5353)

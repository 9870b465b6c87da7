"""The flags of the node."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute.config.arguments import Arguments, Overrides, parse, unparse
from resolute.errors import SettingsError

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1)
many = st.lists(words, max_size=3).map(tuple)
one = st.none() | words
overrides = st.builds(
    Overrides,
    listen=many,
    zone=many,
    hosts=many,
    records=one,
    forward=many,
    recurse=st.booleans(),
    admin=one,
    data=one,
    log_queries=st.booleans(),
    log_format=one,
    allow_recursion=many,
)


@given(st.none() | words.map(Path), overrides)
def test_flags_are_read_as_they_are_written(config: Path | None, given_flags: Overrides) -> None:
    arguments = Arguments(config, given_flags)
    assert parse(unparse(arguments)) == arguments


def test_flags_may_be_repeated() -> None:
    assert parse(["--listen", "a", "--listen=b", "--log-queries", "--json"]) == Arguments(
        None, Overrides(listen=("a", "b"), log_queries=True, log_format="json")
    )


@pytest.mark.parametrize("argv", [["--bad"], ["--listen"], ["word"], ["--recurse=yes"], ["--lis", "x"]])
def test_what_is_no_command_line(argv: list[str]) -> None:
    with pytest.raises(SettingsError, match="resolute serve --help"):
        parse(argv)


@pytest.mark.parametrize("zone", ["x", "=f", "n=", ""])
def test_a_zone_is_a_pair(zone: str) -> None:
    with pytest.raises(SettingsError, match="NAME=FILE"):
        Overrides(zone=(zone,)).layer()

"""Search patterns: what they match, the same in SQL, and quickly."""

import fnmatch
import sqlite3
import time
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolute.admin.api.problems import InvalidError
from resolute.admin.api.wildcards import Pattern


@pytest.mark.parametrize(
    ("pattern", "text", "is_one"),
    [
        ("www", "a.WWW.example.org.", True),
        ("*.example.org.", "www.example.org.", True),
        ("*.example.org.", "example.org.", False),
        ("ns?.example.", "ns1.example.", True),
        ("ns?.example.", "ns.example.", False),
        (r"\*.example.", "*.example.", True),
        (r"\*.example.", "x.example.", False),
        (r"a\?", "xa?x", True),
        ("100%", "100% of it", True),
        ("100%", "1000", False),
        ("a_b", "axb", False),
        (r"a\032b", r"a\032b.example.", True),
        ("a*b*c", "a--b--c", True),
        ("a*b*c", "acb", False),
        ("*ab*ab*", "xabx", False),
        ("a*a", "a", False),
        ("*", "", True),
    ],
)
def test_what_a_pattern_matches(pattern: str, text: str, is_one: bool) -> None:  # noqa: FBT001
    parsed = Pattern.parse(pattern)
    assert parsed.matches(text) == is_one
    assert by_sql(parsed, text) == is_one


@given(
    st.text("ab*?", min_size=1, max_size=8).filter(lambda text: "*" in text or "?" in text), st.text("ab", max_size=10)
)
def test_it_is_what_the_shell_and_sql_say(pattern: str, text: str) -> None:
    parsed = Pattern.parse(pattern)
    assert parsed.matches(text) == fnmatch.fnmatchcase(text, pattern)
    assert by_sql(parsed, text) == parsed.matches(text)


def test_no_pattern_takes_long() -> None:
    began = time.monotonic()
    assert not Pattern.parse("*a" * 7 + "*b").matches("a" * 60_000)
    assert time.monotonic() - began < 1
    with pytest.raises(InvalidError, match="asterisks"):
        Pattern.parse("*a" * 9)


def by_sql(pattern: Pattern, text: str) -> bool:
    query = "SELECT lower(?) LIKE lower(?) ESCAPE '\\'"
    with closing(sqlite3.connect(":memory:")) as database:
        return bool(database.execute(query, (text, pattern.like)).fetchone()[0])

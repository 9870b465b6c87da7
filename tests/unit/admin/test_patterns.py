"""Patterns of names: whole labels, canonical form (RFC 4034 6.2, RFC 4592 2.1.1)."""

import pytest

from resolute.admin.patterns import Pattern
from resolute.errors import PresentationError
from resolute.records import names


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("example.org.", ["example.org.", "EXAMPLE.Org"], ["a.example.org.", "org.", "notexample.org.", "."]),
        (
            "*.example.org.",
            ["a.example.org.", "b.A.EXAMPLE.org", "*.example.org"],
            ["example.org.", "anotexample.org."],
        ),
        ("*.", ["org.", "a.b.c."], ["."]),
        ("a.*.example.org", ["a.b.example.org", "A.b.c.example.org"], ["a.example.org", "b.a.example.org", "a.org"]),
        ("a.*", ["a.b", "a.b.c"], ["a.", "b.a"]),
        (r"\*.example.org.", [r"*.example.org."], ["a.example.org.", "example.org."]),
        (r"a\.*.b.", [r"a\.*.b."], ["a.x.b.", r"a\..x.b.", r"a\.x.b."]),
        (".", ["."], ["org."]),
    ],
)
def test_what_matches(pattern: str, inside: list[str], outside: list[str]) -> None:
    parsed = Pattern.parse(pattern)
    assert [name for name in inside if not parsed.matches(names.from_text(name))] == []
    assert [name for name in outside if parsed.matches(names.from_text(name))] == []
    assert Pattern.parse(str(parsed)) == parsed


@pytest.mark.parametrize("text", ["", "a..b", "*.*.b", "a" * 64, "*..b"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(PresentationError):
        Pattern.parse(text)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("*.", "example.org.", True),
        ("*.org.", "*.example.org.", True),
        ("*.example.org.", "*.org.", False),
        ("*.example.org.", "example.org.", False),
        ("*.example.org.", "a.*.example.org.", True),
        ("a.*.example.org.", "*.example.org.", False),
        ("a.*.example.org.", "a.b.*.c.example.org.", True),
        ("example.org.", "*.example.org.", False),
        ("example.org.", "EXAMPLE.org", True),
        ("*.example.org.", "a.notexample.org.", False),
    ],
)
def test_what_covers(wide: str, narrow: str, covered: bool) -> None:  # noqa: FBT001
    assert Pattern.parse(wide).covers(Pattern.parse(narrow)) is covered

"""Local records: what people type, and the seed file."""

import pytest

from resolute.errors import RuleError
from resolute.zones import local


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("app.test", "app.test"),
        ("app.test.", "app.test"),
        ("APP.Test", "app.test"),
        ("_x._tcp.test", "_x._tcp.test"),
        ("a" * 63 + ".test", "a" * 63 + ".test"),
        ("x\\.y.test", "x\\.y.test"),
        ("bücher.test", "xn--bcher-kva.test"),
    ],
)
def test_names_have_one_form(typed: str, canonical: str) -> None:
    assert local.check_name(typed) == canonical


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        ".",
        "a..b",
        ".a",
        "a" * 64 + ".test",
        ".".join(["a" * 60] * 5),
        "*.test",
        None,
        7,
        True,
        ["a"],
        "\ud800",
    ],
)
def test_names_that_are_none_are_refused_in_one_line(typed: object) -> None:
    with pytest.raises(RuleError) as caught:
        local.check_name(typed)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("typed", "canonical"), [("192.0.2.7", "192.0.2.7"), ("2001:DB8:0::7", "2001:db8::7")])
def test_addresses_have_one_form(typed: str, canonical: str) -> None:
    assert local.check_address(typed) == canonical


@pytest.mark.parametrize(
    "typed", ["", "app", "1.2.3", "1.2.3.256", "01.2.3.4", "::g", "fe80::1%eth0", None, 3221225985, "1.2.3.4\n\n5"]
)
def test_addresses_that_are_none_are_refused_in_one_line(typed: object) -> None:
    with pytest.raises(RuleError) as caught:
        local.check_address(typed)
    assert str(caught.value).isprintable()


def test_a_seed_file_is_a_map() -> None:
    found, problems = local.read_seed(
        b"app.test: 192.0.2.7\n'six.test.': 2001:db8::7\non: 192.0.2.9\n", file="records.yml"
    )
    assert found == {"app.test": "192.0.2.7", "six.test": "2001:db8::7", "on": "192.0.2.9"}
    assert problems == []


def test_bad_entries_of_a_seed_file_have_their_line() -> None:
    found, problems = local.read_seed(b"app.test: 192.0.2.7\nbad.test: nonsense\nAPP.test: 192.0.2.8\n", file="r.yml")
    assert found == {"app.test": "192.0.2.7"}
    assert [problem.split(" ")[0] for problem in problems] == ["r.yml:2:", "r.yml:3:"]


@pytest.mark.parametrize("content", [b"- a\n- b\n", b"just text", b"a: [1\n", b"\xff\xfe\x00"])
def test_what_is_no_map_is_refused(content: bytes) -> None:
    with pytest.raises(RuleError, match=r"r\.yml"):
        local.read_seed(content, file="r.yml")


def test_tags_in_a_seed_file_run_nothing() -> None:
    assert local.read_seed(b"!!python/object:os.system {}", file="r.yml") == ({}, [])


def test_an_empty_seed_file_is_an_empty_map() -> None:
    assert local.read_seed(b"# nothing yet\n", file="r.yml") == ({}, [])

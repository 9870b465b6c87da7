"""What the words of the commands for zones, records, tokens and users mean, and how their answers look."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

from resolute.cli import completion
from resolute.cli.app import app
from resolute.cli.apply import print_step
from resolute.cli.applying import Doing
from resolute.cli.changetext import print_change
from resolute.cli.record import given_record
from resolute.cli.terminal import print_json, print_line
from resolute.cli.token import ends
from resolute.cli.zonetext import write
from resolute.errors import RuleError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIDE = {"ttl": 300, "records": ["192.0.2.1", "192.0.2.2"]}
CHANGE: dict[str, Any] = {
    "zone": "a.test.",
    "planned": False,
    "revision": 7,
    "served": True,
    "serial_before": 1,
    "serial_after": 2,
    "added": 1,
    "removed": 1,
    "changes": [
        {"name": "w.a.test.", "type": "A", "before": SIDE, "after": {**SIDE, "records": ["192.0.2.2", "192.0.2.3"]}}
    ],
}


def test_a_text_without_quotation_marks_is_one_text() -> None:
    assert given_record("TXT", "v=spf1 -all") == {"strings": ["v=spf1 -all"]}
    assert given_record("txt", '"two" "strings"') == '"two" "strings"'
    assert given_record("MX", "10 mail") == "10 mail"
    assert given_record("TXT", "") == {"strings": [""]}


def test_a_long_text_is_strings_of_255_octets_at_most() -> None:
    """RFC 1035 3.3; no character is cut."""
    given = given_record("TXT", "é" * 200)
    assert isinstance(given, dict)
    assert [len(part.encode()) for part in given["strings"]] == [254, 146]
    assert "".join(given["strings"]) == "é" * 200


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("never", None),
        ("2030-01-01", "2030-01-01T00:00:00+00:00"),
        ("2030-01-01T12:00:00+02:00", "2030-01-01T12:00:00+02:00"),
        ("90d", (NOW + timedelta(days=90)).isoformat()),
    ],
)
def test_when_a_token_ends(text: str, end: str | None) -> None:
    assert ends(text, NOW) == end


@pytest.mark.parametrize("text", ["soon", "2030-13-01", "-1d", "90 years", ""])
def test_when_no_token_ends(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected such as 2030-01-01, 90d or never"):
        ends(text, NOW)


@pytest.mark.parametrize(
    ("values", "last"),
    [
        ({}, "a.test. changed, serial 1 -> 2, 1 record added, 1 removed, revision 7"),
        (
            {"planned": True, "served": None, "revision": None},
            "a.test. would be changed, serial 1 -> 2, 1 record added, 1 removed",
        ),
        ({"serial_before": None}, "a.test. made, serial 2, 1 record added, 1 removed, revision 7"),
        ({"serial_after": None}, "a.test. removed, 1 record added, 1 removed, revision 7"),
        ({"added": 0, "removed": 0, "serial_after": 1}, "a.test. nothing is different"),
    ],
)
def test_a_change_for_people(values: dict[str, Any], last: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_change(CHANGE | values, json=False)
    said = capsys.readouterr()
    assert said.out.splitlines() == ["- w.a.test. 300 A 192.0.2.1", "+ w.a.test. 300 A 192.0.2.3", last]
    assert said.err == ""


def test_a_change_that_is_not_served_yet(capsys: pytest.CaptureFixture[str]) -> None:
    print_change(CHANGE | {"served": False}, json=True)
    said = capsys.readouterr()
    assert '"served": false' in said.out
    assert said.err.startswith("warning: the change is durable")


class TestWhatTheServerDoesNotList:
    """It lists the first RRsets that differ, and counts the records of all."""

    CUT = CHANGE | {"added": 5, "removed": 3}

    def test_it_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        print_change(self.CUT, json=False)
        assert "and 6 records more, which the server does not list" in capsys.readouterr().out
        print_change(self.CUT, json=True)
        assert json.loads(capsys.readouterr().out) == self.CUT | {"not_shown": 6}

    def test_not_where_all_is_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A TTL is not counted, and a zone that is made has no list."""
        other_ttl = {"name": "w.a.test.", "type": "A", "before": SIDE, "after": {**SIDE, "ttl": 60}}
        for change in (
            CHANGE,
            CHANGE | {"changes": [other_ttl], "added": 0, "removed": 0},
            CHANGE | {"serial_before": None, "changes": [], "added": 7, "removed": 0},
        ):
            print_change(change, json=False)
            assert "more" not in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("shown", "words"),
        [
            (None, "and 6 records more, which the server does not list"),
            (1, "1 RRsets more: --plan shows the first 2 of"),
        ],
    )
    def test_of_a_plan(self, capsys: pytest.CaptureFixture[str], shown: int | None, words: str) -> None:
        name = {"name": "x.a.test.", "type": "A", "before": SIDE, "after": {**SIDE, "ttl": 60}}
        print_step("a.test.", Doing.CHANGE, self.CUT | {"changes": [*CHANGE["changes"], name]}, shown=shown)
        assert words in capsys.readouterr().out


def test_octets_that_are_no_text_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """An argument may have any; in JSON they are escapes (RFC 8259 7)."""
    print_json({"file": "a\udcff"})
    print_line("a\udcff")
    out = capsys.readouterr().out
    assert json.loads(out.splitlines()[1].partition(": ")[2]) == "a\udcff"
    assert out.splitlines()[-1] == "a\\udcff"


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.zone"
    write(file, b"one")
    assert file.read_bytes() == b"one"
    file.chmod(0o640)
    write(file, b"two")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"two", 0o640)
    (tmp_path / "link").symlink_to(file)
    write(tmp_path / "link", b"three")
    assert (file.read_bytes(), (tmp_path / "link").is_symlink()) == (b"three", True)
    write(Path("/dev/null"), b"four")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(RuleError, match="cannot be written: No such file"):
        write(tmp_path / "none" / "a.zone", b"")


@pytest.mark.parametrize("complete", [completion.complete_zone, completion.complete_name])
def test_without_a_server_nothing_is_completed(complete: Any, tmp_path: Path) -> None:  # noqa: ANN401
    context = typer.Context(typer.main.get_command(app))
    for params in ({"data": tmp_path}, {"config": tmp_path / "none.toml"}, {"server": "nonsense", "data": None}):
        context.params = params
        assert complete(context, "w") == []


def test_every_command_of_these_shows_an_example() -> None:
    command = typer.main.get_command(app)
    for noun in ("zone", "record", "token", "user"):
        for verb, one in command.commands[noun].commands.items():  # type: ignore[attr-defined]
            assert f"Example: resolute {noun} {verb}" in " ".join(one.help.split())

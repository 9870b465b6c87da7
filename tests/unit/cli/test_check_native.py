"""`resolute check` of zone files."""

import json
from pathlib import Path

import pytest

from resolute.cli.main import main

ROOT = Path(__file__).parents[3]


def test_the_example_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ROOT / "examples/resolute.toml"), str(ROOT / "examples/zones/hello.zone")]) == 0
    assert capsys.readouterr().out == "ok\n"


def test_file_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hello.zone"
    path.write_text("$TTL 1H\n@ SOA ns hostmaster 1 2H 15M 2W 5M\n@ NS ns\nns A 192.0.2.256\n")
    assert main(["check", "--zone", f"hello.={path}", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    (finding,) = [finding for finding in report["findings"] if finding["severity"] == "error"]
    assert (finding["file"], finding["line"], finding["column"]) == (str(path), 4, 6)


def test_a_zone_without_soa(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hello.zone"
    path.write_text("$TTL 1H\n@ NS ns\nns A 192.0.2.1\n")
    assert main(["check", str(path)]) == 1
    assert "[no-soa]" in capsys.readouterr().out


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "none.zone")]) == 1
    assert "cannot be read" in capsys.readouterr().out

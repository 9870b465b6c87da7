"""`resolute check`: what needs no zone file."""

import json
from pathlib import Path

import pytest

from resolute.cli.findings import guess_origin
from resolute.cli.main import main


def test_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[cache]\nmin_ttl = 1\nmax_ttl = 'x'\n")
    assert main(["check", str(path)]) == 1
    assert capsys.readouterr().out.startswith(f"{path}:3:1: error: cache.max_ttl: 'x' is not a duration")
    assert main(["check", str(path), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["line"], finding["column"], finding["severity"], finding["code"]) == (3, 1, "error", "settings")
    path.write_text("[cache]\nmin_ttl = 1\n")
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == "ok\n"


def test_syntax(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text("a = 1\nb = = 2\n")
    assert main(["check", str(path)]) == 1
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == f"{path}:2:5: error: Invalid value [settings]"


def test_files_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[hosts]\nfiles = ["none"]\nrecords = "no.yml"\n')
    assert main(["check", str(path)]) == 1
    mend = "    mend: Check the path and the rights of the file"
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/none: error: cannot be read: No such file or directory [unreadable]",
        mend,
        f"{tmp_path}/no.yml: error: cannot be read: No such file or directory [unreadable]",
        mend,
        "2 errors, 0 warnings",
    ]


def test_lines_that_are_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[hosts]\nfiles = ["hosts"]\nrecords = "r.yml"\n')
    (tmp_path / "hosts").write_text("192.0.2.1 a.test\n192.0.2.300 b.test\n")
    (tmp_path / "r.yml").write_text("app.test: 192.0.2.7\ndb.test: nowhere\n")
    assert main(["check", str(path), "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(f["file"], f["line"], f["severity"], f["code"]) for f in findings] == [
        (f"{tmp_path}/hosts", 2, "warning", "hosts"),
        (f"{tmp_path}/r.yml", 2, "warning", "records"),
    ]


def test_variables_that_nothing_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESOLUTE_LISTEN_DSN", "x")
    path = tmp_path / "x.toml"
    path.write_text("")
    assert main(["check", str(path)]) == 0
    assert "warning: RESOLUTE_LISTEN_DSN is not a setting" in capsys.readouterr().out


def test_reference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Settings"
    assert main(["check", "--manual"]) == 0
    assert "`RESOLUTE_LISTEN_DNS`" in capsys.readouterr().out


def test_nothing_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RESOLUTE_CONFIG", raising=False)
    assert main(["check"]) == 2
    assert main(["check", "--zone", "x"]) == 2


@pytest.mark.parametrize(
    ("file", "text", "origin"),
    [
        ("x", "$TTL 1\nhello. IN SOA ns. h. 1 1 1 1 1\n", "hello."),
        ("x", "$ORIGIN hello.\n@ SOA ns h 1 1 1 1 1\n", "hello."),
        ("x", "$ORIGIN example.\nhello 60 IN SOA ns h 1 1 1 1 1\n", "hello.example."),
        ("x", "; comment\n$ORIGIN hello.\n\n  \n", "hello."),
        ("example.org.zone", "@ SOA ns h 1 1 1 1 1\n$ORIGIN sub.example.org.\n", "example.org."),
        ("db.example.org", "@ SOA ns h 1 1 1 1 1\n", "example.org."),
        ("example.org", "", "example.org."),
    ],
)
def test_the_origin_is_guessed(tmp_path: Path, file: str, text: str, origin: str) -> None:
    path = tmp_path / file
    path.write_text(text)
    assert guess_origin(path) == origin

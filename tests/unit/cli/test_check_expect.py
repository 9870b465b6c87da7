"""`resolute check --expect`: zones are tried through the data plane's own stages, and nothing listens."""

import json
import socket
from pathlib import Path

import pytest

from resolute.cli.main import main

ZONE = """\
$TTL 1H
@ SOA ns1 hostmaster 1 2H 15M 2W 5M
@ NS ns1
@ NS ns2
ns1 A 192.0.2.1
ns2 A 192.0.2.2
out CNAME www.example.net.
sub NS ns.sub
ns.sub A 192.0.2.9
"""


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was bound")

    monkeypatch.setattr(socket.socket, "bind", refuse)


def check(folder: Path, expectations: str, *options: str, zone: str = ZONE) -> int:
    (folder / "zone").write_text(zone)
    (folder / "expect.toml").write_text(expectations)
    zones = ["--zone", f"hello.test.={folder / 'zone'}"]
    return main(["check", *zones, "--expect", str(folder / "expect.toml"), *options])


def test_met(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = """
client = "198.51.100.7"

[[expect]]
name = "ns1.hello.test."
answer = ["192.0.2.1"]
flags = ["AA", "!RA"]

[[expect]]
name = "out.hello.test."
answer = ["www.example.net."]

[[expect]]
name = "NS1.hello.test"
client = "127.0.0.1"
flags = ["RA"]

[[expect]]
name = "x.sub.hello.test."
authority = ["ns.sub"]
additional = ["192.0.2.9"]

[[expect]]
name = "example.net."
rcode = "REFUSED"
answer = []
"""
    assert check(tmp_path, text.replace('"ns.sub"', '"ns.sub.hello.test."')) == 0
    assert capsys.readouterr().out == "5 of 5 expectations met\nok\n"


def test_not_met(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '\n[[expect]]\nname = "ns1.hello.test."\nanswer = ["192.0.2.3"]\n\n[[expect]]\nname = "ns2.hello.test."\n'
    assert check(tmp_path, text, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert [(found["line"], found["met"]) for found in report["expectations"]] == [(2, False), (6, True)]
    assert report["expectations"][0]["differences"] == [
        "answer: - 192.0.2.3",
        "answer: + ns1.hello.test. 3600 A 192.0.2.1",
    ]
    assert [(found["code"], found["line"]) for found in report["findings"]] == [("unexpected", 2)]


def test_a_zone_that_is_refused_answers_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, '[[expect]]\nname = "ns1.hello.test."\n', zone=ZONE + "x A nowhere\n") == 1
    out = capsys.readouterr().out
    assert "[bad-rdata]" in out
    assert "rcode: expected NOERROR, got REFUSED" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[expect]\n", "expect.toml:1:"),
        ('\n[[expect]]\nname = "a..b"\n', "expect.toml:3:1: error: name: "),
        ('\n[[expect]]\nname = "a."\nanwser = []\n', "expect.toml:4:1: error: anwser: "),
        ('[[expect]]\ntype = "A"\n', "expect.toml:1:1: error: name: "),
        ("", "error: expect: "),
    ],
)
def test_files_that_do_not_hold(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, text) == 1
    out = capsys.readouterr().out
    assert said in out
    assert "[expectations]" in out


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "zone").write_text(ZONE)
    assert main(["check", "--zone", f"hello.test.={tmp_path / 'zone'}", "--expect", str(tmp_path / "none.toml")]) == 1
    assert "[unreadable]" in capsys.readouterr().out

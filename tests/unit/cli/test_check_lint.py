"""`resolute check`: what the linter's findings make of output, exit status and options."""

import json
import re
from pathlib import Path

import pytest

from resolute.cli.main import main
from resolute.zones.lint.codes import codes, page

ROOT = Path(__file__).parents[3]
HEAD = "$TTL 1H\n@ SOA ns1 hostmaster 1 2H 15M 2W 5M\n@ NS ns1\n@ NS ns2\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n"
PARENT = "sub NS ns.sub\nns.sub A 192.0.2.9\n"
CHILD = "$TTL 1H\n@ SOA ns hostmaster 1 2H 15M 2W 5M\n@ NS ns\n@ NS ns1.hello.test.\nns A 192.0.2.10\n"
JSON_KEYS = {"file", "line", "column", "severity", "message", "code", "mend"}


def check(tmp_path: Path, text: str, *options: str) -> int:
    path = tmp_path / "hello.zone"
    path.write_text(HEAD + text)
    return main(["check", "--zone", f"hello.test.={path}", *options])


def test_a_warning_is_no_failure_unless_strict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, "a CNAME nowhere\n") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == (
        f"{tmp_path}/hello.zone:7:1: warning: CNAME of a.hello.test. leads to nowhere.hello.test., which does not exist"
        " [cname-dangling]"
    )
    assert out[1] == "    mend: Correct the name, or add its records"
    assert out[2] == "0 errors, 1 warning"
    assert check(tmp_path, "a CNAME nowhere\n", "--strict") == 1


def test_infos_never_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, "a 0 A 192.0.2.1\n", "--strict") == 0
    assert capsys.readouterr().out.endswith("ok\n")


def test_json_has_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, "@ MX 10 mail\n", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["errors"], report["warnings"]) == (1, 0)
    (finding,) = report["findings"]
    assert finding.keys() == JSON_KEYS
    assert (finding["line"], finding["column"], finding["code"]) == (7, 1, "mx-without-address")


def test_codes_can_be_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, "@ MX 10 mail\n", "--ignore", "mx-without-address") == 0
    assert capsys.readouterr().out == "ok\n"
    assert check(tmp_path, "", "--ignore", "nonsense") == 2
    assert check(tmp_path, "", "--ignore", "cname-and-other-data") == 2
    assert "cannot be ignored" in capsys.readouterr().err


def test_zones_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    child = tmp_path / "sub.zone"
    child.write_text(CHILD)
    assert check(tmp_path, PARENT, "--zone", f"sub.hello.test.={child}", "--json") == 0
    found = {finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert {"delegation-differs", "glue-differs"} <= found
    assert check(tmp_path, "", "--zone", f"sub.hello.test.={child}") == 0
    assert "[not-delegated]" in capsys.readouterr().out


def test_what_could_not_be_read_may_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, "@ MX 10 mail\nmail A 192.0.2.256\n") == 1
    out = capsys.readouterr().out
    assert "[bad-rdata]" in out
    assert "[mx-without-address]" not in out


def test_findings_of_one_code_are_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, "".join(f"a{n} CNAME nowhere\n" for n in range(150)), "--json") == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert len(findings) == 101
    assert findings[-1]["message"] == "and 50 more of the kind cname-dangling"


def test_the_page_of_codes_is_the_one_that_the_registry_makes() -> None:
    assert (ROOT / "docs/checks.md").read_text() == page(), "write it anew: make docs"


def test_every_code_of_the_sources_is_registered() -> None:
    native = [*(ROOT / "crates/wire/src/zonefile").rglob("*.rs"), ROOT / "crates/plane/src/zones/draft.rs"]
    used: set[str] = set()
    for file in native:
        if file.name != "tests.rs":
            text = file.read_text().split("#[cfg(test)]")[0]
            used |= set(
                re.findall(r'(?:Fault::\w+|self\.error|self\.warn|fields\.\w+)\(\s*(?:[\w.]+,\s*)?"([a-z-]+)"', text)
            )
            used |= set(re.findall(r'code: "([a-z-]+)"', text))
    assert {"bad-rdata", "no-soa", "ttls-differ", "generate-range"} <= used
    for file in (ROOT / "src/resolute/zones/lint").rglob("*.py"):
        used |= set(re.findall(r'(?:report\.add|_finding)\(\s*"([a-z0-9-]+)"', file.read_text()))
    assert used <= codes().keys(), sorted(used - codes().keys())


def test_every_registered_code_is_used() -> None:
    folders = [ROOT / "src/resolute", ROOT / "crates/wire/src", ROOT / "crates/plane/src"]
    text = "".join(file.read_text() for folder in folders for ext in ("py", "rs") for file in folder.rglob(f"*.{ext}"))
    assert [name for name in codes() if f'"{name}"' not in text] == []

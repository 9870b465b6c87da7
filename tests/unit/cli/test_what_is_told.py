"""What `import` and `apply` say of what they have done: how far they came, and what no node has confirmed yet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resolute.cli.app import run
from tests.httpservice import Service, page, running_service

WORDS = "has not confirmed yet that it serves it"
LOCAL = {"name": "nas.test.", "planned": False, "served": False, "before": None, "after": "192.0.2.1"}
ZONE: dict[str, Any] = {
    "zone": "a.test.",
    "planned": True,
    "served": None,
    "revision": None,
    "serial_before": None,
    "serial_after": 1,
    "added": 3,
    "removed": 0,
    "changes": [],
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running_service() as service:
        monkeypatch.setenv("RESOLUTE_SERVER", service.url)
        yield service


def answer(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, json.dumps(value).encode()


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_an_import_that_no_node_has_confirmed(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text("host-record=nas.test,192.0.2.1\n")
    service.answers = [page([], None), page([], None), answer(LOCAL)]
    assert run(["import", "dnsmasq", str(file), *words]) == 0
    shown = capsys.readouterr()
    assert WORDS in " ".join(shown.err.split())
    assert service.asked[-1][2]["if-none-match"] == "*"
    if words:
        (record,) = json.loads(shown.out)["local_records"]
        assert (record["done"], record["served"]) == (True, False)


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_an_application_that_no_node_has_confirmed(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (tmp_path / "a.test.zone").write_text("@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a.y.test.\n")
    service.answers = [page([], None), answer(ZONE), answer(ZONE | {"planned": False, "served": False})]
    assert run(["apply", str(tmp_path), *words]) == 0
    assert WORDS in " ".join(capsys.readouterr().err.split())


def test_an_import_that_breaks_off(service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text("".join(f"host-record={one}.test,192.0.2.1\n" for one in "abc"))
    service.answers = [page([], None), page([], None), answer(LOCAL), (503, {}, b'{"detail": "the disk is gone"}')]
    assert run(["import", "dnsmasq", str(file)]) == 1
    shown = capsys.readouterr()
    assert "done: 1 of 3" in shown.out
    assert "not done: b.test., c.test.; import again completes it" in shown.out
    assert "the disk is gone" in shown.err

"""What the documentation shows is what happens: each command of each ```console block, in order, on the examples."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers.server import free_port

ROOT = Path(__file__).parents[2]
RESOLUTE = ROOT / ".venv/bin/resolute"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
READY_S = 20.0
FOLLOWED_S = 5.0
"""How long an edit of a file may take to be noticed on a busy machine."""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator["Shell"]:
    """A copy of the examples, and the server running on them with free ports."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shell = Shell(tmp_path)
    log = tmp_path / "log"
    arguments = ["serve", "--config", "examples/resolute.toml", "--listen", f"127.0.0.1:{shell.dns}"]
    arguments += ["--admin", f"127.0.0.1:{shell.http}"]
    with log.open("wb") as sink:
        server = subprocess.Popen([RESOLUTE, *arguments], cwd=tmp_path, stderr=sink)
    try:
        until = time.monotonic() + READY_S
        while "ready:" not in log.read_text():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        yield shell
    finally:
        server.terminate()
        assert server.wait(timeout=20) == 0


class Shell:
    """Runs the lines of a document in one folder, with the ports of `make serve` replaced by free ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dns, self.http = free_port(), free_port()

    def run(self, command: str) -> str:
        """What a command prints."""
        ports = {"5300": str(self.dns), "5380": str(self.http)}
        command = re.sub("|".join(ports), lambda found: ports[found[0]], command)
        environment = {**os.environ, "PATH": f"{RESOLUTE.parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout.strip()


def commands(page: str) -> Iterator[tuple[str, str]]:
    """Each command of a page with what it is said to print."""
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed.strip()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", ["guide.md", "cli.md"])
def test_the_page_is_true(page: str, shell: Shell) -> None:
    told = list(commands((ROOT / "docs" / page).read_text()))
    assert len(told) >= 20
    for command, printed in told:
        until = time.monotonic() + FOLLOWED_S
        while (seen := shell.run(command)) != printed:
            assert time.monotonic() < until, f"$ {command}\nsaid: {printed}\nseen: {seen}"
            time.sleep(0.05)


@pytest.mark.timeout(300)
def test_the_page_on_moving_is_true(shell: Shell) -> None:
    told = list(commands((ROOT / "docs/moving.md").read_text()))
    assert len(told) >= 7
    for command, printed in told:
        assert shell.run(command) == printed, command


def test_the_commands_of_the_readme_work(shell: Shell) -> None:
    page = (ROOT / "README.md").read_text()
    found = re.findall(r"^(?:dig|curl) .*$", page, flags=re.MULTILINE)
    assert [line.split()[0] for line in found] == ["dig", "curl"]
    dig, curl = map(shell.run, found)
    assert "status: NOERROR" in dig
    assert "ANSWER: 1" in dig
    assert curl == "Record added successfully"
    assert shell.run("dig @127.0.0.1 -p 5300 +short app.test") == "192.0.2.7"


def test_the_settings_page_is_the_one_that_the_models_make() -> None:
    made = subprocess.run([RESOLUTE, "check", "--manual"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs/settings.md").read_text() == made, "write it anew: make docs"


def test_the_architecture_page_names_what_is_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    for folder in ("src/resolute", "crates/plane/src"):
        there = {path.name for path in (ROOT / folder).iterdir() if path.is_dir() and path.name[0] not in "._"}
        missing = sorted(name for name in there if f"`{name}/" not in page)
        assert not missing, f"{folder}: {missing}"
    named = re.findall(r"`([a-z/]+\.(?:rs|py))`", page)
    known = {str(path) for root in ("src", "crates") for path in (ROOT / root).rglob("*")}
    for name in named:
        assert any(path.endswith(f"/{name}") for path in known), f"ARCHITECTURE.md names {name}, which is not there"

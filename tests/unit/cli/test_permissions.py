"""What the user of a command may not look at is said in a line; nothing else happens."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
import typer.main

from resolute.cli import backups, completion, options
from resolute.cli.app import app
from resolute.cli.backups import Where
from resolute.cli.imports import adguard, bind, dnsmasq, pihole, technitium
from resolute.cli.imports.found import Imported
from resolute.cli.zonetext import write
from resolute.errors import ResoluteError, RuleError, UnavailableError
from resolute.node.client import ControlClient
from tests.asnobody import as_nobody, reachable


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder that may be neither listed nor walked into."""
    folder = reachable(tmp_path) / "locked"
    folder.mkdir()
    tmp_path.chmod(0o755)
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


@pytest.fixture
def home(locked: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default data directory is in the locked folder; nothing else says where a server is."""
    for name in [*os.environ]:
        if name.startswith("RESOLUTE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(locked))
    monkeypatch.chdir(locked.parent)
    return locked


def test_the_default_data_directory(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with as_nobody():
        with pytest.raises(UnavailableError, match=f"{home}.*permission denied"):
            options.directory(None, None)
        context = typer.Context(typer.main.get_command(app))
        assert completion.complete_zone(context, "") == []
        with pytest.raises(UnavailableError, match="permission denied"):
            ControlClient(home).status()
    assert capsys.readouterr().err == ""


def test_a_backup(home: Path, tmp_path: Path) -> None:
    with as_nobody():
        with pytest.raises(RuleError, match="cannot be written: Permission denied"):
            backups.take(home / "saved", Where(None, None), quiet=True)
        for where in (Where(None, None), Where(None, home)):
            with pytest.raises(ResoluteError, match="Permission denied"):
                backups.take(tmp_path / "saved", where, quiet=True)


def locked_inside(folder: Path, *names: str) -> Callable[[], None]:
    """Folders of these names in a folder are locked; returns what opens them again."""
    for name in names:
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(0)

    def unlock() -> None:
        for name in names:
            (folder / name).chmod(0o700)

    return unlock


@pytest.mark.parametrize("read", [adguard.read, bind.read, dnsmasq.read, pihole.read, technitium.read])
def test_what_is_to_be_imported(locked: Path, read: Callable[[Path], Imported]) -> None:
    with as_nobody():
        for path in (locked, locked / "file"):
            with pytest.raises(RuleError, match=f"{locked}.*cannot be read: Permission denied"):
                read(path)


def test_folders_that_a_configuration_names(locked: Path, tmp_path: Path) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text(
        f"no-hosts\nconf-dir={locked}\naddn-hosts={locked}/x\nhostsdir={locked}\nhost-record=a.lan,192.0.2.1"
    )
    with as_nobody():
        found = dnsmasq.read(file)
    assert found.local == {"a.lan": "192.0.2.1"}
    assert [one.where.rsplit(":", 1)[-1] for one in found.left_out] == ["2", "3", "4"]


def test_the_journal_beside_a_zone_of_bind(locked: Path, tmp_path: Path) -> None:
    (tmp_path / "named.conf").write_text(f'zone "a.test" {{ type primary; file "{locked}/a"; }};\n')
    with as_nobody(), pytest.raises(RuleError, match="Permission denied"):
        bind.read(tmp_path)


def test_folders_of_pihole_and_technitium(tmp_path: Path) -> None:
    reachable(tmp_path).chmod(0o755)
    unlock = locked_inside(tmp_path, "zones", "dnsmasq.d")
    try:
        with as_nobody():
            for read in (technitium.read, pihole.read):
                with pytest.raises(RuleError, match="Permission denied"):
                    read(tmp_path)
    finally:
        unlock()


class TestWriting:
    """`resolute zone export --output`."""

    def test_what_cannot_be_written_is_not_there(self, tmp_path: Path) -> None:
        """Something stands where the new file is written first."""
        (tmp_path / ".a.zone.new").mkdir()
        with pytest.raises(RuleError, match="cannot be written"):
            write(tmp_path / "a.zone", b"one")
        assert not (tmp_path / "a.zone").exists()
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        with pytest.raises(RuleError, match="cannot be written"):
            write(tmp_path / "loop", b"one")

    def test_a_new_file_has_the_mode_of_new_files(self, tmp_path: Path) -> None:
        was = os.umask(0o027)
        try:
            write(tmp_path / "a.zone", b"one")
        finally:
            os.umask(was)
        assert (tmp_path / "a.zone").stat().st_mode & 0o777 == 0o640

    def test_a_folder_that_cannot_be_made_durable(self, tmp_path: Path) -> None:
        """Where files can be made, and which cannot be opened to sync it: the file is there."""
        folder = reachable(tmp_path) / "blind"
        folder.mkdir()
        tmp_path.chmod(0o755)
        folder.chmod(0o333)
        try:
            with as_nobody(), pytest.raises(RuleError, match="is written; whether it survives a crash"):
                write(folder / "a.zone", b"one")
            folder.chmod(0o700)
            assert (folder / "a.zone").read_bytes() == b"one"
        finally:
            folder.chmod(0o700)

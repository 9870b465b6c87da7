"""Edits are written back in one step, and nothing is written that is no zone or that somebody else has changed."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from resolute.errors import RuleError, UnavailableError, ZoneDataError
from resolute.records import names
from resolute.records.rrset import RRset
from resolute.zones.files import SUFFIX
from resolute.zones.filetext import rewrite
from resolute.zones.fingerprint import fingerprint
from resolute.zones.settings import ZoneSource
from resolute.zones.writeback import check_writable, write_back

ORIGIN = names.from_text("example.")
ZONE = b"$TTL 60\n@ SOA ns1 h 1 2 3 4 5 ; serial 1\n@ NS ns1\nns1 A 192.0.2.53\nwww A 192.0.2.1 ; the web\n"
EDITED = ZONE.replace(b"192.0.2.1 ", b"192.0.2.9 ")
WWW = RRset(names.from_text("www.example."), 1, 60, (bytes((192, 0, 2, 9)),))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "example.zone"
    path.write_bytes(ZONE)
    return path


def test_an_edit_is_written(file: Path) -> None:
    written = write_back(file, ORIGIN, [WWW], known=fingerprint(file))
    assert file.read_bytes() == EDITED
    assert (written.file, written.known) == (file, fingerprint(file))
    assert (WWW.owner, 1, 60, WWW.rdatas[0]) in set(written.image)
    assert os.listdir(file.parent) == [file.name]  # noqa: PTH208


def test_what_is_so_already_is_not_written(file: Path) -> None:
    before = fingerprint(file)
    write_back(file, ORIGIN, [RRset(WWW.owner, 1, 60, (bytes((192, 0, 2, 1)),))], known=before)
    assert fingerprint(file) == before


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_stays(file: Path, mode: int) -> None:
    file.chmod(mode)
    write_back(file, ORIGIN, [WWW], known=None)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owner_and_group_stay(file: Path) -> None:
    os.chown(file, 1234, 4321)
    file.chmod(0o664)
    write_back(file, ORIGIN, [WWW], known=None)
    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 4321, 0o664)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "zone.db", tmp_path / "example.zone"
    real.write_bytes(ZONE)
    link.symlink_to("real/zone.db")
    written = write_back(link, ORIGIN, [WWW], known=fingerprint(link))
    assert link.is_symlink()
    assert written.file == real
    assert real.read_bytes() == EDITED


def test_what_it_includes_is_read_where_the_file_is_named(tmp_path: Path) -> None:
    """As when the zone is loaded: `$INCLUDE` is looked for in the folder of the path, not of what it links to."""
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "zone.db", tmp_path / "example.zone"
    real.write_bytes(ZONE + b"$INCLUDE more\n")
    (tmp_path / "more").write_bytes(b"more A 192.0.2.77\n")
    link.symlink_to("real/zone.db")
    written = write_back(link, ORIGIN, [WWW], known=None)
    assert names.from_text("more.example.") in {record[0] for record in written.image}
    assert real.read_bytes() == EDITED + b"$INCLUDE more\n"
    with pytest.raises(
        RuleError, match=rf"{link}: more.example. A .* stands in {tmp_path}/more:1: edit that file by hand"
    ):
        write_back(link, ORIGIN, [RRset(names.from_text("more.example."), 1, 60, ())], known=None)


def test_a_file_that_is_not_what_is_served(file: Path) -> None:
    known = fingerprint(file)
    file.write_bytes(ZONE + b"; a note\n")
    with pytest.raises(RuleError, match="somebody else edits it at the same time"):
        write_back(file, ORIGIN, [WWW], known=known)
    assert file.read_bytes() == ZONE + b"; a note\n"


def test_a_file_that_changes_while_it_is_edited(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*args: object, **kwargs: object) -> bytes:
        result = rewrite(*args, **kwargs)  # type: ignore[arg-type]
        file.write_bytes(ZONE + b"; a note\n")
        return result

    monkeypatch.setattr("resolute.zones.writeback.rewrite", slowly)
    with pytest.raises(RuleError, match="somebody else edits it at the same time"):
        write_back(file, ORIGIN, [WWW], known=fingerprint(file))
    assert file.read_bytes() == ZONE + b"; a note\n"
    assert os.listdir(file.parent) == [file.name]  # noqa: PTH208


def test_what_would_be_no_zone_is_not_written(file: Path) -> None:
    """RFC 2181 10.1: beside a CNAME there is no other data."""
    with pytest.raises(ZoneDataError, match="with this edit it would be no zone: .*CNAME and other data") as caught:
        write_back(file, ORIGIN, [RRset(WWW.owner, 5, 60, (b"\1a\0",))], known=None)
    (line,) = caught.value.problems
    assert line.startswith((f"{file}:5:1: ", f"{file}:6:1: "))
    assert file.read_bytes() == ZONE


def test_places_are_those_of_the_file_when_it_includes_another(file: Path) -> None:
    file.write_bytes(ZONE + b"$INCLUDE none\n")
    with pytest.raises(ZoneDataError) as caught:
        write_back(file, ORIGIN, [WWW], known=None)
    assert caught.value.problems[0].startswith(f"{file}:6:10: ")


def failing(number: int) -> Callable[..., None]:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fails


@pytest.mark.parametrize(
    ("function", "number"), [("fsync", errno.ENOSPC), ("fchmod", errno.EROFS), ("fsync", errno.EIO)]
)
def test_a_disk_that_fails(file: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(os, function, failing(number))
        with pytest.raises(UnavailableError, match=f"cannot be written: {os.strerror(number)}; the file is as it was"):
            write_back(file, ORIGIN, [WWW], known=None)
    assert file.read_bytes() == ZONE
    assert os.listdir(file.parent) == [file.name]  # noqa: PTH208


def test_a_folder_that_does_not_say_that_it_is_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    with pytest.raises(UnavailableError, match="the edit is written, but may be lost in a crash"):
        write_back(file, ORIGIN, [WWW], known=None)


def test_a_file_that_is_not_there(file: Path) -> None:
    file.unlink()
    with pytest.raises(UnavailableError, match="cannot be read: No such file"):
        write_back(file, ORIGIN, [WWW], known=None)


def test_what_a_crash_has_left_is_taken_away(file: Path) -> None:
    left = file.with_name(f".{file.name}.new")
    left.write_bytes(b"half a zo")
    left.chmod(0o666)
    write_back(file, ORIGIN, [WWW], known=None)
    assert file.read_bytes() == EDITED
    assert not left.exists()


def test_the_new_file_is_none_of_the_folders_zones(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.extend(os.listdir(file.parent))  # noqa: PTH208
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    write_back(file, ORIGIN, [WWW], known=None)
    assert [name for name in seen if name.endswith(SUFFIX)] == [file.name]
    assert len(seen) == 2


def test_a_zone_that_is_not_writable() -> None:
    check_writable(ZoneSource(name="example.", file=Path("example.zone")))
    with pytest.raises(RuleError, match="`writable = false`; edit example.zone by hand"):
        check_writable(ZoneSource(name="example.", file=Path("example.zone"), writable=False))

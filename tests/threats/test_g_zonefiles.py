"""THREATS G1 to G3, zone files: what they include, what they generate, and names that would be paths."""

import os
from pathlib import Path

import dns.message
import dns.rdatatype
import pytest

from bench.peers import Resolute, Service
from resolute import plane
from resolute.records import names
from resolute.zones.files import Source, load
from tests.asking import udp

ORIGIN = names.from_text("hello.test.")
HEAD = "$TTL 60\n@ SOA ns1 hostmaster 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.1\n"
SECRET = "hunter2"
GENERATED = 65_536
"""Records that `$GENERATE` may make in one zone."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A zone's folder with a secret beside it, and every way that leads from one to the other."""
    inside = tmp_path / "zones"
    (inside / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text(f"{SECRET} A 192.0.2.66\n")
    (inside / "sub" / "good").write_text("good A 192.0.2.2\n")
    (inside / "link").symlink_to("../secret")
    (inside / "absolute").symlink_to(tmp_path / "secret")
    (inside / "up").symlink_to("..")
    (inside / "sub" / "chain").symlink_to("../link")
    (inside / "within").symlink_to("sub/good")
    os.mkfifo(inside / "fifo")
    return inside


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with a zone of this text; empty when it would be served."""
    file = folder / "hello.zone"
    file.write_text(HEAD + text + "\n")
    (loaded,) = load([Source(ORIGIN, str(file))], 1)
    assert bool(loaded.problems) == (loaded.image is None)
    return list(loaded.problems)


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "./../secret",
        "sub/../../secret",
        "sub/./.././../secret",
        "link",
        "absolute",
        "up/secret",
        "sub/chain",
        "{folder}/../secret",
        "{folder}/link",
        "{outside}/secret",
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
        "/dev/zero",
        "/dev/stdin",
        "fifo",
        "sub",
        ".",
        "..",
        "/",
        '""',
        "sub/good\\000/../../secret",
        "%2e%2e/secret",
        "missing",
    ],
)
def test_g1_nothing_outside_the_folder_is_included(folder: Path, path: str) -> None:
    path = path.format(folder=folder, outside=folder.parent)
    found = problems(folder, f"$INCLUDE {path}")
    assert len(found) == 1
    assert f"{folder}/hello.zone:5:" in found[0]
    # Neither a record nor a word of the file comes out.
    assert SECRET not in found[0]
    assert "root:" not in found[0]


@pytest.mark.parametrize("path", ["sub/good", "./sub/good", "sub/../sub/good", "within", "{folder}/sub/good"])
def test_g1_what_is_in_the_folder_is_included(folder: Path, path: str) -> None:
    assert problems(folder, f"$INCLUDE {path.format(folder=folder)}") == []


def test_g1_five_deep(folder: Path) -> None:
    for depth in range(1, 6):
        (folder / f"{depth}").write_text(f"$INCLUDE {depth + 1}\n")
    (folder / "6").write_text("deep A 192.0.2.3\n")
    assert problems(folder, "$INCLUDE 2") == []
    (found,) = problems(folder, "$INCLUDE 1")
    assert f"{folder}/5:1:" in found


def test_g1_loops_end(folder: Path) -> None:
    (folder / "a").write_text("$INCLUDE b\n")
    (folder / "b").write_text("$INCLUDE a\n$INCLUDE ./sub/../a\n")
    assert problems(folder, "$INCLUDE a")
    assert problems(folder, "$INCLUDE hello.zone")


@pytest.mark.parametrize("path", ["good", "sub/good", "/etc/passwd", "../secret"])
def test_g1_text_from_elsewhere_includes_nothing(path: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    scan = plane.scan_zone_text((HEAD + f"$INCLUDE {path}\n").encode(), ORIGIN, file="uploaded")
    assert scan.files == ["uploaded"]
    with pytest.raises(plane.ZoneFileError) as caught:
        scan.compile()
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("include-refused", 5)


@pytest.mark.parametrize(
    "text",
    [
        "$GENERATE 0-4294967295 h$ A 192.0.2.1",
        "$GENERATE 0-2147483647 h$ A 192.0.2.1",
        "$GENERATE 0-18446744073709551616 h$ A 192.0.2.1",
        f"$GENERATE 0-{GENERATED} h$ A 192.0.2.1",
        f"$GENERATE 1-{GENERATED} h$ A 192.0.2.1\n$GENERATE 1-1 i$ A 192.0.2.1",
        "\n".join(f"$GENERATE 1-40000 {letter}$ A 192.0.2.1" for letter in "ab"),
        "$GENERATE 1-9 h$ TXT " + "${0,127,d}" * 40,
        "$INCLUDE more\n$INCLUDE more",
    ],
)
def test_g2_generate_is_bounded(folder: Path, text: str) -> None:
    (folder / "more").write_text("$GENERATE 1-40000 m$ A 192.0.2.1\n")
    assert problems(folder, text)


def test_g2_as_many_as_may_be(folder: Path) -> None:
    assert problems(folder, f"$GENERATE 1-{GENERATED} h$ A 192.0.2.1") == []


HOSTILE = [
    "\\.\\./\\.\\./etc/cron\\.d/x.",
    "a/b.",
    "/etc/passwd.",
    "\\000.",
    "nul\\000byte.test.",
    "CON.",
    "-rf.",
    "%2e%2e%2fx.",
    "\\\\.",
    "UPPER.test.",
    ".".join(["a" * 61] * 4)[:-3] + ".",
    ".".join(["\\255" * 61] * 4)[:-12] + ".",
]
"""Names of zones that would do harm as names of files; the last two have some 250 bytes, one of them 1,000 as text."""


def test_g3_names_of_zones_are_never_names_of_files(tmp_path: Path) -> None:
    """They are served as any other, and nothing in the file system has such a name or lies elsewhere."""
    file, data = tmp_path / "zone", tmp_path / "work" / "data"
    file.write_text("$TTL 60\n@ SOA ns.test. h.test. 1 7200 3600 1209600 60\n@ NS ns.test.\n")
    data.parent.mkdir()
    before = {path for path in tmp_path.parent.rglob("*") if data.parent not in path.parents}
    tables = "".join(f"[[zone]]\nname = '{name}'\nfile = '{file}'\n" for name in HOSTILE)
    with Resolute(Service(extra=tables), data=data) as server:
        for name in HOSTILE:
            reply = dns.message.from_wire(udp(server.endpoint, dns.message.make_query(name, "SOA").to_wire()))
            assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.SOA], name
        made = {path.name for path in data.rglob("*")}
        assert {path for path in tmp_path.parent.rglob("*") if data.parent not in path.parents} == before
    assert all(name.replace(".", "").replace("-", "").isalnum() for name in made), made
    assert not any("etc" in name or "CON" in name or "aaaa" in name for name in made), made


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "a..b", "x" * 64, ".".join(["a" * 61] * 5)])
def test_g3_what_is_no_name_is_no_zone(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a domain name"):
        names.from_text(name)
    assert list(tmp_path.iterdir()) == []

"""Loading: precedence, places of problems, paths."""

from pathlib import Path

import pytest

from resolute.config.arguments import Overrides
from resolute.config.load import load, load_arguments
from resolute.errors import SettingsError


def write(folder: Path, text: str) -> Path:
    path = folder / "resolute.toml"
    path.write_text(text)
    return path


def problems(path: Path | None, overrides: Overrides | None = None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, overrides or Overrides(), environ or {})
    return list(caught.value.problems)


def test_nothing_at_all_is_enough(tmp_path: Path) -> None:
    settings = load(None, Overrides(data=str(tmp_path)), {})
    assert settings.store.url == f"sqlite:///{tmp_path}/resolute.db"
    assert settings.resolver.mode == "recurse"
    assert settings.path is None


def test_flags_win_over_environment_over_file_over_default(tmp_path: Path) -> None:
    path = write(
        tmp_path, '[listen]\ndns = ["127.0.0.1:1"]\nadmin = "127.0.0.1:11"\n[cache]\nmin_ttl = 1\nmax_ttl = 7\n'
    )
    environ = {"RESOLUTE_LISTEN_DNS": "127.0.0.1:2, [::1]:2", "RESOLUTE_CACHE_MIN_TTL": "2"}
    settings = load(path, Overrides(listen=("127.0.0.1:3",)), environ)
    assert settings.listen.dns == ("127.0.0.1:3",)
    assert settings.listen.admin == "127.0.0.1:11"
    assert (settings.cache.min_ttl, settings.cache.max_ttl, settings.cache.stale_ttl) == (2, 7, 30)
    assert load(path, Overrides(), environ).listen.dns == ("127.0.0.1:2", "[::1]:2")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[cache]\nmin_ttl = 9\n")
    assert load(None, Overrides(), {"RESOLUTE_CONFIG": str(path)}).cache.min_ttl == 9


def test_a_forwarder_by_flag_means_to_forward(tmp_path: Path) -> None:
    path = write(tmp_path, '[resolver]\nmode = "recurse"\nforward = ["192.0.2.1"]\n')
    assert load(path, Overrides(), {}).resolver.mode == "recurse"
    assert load(path, Overrides(forward=("192.0.2.2",)), {}).resolver.mode == "forward"
    assert load(path, Overrides(recurse=True), {"RESOLUTE_RESOLVER_MODE": "off"}).resolver.mode == "recurse"
    assert "--recurse and --forward" in problems(path, Overrides(forward=("192.0.2.2",), recurse=True))[0]


def test_zones_are_put_together_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, '[[zone]]\nname = "a"\nfile = "a.zone"\n[[zone]]\nname = "b"\nfile = "b.zone"\n')
    settings = load(path, Overrides(zone=("B.=/x/b.zone", "c=/x/c.zone")), {})
    assert [(zone.name, str(zone.file)) for zone in settings.zone] == [
        ("a.", f"{tmp_path}/a.zone"),
        ("B.", "/x/b.zone"),
        ("c.", "/x/c.zone"),
    ]


def test_paths_are_relative_to_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[data]\ndirectory = "d"\n[store]\nurl = "sqlite:///d/r.db"\n'
    text += '[hosts]\nfiles = ["h"]\n[resolver]\nroot_hints = "hints"\n'
    path = write(tmp_path, text)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    settings = load(path, Overrides(records="r.yml"), {})
    assert settings.data.directory == tmp_path / "d"
    assert settings.store.url == f"sqlite:///{tmp_path}/d/r.db"
    assert settings.hosts.files == (tmp_path / "h",)
    assert settings.hosts.records == elsewhere / "r.yml"
    assert settings.resolver.root_hints == str(tmp_path / "hints")
    assert settings.resolver.trust_anchors == "builtin"


def test_syntax_has_line_and_column(tmp_path: Path) -> None:
    path = write(tmp_path, "[listen]\ndns = [\n")
    assert problems(path)[0].startswith(f"{path}")
    path = write(tmp_path, "a = 1\nb = = 2\n")
    assert problems(path) == [f"{path}:2:5: Invalid value"]


@pytest.mark.parametrize("listen", ["127.0.0.1:5300", "0.0.0.0:5300"])
def test_nobody_asks_itself_for_the_address_of_an_upstream(tmp_path: Path, listen: str) -> None:
    resolver = '[resolver]\nforward = ["tls://dns.example"]\nbootstrap = ["127.0.0.1:5300"]\n'
    path = write(tmp_path, f'[listen]\ndns = ["{listen}"]\n{resolver}')
    expected = "resolver: bootstrap names this server itself, 127.0.0.1:5300 (listen.dns): name another one"
    assert problems(path) == [f"{path}:3:1: {expected}"]


def test_every_problem_is_told_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, '[listen]\nadmn = "x"\n[cache]\nsize = "64 bananas"\n\n[[zone]]\nname = "a..b"\n[lissten]\n')
    found = problems(path, Overrides(forward=("x",)), {"RESOLUTE_LIMITS_TCP_CLIENTS": "0"})
    starts = [
        f"{path}:8:1: lissten: is not a setting: did you mean listen?",
        f"{path}:2:1: listen.admn: is not a setting: did you mean admin?",
        "--forward: 'x' has no IP address: expected ADDRESS:PORT",
        f"{path}:4:1: cache.size: '64 bananas' has an unknown unit",
        f"{path}:7:1: zone[0].name: 'a..b' is not a domain name",
        f"{path}:6:1: zone[0].file: is missing",
        "environment: RESOLUTE_LIMITS_TCP_CLIENTS: expected greater than or equal to 1",
    ]
    unexplained = [start for start in starts if not any(problem.startswith(start) for problem in found)]
    assert unexplained == []
    assert len(found) == len(starts)
    assert all("\n" not in problem for problem in found)


def test_a_zone_is_blamed_where_it_stands(tmp_path: Path) -> None:
    """The first zone of the file is replaced by a flag; the second is the one that is wrong."""
    path = write(tmp_path, '[[zone]]\nname = "a"\nfile = "x"\n[[zone]]\nname = "b..c"\nfile = "y"\n')
    assert problems(path, Overrides(zone=("a=z",)))[0].startswith(f"{path}:5:1: zone[1].name: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("listen = 1", "listen: expected a table of settings, not 1"),
        ("zone = 3", "zone: expected a list, not 3"),
        ('path = "x"', "path: is not a setting"),
        ('[hosts]\nfiles = "x"', "hosts.files: expected a list"),
        ("[limits]\nworkers = 1.5", "limits.workers: expected a whole number, not 1.5"),
        ('[log]\nformat = "xml"', "log.format: expected 'text' or 'json', not 'xml'"),
        ("[log]\nqueries = 7", "log.queries: expected true or false, not 7"),
        ("[listen]\ndns = []", "listen.dns: is empty"),
        ('[[zone]]\nname="a"\nfile="x"\n[[zone]]\nname="A."\nfile="y"', "zone: two zones have the name a."),
    ],
)
def test_wrong_shapes(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(write(tmp_path, text))
    assert said in problem


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == [f"{tmp_path}/none.toml: cannot be read: No such file or directory"]
    path = tmp_path / "latin.toml"
    path.write_bytes(b'[identity]\nserver = "\xfc"\n')
    assert problems(path) == [f"{path}: is not UTF-8 at byte 21: save it as UTF-8"]


def test_the_flags_of_the_node(tmp_path: Path) -> None:
    settings = load_arguments(["--config", str(write(tmp_path, "[cache]\nmin_ttl = 1\n")), "--admin", "off"])
    assert (settings.cache.min_ttl, settings.listen.admin, settings.path) == (1, "off", tmp_path / "resolute.toml")

"""Settings of the store: between the file and the environment, and never what stops a start."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from resolute.config import stored
from resolute.config.arguments import Overrides
from resolute.config.load import load
from resolute.config.tree import Settings
from resolute.errors import SettingsError

FILE = '[cache]\nsize = "16MiB"\nmin_ttl = 5\n[allow]\nrecursion = ["loopback"]\n'


def composed(folder: Path, values: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    file = folder / "resolute.toml"
    file.write_text(FILE)
    return load(file, Overrides(allow_recursion=("none",)), environ or {}, values)


def test_file_store_environment_flags(tmp_path: Path) -> None:
    values = {"cache.size": "32MiB", "cache.max_ttl": 600, "limits.edns_size": 1400, "allow.recursion": ["any"]}
    settings = composed(tmp_path, values, {"RESOLUTE_CACHE_MAX_TTL": "700"})
    assert (settings.cache.size, settings.cache.min_ttl, settings.cache.max_ttl) == (32 * 2**20, 5, 700)
    assert (settings.limits.edns_size, settings.allow.recursion) == (1400, ("none",))
    assert settings.sources == {
        "cache.size": "store",
        "cache.min_ttl": "file",
        "cache.max_ttl": "environment",
        "limits.edns_size": "store",
        "allow.recursion": "flag",
    }


def test_a_merge_patch_nested_or_with_dots() -> None:
    """RFC 7396: null takes away, a list is replaced whole."""
    patch = {"cache": {"size": "1MiB", "min_ttl": None}, "resolver.forward": ["192.0.2.1"]}
    assert stored.flatten(patch) == {"cache.size": "1MiB", "cache.min_ttl": None, "resolver.forward": ["192.0.2.1"]}
    section = stored.flatten({"hosts": None, "answers": None})
    assert section == {"hosts.ttl": None, "answers.rrset_order": None, "answers.minimal": None}


@pytest.mark.parametrize(
    ("patch", "field", "reason"),
    [
        ({"data": {"directory": "/srv"}}, "data.directory", "before the store can be opened"),
        ({"store.url": "sqlite:////x"}, "store.url", "before the store can be opened"),
        ({"listen": {"dns": []}}, "listen.dns", "lock you out"),
        ({"listen.admin": "off"}, "listen.admin", "lock you out"),
        ({"admin": {"proxies": ["any"]}}, "admin.proxies", "lock you out"),
        ({"zone": [{"name": "a.", "file": "/etc/passwd"}]}, "zone", "files of one machine"),
        ({"zones": {"folders": ["/"]}}, "zones.folders", "files of one machine"),
        ({"hosts": {"files": ["/etc/shadow"]}}, "hosts.files", "files of one machine"),
        ({"resolver": {"root_hints": "/etc/shadow"}}, "resolver.root_hints", "files of one machine"),
        ({"cookies": {"secrets": []}}, "cookies.secrets", "secret"),
        ({"cach.size": 1}, "cach.size", "did you mean cache.size?"),
        ({"cache": 1}, "cache", "is not a setting"),
        ({"path": "x"}, "path", "is not a setting"),
        ({"identity.version": "\0"}, "identity.version", "NUL"),
        ({"identity.version": "\ud800"}, "identity.version", "a character that JSON text does not have"),
        ({"cache.size": float("nan")}, "cache.size", "a number"),
        ({"identity.version": "x" * 20_000}, "identity.version", "longer than 16,384"),
    ],
)
def test_what_is_not_for_the_store(patch: Mapping[str, object], field: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        stored.flatten(patch)
    (problem,) = refused.value.problems
    assert problem.startswith(f"{field}: ")
    assert reason in problem


def test_what_does_not_hold_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        composed(tmp_path, {"cache.size": "many", "cache.max_ttl": -1})
    assert [problem.partition(":")[0] for problem in refused.value.problems] == ["cache.size", "cache.max_ttl"]


def test_a_start_takes_what_holds_and_says_what_does_not(tmp_path: Path) -> None:
    """A setting of a later version, one that is not for the store, one that is broken: the others count."""
    values = {"cache.size": "32MiB", "cache.depth": 3, "data.directory": "/", "limits.edns_size": 9, "cache.min_ttl": 7}
    settings, problems = stored.what_holds(values, lambda some: composed(tmp_path, some))
    assert (settings.cache.size, settings.cache.min_ttl, settings.limits.edns_size) == (32 * 2**20, 7, 1232)
    assert len(problems) == 3
    assert [name for name in values if any(f"ignored: {name}: " in problem for problem in problems)] == [
        "cache.depth",
        "data.directory",
        "limits.edns_size",
    ]


def test_a_file_that_does_not_hold_is_not_mended_by_the_store(tmp_path: Path) -> None:
    def compose(values: Mapping[str, object]) -> Settings:
        return load(tmp_path / "resolute.toml", Overrides(), {}, values)

    (tmp_path / "resolute.toml").write_text("[cache]\nsize = 1\n")
    with pytest.raises(SettingsError):
        stored.what_holds({"identity.version": "x"}, compose)


def test_what_is_not_for_the_store_can_be_taken_away_when_it_is_there() -> None:
    assert stored.flatten({"cache": {"depth": None}}, {"cache.depth": 3}) == {"cache.depth": None}
    with pytest.raises(SettingsError):
        stored.flatten({"cache.depth": None})


def test_every_refused_name_is_a_setting_or_a_section() -> None:
    names = set(stored.every())
    for refused in stored.REFUSED:
        assert refused in names or any(name.startswith(f"{refused}.") for name in names), refused


def test_only_what_may_be_kept_is_proposed() -> None:
    with pytest.raises(SettingsError) as refused:
        stored.flatten({"cookies.secrtes": []})
    (problem,) = refused.value.problems
    assert "cookies.secrets" not in problem

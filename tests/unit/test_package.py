"""The package as a whole: version, errors, examples."""

import subprocess
import sys
import tomllib
from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest
import yaml

import resolute
from resolute import errors
from resolute.config.arguments import Overrides
from resolute.config.load import load

ROOT = Path(__file__).parents[2]


def test_the_version_is_that_of_the_crates() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert resolute.__version__ == cargo["workspace"]["package"]["version"]


def test_every_error_is_of_one_family() -> None:
    families = (
        errors.SettingsError,
        errors.RuleError,
        errors.AccessError,
        errors.PeerError,
        errors.UnavailableError,
    )
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(kind is errors.ResoluteError or issubclass(kind, families) for kind in found)
    assert errors.SettingsError(["a", "b"]).problems == ("a", "b")
    assert errors.ZoneDataError("bad").problems == ("bad",)


def test_the_example_configuration_loads() -> None:
    settings = load(ROOT / "examples/resolute.toml", Overrides(), {})
    assert settings.data.directory == ROOT / "data"
    assert settings.resolver.forward == ()
    assert [zone.name for zone in settings.zone] == ["hello."]
    assert all(path.is_file() for path in (*settings.hosts.files, settings.zone[0].file))


def test_the_example_zone_is_a_zone() -> None:
    zone = dns.zone.from_file(str(ROOT / "examples/zones/hello.zone"), "hello.", relativize=False)
    types = {dns.rdatatype.to_text(rdataset.rdtype) for _, rdataset in zone.iterate_rdatasets()}
    assert {"SOA", "NS", "A", "AAAA", "CNAME", "MX", "TXT", "SRV"} <= types
    assert any(name.is_wild() for name in zone)


def test_the_example_records_are_a_map() -> None:
    assert yaml.safe_load((ROOT / "examples/records.yml").read_text()) == {
        "app.test": "192.0.2.7",
        "db.test": "2001:db8::7",
    }


@pytest.mark.parametrize("module", ["resolute.cli.main", "resolute.config.load", "resolute.node.__main__"])
def test_what_the_node_loads_is_light(module: str) -> None:
    """The node's memory is bounded: neither the terminal's libraries nor what only the admin process needs."""
    heavy = ("typer", "rich", "fastapi", "alembic", "sqlalchemy.orm", "httpx")
    script = f"import sys, {module}\nprint(*[name for name in {heavy!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""

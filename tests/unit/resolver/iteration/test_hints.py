"""The root's servers before anything is asked (RFC 8109 2)."""

from pathlib import Path

import pytest

from resolute.errors import SettingsError
from resolute.records import names
from resolute.resolver.iteration.hints import builtin, load

DEBIAN = Path("/usr/share/dns/root.hints")
"""IANA's file, as the package dns-root-data has it."""


def test_builtin_are_thirteen_servers_with_both_families() -> None:
    hints = load("builtin")
    assert len(hints.servers) == 13
    assert len(hints.addresses) == 26
    assert names.to_text(hints.servers[0]) == "a.root-servers.net."


def test_builtin_is_what_iana_says() -> None:
    if not DEBIAN.exists():
        pytest.skip("dns-root-data is not installed")
    assert load(str(DEBIAN)).glue == builtin().glue


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "hints"
    file.write_text("; ours\n. 3600 NS NS.Corp.\nns.corp. A 192.0.2.1\nns.corp. AAAA 2001:db8::1\nother. A 192.0.2.9\n")
    assert load(str(file)).glue == {names.from_text("ns.corp."): ("192.0.2.1:53", "[2001:db8::1]:53")}


@pytest.mark.parametrize(
    "text", ["", ". 3600 NS ns.corp.\n", "x y z\n", "corp. 60 NS ns.corp.\nns.corp. 60 A 192.0.2.1\n"]
)
def test_a_file_that_names_no_server(tmp_path: Path, text: str) -> None:
    file = tmp_path / "hints"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"resolver\.root_hints: .*hints"):
        load(str(file))


def test_a_line_that_does_not_parse_is_named(tmp_path: Path) -> None:
    file = tmp_path / "hints"
    file.write_text(". NS ns.corp.\nns.corp. A 192.0.2\n")
    with pytest.raises(SettingsError, match="hints: line 2: expected an IPv4 address"):
        load(str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load(str(tmp_path / "missing"))

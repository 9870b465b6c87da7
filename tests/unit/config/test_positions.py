"""Line and column of settings."""

from resolute.config.positions import find

TEXT = """# first
[listen]
  dns = ["127.0.0.1:1",
         "127.0.0.1:2"]
[[zone]]
name = "a"
[[zone]]   # the second
name = "b"
[[resolver.route]]
zone = "x"
[cache]
"max_ttl" = 5
log.level = "info"
"""


def test_keys_tables_and_arrays_of_tables() -> None:
    assert find(TEXT, ("listen", "dns", 1)) == (3, 3)
    assert find(TEXT, ("listen",)) == (2, 1)
    assert find(TEXT, ("zone", 1, "name")) == (8, 1)
    assert find(TEXT, ("zone", 1, "file")) == (7, 1)
    assert find(TEXT, ("resolver", "route", 0, "zone")) == (10, 1)
    assert find(TEXT, ("cache", "max_ttl")) == (12, 1)


def test_what_is_not_there() -> None:
    assert find(TEXT, ("hosts", "files")) is None
    assert find("", ("listen",)) is None

"""Trust anchors: builtin, from a file, and negative ones (RFC 7958, RFC 7646)."""

import pytest

from resolute.dnssec import anchors
from resolute.dnssec.anchors import Anchors, NegativeAnchors
from resolute.errors import SettingsError
from tests.signing import Zone, wire

KEY = "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA=="
DIGEST = "b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"


def test_builtin() -> None:
    """The keys that IANA publishes: KSK-2017 and KSK-2024."""
    builtin = Anchors.builtin()
    assert list(builtin.zones) == [b"\0"]
    assert [(ds.tag, ds.algorithm, ds.digest_type) for ds in builtin.of(b"\0")] == [(20326, 8, 2), (38696, 8, 2)]
    assert builtin.closest(wire("www.example.")) == b"\0"
    assert Anchors.off().closest(wire("www.example.")) is None


def test_a_key_becomes_its_ds() -> None:
    """RFC 6605 6.1 has this key and this DS."""
    by_key = anchors.parse(f"Example.NET. 3600 IN DNSKEY {KEY}", "file")
    by_ds = anchors.parse(f"\n; a comment\nexample.net. IN DS 55648 13 2 {DIGEST} ; another", "file")
    assert by_key.zones == by_ds.zones
    assert anchors.parse(f"example.net. IN 3600 DNSKEY {KEY}\n", "file").zones == by_key.zones


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "no trust anchor"),
        ("; nothing\n\n", None, "no trust anchor"),
        (". IN DS 20326 8 2", 1, "DS"),
        ("\n. IN DS 20326 8 2 E06D", 2, "DS"),
        (". IN A 192.0.2.1", 1, "expected DS or DNSKEY"),
        (".", 1, "expected OWNER"),
        (". IN NONSENSE x", 1, "record type"),
        ("a..b. IN DS 1 13 2 " + "ab" * 32, 1, "dots"),
        (". IN DS 1 99 2 " + "ab" * 32, 1, "algorithm 99"),
        (". IN DS 1 13 3 " + "ab" * 32, 1, "digest type 3"),
        (". IN DNSKEY 256 3 1 AAAA", 1, "algorithm 1"),
        (". IN DNSKEY 1 3 13 AAAA", 1, "may not sign"),
        (". IN DNSKEY 385 3 13 AAAA", 1, "may not sign"),
        (f". IN DNSKEY {KEY} more", 1, "DNSKEY"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, line: int | None, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        anchors.parse(text, "anchors.txt")
    (problem,) = caught.value.problems
    assert problem.startswith("anchors.txt:" if line is None else f"anchors.txt:{line}: ")
    assert words in problem


def test_all_problems_of_a_file_are_said() -> None:
    with pytest.raises(SettingsError) as caught:
        anchors.parse(". IN A 1.2.3.4\n. IN DS x\n" + anchors.ROOT_ANCHORS, "file")
    assert len(caught.value.problems) == 2


def test_closest() -> None:
    example, sub = Zone("example."), Zone("sub.example.")
    both = Anchors({example.origin: [example.ds()], sub.origin: [sub.ds()]})
    assert both.closest(wire("a.b.sub.example.")) == sub.origin
    assert both.closest(wire("sub.example.")) == sub.origin
    assert both.closest(wire("xsub.example.")) == example.origin
    assert both.closest(wire("other.")) is None
    assert both.with_zone(sub.origin, []).of(sub.origin) == ()


def test_negative_anchors_end() -> None:
    negative = NegativeAnchors(capacity=2)
    negative.set(wire("A.example."), 100.0)
    negative.set(wire("b.example."))
    assert negative.closest(wire("x.a.example."), 99.0) == wire("a.example.")
    assert negative.closest(wire("x.a.example."), 100.0) is None
    assert negative.all(100.0) == {wire("b.example."): float("inf")}
    negative.set(wire("c.example."))
    assert len(negative) == 2
    assert negative.closest(wire("a.example."), 0.0) is None
    negative.remove(wire("B.example."))
    assert negative.closest(wire("b.example."), 0.0) is None
    negative.set(b"\0")
    assert negative.closest(wire("any.thing."), 0.0) == b"\0"

"""Resolution from the root (RFC 1034 5.3.3) over a small Internet: a root, `test.`, and zones below it."""

import pytest

from tests.unit.resolver.iteration.internet import Internet, reply

ROOT = "198.51.100.1"
TEST = "198.51.100.2"
EXAMPLE = "198.51.100.3"
OTHER = "198.51.100.4"


@pytest.fixture
def internet() -> Internet:
    """The root and `test.` refer on; `example.test.` has an address, aliases and a delegated child."""
    made = Internet()
    made.serve(
        ROOT,
        _=f"@ 518400 NS r0.root.\nr0.root. A {ROOT}\nns.test. 3600 A {TEST}\ntest. 3600 NS ns.test.\n@ NS r0.root.",
    )
    made.serve(
        TEST,
        test=f"@ NS ns\nns A {TEST}\nexample 900 NS ns.example\nns.example A {EXAMPLE}\nother NS ns.other\n"
        f"ns.other A {OTHER}\nglueless NS ns2.other\n",
    )
    made.serve(
        EXAMPLE,
        example_test=f"@ NS ns\nns A {EXAMPLE}\nwww 300 A 192.0.2.1\nwww 300 A 192.0.2.2\nalias CNAME www\n"
        "out CNAME www.other.test.\ntree DNAME other.test.\na.b.c TXT deep\n*.wild A 192.0.2.9\n"
        "gone CNAME missing.other.test.\nloop CNAME pool\npool CNAME loop\n",
    )
    made.serve(
        OTHER,
        other_test=f"@ NS ns\nns 60 A {OTHER}\nns2 A {OTHER}\nwww 120 A 192.0.2.5\nback CNAME out.example.test.\n",
        glueless_test="@ NS ns2.other.test.\nwww A 192.0.2.6\n",
    )
    return made


def test_from_the_root_down(internet: Internet) -> None:
    found = internet.resolve("www.example.test.")
    assert found.lines == ["www.example.test. 300 A 192.0.2.1", "www.example.test. 300 A 192.0.2.2"]
    assert internet.questions() == [". NS", "test. A", "example.test. A", "www.example.test. A"]
    assert [ask.server for ask in internet.asked[1:]] == [f"{one}:53" for one in (ROOT, TEST, EXAMPLE)]
    assert found.budget.packets == 4


def test_what_is_known_is_not_asked_again(internet: Internet) -> None:
    internet.resolve("www.example.test.")
    internet.asked.clear()
    assert internet.resolve("nothing.example.test.").rcode == 3
    assert internet.questions() == ["nothing.example.test. A"]


def test_no_data_and_no_name(internet: Internet) -> None:
    """RFC 2308 2: both have the zone's SOA."""
    nodata, nxdomain = internet.resolve("www.example.test.", "TXT"), internet.resolve("nothing.example.test.")
    assert (nodata.rcode, nxdomain.rcode) == (0, 3)
    for found in (nodata, nxdomain):
        message = found.message()
        assert [(str(one.name), one.rdtype.name) for one in message.authority] == [("example.test.", "SOA")]
        assert not message.answer


def test_an_alias_within_the_zone_is_one_question(internet: Internet) -> None:
    found = internet.resolve("alias.example.test.")
    assert [line.split()[2:] for line in found.lines] == [
        ["CNAME", "www.example.test."],
        ["A", "192.0.2.1"],
        ["A", "192.0.2.2"],
    ]
    assert internet.questions(EXAMPLE) == ["alias.example.test. A"]


def test_an_alias_to_another_zone_is_asked_there(internet: Internet) -> None:
    found = internet.resolve("out.example.test.")
    assert internet.questions(OTHER) == ["www.other.test. A"]
    assert [str(one.name) for one in found.message().answer] == ["out.example.test.", "www.other.test."]


def test_an_alias_to_a_name_that_is_not_there(internet: Internet) -> None:
    """RFC 2308 2.1: the rcode is that of the last name."""
    found = internet.resolve("gone.example.test.")
    assert found.rcode == 3
    assert [str(one.name) for one in found.message().authority] == ["other.test."]


def test_a_dname(internet: Internet) -> None:
    """RFC 6672 3.2: the name is asked below the target."""
    found = internet.resolve("www.tree.example.test.")
    assert [(str(one.name), one.rdtype.name) for one in found.message().answer] == [
        ("tree.example.test.", "DNAME"),
        ("www.tree.example.test.", "CNAME"),
        ("www.other.test.", "A"),
    ]


def test_aliases_in_a_circle(internet: Internet) -> None:
    found = internet.resolve("loop.example.test.")
    assert found.error is not None
    assert "circle" in found.error.text
    assert found.budget.packets <= 5


def test_names_between_are_asked_for_one_label_at_a_time(internet: Internet) -> None:
    """RFC 9156 2.3."""
    internet.resolve("a.b.c.example.test.", "TXT")
    assert internet.questions(EXAMPLE) == ["c.example.test. A", "b.c.example.test. A", "a.b.c.example.test. TXT"]


def test_a_server_without_glue_is_looked_up(internet: Internet) -> None:
    found = internet.resolve("www.glueless.test.")
    assert [line.split()[-1] for line in found.lines] == ["192.0.2.6"]
    assert found.budget.fetches == 1
    internet.asked.clear()
    internet.resolve("two.glueless.test.")
    assert internet.questions() == ["two.glueless.test. A"]


def test_an_address_that_may_not_be_kept_is_used_all_the_same(internet: Internet) -> None:
    """TTL 0 (RFC 1035 3.2.1): for the question in hand alone."""
    internet.serve(
        OTHER,
        other_test=f"@ NS ns\nns 60 A {OTHER}\nns2 0 A {OTHER}\n",
        glueless_test="@ NS ns2.other.test.\nwww A 192.0.2.6\n",
    )
    assert internet.resolve("www.glueless.test.").rcode == 0


def test_a_part_of_a_name_is_asked_for_once(internet: Internet) -> None:
    for name in ("one", "two", "three"):
        internet.resolve(f"{name}.b.c.example.test.")
    assert internet.questions(EXAMPLE)[3:] == ["two.b.c.example.test. A", "three.b.c.example.test. A"]
    internet.asked.clear()
    for name in ("one", "two"):
        internet.resolve(f"{name}.missing.example.test.")
    assert internet.questions(EXAMPLE) == [
        "missing.example.test. A",
        "one.missing.example.test. A",
        "two.missing.example.test. A",
    ]


def test_ds_is_asked_of_the_parent(internet: Internet) -> None:
    """RFC 4035 4.2, also when the child's servers are known."""
    internet.resolve("www.example.test.")
    internet.asked.clear()
    assert internet.resolve("example.test.", "DS").rcode == 0
    assert [ask.server for ask in internet.asked] == [f"{TEST}:53"]


def test_the_servers_of_the_root_itself(internet: Internet) -> None:
    found = internet.resolve(".", "NS")
    assert [line.split()[-1] for line in found.lines] == ["r0.root."]


def test_any_is_what_the_zone_says(internet: Internet) -> None:
    assert internet.resolve("alias.example.test.", "ANY").rcode == 0


def test_priming_that_fails_leaves_the_hints(internet: Internet) -> None:
    """RFC 8109 3.1: without a reply to the priming query the hints are used."""
    honest = internet.scripts[f"{ROOT}:53"]
    internet.script(ROOT, lambda ask: reply(ask, rcode=2) if ask.qtype == 2 else honest(ask))
    assert internet.resolve("www.example.test.").rcode == 0
    internet.asked.clear()
    internet.now += 11
    internet.resolve("other.example.test.")
    assert internet.questions(ROOT)[0] == ". NS"


def test_a_zone_cut_holds_for_its_ttl(internet: Internet) -> None:
    internet.resolve("www.example.test.")
    internet.asked.clear()
    internet.now += 901
    internet.resolve("www.example.test.")
    assert internet.questions() == ["example.test. A", "www.example.test. A"]

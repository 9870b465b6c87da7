"""Routes and their numbers: answers of one set of upstreams never serve another."""

from resolute.records.names import from_text
from resolute.resolver.routes import RouteBook
from resolute.resolver.settings import Resolver


def settings(**values: object) -> Resolver:
    return Resolver.model_validate(values)


CORP = {"zone": "corp.test", "forward": ["192.0.2.53"]}
LAB = {"zone": "lab.test", "forward": ["192.0.2.54", "192.0.2.53"]}


def test_numbers_are_stable_over_reloads_and_never_given_twice() -> None:
    book = RouteBook()
    first = {p.zone: p.source for p in book.paths(settings(forward=["192.0.2.1"], route=[CORP, LAB]))}
    again = {p.zone: p.source for p in book.paths(settings(forward=["192.0.2.1"], route=[LAB]))}
    assert first[b"\0"] == again[b"\0"]
    assert first[from_text("lab.test")] == again[from_text("lab.test")]
    assert len(set(first.values())) == 3
    other = {"zone": "lab.test", "forward": ["192.0.2.55"]}
    changed = book.paths(settings(forward=["192.0.2.2"], route=[other]))
    assert not {path.source for path in changed} & set(first.values())


def test_the_same_upstreams_in_another_order_are_the_same_set() -> None:
    turned = {"zone": "other.test", "forward": ["192.0.2.53", "192.0.2.54"]}
    paths = RouteBook().paths(settings(forward=["192.0.2.1"], route=[LAB, turned]))
    assert paths[1].source == paths[2].source


def test_mode_recurse_goes_to_the_root() -> None:
    default = RouteBook().paths(settings(mode="recurse", forward=["192.0.2.1"]))[0]
    assert (default.upstreams, default.refusal, default.iterates) == ((), None, True)


def test_without_forwarders_the_default_route_says_why_it_cannot() -> None:
    default = RouteBook().paths(settings(mode="forward", route=[CORP]))[0]
    assert (default.upstreams, default.iterates) == ((), False)
    assert default.refusal is not None
    assert "resolver.forward" in default.refusal[1]


def test_off_has_its_routes_alone() -> None:
    assert RouteBook().paths(settings(mode="off")) == ()
    (route,) = RouteBook().paths(settings(mode="off", route=[CORP]))
    assert (route.zone, route.iterates) == (from_text("corp.test"), False)


def test_names_of_a_zone_that_could_not_be_loaded_are_asked_nowhere() -> None:
    zone = from_text("corp.test")
    paths = RouteBook().paths(settings(forward=["192.0.2.1"], route=[CORP]), unserved=[zone])
    mine = [path for path in paths if path.zone == zone]
    assert len(mine) == 1
    assert mine[0].upstreams == ()
    assert mine[0].refusal is not None

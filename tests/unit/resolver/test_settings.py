"""The settings of resolution."""

from datetime import timedelta
from pathlib import Path

import certifi
import pytest
from pydantic import ValidationError

from resolute.resolver.settings import Cache, Resolver, RouteTo


def test_who_names_forwarders_means_to_forward() -> None:
    assert Resolver().mode == "recurse"
    assert Resolver(forward=["192.0.2.53"]).mode == "forward"
    assert Resolver(mode="recurse", forward=["192.0.2.53"]).mode == "recurse"
    assert Resolver(forward=["192.0.2.53", "2001:db8::1", "[2001:db8::2]:5353"]).forward == (
        "192.0.2.53:53",
        "[2001:db8::1]:53",
        "[2001:db8::2]:5353",
    )


def test_forwarding_needs_a_server() -> None:
    with pytest.raises(ValidationError, match="needs servers"):
        Resolver(mode="forward")
    assert Resolver(mode="forward", route=[RouteTo(zone="a", forward=["192.0.2.1"])]).route[0].zone == "a."


@pytest.mark.parametrize("server", ["0.0.0.0", "[::]:53", "192.0.2.1:0", "resolver.example"])
def test_what_is_no_upstream(server: str) -> None:
    with pytest.raises(ValidationError):
        Resolver(forward=[server])


def test_a_host_name_needs_somebody_who_knows_its_address() -> None:
    for given in ({"forward": ["tls://dns.example"]}, {"route": [{"zone": "a", "forward": ["quic://dns.example"]}]}):
        with pytest.raises(ValidationError, match=r"dns\.example is named by host name: set bootstrap"):
            Resolver.model_validate(given)
        assert Resolver.model_validate({**given, "bootstrap": ["192.0.2.1"]}).bootstrap == ("192.0.2.1:53",)
    assert Resolver(forward=["tls://192.0.2.1#dns.example"]).bootstrap == ()


def test_who_is_asked_for_addresses_has_one() -> None:
    with pytest.raises(ValidationError, match="is no plain address"):
        Resolver(bootstrap=["tls://192.0.2.1"])


def test_a_file_of_authorities_has_certificates(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="cannot be read: No such file"):
        Resolver(ca_file=str(tmp_path / "none.pem"))
    (tmp_path / "empty.pem").write_text("nothing\n")
    with pytest.raises(ValidationError, match="has no certificates in it"):
        Resolver(ca_file=str(tmp_path / "empty.pem"))
    assert Resolver(ca_file=certifi.where()).ca_file == certifi.where()


def test_one_route_a_zone() -> None:
    routes = [RouteTo(zone=zone, forward=["192.0.2.1"]) for zone in ("corp.example", "Corp.Example.")]
    with pytest.raises(ValidationError, match=r"two routes are for corp\.example"):
        Resolver(route=routes)


@pytest.mark.parametrize("deadline", [0, 0.05, 61])
def test_the_deadline_is_bounded(deadline: float) -> None:
    with pytest.raises(ValidationError, match="deadline"):
        Resolver(deadline=timedelta(seconds=deadline))


def test_stale_answers_are_as_the_rfc_recommends() -> None:
    """RFC 8767 5: a client response timer of 1.8 s; stale TTL of 30 s; 4: kept for 1 to 3 days."""
    cache = Cache()
    assert (cache.stale_after, cache.stale_ttl, cache.stale_for) == (timedelta(seconds=1.8), 30, 86_400)
    assert cache.size == 64 * 2**20


def test_the_ttl_bounds_are_in_order() -> None:
    with pytest.raises(ValidationError, match="min_ttl is more than max_ttl"):
        Cache(min_ttl=10, max_ttl=5)

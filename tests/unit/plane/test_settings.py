"""The settings of the data plane."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from resolute.plane.settings import Allow, Limits, Listen


def test_closed_by_default() -> None:
    assert Listen().dns == ("127.0.0.1:5300", "[::1]:5300")
    assert Listen().admin == "127.0.0.1:5380"
    assert Allow().recursion == ("loopback", "private")


@pytest.mark.parametrize("admin", ["127.0.0.1:80", "[::1]:5380", "127.8.8.8:1", "off"])
def test_admin_is_on_loopback(admin: str) -> None:
    assert Listen(admin=admin).admin == admin


@pytest.mark.parametrize("admin", ["0.0.0.0:5380", "[::]:5380", "192.0.2.1:5380", "[::ffff:192.0.2.1]:80", "on"])
def test_admin_is_nowhere_else(admin: str) -> None:
    with pytest.raises(ValidationError, match=r"loopback|no port"):
        Listen(admin=admin)


def test_somewhere_it_must_listen() -> None:
    with pytest.raises(ValidationError):
        Listen(dns=[])


def test_none_stands_alone() -> None:
    assert Allow(recursion=["none"]).recursion == ("none",)
    with pytest.raises(ValidationError, match="stands alone"):
        Allow(recursion=["none", "loopback"])


def test_settings_are_values() -> None:
    limits = Limits(tcp_idle=timedelta(seconds=3))
    with pytest.raises(ValidationError, match="frozen"):
        limits.tcp_idle = timedelta(seconds=4)
    assert hash(Listen()) == hash(Listen())


@pytest.mark.parametrize("size", [511, 4097])
def test_udp_replies_are_bounded(size: int) -> None:
    """RFC 6891 6.2.3: below 512 is treated as 512; above 4096 fragments are certain."""
    with pytest.raises(ValidationError):
        Limits(edns_size=size)

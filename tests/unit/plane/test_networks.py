"""Keywords and prefixes."""

import ipaddress

import pytest

from resolute.plane import networks


def test_loopback() -> None:
    """RFC 1122 3.2.1.3 (127/8) and RFC 4291 2.5.3 (::1)."""
    assert networks.expand(["loopback"]) == ["127.0.0.0/8", "::1/128"]


def test_any_and_none() -> None:
    assert networks.expand(["any"]) == ["0.0.0.0/0", "::/0"]
    assert networks.expand(["none"]) == []
    assert networks.expand([]) == []


def test_prefixes_are_put_together() -> None:
    assert networks.expand(["10.1.0.0/16", "10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]) == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "2001:db8::/32",
    ]


def test_private_is_what_is_attached_and_private() -> None:
    """RFC 1918 3, RFC 4193 3.1, RFC 3927, RFC 4291 2.5.6; a public or loopback address is none of them."""
    attached = [
        "192.168.7.5/24",
        "203.0.113.9/24",
        "127.0.0.1/8",
        "fe80::1/64",
        "2001:db8::5/64",
        "fd12:3456::1/48",
        "100.64.1.1/10",
    ]
    found = networks.attached_private(map(ipaddress.ip_interface, attached))
    assert found == ["192.168.7.0/24", "fd12:3456::/48", "fe80::/64"]


def test_a_wide_prefix_does_not_reach_public_addresses() -> None:
    """An interface with 10.0.0.1/0 must not make a server that recurses for everybody."""
    assert networks.attached_private([ipaddress.ip_interface("10.0.0.1/0")]) == ["10.0.0.0/8"]
    assert networks.attached_private([ipaddress.ip_interface("192.168.0.1/12")]) == ["192.168.0.0/16"]


def test_this_machines_interfaces() -> None:
    addresses = {interface.ip for interface in networks.interfaces()}
    assert ipaddress.ip_address("127.0.0.1") in addresses
    assert all(ipaddress.ip_network(prefix).is_private for prefix in networks.expand(["private"]))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("privat", "expected loopback, private, any, none"),
        ("10.0.0.1/8", "write 10.0.0.0/8, or 10.0.0.1 for the one address"),
        ("10.0.0.0/33", "is not known"),
        ("", "is not known"),
    ],
)
def test_what_is_no_word(word: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        networks.expand([word])

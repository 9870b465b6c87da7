"""The settings of the data plane."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from resolute.plane.settings import Allow, Cookies, Identity, Limits, Listen, parse_nsid


def test_closed_by_default() -> None:
    assert Listen().dns == ("127.0.0.1:5300", "[::1]:5300")
    assert Listen().admin == "127.0.0.1:5380"
    assert Allow().recursion == ("loopback", "private")


@pytest.mark.parametrize("admin", ["127.0.0.1:80", "[::1]:5380", "0.0.0.0:5380", "[2001:db8::1]:443", "off"])
def test_admin_is_where_it_is_asked_for(admin: str) -> None:
    assert Listen(admin=admin).admin == admin


@pytest.mark.parametrize("admin", ["on", "5380", "dns.example.net:5380", "192.0.2.1"])
def test_admin_is_an_address_and_a_port(admin: str) -> None:
    with pytest.raises(ValidationError, match=r"no IP address|no port"):
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


# ------------------------------------------------------------------------------------------------ cookies and NSID

SECRET = "E5E973e5a6b2a43f48e7dc849e37bfcf"


def test_cookies_are_on_by_default() -> None:
    assert Cookies().enabled
    assert not Cookies().require


def test_secrets_are_kept_in_lower_case_and_not_shown() -> None:
    cookies = Cookies(secrets=[SECRET])
    assert cookies.secrets == (SECRET.lower(),)
    assert SECRET.lower() not in repr(cookies)


@pytest.mark.parametrize("secret", ["", "00", SECRET[1:], SECRET + "0", SECRET[:-1] + "g", int(SECRET[3:5] * 16)])
def test_what_is_no_secret_is_refused_without_showing_it(secret: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Cookies.model_validate({"secrets": [secret]})
    (error,) = refused.value.errors()
    assert "32 hexadecimal digits" in error["msg"]
    assert str(secret) not in error["msg"] or not secret


def test_secrets_differ_and_are_few() -> None:
    with pytest.raises(ValidationError, match="twice"):
        Cookies(secrets=[SECRET, SECRET.lower()])
    with pytest.raises(ValidationError):
        Cookies(secrets=[f"{n:032x}" for n in range(9)])


@pytest.mark.parametrize(
    ("text", "nsid"),
    [("ns7", b"ns7"), ("0x00ff", b"\0\xff"), ("0xAb", b"\xab"), ("x" * 128, b"x" * 128), ("ö", b"\xc3\xb6")],
)
def test_a_name_server_identifier(text: str, nsid: bytes) -> None:
    """RFC 5001 2.3: it is opaque; operators write text or bytes."""
    assert parse_nsid(text) == nsid
    assert Identity(nsid=text).nsid == text


@pytest.mark.parametrize("text", ["", "0x", "0xabc", "0xfg", "x" * 129, "ö" * 65, "0x" + "00" * 129])
def test_what_is_no_identifier(text: str) -> None:
    with pytest.raises(ValidationError):
        Identity(nsid=text)

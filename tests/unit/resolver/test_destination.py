"""Upstreams as they stand in the settings."""

import pytest

from resolute.resolver.destination import Destination, is_plain, parse


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("192.0.2.1", Destination("udp", "192.0.2.1", 53)),
        ("192.0.2.1:5353", Destination("udp", "192.0.2.1", 5353)),
        ("udp://192.0.2.1", Destination("udp", "192.0.2.1", 53)),
        ("udp://[2001:db8::1]:5353", Destination("udp", "2001:db8::1", 5353)),
        ("2001:db8::1", Destination("udp", "2001:db8::1", 53)),
        ("tcp://192.0.2.1", Destination("tcp", "192.0.2.1", 53)),
        ("TLS://9.9.9.9#DNS.Quad9.net.", Destination("tls", "9.9.9.9", 853, "dns.quad9.net")),
        ("tls://9.9.9.9", Destination("tls", "9.9.9.9", 853, "9.9.9.9")),
        ("tls://9.9.9.9/", Destination("tls", "9.9.9.9", 853, "9.9.9.9")),
        ("tls://[2620:fe::fe]:8853", Destination("tls", "2620:fe::fe", 8853, "2620:fe::fe")),
        ("tls://dns.quad9.net", Destination("tls", "dns.quad9.net", 853, "dns.quad9.net")),
        ("https://dns.example", Destination("https", "dns.example", 443, "dns.example", "/dns-query")),
        ("https://dns.example/dns-query{?dns}", Destination("https", "dns.example", 443, "dns.example", "/dns-query")),
        ("https://dns.example:8443/q/a?b=c", Destination("https", "dns.example", 8443, "dns.example", "/q/a?b=c")),
        ("https://192.0.2.1/q#dns.example", Destination("https", "192.0.2.1", 443, "dns.example", "/q")),
        ("h3://dns.example/", Destination("h3", "dns.example", 443, "dns.example", "/dns-query")),
        ("quic://192.0.2.1#dns.example", Destination("quic", "192.0.2.1", 853, "dns.example")),
    ],
)
def test_what_is_meant(text: str, meant: Destination) -> None:
    assert parse(text) == meant
    assert parse(str(meant)) == meant
    assert is_plain(str(meant)) == (meant.transport == "udp")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "has no IP address"),
        ("ftp://192.0.2.1", "has no transport that is known: expected udp, tcp, tls, https, h3, quic"),
        ("udp://dns.example", "has no IP address"),
        ("192.0.2.1#dns.example", "for TLS write tls://192.0.2.1#dns.example"),
        ("tcp://192.0.2.1#dns.example", "there are none with tcp"),
        ("tls://192.0.2.1/dns-query", "has a path, which is for https:// and h3:// alone"),
        ("tls://user@192.0.2.1", "has a user name"),
        ("tls://2001:db8::1", "write [2001:db8::1]"),
        ("tls://[2001:db8::g]", "has no IP address"),
        ("tls://192.0.2.1:", "no port after it"),
        ("tls://192.0.2.1:0", "has port 0"),
        ("tls://192.0.2.1:65536", "has a port above 65535"),
        ("tls://", "has no host name or address"),
        ("tls://192.0.2.1#", "has no host name or address"),
        ("tls://dns..example", "has no host name or address"),
        ("tls://-x.example", "has no host name or address"),
        ("tls://bücher.example", "write its A-label"),
        ("tls://192.0.2.256", "ends in a number"),
        ("tls://0.0.0.0", "the unspecified address"),
        ("https://dns.example/a b", "has a path that cannot be sent"),
        ("https://dns.example/{dns}", "has a path that cannot be sent"),
        (f"https://dns.example/{'a' * 1_025}", "has a path that cannot be sent"),
    ],
)
def test_what_is_none(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        parse(text)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("https://dns.example", "dns.example"),
        ("https://192.0.2.1:8443#dns.example", "dns.example:8443"),
        ("https://[2001:db8::1]/q", "[2001:db8::1]"),
    ],
)
def test_the_authority_of_requests(text: str, authority: str) -> None:
    """RFC 9110 7.2: host, and the port where it is not the scheme's."""
    assert parse(text).authority == authority

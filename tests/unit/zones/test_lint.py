"""The families of the zone linter: text in, codes out. Expectations are the RFCs' that codes.toml names."""

import pytest

from resolute import plane
from resolute.records import foreign, names
from resolute.zones.lint.dnssec.signatures import Clock
from resolute.zones.lint.linter import Circumstances, Subject, lint

HEAD = """\
$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 1209600 3600
@ NS ns1
@ NS ns2
ns1 A 192.0.2.53
ns2 A 192.0.2.54
"""
NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
LONG = "x" * 255


def codes(text: str, origin: str = "example.org.", head: str = HEAD) -> dict[str, int]:
    """The codes that are found, with the line of the last one of each, counted from the text."""
    scan = plane.scan_zone_text((head + text + "\n").encode(), names.from_text(origin), file="zone")
    foreign.convert_all(scan)
    report, _ = lint(Subject(names.from_text(origin), scan), Circumstances(Clock(NOW)))
    lines = head.count("\n")
    return {finding.code: finding.line - lines for finding in report.findings()}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # RFC 2181 5
        ("a A 192.0.2.1\na A 192.0.2.1", "duplicate-record"),
        ("a MX 10 ns1\na MX 10 NS1", "case-clash"),
        ("a 0 A 192.0.2.1", "ttl-zero"),
        ("a 2w A 192.0.2.1", "ttl-long"),
        ("a A 10.1.2.3", "private-address"),
        ("a AAAA fe80::1", "private-address"),
        # RFC 2181 10.3, RFC 1035 3.3
        ("alias CNAME ns1\n@ MX 10 alias", "target-is-cname"),
        ("d DNAME sub.example.net.\n@ MX 10 mail.d", "target-below-dname"),
        ("@ MX 10 192.0.2.1", "target-is-address"),
        ("@ MX 10 2001:db8::1", "target-is-address"),
        ("@ NS .", "target-is-root"),
        ("@ MX 10 mail", "mx-without-address"),
        ("_s._tcp SRV 0 0 1 host", "srv-without-address"),
        ("a AFSDB 1 host", "srv-without-address"),
        ("@ NS ns3", "ns-without-address"),
        ("@ MX 0 .\n@ MX 10 ns1", "null-mx"),
        ("a CNAME 192.0.2.1", "target-is-address"),
        # RFC 1034 3.6.2
        ("a CNAME b\nb CNAME a", "cname-loop"),
        ("a CNAME a", "cname-loop"),
        ("b CNAME ns1\na CNAME b", "cname-chain"),
        ("a CNAME nowhere", "cname-dangling"),
        ("a DNAME b.a", "dname-loop"),
        # RFC 1034 4.2.1, RFC 9471
        ("a NS ns.a", "missing-glue"),
        ("b NS ns1\na NS ns.b", "missing-sibling-glue"),
        ("a NS ns1\nx.a A 192.0.2.9", "unused-glue"),
        ("a NS ns1\nx.a TXT hidden", "occluded-data"),
        ("a NS ns1\na TXT hidden", "occluded-data"),
        ("d DNAME sub.example.net.\nx.d A 192.0.2.1", "below-dname"),
        # RFC 4035 2.4, RFC 4592
        ("a DS 1 13 2 " + "ab" * 32, "ds-without-cut"),
        ("@ DS 1 13 2 " + "ab" * 32, "ds-at-apex"),
        ("*.a NS ns1", "wildcard-ns"),
        ("*.a DNAME b", "wildcard-dname"),
        ("a.*.b A 192.0.2.1", "inner-wildcard"),
        ("a NS ns1\na DS 1 13 1 " + "ab" * 20, "ds-digest"),
        ("a NS ns1\na DS 1 5 2 " + "ab" * 32, "ds-algorithm"),
        # RFC 1123 2.1
        ("un_der A 192.0.2.1", "bad-host-name"),
        ("@ MX 10 un_der.example.net.", "bad-target-name"),
        ("www.example.org A 192.0.2.1", "doubled-origin"),
        ("www CNAME www.example.org", "doubled-origin"),
        ("@ MX 10 mail.example.org", "doubled-origin"),
        ("imap SRV 0 0 143 ns1", "service-owner"),
        ("www TLSA 3 1 1 " + "ab" * 32, "service-owner"),
        # RFC 7208
        ('a SPF "v=spf1 -all"', "spf-type"),
        ('a TXT "v=spf1 -all"\na TXT "v=spf1 mx -all"', "many-spf"),
        ('a TXT "v=spf1 include -all"', "bad-spf"),
        ('a TXT "v=spf1 ip4:192.0.2.300 -all"', "bad-spf"),
        ('a TXT "v=spf1 ip6:192.0.2.3 -all"', "bad-spf"),
        ('a TXT "v=spf1 a/33 -all"', "bad-spf"),
        ('a TXT "v=spf1 all:x.example -all"', "bad-spf"),
        ('a TXT "v=spf1 exists:%{x}.example.net -all"', "bad-spf"),
        ('a TXT "v=spf1 redirect=_spf.example.net redirect=_spf.example.net"', "bad-spf"),
        ('a TXT "v=spf1 nonsense -all"', "bad-spf"),
        ('a TXT "v=spf1 ' + " ".join(f"include:s{n}.example" for n in range(11)) + ' -all"', "spf-lookups"),
        ('a TXT "v=spf1 +all"', "spf-all"),
        ('a TXT "v=spf1 -all mx"', "spf-all"),
        ('a TXT "v=spf1 include:a.example.net" "include:b.example.net -all"', "txt-joined"),
        # RFC 7489, RFC 6376, RFC 8461, RFC 8460
        ('_dmarc TXT "v=DMARC1; p=nothing"', "bad-dmarc"),
        ('_dmarc TXT "p=none; v=DMARC1"', "bad-dmarc"),
        ('_dmarc TXT "v=DMARC1"', "bad-dmarc"),
        ('_dmarc TXT "v=DMARC1; p=none; pct=101"', "bad-dmarc"),
        ('_dmarc TXT "v=DMARC1; p=none; rua=admin@example.org"', "bad-dmarc"),
        ('_dmarc TXT "v=DMARC1; p=none"\n_dmarc TXT "v=DMARC1; p=reject"', "many-dmarc"),
        ('s._domainkey TXT "v=DKIM1; k=rsa"', "bad-dkim"),
        ('s._domainkey TXT "v=DKIM1; p=!!!"', "bad-dkim"),
        ('s._domainkey TXT "v=DKIM1; k=ed25519; p=AAAA"', "bad-dkim"),
        ('_mta-sts TXT "v=STSv1"', "bad-mta-sts"),
        ('_smtp._tls TXT "v=TLSRPTv1; rua=nobody"', "bad-mta-sts"),
        # RFC 8659
        ('@ CAA 0 issue "not a domain"', "bad-caa"),
        ('@ CAA 0 iodef "security@example.org"', "bad-caa"),
        ('@ CAA 128 unheard "x"', "caa-tag"),
        # RFC 9460
        ("@ HTTPS 0 www.example.net.\n@ HTTPS 1 . alpn=h2", "svcb-alias"),
        ("@ HTTPS 0 www.example.net. alpn=h2", "svcb-alias"),
        ("_s SVCB 1 host alpn=h2", "svcb-target"),
        ("@ A 192.0.2.1\n@ HTTPS 1 . ipv4hint=192.0.2.2", "svcb-hint"),
    ],
)
def test_found_and_where(text: str, code: str) -> None:
    found = codes(text)
    assert code in found
    assert 1 <= found[code] <= text.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a NS ns1\nb NS ns.a\nns.a A 192.0.2.9",  # glue that a sibling needs
        "@ MX 0 .",
        "*.w CNAME ns1",
        "old DNAME new\n_s._tcp SRV 0 0 0 .",
        'a TXT "v=spf1 mx a:mail.example.net/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{i}.x.example.net ~all"',
        'a TXT "v=spf1 redirect=_spf.example.net"',
        f'a TXT "v=spf2.0/pra" "{LONG}" "{LONG}"',
        '_dmarc TXT "v=DMARC1; p=reject; sp=none; adkim=s; rua=mailto:a@example.net!10m,mailto:b@example.net"',
        's._domainkey TXT "v=DKIM1; p="',  # a revoked key, RFC 6376 3.6.1
        '_mta-sts TXT "v=STSv1; id=20260101;"\n_smtp._tls TXT "v=TLSRPTv1; rua=mailto:t@example.net"',
        '@ CAA 0 issue ";"\n@ CAA 0 issue "ca.example.net; account=1"\n@ CAA 0 iodef "https://example.net/"',
        "@ HTTPS 0 www\nwww HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1\nwww A 192.0.2.1",
        "_443._tcp.www TLSA 3 1 1 " + "ab" * 32 + "\n*._tcp SRV 0 0 1 ns1",
        "_x._spf A 192.0.2.1",
    ],
)
def test_nothing_to_find(text: str) -> None:
    assert codes(text) == {}


@pytest.mark.parametrize(
    ("soa", "code"),
    [
        ("ns1 hostmaster 1 600 300 1209600 3600", "soa-refresh"),
        ("ns1 hostmaster 1 7200 7200 1209600 3600", "soa-retry"),
        ("ns1 hostmaster 1 7200 3600 86400 3600", "soa-expire"),
        ("ns1 hostmaster 1 7200 3600 1209600 604800", "soa-minimum"),
        ("ns1 hostmaster 0 7200 3600 1209600 3600", "soa-serial"),
        ("ns1 hostmaster 2027010100 7200 3600 1209600 3600", "serial-in-future"),
        ("ns1 hostmaster@example.org. 1 7200 3600 1209600 3600", "soa-rname"),
        ("ns_1 hostmaster 1 7200 3600 1209600 3600", "soa-mname"),
        ("hidden hostmaster 1 7200 3600 1209600 3600", "soa-mname-not-ns"),
        ("ns1.example.org hostmaster 1 7200 3600 1209600 3600", "doubled-origin"),
    ],
)
def test_soa(soa: str, code: str) -> None:
    assert list(codes("", head=HEAD.replace("ns1 hostmaster 1 7200 3600 1209600 3600", soa))) == [code]


def test_a_serial_of_tomorrow_is_somewheres_today() -> None:
    assert codes("", head=HEAD.replace(" 1 7200", " 2026010201 7200")) == {}
    assert codes("", head=HEAD.replace(" 1 7200", " 4026013001 7200")) == {}


def test_an_rrset_that_no_message_has_room_for() -> None:
    addresses = [f"many A 10.0.{number // 250}.{number % 250}" for number in range(4_200)]
    assert "rrset-too-large" not in codes("\n".join(addresses[:4_000]))  # 16 octets each, of 65,535 (RFC 1035 4.2.2)
    assert "rrset-too-large" in codes("\n".join(addresses))


def test_one_server() -> None:
    assert list(codes("", head=HEAD.replace("@ NS ns2\n", ""))) == ["single-ns"]
    assert list(codes("", head=HEAD.replace("192.0.2.54", "192.0.2.53"))) == ["same-address-ns"]


def test_reverse_zones() -> None:
    head = HEAD.replace("ns1 A 192.0.2.53\nns2 A 192.0.2.54\n", "").replace("ns1", "ns1.example.net.")
    head = head.replace("ns2", "ns2.example.net.")
    assert codes("1 PTR host.example.net.", "2.0.192.in-addr.arpa.", head) == {}
    assert list(codes("1 PTR host.example.net", "2.0.192.in-addr.arpa.", head)) == ["ptr-in-reverse-zone"]
    assert list(codes("1 PTR ho_st.example.net.", "2.0.192.in-addr.arpa.", head)) == ["bad-target-name"]


def test_the_dot_that_is_missing() -> None:
    scan = plane.scan_zone_text(
        (HEAD + "@ MX 10 mail.example.net\n").encode(), names.from_text("example.org."), file="z"
    )
    report, _ = lint(Subject(names.from_text("example.org."), scan), Circumstances(Clock(NOW)))
    (finding,) = report.findings()
    assert (finding.code, finding.mend) == ("mx-without-address", "Write a dot at the end: mail.example.net.")


def test_the_root_zone() -> None:
    root = "$TTL 86400\n. SOA a.root. h.root. 1 7200 3600 1209600 3600\n. NS a.root.\n. NS b.root.\n"
    root += "a.root. A 192.0.2.1\nb.root. A 192.0.2.2\ntest. NS ns.test.\nns.test. A 192.0.2.3\n"
    assert codes("", ".", root) == {}

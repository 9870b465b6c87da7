"""Makes rdata.txt: record data as text and as wire format, as dnspython 2.9 and the RFCs have it.

    .venv/bin/python tests/vectors/make_rdata.py > tests/vectors/rdata.txt

Each line is `TYPE <tab> text <tab> hexadecimal`, relative names being completed with `example.`; `refused` stands where
the text must not be taken. Where the expectation is not dnspython's, it stands in the table below with the RFC that has
it; the script fails when such a line is no longer needed.
"""

import sys
from collections.abc import Iterator

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

ORIGIN = dns.name.from_text("example.")
REFUSED = "refused"

SHA1 = "123456789abcdef67890123456789abcdef67890"
SHA256 = "D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"
DIGEST = "62e6cf51b02e54b9 b5f967d547ce4313 6792901f9f88e637 493daaf401c92c27 9dd10f0edb1c56f8 080211f8480ee306"
SHA384 = SHA256 + SHA256[:32]
KEY = "AwEAAcNEU67LJI5GEgF9QLNqLO1SMq1EdoQ6E9f85ha0k0ewQGCblyW2836GiVsm6k8Kr5ECIoMJ6fZWf3CQSQ9ycWfTyOHfmI3eQ/1Covhb2y4b"

# Types and texts whose expectation is what dnspython says.
TEXTS: dict[str, list[str]] = {
    "A": [
        "192.0.2.1",
        "0.0.0.0",
        "255.255.255.255",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.a",
        "01.2.3.4",
        "",
        "192.0.2.1 x",
        "::1",
        "\\# 4 0A000001",
        "\\# 4 0a 00 00 01",
        "\\# 4 0A0000",
        "\\# 5 0A00000101",
        "\\# 3 0A0000",
    ],
    "AAAA": [
        "2001:db8::1",
        "::",
        "::1",
        "::ffff:192.0.2.1",
        "2001:0DB8:0:0:0:0:0:1",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7",
        "1::2::3",
        "192.0.2.1",
        "12345::",
        "fe80::1%eth0",
        "\\# 16 20010db8000000000000000000000001",
        "\\# 15 20010db80000000000000000000000",
    ],
    "NS": [
        "ns1",
        "ns1.example.net.",
        "@",
        ".",
        "a\\.b",
        "a\\032b",
        "a..b",
        "NS1.Example.",
        "ns1 ns2",
        "",
        "\\# 1 00",
        "\\# 2 C000",
    ],
    "CNAME": ["a.b.c.", "@", "\\# 3 016100"],
    "PTR": ["host.example.org.", "*.x"],
    "DNAME": ["frobozz.example.net."],
    "MD": ["a"],
    "MF": ["a."],
    "MB": ["madname.example."],
    "MG": ["mg"],
    "MR": ["mr."],
    "NSAP-PTR": ["foo."],
    "SOA": [
        "ns1 hostmaster 1 7200 3600 1209600 3600",
        "ns1 hostmaster 4294967295 2H 1h 2W 1D",
        "ns1 host\\.master 1 1w2d3h4m5s 1 1 1",
        ". . 0 0 0 0 0",
        "ns1 hostmaster 1 2 3 4",
        "ns1 hostmaster 4294967296 1 1 1 1",
        "ns1 hostmaster -1 1 1 1 1",
        "ns1 hostmaster 1 x 1 1 1",
        "ns1 hostmaster 1 1 1 1 1 1",
    ],
    "MX": [
        "10 mail",
        "0 .",
        "65535 mail.example.net.",
        "65536 mail",
        "-1 mail",
        "mail",
        "10",
        "10 mail x",
        "\\# 3 000a00",
        "\\# 4 000a0061",
    ],
    "AFSDB": ["1 afs", "65535 ."],
    "RT": ["0 foo.", "10 relay"],
    "KX": ["10 foo", "0 ."],
    "PX": ["65535 foo. bar.", "10 a b"],
    "RP": ["mbox-dname txt-dname", "a. ."],
    "MINFO": ["rmailbx emailbx"],
    "X25": ["123456789", '"311061700956"'],
    "HINFO": ['"Generic PC clone" "NetBSD-1.4"', "PC NetBSD", "PC", "a b c", '"\\"" "\\\\"'],
    "TXT": [
        "foo",
        '"foo bar" baz',
        '""',
        "a b c",
        '"\\"q\\" \\\\ \\; \\200"',
        '"' + "x" * 255 + '"',
        '"' + "x" * 256 + '"',
        '"a;b(c)d"',
        '"\\065\\066"',
        '"\\256"',
        '"\\25"',
        '"a""b"',
        '"unclosed',
        "\\# 4 03666f6f",
        "\\# 4 04666f6f",
        "",
    ],
    "SPF": ['"v=spf1 -all"'],
    "NINFO": ['"a" b'],
    "AVC": ["app-name:WOLFGANG|app-class:OAM"],
    "RESINFO": ["qnamemin exterr=15,16,17 infourl=https://x.example/"],
    "WALLET": ["EXAMPLE 01234567890abcdef"],
    "SRV": ["0 5 5060 sip", "1 2 3 .", "65535 65535 65535 old-slow-box", "0 0 65536 a", "0 0 sip a", "0 0 1"],
    "NAPTR": [
        '100 50 "s" "http+N2L+N2C+N2R" "" www.example.com.',
        '100 10 "" "" "/urn:cid:.+@([^\\.]+\\.)(.*)$/\\2/i" .',
        "0 0 S SIP+D2U !^.*$!sip:x! a",
        '65535 65535 "blurgh" "blorf" "blegh" foo.',
        '1 2 "a" "b" .',
    ],
    "CAA": [
        '0 issue "ca.example.net"',
        '128 tbs "Unknown"',
        '0 iodef "mailto:security@example.com"',
        "0 issue ca.example.net",
        '0 issue ";"',
        '0 issue ""',
        '256 issue "x"',
        '0 is-sue "x"',
        "0 issue",
        '0 issue "a" "b"',
        '0 issue "a\\"b\\001"',
    ],
    "URI": ['10 1 "ftp://ftp1.example.com/public"', '65535 65535 "https://x/?a=b;c"', '10 1 ""', "10 1"],
    "DS": [
        f"12345 3 1 {SHA1}",
        f"60485 RSASHA256 2 {SHA256}",
        f"1 13 2 {SHA256[:30]} {SHA256[30:]}",
        f"1 13 4 {SHA384}",
        f"1 13 2 {SHA1}",
        "1 13 1 00",
        f"1 NOPE 2 {SHA256}",
        f"1 13 2 {SHA256}0",
        f"1 13 2 {SHA256[:-1]}g",
        "1 13 250 0011",
        "1 13 2",
    ],
    "CDS": [f"12345 3 1 {SHA1}", "0 0 0 00"],
    "DLV": [f"12345 3 1 {SHA1}"],
    "TA": [f"12345 3 1 {SHA1}"],
    "DNSKEY": [
        f"256 3 5 {KEY}",
        f"257 3 RSASHA256 {KEY[:40]} {KEY[40:]}",
        f"65535 3 255 {KEY}",
        "256 3 5 AwEAA",
        "256 3 5 A*==",
        f"65536 3 5 {KEY}",
    ],
    "CDNSKEY": [f"257 3 13 {KEY}", "0 3 0 AA=="],
    "KEY": [f"512 255 1 {KEY}"],
    "TLSA": [f"3 1 1 {SHA256}", f"0 0 0 {SHA1}", "3 1 1", f"256 1 1 {SHA256}"],
    "SMIMEA": [f"3 0 1 {SHA256}"],
    "SSHFP": [f"1 1 {SHA1}", f"4 2 {SHA256}", f"2 1 {SHA1[:20]} {SHA1[20:]}", "1 1"],
    "CERT": [f"65534 65535 PRIVATEOID {KEY}", f"PKIX 1 8 {KEY}", f"PGP 0 0 {KEY}", "1 1 1", f"NOPE 1 1 {KEY}"],
    "OPENPGPKEY": [KEY],
    "DHCID": ["AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", "AAEBOSD+XR3Os/0LozeXVqcNc7FwCfQdWL3b/NaiUDlW2No= "],
    "RRSIG": [
        "A 5 3 86400 20030322173103 20030220173103 2642 example.com. " + KEY,
        "NSEC 1 3 3600 1048354263 1045762263 2143 foo " + KEY,
        "TYPE65280 13 2 300 20380119031408 20260101000000 1 . AQID",
        "A 5 3 86400 20031322173103 20030220173103 2642 a. " + KEY,
        "A 5 3 86400 20030322173103 20030220173103 2642 a.",
        "A 5 3 86400 2003 2003 2642 a. AQID",
    ],
    "NSEC": ["host A MX RRSIG NSEC TYPE1234", "a. NSEC A", "a. TYPE65535 A", "a. NOPE", "\\. CAA TYPE256 NSEC NSEC"],
    "NSEC3": [
        "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
        "1 0 0 - CPNMUOJ1E8ATNHO0FEKQ5DEUO9IO8VTC",
        "1 1 12 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A",
        "1 1 12 zz 2t7b4g4vsa5smi47k61mv5bv1a22bojr A",
        "1 1 65536 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A",
    ],
    "NSEC3PARAM": ["1 1 12 aabbccdd", "1 0 0 -", "1 0 0", "1 0 0 - x"],
    "CSYNC": ["66 3 A NS AAAA", "0 0"],
    "ZONEMD": [
        f"2018031900 1 1 {DIGEST}",
        "2018031900 240 1 " + "00" * 48,
        "1 1 2 " + "01" * 64,
        "1 1 1 " + "00" * 47,
        "1 1 240 " + "00" * 11,
    ],
    "EUI48": [
        "00-00-5e-00-53-2a",
        "00-00-5E-00-53-2A",
        "00-00-5e-00-53",
        "0-00-5e-00-53-2a",
        "00:00:5e:00:53:2a",
        "00-00-5e-00-53-2g",
    ],
    "EUI64": ["00-00-5e-ef-10-00-00-2a", "00-00-5e-ef-10-00-00"],
    "NID": ["10 0014:4fff:ff20:ee64"],
    "L32": ["10 10.1.2.0", "10 10.1.2"],
    "L64": ["10 2001:0DB8:1140:1000", "10 2001::1"],
    "LP": ["10 l64-subnet1"],
    "LOC": [
        "60 9 N 24 39 E 10 20 2000 20",
        "60 09 00.000 N 24 39 00.000 E 10.00m 20.00m 2000.00m 20.00m",
        "42 21 54 N 71 06 18 W -24m 30m",
        "42 21 43.952 N 71 5 6.344 W -24m 1m 200m",
        "52 14 05 N 00 08 50 E 10m",
        "32 7 19 S 116 2 25 E 10m",
        "42 21 28.764 N 71 00 51.617 W -44m 2000m",
        "90 N 180 E 0",
        "0 S 0 W 42849672.95m 90000000.00m 0m 0.01m",
        "0 N 0 E -100000.00m",
        "91 N 0 E 0m",
        "0 N 181 E 0m",
        "1 60 N 0 E 0",
        "1 2 3.4567 N 0 E 0m",
        "1 N",
        "1 N 2 E",
        "1 N 2 E 0m 1m 1m 1m 1m",
    ],
    "SVCB": [
        "0 foo.example.com.",
        "1 .",
        "16 foo.example.com. port=53",
        "1 foo.example.com. key667=hello",
        '1 foo.example.com. key667="hello\\210qoo"',
        '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
        '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
        "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
        '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
        "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
        # RFC 9460 appendix D.3, what must be refused
        "1 foo.example.com. key123=abc key123=def",
        "1 foo.example.com. mandatory",
        "1 foo.example.com. alpn",
        "1 foo.example.com. port",
        "1 foo.example.com. ipv4hint",
        "1 foo.example.com. ipv6hint",
        "1 foo.example.com. no-default-alpn=abc",
        "1 foo.example.com. mandatory=key123",
        "1 foo.example.com. mandatory=mandatory",
        "1 foo.example.com. mandatory=key123,key123 key123=abc",
        # more
        "1 . alpn=h2 no-default-alpn",
        "1 . key1=\\002h2",
        "1 . key65535=a",
        "1 . key065=a",
        "1 . port=65536",
        "1 . port=x",
        '1 . port="53"',
        "1 . ipv4hint=1.2.3",
        "1 . ipv4hint=1.2.3.4,",
        "1 . ech=AQIDBA==",
        "1 . ech=",
        "1 . alpn=",
        '1 . alpn="h2,,h3"',
        "1 . alpn=h2port=53",
        "1 . nope=1",
        "0 . alpn=h2",
        "1 . dohpath=/dns-query{?dns}",
        "1 . ohttp",
        "1 . ohttp=1",
        "65536 .",
        "1",
    ],
    "HTTPS": [
        "1 . alpn=h2,h3",
        "0 pool.svc.example.",
        '1 . alpn="h3" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1',
    ],
    "TYPE65280": ["\\# 0", "\\# 3 abcdef", "\\# 3 ab cd ef", "\\# 3 abcd", "\\# 2 abcdef", "\\# x 00", "abc", ""],
}

# Where dnspython is more lenient or more strict than the RFC: (type, text) → (hexadecimal or refused, who decides).
DECIDED: dict[tuple[str, str], tuple[str, str]] = {
    ("SVCB", "1 . key65535=a"): (REFUSED, "RFC 9460 14.3.2: 65535 is reserved as an invalid key"),
    ("SVCB", "1 . ech=AQIDBA=="): ("0001000005000401020304", "RFC 9848 4: the value is base 64, padding included"),
    ("SVCB", "0 . alpn=h2"): ("00000000010003026832", "RFC 9460 2.4.2: only SHOULD NOT, and recipients ignore them"),
}

# Types that dnspython does not parse, and one that is written in the same way (RFC 1035 3.3, TA: as DS).
AS = {"MD": "NS", "MF": "NS", "MB": "NS", "MG": "NS", "MR": "NS", "MINFO": "RP", "TA": "DS"}


def expectation(rtype: str, text: str) -> str:
    """What dnspython says."""
    kind = dns.rdatatype.from_text(AS.get(rtype, rtype))
    try:
        rdata = dns.rdata.from_text(dns.rdataclass.IN, kind, text, origin=ORIGIN, relativize=False)
    except (dns.exception.DNSException, ValueError):
        return REFUSED
    return (rdata.to_wire() or b"").hex() or "-"


def lines() -> Iterator[str]:
    """The lines of the file."""
    yield "# Made by make_rdata.py: type, text, wire format in hexadecimal (`-`: none), or `refused`."
    left = dict(DECIDED)
    for rtype, texts in TEXTS.items():
        for text in texts:
            expected = expectation(rtype, text)
            decided, reason = left.pop((rtype, text), (expected, ""))
            if reason and decided == expected:
                sys.exit(f"no longer needed: {rtype} {text}")
            yield f"{rtype}\t{text}\t{decided}"
    if left:
        sys.exit(f"not in the table: {list(left)}")


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines())

"""RFC 6605 6 and RFC 8080 6: the keys, DS and signatures of the RFCs' own examples."""

from dataclasses import dataclass, replace

import pytest

from resolute.dnssec import algorithms
from resolute.dnssec.keys import Ds, Key
from resolute.dnssec.signatures import Check, Signature, signed_data
from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.records.types import DNSKEY, DS, MX, RRSIG, A


@dataclass(frozen=True)
class Example:
    """One example of an RFC."""

    zone: str
    key: str
    ds: str
    owner: str
    rtype: int
    data: str
    signature: str


P256 = Example(
    "example.net.",
    "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
    "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17",
    "www.example.net.",
    A,
    "192.0.2.1",
    "A 13 3 3600 20100909100439 20100812100439 55648 example.net. "
    "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
)
P384 = Example(
    "example.net.",
    "257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8"
    "/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
    "10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6",
    "www.example.net.",
    A,
    "192.0.2.1",
    "A 14 3 3600 20100909102025 20100812102025 10771 example.net. "
    "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuz"
    "WTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm",
)
ED25519 = Example(
    "example.com.",
    "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
    "3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b",
    "example.com.",
    MX,
    "10 mail.example.com.",
    "MX 15 2 3600 1440021600 1438207200 3613 example.com. "
    "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
)
ED25519_SECOND = replace(
    ED25519,
    key="257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=",
    ds="35217 15 2 401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c",
    signature="MX 15 2 3600 1440021600 1438207200 35217 example.com. "
    "zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==",
)
ED448 = replace(
    ED25519,
    key="257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA",
    ds="9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7",
    signature="MX 16 2 3600 1440021600 1438207200 9713 example.com. "
    "3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQ"
    "vE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA",
)


@pytest.mark.parametrize("example", [P256, P384, ED25519, ED25519_SECOND, ED448])
def test_signature_of_the_rfc(example: Example) -> None:
    zone = names.from_text(example.zone)
    key = Key.of(rdata.to_wire(DNSKEY, example.key, b"\0"))
    assert Ds.of(rdata.to_wire(DS, example.ds, b"\0")).matches(zone, key)
    signature = Signature.of(rdata.to_wire(RRSIG, example.signature, b"\0"))
    data = rdata.to_wire(example.rtype, example.data, b"\0")
    rrset = RRset(names.from_text(example.owner), example.rtype, 3600, (data,))
    assert signature.tag == key.tag
    assert signature.has_form(rrset.owner, rrset.rtype)
    assert Check(key, signature.value, signed_data(rrset, signature)).run()
    for at in range(len(signature.value)):
        changed = signature.value[:at] + bytes((signature.value[at] ^ 1,)) + signature.value[at + 1 :]
        assert not Check(key, changed, signed_data(rrset, signature)).run()
    assert not Check(key, b"", signed_data(rrset, signature)).run()
    assert not algorithms.verify(8, key.material, signature.value, signed_data(rrset, signature))

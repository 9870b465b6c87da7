"""RFC 4034 5.4, B and 6.1, RFC 4509 2.3: the key tag, the DS and the order of names of the RFCs' own examples."""

from resolute.dnssec.keys import Ds, Key
from resolute.records import names, rdata
from resolute.records.types import DNSKEY, DS

OWNER = names.from_text("dskey.example.com.")
KEY = (
    "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvx"
    "egXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw=="
)
SHA1_DS = "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"
SHA256_DS = "60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"


def test_key_tag() -> None:
    assert Key.of(rdata.to_wire(DNSKEY, KEY, b"\0")).tag == 60_485


def test_ds_matches_its_key() -> None:
    key = Key.of(rdata.to_wire(DNSKEY, KEY, b"\0"))
    for text in (SHA1_DS, SHA256_DS):
        wire = rdata.to_wire(DS, text, b"\0")
        ds = Ds.of(wire)
        assert ds.matches(OWNER, key)
        assert not ds.matches(names.from_text("dskex.example.com."), key)
        assert Ds.of_key(OWNER, key.rdata, ds.digest_type).rdata == wire


def test_canonical_order_of_names() -> None:
    ordered = [
        "example.",
        "a.example.",
        "yljkjljk.a.example.",
        "Z.a.example.",
        "zABC.a.EXAMPLE.",
        "z.example.",
        "\\001.z.example.",
        "*.z.example.",
        "\\200.z.example.",
    ]
    keys = [names.canonical_key(names.fold(names.from_text(text))) for text in ordered]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(ordered)

"""RFC 5155 appendix A: the hashes of the example zone's names (salt aabbccdd, twelve iterations)."""

import pytest

from resolute.dnssec.nsec3 import SHA1, Parameters, hashed, owner_digest, owner_name
from resolute.records import names

PARAMETERS = Parameters(SHA1, 12, bytes.fromhex("aabbccdd"))
HASHES = {
    "example.": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
    "a.example.": "35mthgpgcu1qg68fab165klnsnk3dpvl",
    "ai.example.": "gjeqe526plbf1g8mklp59enfd789njgi",
    "ns1.example.": "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
    "ns2.example.": "q04jkcevqvmu85r014c7dkba38o0ji5r",
    "w.example.": "k8udemvp1j2f7eg6jebps17vp3n8i58h",
    "*.w.example.": "r53bq7cc2uvmubfu5ocmm6pers9tk9en",
    "x.w.example.": "b4um86eghhds6nea196smvmlo4ors995",
    "y.w.example.": "ji6neoaepv8b5o6k4ev33abha8ht9fgc",
    "x.y.w.example.": "2vptu5timamqttgl4luu9kg21e0aor3s",
    "xx.example.": "t644ebqk9bibcna874givr6joj62mlhv",
}


@pytest.mark.parametrize(("name", "label"), HASHES.items())
def test_hash(name: str, label: str) -> None:
    digest = hashed(names.from_text(name), PARAMETERS)
    owner = names.from_text(f"{label}.example.")
    assert owner_name(digest, names.from_text("example.")) == owner
    assert owner_digest(owner) == digest

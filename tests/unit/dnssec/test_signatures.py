"""RRSIG: its fields, its forms (RFC 4035 5.3.1), its times (RFC 4034 3.1.5), and what was signed (3.1.8.1)."""

import struct
import time

import dns.dnssec
import dns.dnssectypes
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from resolute.dnssec.keys import Key, MalformedError
from resolute.dnssec.signatures import Check, Signature, collect, signed_data, span
from resolute.records import names
from resolute.records.rdata import type_from_text
from resolute.records.rrset import RRset
from resolute.records.types import DS, NSEC, RRSIG, TXT, A
from tests.signing import wire


def rrsig(covered: int = A, labels: int = 2, signer: str = "example.", times: tuple[int, int] = (0, 0)) -> Signature:
    head = struct.pack("!HBBIIIH", covered, 13, labels, 300, times[1], times[0], 7)
    return Signature.of(head + names.from_text(signer) + b"value")


@pytest.mark.parametrize(
    ("signature", "owner", "rtype", "holds"),
    [
        (rrsig(), "www.example.", A, True),
        (rrsig(signer="EXAMPLE."), "www.example.", A, True),
        (rrsig(covered=TXT), "www.example.", A, False),
        (rrsig(labels=3), "www.example.", A, False),
        (rrsig(labels=1), "www.example.", A, True),
        (rrsig(labels=0), "www.example.", A, False),
        (rrsig(labels=0, signer="."), "www.example.", A, True),
        (rrsig(labels=1), "*.example.", A, True),
        (rrsig(labels=2), "*.example.", A, False),
        (rrsig(labels=1), "example.", A, True),
        (rrsig(labels=1, signer="other."), "example.", A, False),
        (rrsig(labels=2, signer="w.example."), "ww.example.", A, False),
        (rrsig(covered=DS, labels=1), "example.", DS, False),
        (rrsig(covered=DS, labels=1, signer="."), "example.", DS, True),
        (rrsig(covered=NSEC, labels=1), "www.example.", NSEC, False),
        (rrsig(covered=NSEC, labels=1), "*.example.", NSEC, True),
    ],
)
def test_form(signature: Signature, owner: str, rtype: int, *, holds: bool) -> None:
    assert signature.has_form(wire(owner), rtype) is holds


def test_times_are_serial_numbers() -> None:
    """RFC 4034 3.1.5: they go on after 2106."""
    late = 2**32 + 1_000
    signature = rrsig(times=(2**32 - 1_000, 2_000))
    assert (signature.age(late), signature.left(late)) == (2_000, 1_000)
    assert signature.left(late + 1_001) == -1
    assert signature.age(2**32 - 1_001) == -1


@pytest.mark.parametrize("data", [b"", bytes(17), bytes(18), bytes(18) + b"\x05abc", bytes(18) + b"\xc0\x0c"])
def test_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        Signature.of(data)
    assert (
        collect([RRset(wire("a."), A, 1, (bytes(4),)), RRset(wire("a."), RRSIG, 1, (data,))])[wire("a."), A].signatures
        == ()
    )


def test_collect() -> None:
    """RRsets of one owner and type are one; RRSIGs go to what they cover; no more than eight are kept."""
    first, second = RRset(wire("a."), A, 9, (bytes(4),)), RRset(wire("a."), A, 5, (b"\1\2\3\4", bytes(4)))
    signatures = RRset(wire("a."), RRSIG, 3, tuple(rrsig(labels=1).rdata + bytes((n,)) for n in range(20)))
    other = RRset(wire("a."), RRSIG, 1, (rrsig(covered=TXT).rdata,))
    found = collect([first, signatures, second, other])
    assert list(found) == [(wire("a."), A)]
    signed = found[wire("a."), A]
    assert (signed.rrset.ttl, signed.signatures_ttl, len(signed.signatures)) == (5, 3, 8)
    assert signed.rrset.rdatas == (bytes(4), b"\1\2\3\4")


@pytest.mark.parametrize(
    ("rtype", "lines"),
    [
        ("A", ["192.0.2.2", "192.0.2.1", "192.0.2.10"]),
        ("MX", ["10 Mail.EXAMPLE.", "5 b.example."]),
        ("SOA", ["Ns. H. 1 2 3 4 5"]),
        ("SRV", ["0 1 2 TARGET.example."]),
        ("NAPTR", ['1 2 "U" "X" "!a!B!" Target.EXAMPLE.']),
        ("RP", ["Who.example. TXT.example."]),
        ("TXT", ['"Upper"', '"a" "b"', '""']),
        ("HTTPS", ["1 Target.EXAMPLE. alpn=h2"]),
        ("CAA", ['0 issue "Ca.Example"']),
        ("NSEC", ["Next.EXAMPLE. A RRSIG"]),
        ("DNAME", ["OLD.example."]),
        ("TYPE65280", [r"\# 3 414243", r"\# 2 4142"]),
    ],
)
def test_beside_dnspython(rtype: str, lines: list[str]) -> None:
    """What another library has signed verifies here: canonical form and order (RFC 4034 6.2, 6.3)."""
    private, zone = ec.generate_private_key(ec.SECP256R1()), dns.name.from_text("example.")
    dnskey = dns.dnssec.make_dnskey(private.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256)
    given = dns.rrset.from_text("WWW.Example.", 300, "IN", rtype, *lines)
    signed = dns.dnssec.sign(given, private, zone, dnskey, inception=time.time() - 9, lifetime=99)
    signature = Signature.of(octets(signed))
    datas = tuple(octets(rdata) for rdata in given)
    rrset = RRset(wire("www.example."), type_from_text(rtype), 300, datas)
    assert Check(Key.of(octets(dnskey)), signature.value, signed_data(rrset, signature)).run()
    fewer = RRset(rrset.owner, rrset.rtype, 300, datas[1:] or (b"x",))
    assert not Check(Key.of(octets(dnskey)), signature.value, signed_data(fewer, signature)).run()


def octets(rdata: dns.rdata.Rdata) -> bytes:
    return rdata.to_wire() or b""


def test_span() -> None:
    assert [span(seconds) for seconds in (1, 119, 120, 7_200, 200_000)] == [
        "1 seconds",
        "119 seconds",
        "2 minutes",
        "2 hours",
        "2 days",
    ]

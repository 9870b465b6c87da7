"""A zone file that was edited means to BIND what it means to us: what was asked for, and all else as before."""

import shutil
import subprocess
from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest

from resolute.records import names, rdata
from resolute.records.rrset import RRset
from resolute.zones.filetext import rewrite

ORIGIN = names.from_text("agree.test.")
HERE = Path(__file__).parent
ZONE = """\
$TTL 1H
@       IN SOA ns1 hostmaster (
            2026010101 ; serial
            2H 15M 2W
            300 )      ; minimum
        NS    ns1
        MX    10 Mail
ns1     A     192.0.2.53 ; the server
        AAAA  2001:db8::53
Mail 60 A     192.0.2.25
www     CNAME ns1
txt     TXT   ( "one ; (" ; a comment (
                two )
$GENERATE 1-3 h$ A 192.0.2.$
$ORIGIN sub
a       A     192.0.2.70
        TXT   x
_s._tcp SRV   0 5 5060 a
$TTL 30
b  IN 5M A    192.0.2.71
$ORIGIN agree.test.
odd\\.name A   192.0.2.72
odd\\032x  A   192.0.2.73
"""
EDITS = """\
agree.test. 3600 SOA ns1 hostmaster 2026010102 7200 900 1209600 300
agree.test. 3600 MX 10 mail | 20 backup.other.test.
ns1.agree.test. A
mail.agree.test. 90 A 192.0.2.25 | 192.0.2.26
www.agree.test. CNAME
www.agree.test. 3600 A 192.0.2.80
txt.agree.test. 3600 TXT "one ; (" "2" "three"
h2.agree.test. 3600 TXT "made"
a.sub.agree.test. A
b.sub.agree.test. 300 A 192.0.2.71 | 192.0.2.99
c.sub.agree.test. 77 CNAME b.sub
odd\\.name.agree.test. 30 A 192.0.2.74
new.odd\\032x.agree.test. 30 AAAA 2001:db8::1
"""


def wanted(line: str) -> RRset:
    """An RRset of the list above."""
    owner, ttl, *rest = line.split(None, 3)
    if not rest:
        return RRset(names.from_text(owner), rdata.type_from_text(ttl), 0, ())
    rtype = rdata.type_from_text(rest[0])
    return RRset(
        names.from_text(owner),
        rtype,
        int(ttl),
        tuple(rdata.to_wire(rtype, one, ORIGIN) for one in rest[1].split(" | ")),
    )


def bind(text: bytes, folder: Path) -> dict[tuple[bytes, int], tuple[int, frozenset[bytes]]]:
    """The RRsets of a zone file as BIND understands it: TTL and data by owner and type."""
    file, dump = folder / "zone", folder / "dump"
    file.write_bytes(text)
    subprocess.run(["named-checkzone", "-q", "-D", "-o", dump, "agree.test", file], check=True, timeout=20)
    zone = dns.zone.from_file(str(dump), "agree.test.", relativize=False)
    return {
        (names.fold(owner.to_wire() or b""), int(found.rdtype)): (
            found.ttl,
            frozenset(one.to_wire() or b"" for one in found),
        )
        for owner, found in zone.iterate_rdatasets()
    }


@pytest.mark.skipif(not shutil.which("named-checkzone"), reason="BIND is not installed")
def test_bind_reads_what_was_asked_for(tmp_path: Path) -> None:
    edits = [wanted(line) for line in EDITS.splitlines()]
    expected = bind(ZONE.encode(), tmp_path)
    for rrset in edits:
        expected.pop(rrset.key, None)
        if rrset.rdatas:
            expected[rrset.key] = rrset.ttl, frozenset(rrset.rdatas)
    assert bind(rewrite(ZONE.encode(), ORIGIN, edits, file="zone"), tmp_path) == expected


@pytest.mark.skipif(not shutil.which("named-checkzone"), reason="BIND is not installed")
@pytest.mark.parametrize("line", EDITS.splitlines())
def test_bind_reads_each_edit_alone(line: str, tmp_path: Path) -> None:
    rrset, expected = wanted(line), bind(ZONE.encode(), tmp_path)
    expected.pop(rrset.key, None)
    others = (
        () if rrset.rtype not in {1, 5} or b"\3www" not in rrset.owner else [RRset(rrset.owner, 6 - rrset.rtype, 0, ())]
    )
    for other in others:
        expected.pop(other.key, None)
    if rrset.rdatas:
        expected[rrset.key] = rrset.ttl, frozenset(rrset.rdatas)
    assert bind(rewrite(ZONE.encode(), ORIGIN, [rrset, *others], file="zone"), tmp_path) == expected

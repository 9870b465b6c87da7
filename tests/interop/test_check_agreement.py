"""`resolute check` beside named-checkzone and kzonecheck: what one of them complains of, we do at least as loudly.

Each text stands behind a head that makes a valid zone of `example.`. They are asked how loud they are in each run;
of the zones that both take without a word, and of those signed by BIND's and NLnet Labs' signers, we refuse none.
"""

import pathlib
import re
import shutil
import subprocess
import time

import pytest

from resolute.cli.zonecheck import NamedZone, ZoneChecks
from resolute.zones.lint.dnssec.signatures import Clock
from resolute.zones.lint.linter import Circumstances
from tests.interop.test_zonefile_agreement import ROWS

HEAD = """\
$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 3600
@ IN NS ns1
@ IN NS ns2
ns1 IN A 192.0.2.53
ns2 IN A 192.0.2.54
"""
DS = "DS 1 13 2 " + "01" * 32
BIND, KNOT = "named-checkzone", "kzonecheck"
TOOLS = (BIND, KNOT, "dnssec-keygen", "dnssec-signzone", "ldns-keygen", "ldns-signzone")

DOUBTFUL = [
    # names beside names
    "a CNAME ns1\na A 192.0.2.1",
    "a CNAME ns1\na CNAME ns2",
    "@ CNAME ns1",
    "a DNAME b\na DNAME c",
    "a DNAME b\nx.a A 192.0.2.1",
    "a NS ns1\na DNAME b",
    "a A 192.0.2.1\na 60 A 192.0.2.2",
    "a A 192.0.2.1\na A 192.0.2.1",
    "a MX 10 ns1\na MX 10 NS1",
    "@ SOA ns1 hostmaster 2 7200 3600 1209600 3600",
    "a SOA ns1 hostmaster 2 7200 3600 1209600 3600",
    "a.example.net. A 192.0.2.1",
    # targets
    "@ NS alias\nalias CNAME ns1",
    "@ NS nowhere",
    "@ NS text\ntext TXT x",
    "@ NS 192.0.2.1",
    "@ NS 192.0.2.1.",
    "@ NS 2001:db8::1",
    "@ NS x.d\nd DNAME ns1",
    "@ MX 10 alias\nalias CNAME ns1",
    "@ MX 10 nowhere",
    "@ MX 10 192.0.2.1",
    "@ MX 10 2001:db8::1",
    "@ MX 10 x.d\nd DNAME ns1",
    "@ MX 10 a.*.b\n",
    "_s._tcp SRV 0 0 1 alias\nalias CNAME ns1",
    "_s._tcp SRV 0 0 1 nowhere",
    "_s._tcp SRV 0 0 1 x.d\nd DNAME ns1",
    # cuts
    "a NS ns.a",
    "a NS ns.b\nb NS ns1",
    "a NS nowhere",
    "a NS ns.a\nns.a CNAME ns1",
    "a NS ns1\nx.a TXT occluded",
    "a NS ns1\na TXT occluded",
    f"a {DS}",
    f"@ {DS}",
    "*.a NS ns1",
    f"*.a NS ns1\n*.a {DS}",
    "*.a DNAME b",
    "a.*.b A 192.0.2.1",
    # names of hosts
    "under_score A 192.0.2.1",
    "-hyphen A 192.0.2.1",
    "hyphen- AAAA 2001:db8::1",
    "sp\\032ace A 192.0.2.1",
    "under_score MX 10 ns1",
    "@ NS under_score\nunder_score A 192.0.2.1",
    "@ MX 10 under_score\nunder_score A 192.0.2.1",
    "_s._tcp SRV 0 0 1 under_score\nunder_score A 192.0.2.1",
    # mail
    'a SPF "v=spf1 -all"',
    'a TXT "v=spf1 -all"\na SPF "v=spf1 -all"',
    # DNSSEC by hand
    "@ DNSKEY 257 3 13 AwEAAcNEU67LJI5GEgF9QLNqLO1SMq1EdoQ6E9f85ha0k0ewQGCblyW2836GiVsm6k8Kr5ECIoMJ6fZWf3CQSQ9ycQ==",
    "@ NSEC3PARAM 1 0 0 -",
    "@ CDS 1 13 2 " + "01" * 32,
    "@ CDNSKEY 257 3 13 AwEAAcNEU67LJI5GEgF9",
]
WHOLE = [
    "@ IN SOA ns1 hostmaster 1 7200 3600 1209600 3600\n@ NS ns1\nns1 A 192.0.2.1\n",
    "$TTL 1H\n@ SOA ns1 hostmaster 1 7200 3600 1209600 3600\n",
    "$TTL 1H\n@ NS ns1\nns1 A 192.0.2.1\n",
    "$TTL 1H\n@ SOA ns1 hostmaster 1 7200 3600 1209600 3600\n@ NS ns.elsewhere.net.\n",
    "$TTL 1H\n@ SOA ns_1 hostmaster 1 7200 3600 1209600 3600\n@ NS ns1\nns1 A 192.0.2.1\n",
    "$TTL 1H\n@ SOA ns1 host_master.x_y 1 7200 3600 1209600 3600\n@ NS ns1\nns1 A 192.0.2.1\n",
]
GOOD = [
    "",
    "a A 192.0.2.1\na AAAA 2001:db8::1\n*.wild TXT x\na.b.c A 192.0.2.9",
    "@ MX 10 mail\nmail A 192.0.2.25\n_sip._tcp SRV 0 0 5060 mail\n@ MX 20 mx.example.net.",
    "@ MX 0 .",
    "_x._tcp SRV 0 0 0 .",
    "child NS ns.child\nns.child A 192.0.2.1\nchild NS ns1\nchild " + DS,
    "child NS ns.other.example.net.",
    "www CNAME ns1\nold DNAME new\nnew A 192.0.2.1",
    '@ TXT "v=spf1 mx ip4:192.0.2.0/24 include:_spf.example.net ~all"\n@ MX 10 ns1',
    '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.org"',
    's1._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="',
    '@ CAA 0 issue "ca.example.net; policy=ev"\n@ CAA 0 iodef "mailto:security@example.org"',
    "@ HTTPS 1 . alpn=h2,h3\n@ A 192.0.2.1\n_8443._foo.api SVCB 1 ns1 port=8443",
    "_443._tcp.www TLSA 3 1 1 " + "ab" * 32 + "\nwww A 192.0.2.1",
    "gc._msdcs A 192.0.2.1\n_ldap._tcp.dc._msdcs SRV 0 100 389 ns1",
]
SIGNED = """\
$TTL 3600
$ORIGIN example.
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS NS1
@ NS ns2
@ MX 10 Mail
NS1 A 192.0.2.53
ns2 A 192.0.2.54
mail A 192.0.2.25
a.b.c TXT "below two empty non-terminals"
*.wild A 192.0.2.99
child NS ns.child
ns.child A 192.0.2.200
x.y.deleg NS ns1.example.net.
sec NS ns1.example.net.
sec DS 1 13 2 0101010101010101010101010101010101010101010101010101010101010101
www CNAME mail
alias DNAME b.c
_sip._tcp SRV 0 0 5060 Mail
"""
LEVELS = {"": 0, "info": 0, "warning": 1, "error": 2}

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason="the checkers and signers of BIND, Knot and ldns are not installed"
)


def ours(file: pathlib.Path) -> tuple[int, list[str]]:
    """How loud we are, and what we say."""
    checks = ZoneChecks([NamedZone("example.", file)], Circumstances(Clock(time.time())))
    findings = list(checks.findings())
    return max((LEVELS[finding.severity] for finding in findings), default=0), [
        f"{finding.line}: {finding.severity}: {finding.message} [{finding.code}]" for finding in findings
    ]


def bind(file: pathlib.Path) -> tuple[int, str]:
    """How loud BIND is; whatever it prints besides that it has loaded the zone is a complaint."""
    done = run(BIND, "-i", "local-sibling", "example.", str(file))
    said = [line for line in done.stdout.splitlines() + done.stderr.splitlines() if not QUIET.search(line)]
    return (2 if done.returncode else 1 if said else 0), "\n".join(said)


def knot(file: pathlib.Path) -> tuple[int, str]:
    """How loud Knot is: a serious error is one; the others are told of zones that it serves."""
    done = run(KNOT, "-o", "example.", str(file))
    said = (done.stdout + done.stderr).strip()
    return (2 if done.returncode and "Serious" in said else 1 if done.returncode or said else 0), said


QUIET = re.compile(r"^OK$|: loaded serial [0-9]+|loading from master file .* failed|not loaded due to errors")


def run(*command: str, cwd: pathlib.Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd=cwd)


def compare(file: pathlib.Path) -> tuple[int, int]:
    (level, said), (theirs, bind_said), (knots, knot_said) = ours(file), bind(file), knot(file)
    theirs = max(theirs, knots)
    assert level >= theirs, f"BIND: {bind_said}\nKnot: {knot_said}\nours: {said}"
    return level, theirs


@pytest.mark.parametrize("text", DOUBTFUL, ids=repr)
def test_we_complain_where_they_do(text: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "example.zone"
    file.write_text(HEAD + text + "\n")
    compare(file)


@pytest.mark.parametrize("text", [row.text for row in ROWS if not row.why], ids=repr)
def test_the_rows_of_the_parser(text: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "example.zone"
    file.write_bytes((HEAD + text + "\n").encode("latin-1"))
    compare(file)


@pytest.mark.parametrize("text", WHOLE, ids=repr)
def test_whole_zones(text: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "example.zone"
    file.write_text(text)
    compare(file)


@pytest.mark.parametrize("text", GOOD, ids=repr)
def test_no_error_in_good_zones(text: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "example.zone"
    file.write_text(HEAD + text + "\n")
    level, theirs = compare(file)
    assert theirs == 0, "this row belongs to the doubtful ones"
    assert level < 2, ours(file)[1]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[pathlib.Path, str, str]]:
    """A folder with a zone-signing and a key-signing key of each algorithm, and the zone with both."""
    folder, made = tmp_path_factory.mktemp("keys"), {}
    for algorithm, more in (("ECDSAP256SHA256", ()), ("RSASHA256", ("-b", "2048")), ("ED25519", ())):
        make = ("dnssec-keygen", "-q", "-a", algorithm, *more)
        zsk = run(*make, "example.", cwd=folder).stdout.strip()
        ksk = run(*make, "-f", "KSK", "example.", cwd=folder).stdout.strip()
        public = "".join((folder / f"{key}.key").read_text() for key in (zsk, ksk))
        (folder / f"{algorithm}.zone").write_text(SIGNED + public)
        made[algorithm] = (folder, zsk, ksk)
    return made


@pytest.mark.parametrize("algorithm", ["ECDSAP256SHA256", "RSASHA256", "ED25519"])
@pytest.mark.parametrize("mode", [(), ("-3", "-", "-H", "0"), ("-3", "-", "-H", "0", "-A"), ("-3", "abcd", "-H", "5")])
def test_no_error_in_zones_signed_by_bind(
    keys: dict[str, tuple[pathlib.Path, str, str]], algorithm: str, mode: tuple[str, ...], tmp_path: pathlib.Path
) -> None:
    folder, zsk, ksk = keys[algorithm]
    signed = tmp_path / "signed"
    done = run(
        "dnssec-signzone",
        "-q",
        *mode,
        "-o",
        "example.",
        "-k",
        ksk,
        "-f",
        str(signed),
        f"{algorithm}.zone",
        zsk,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    level, said = ours(signed)
    assert level < 2, said
    assert level == (1 if "abcd" in mode else 0), said  # RFC 9276 3.1 asks for no iterations
    compare(signed)


@pytest.mark.parametrize("mode", [(), ("-n", "-t", "0"), ("-n", "-p", "-t", "0")])
def test_no_error_in_zones_signed_by_ldns(mode: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    (tmp_path / "zone").write_text(SIGNED)
    make = ("ldns-keygen", "-a", "ECDSAP256SHA256")
    zsk = run(*make, "example.", cwd=tmp_path).stdout.strip()
    ksk = run(*make, "-k", "example.", cwd=tmp_path).stdout.strip()
    done = run("ldns-signzone", *mode, "-o", "example.", "-f", "signed", "zone", zsk, ksk, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    level, said = ours(tmp_path / "signed")
    assert level < 2, said
    compare(tmp_path / "signed")


BREAK = {
    "an address is another": (r"192\.0\.2\.25\b", "192.0.2.26", "rrsig-bad"),
    "a record is gone": (r"^mail.*\bA\b.*$", "", ""),
    "a TTL is another": (r"^(www\.example\.\s+)3600(\s+IN\s+CNAME)", r"\g<1>60\g<2>", "rrsig-form"),
    "a signature is gone": (r"^\s+3600\s+RRSIG\s+MX [^)]*\)", "", "rrsig-missing"),
    "a key is gone": (r"^\s+3600\s+DNSKEY\s+256 [^)]*\)[^\n]*", "", "rrsig-unknown-key"),
    "an NSEC leads elsewhere": (r"(NSEC\s+)mail\.example\.", r"\g<1>ns1.example.", "nsec-chain"),
    "an NSEC has other types": (r"(NSEC\s+\S+ )CNAME RRSIG", r"\g<1>A RRSIG", "nsec-types"),
    "a name is more": (r"\Z", "more.example. 3600 IN A 192.0.2.77\n", "nsec-missing"),
}


@pytest.mark.parametrize("how", BREAK)
def test_broken_chains(keys: dict[str, tuple[pathlib.Path, str, str]], how: str, tmp_path: pathlib.Path) -> None:
    folder, zsk, ksk = keys["ECDSAP256SHA256"]
    signed, (pattern, put, code) = tmp_path / "signed", BREAK[how]
    run(
        "dnssec-signzone", "-q", "-o", "example.", "-k", ksk, "-f", str(signed), "ECDSAP256SHA256.zone", zsk, cwd=folder
    )
    text = signed.read_text()
    broken = re.sub(pattern, put, text, count=1, flags=re.MULTILINE)
    assert broken != text
    signed.write_text(broken)
    level, said = ours(signed)
    assert level == 2, said
    assert any(f"[{code}" in line for line in said), said
    compare(signed)


@pytest.mark.parametrize(
    ("times", "code", "level"),
    [
        (("-s", "20200101000000", "-e", "20200201000000"), "rrsig-expired", 2),
        (("-s", "now+3600", "-e", "now+864000"), "rrsig-not-yet", 2),
        (("-s", "now-3600", "-e", "now+86400"), "rrsig-expires-soon", 1),
    ],
)
def test_times(
    keys: dict[str, tuple[pathlib.Path, str, str]],
    times: tuple[str, ...],
    code: str,
    level: int,
    tmp_path: pathlib.Path,
) -> None:
    folder, zsk, ksk = keys["ED25519"]
    signed = tmp_path / "signed"
    run(
        "dnssec-signzone",
        "-q",
        "-P",
        *times,
        "-o",
        "example.",
        "-k",
        ksk,
        "-f",
        str(signed),
        "ED25519.zone",
        zsk,
        cwd=folder,
    )
    assert ours(signed)[0] == level
    assert any(f"[{code}]" in line for line in ours(signed)[1])
    compare(signed)


def test_an_nsec3_is_gone(keys: dict[str, tuple[pathlib.Path, str, str]], tmp_path: pathlib.Path) -> None:
    folder, zsk, ksk = keys["ED25519"]
    signed = tmp_path / "signed"
    flags = ("-q", "-3", "-", "-H", "0", "-O", "full")
    run("dnssec-signzone", *flags, "-o", "example.", "-k", ksk, "-f", str(signed), "ED25519.zone", zsk, cwd=folder)
    lines = signed.read_text().splitlines(keepends=True)
    gone = next(line.split()[0] for line in lines if re.search(r"\sNSEC3\s1\s", line))
    signed.write_text("".join(line for line in lines if not line.startswith(gone)))
    level, said = ours(signed)
    assert level == 2
    assert any("[nsec3-missing]" in line for line in said), said
    assert any("[nsec3-chain]" in line for line in said), said
    compare(signed)


ROOT = """\
$TTL 3600
@ SOA ns1.example. hostmaster.example. 1 7200 3600 1209600 3600
@ NS ns1.example.
@ NS ns2.example.
example. NS ns1.example.
example. NS ns2.example.
ns1.example. A 192.0.2.53
ns2.example. A 192.0.2.54
"""


@pytest.mark.parametrize(("digest", "tag"), [("-1", "ds-digest"), ("-2", ""), ("-a SHA-384", "")])
def test_ds_and_key(
    keys: dict[str, tuple[pathlib.Path, str, str]], digest: str, tag: str, tmp_path: pathlib.Path
) -> None:
    folder, zsk, ksk = keys["ED25519"]
    child, parent = tmp_path / "child", tmp_path / "parent"
    run("dnssec-signzone", "-q", "-o", "example.", "-k", ksk, "-f", str(child), "ED25519.zone", zsk, cwd=folder)
    right = run("dnssec-dsfromkey", *digest.split(), f"{ksk}.key", cwd=folder).stdout
    assert "IN DS" in right
    wrong = re.sub(r"(DS [0-9]+ [0-9]+ [0-9]+) ..", r"\1 00", right)

    def codes(*digests: str) -> set[str]:
        parent.write_text(ROOT + "".join(digests))
        checks = ZoneChecks([NamedZone(".", parent), NamedZone("example.", child)], Circumstances(Clock(time.time())))
        return {finding.code for finding in checks.findings()}

    assert codes(right) == ({tag} if tag else set())
    assert "ds-stale" in codes(right, wrong)
    assert "ds-without-key" in codes(wrong)
    assert "no-ds" in codes()

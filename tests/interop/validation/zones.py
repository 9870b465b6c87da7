"""The zones: a root, a top-level zone for each way of denial, and below them one zone for each shape and each fault.

All are signed by BIND's `dnssec-signzone`; faults are made in the signed text. One server has them all.
"""

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from bench.peers import PeerFailedError
from bench.peers.server import SYSTEM_PATH

NSEC = ()
NSEC3 = ("-3", "-", "-H", "0")
SALTED = ("-3", "ab12cd34", "-H", "10")
OPT_OUT = ("-3", "-", "-H", "0", "-A")
COSTLY = ("-3", "-", "-H", "51")
"""One iteration more than is done (RFC 9276 3.2)."""

CONTENT = """\
$TTL 300
@ SOA ns1 h 1 7200 3600 1209600 60
@ NS ns1
ns1 A 192.0.2.53
@ TXT "apex"
@ MX 10 Mail
www A 192.0.2.80
www AAAA 2001:db8::80
Mail A 192.0.2.25
alias CNAME www
far CNAME www.whole.nsec.
dark CNAME www.unsigned.nsec.
broken CNAME www.expired.nsec.
dangling CNAME nowhere
*.wild A 192.0.2.99
*.wild TXT "made"
here.wild A 192.0.2.98
*.cname CNAME www
*.deep.wild2 A 192.0.2.97
a.b.ent TXT "below empty non-terminals"
below DNAME www
tree DNAME whole.nsec.
x.www A 192.0.2.81
*.x.www TXT "another"
"""
CUTS = """\
insecure NS ns1
a.insecure2 NS ns1
"""


def as_signed(text: str) -> str:
    """Nothing is done to the zone."""
    return text


def alone(ds: str) -> list[str]:
    """The DS of the key, and no other."""
    return [ds]


@dataclass(frozen=True)
class Shape:
    """One zone: how it is signed, what is done to it afterwards, and what its parent says of it."""

    label: str
    denial: Sequence[str] = NSEC
    algorithm: str = "ECDSAP256SHA256"
    times: tuple[str, str] = ("20200101000000", "20370101000000")
    spoil: Callable[[str], str] = as_signed
    ds: Callable[[str], list[str]] = alone
    digest: str = "SHA256"
    signed: bool = True
    bits: str = ""


def drop(rtype: str, *, covered: str = "", owner: str = "") -> Callable[[str], str]:
    """Takes away records of a type, of an owner if one is named."""
    pattern = re.compile(rf"^{owner or chr(92) + 'S+'}\s+\d+\s+IN\s+{rtype}\s+{covered}.*\n", re.MULTILINE)
    return lambda text: pattern.sub("", text)


def swap(old: str, new: str) -> Callable[[str], str]:
    """Other text, after it was signed."""
    return lambda text: text.replace(old, new)


def _flip(field_number: int, new: str) -> Callable[[str], list[str]]:
    def changed(ds: str) -> list[str]:
        words = ds.split()
        words[field_number] = new
        return [" ".join(words)]

    return changed


SHAPES = (
    Shape("whole"),
    Shape("hashed", NSEC3),
    Shape("salted", SALTED),
    Shape("dear", ("-3", "ab", "-H", "50")),
    Shape("optout", OPT_OUT),
    Shape("costly", COSTLY),
    Shape("rsa1", algorithm="RSASHA1", bits="1024"),
    Shape("rsa1n3", NSEC3, "NSEC3RSASHA1", bits="1024"),
    Shape("rsa256", NSEC3, "RSASHA256", bits="2048"),
    Shape("rsa512", algorithm="RSASHA512", bits="1024"),
    Shape("p384", NSEC3, "ECDSAP384SHA384", digest="SHA384"),
    Shape("ed25519", algorithm="ED25519"),
    Shape("ed448", NSEC3, "ED448"),
    Shape("sha1ds", digest="SHA1"),
    Shape("unsigned", signed=False),
    Shape("island", ds=lambda _: []),
    Shape("unknownalg", ds=_flip(1, "99")),
    Shape("unknowndigest", ds=_flip(2, "77")),
    Shape("mixedds", NSEC3, ds=lambda ds: [ds, *_flip(1, "99")(ds), *_flip(2, "77")(ds)]),
    Shape("wrongds", ds=_flip(3, "00" * 32)),
    Shape("wrongtag", ds=_flip(0, "1")),
    Shape("alldsbad", ds=lambda ds: [*_flip(3, "00" * 32)(ds), *_flip(1, "99")(ds)]),
    Shape("nokeys", spoil=drop("DNSKEY")),
    Shape("expired", times=("20200101000000", "20210101000000")),
    Shape("early", times=("20360101000000", "20370101000000")),
    Shape("nosigs", spoil=drop("RRSIG")),
    Shape("noasigs", NSEC3, spoil=drop("RRSIG", covered="A ")),
    Shape("keysunsigned", spoil=drop("RRSIG", covered="DNSKEY ")),
    Shape("changed", spoil=swap("192.0.2.80", "192.0.2.66")),
    Shape("nonsec", spoil=drop("NSEC")),
    Shape("nonsec3", NSEC3, spoil=drop("NSEC3")),
    Shape("nsecunsigned", spoil=drop("RRSIG", covered="NSEC ")),
    Shape("soachanged", NSEC3, spoil=swap(" 1209600 ", " 1209601 ")),
    Shape("claims", ds=lambda ds: [ds], signed=False),
)
TOPS = (Shape("nsec"), Shape("nsec3", NSEC3), Shape("opt", OPT_OUT))


@dataclass(frozen=True)
class Hosted:
    """All zones."""

    files: dict[str, Path]
    """By name."""
    anchor: str
    """The DS of the root."""
    origins: list[str]
    """The zones that questions are asked about."""


class Signer:
    """Signs zones, each with a key of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sign(self, origin: str, text: str, shape: Shape) -> tuple[Path, str]:
        """The signed zone's file, and the DS of its key."""
        file = self._folder / f"{origin or 'root.'}zone"
        key = self._key(origin or ".", shape)
        line = next(
            line for line in key.with_name(f"{key.name}.key").read_text().splitlines() if not line.startswith(";")
        )
        file.write_text(text + line + "\n")
        options = ["-P", "-q", "-z", "-O", "full", "-s", shape.times[0], "-e", shape.times[1], *shape.denial]
        run(
            "dnssec-signzone",
            *options,
            "-d",
            str(self._folder),
            "-o",
            origin or ".",
            "-f",
            str(file),
            str(file),
            str(key),
        )
        file.write_text(shape.spoil(file.read_text()))
        return file, self._ds(origin or ".", line, shape.digest)

    def _key(self, origin: str, shape: Shape) -> Path:
        bits = ("-b", shape.bits) if shape.bits else ()
        name = run("dnssec-keygen", "-q", "-a", shape.algorithm, *bits, "-f", "KSK", "-K", str(self._folder), origin)
        return self._folder / name.strip()

    def _ds(self, origin: str, line: str, digest: str) -> str:
        data = line.split("DNSKEY", 1)[1]
        key = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, data)
        policy = dns.dnssec.allow_all_policy
        return dns.dnssec.make_ds(dns.name.from_text(origin), key, digest, policy=policy).to_text()


def host(folder: Path) -> Hosted:
    """Makes and signs all zones, children first."""
    signer, files = Signer(folder), dict[str, Path]()
    root = "$TTL 300\n@ SOA ns1. h. 1 7200 3600 1209600 60\n@ NS ns1.\nns1. A 192.0.2.53\nwww. A 192.0.2.80\n"
    for top in TOPS:
        text = CONTENT + CUTS
        for shape in SHAPES:
            origin = f"{shape.label}.{top.label}."
            files[origin], ds = _child(signer, origin, shape)
            text += f"{shape.label} NS ns1.{origin}\nns1.{origin} A 192.0.2.53\n"
            text += "".join(f"{shape.label} DS {each}\n" for each in shape.ds(ds) if ds)
        files[f"{top.label}."], ds = signer.sign(f"{top.label}.", text, top)
        root += f"{top.label}. NS ns1.{top.label}.\n{top.label}. DS {ds}\nns1.{top.label}. A 192.0.2.53\n"
    files["."], anchor = signer.sign("", root, Shape("root"))
    origins = list(files)
    for origin in origins[:-1]:
        for cut in ("insecure", "a.insecure2"):
            name = f"{cut}.{origin}"
            files[name] = folder / f"{name}zone"
            files[name].write_text(
                f"$ORIGIN {name}\n$TTL 300\n@ SOA a b 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nx A 192.0.2.2\n"
            )
    return Hosted(files, f". IN DS {anchor}\n", origins)


def _child(signer: Signer, origin: str, shape: Shape) -> tuple[Path, str]:
    file, ds = signer.sign(origin, CONTENT + CUTS, shape)
    if not shape.signed:
        file.write_text(f"$ORIGIN {origin}\n{CONTENT + CUTS}")
        ds = ds if shape.label == "claims" else ""
    return file, ds


def run(*command: str) -> str:
    """What the command says. Raises PeerFailedError."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": SYSTEM_PATH})
    if done.returncode != 0:
        raise PeerFailedError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout

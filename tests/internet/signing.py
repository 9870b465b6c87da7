"""Signs the zones of a world with `ldns-signzone` and BIND's `dnssec-signzone`, and breaks those that are to be broken.

Keys are made once for each algorithm and used under the name of every zone: a key tag has nothing to do with the name
(RFC 4034 B), and a signature has the signer's name in it.
"""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.dnssec
import dns.name
import dns.rdata
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from bench.peers.server import SYSTEM_PATH
from tests.internet.zones import Denial, Fault, Signing, World, Zone

NAMES = {8: ("RSASHA256", "-b", "1280"), 13: ("ECDSAP256SHA256",), 14: ("ECDSAP384SHA384",), 15: ("ED25519",)}
"""Algorithms, as `dnssec-keygen` wants them."""
LDNS = {
    Denial.NSEC: (),
    Denial.NSEC3: ("-n", "-t", "0"),
    Denial.SALTED: ("-n", "-t", "5", "-s", "a1b2c3d4"),
    Denial.EXCESSIVE: ("-n", "-t", "200"),
}
BIND = {Denial.NSEC: (), Denial.NSEC3: ("-3", "-", "-H", "0"), Denial.OPT_OUT: ("-3", "-", "-H", "0", "-A")}
DAY_S = 86_400
BEFORE, AFTER = (-2 * DAY_S, 60 * DAY_S), (-400 * DAY_S, 400 * DAY_S)
PERIODS = {Fault.EXPIRED: (AFTER[0], BEFORE[0]), Fault.FUTURE: (BEFORE[1], AFTER[1])}
"""When signatures begin and end, in seconds from now; of zones without such a fault: BEFORE."""
UNKNOWN = 222
"""An algorithm, and a digest type, that nobody has."""


class SigningError(Exception):
    """A signer refused a zone; the text says why."""


@dataclass(frozen=True)
class Key:
    """A key pair, for any zone."""

    dnskey: DNSKEY
    private: Path

    def stem(self, zone: str) -> str:
        """The name of its files (without ending) for a zone."""
        return f"K{zone}+{int(self.dnskey.algorithm):03}+{dns.dnssec.key_id(self.dnskey):05}"


class Signer:
    """Keys of each algorithm, and the signed zones, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir()
        self._keys = {(one, role): self._make(one, role) for one in NAMES for role in ("KSK", "ZSK")}

    def keys(self, signing: Signing) -> list[Key]:
        """The keys of a zone, the one that its DS is of first."""
        roles = ("KSK", "ZSK") if signing.split else ("KSK",)
        return [self._keys[signing.algorithm, role] for role in roles]

    def ds(self, world: World) -> Mapping[str, list[str]]:
        """The DS records that parents have, as rdata by the name of the child."""
        secured = (zone for zone in world.zones.values() if zone.signing and zone.name != ".")
        return {zone.name: self._ds(zone) for zone in secured if world.parent(zone).signing}

    def anchor(self) -> str:
        """The root's key as a DS record."""
        return f". 3600 IN DS {_digest('.', self._keys[13, 'KSK'].dnskey)}\n"

    def sign(self, zone: Zone, text: str, file: Path) -> None:
        """Writes the zone as its servers have it. Raises SigningError."""
        if zone.signing is None:
            file.write_text(text)
            return
        stems = [self._place(zone.name, key) for key in self.keys(zone.signing)]
        unsigned = file.with_suffix(".unsigned")
        unsigned.write_text(text)
        command = _bind if _is_of_bind(zone) else _ldns
        self._run(*command(zone, zone.signing, stems), str(file), str(unsigned), *stems)
        _break(file, zone)

    def _ds(self, zone: Zone) -> list[str]:
        if zone.signing is None or zone.signing.fault is Fault.NO_DS:
            return []
        ds = _digest(zone.name, self.keys(zone.signing)[0].dnskey)
        return [str(one) for one in _with_fault(ds, zone.signing.fault)]

    def _make(self, algorithm: int, role: str) -> Key:
        flags = ["-f", "KSK"] if role == "KSK" else []
        stem = self._run("dnssec-keygen", "-q", "-K", ".", "-a", *NAMES[algorithm], *flags, "template.").strip()
        private = self._folder / f"{stem}.private"
        public = private.with_suffix(".key").read_text().splitlines()
        (rdata,) = (line.partition(" DNSKEY ")[2] for line in public if not line.startswith(";"))
        dnskey = dns.rdata.from_text("IN", "DNSKEY", rdata)
        assert isinstance(dnskey, DNSKEY)
        return Key(dnskey, private)

    def _place(self, zone: str, key: Key) -> str:
        """Writes the files of a key for a zone; both signers find them by their stem."""
        stem = key.stem(zone)
        (self._folder / f"{stem}.key").write_text(f"{zone} 3600 IN DNSKEY {key.dnskey}\n")
        (self._folder / f"{stem}.private").write_bytes(key.private.read_bytes())
        return stem

    def _run(self, *command: str) -> str:
        environment = {"PATH": SYSTEM_PATH, "HOME": str(self._folder)}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self._folder, env=environment, timeout=30
        )
        if done.returncode != 0:
            raise SigningError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout


def _is_of_bind(zone: Zone) -> bool:
    """BIND's signer alone leaves out delegations; of the others it signs those of the top, to have both signers."""
    assert zone.signing is not None
    return zone.signing.denial in BIND and (zone.signing.denial not in LDNS or zone.name.count(".") == 1)


def _ldns(zone: Zone, signing: Signing, stems: Sequence[str]) -> Sequence[str]:
    del stems
    start, end = _period(signing)
    times = ("-i", str(int(start)), "-e", str(int(end)))
    return ("ldns-signzone", *times, *LDNS[signing.denial], "-o", zone.name, "-f")


def _bind(zone: Zone, signing: Signing, stems: Sequence[str]) -> Sequence[str]:
    start, end = (time.strftime("%Y%m%d%H%M%S", time.gmtime(at)) for at in _period(signing))
    one_key = ("-z",) if len(stems) == 1 else ()
    options = ("-q", "-P", "-S", *one_key, "-O", "full", "-s", start, "-e", end, *BIND[signing.denial])
    return ("dnssec-signzone", *options, "-o", zone.name, "-f")


def _period(signing: Signing) -> tuple[float, float]:
    start, end = PERIODS.get(signing.fault, BEFORE)
    return time.time() + start, time.time() + end


# ------------------------------------------------------------------------------------------------ faults


def _digest(zone: str, dnskey: DNSKEY) -> DS:
    return dns.dnssec.make_ds(dns.name.from_text(zone), dnskey, "SHA256")


def _with_fault(ds: DS, fault: Fault) -> list[dns.rdata.Rdata]:
    wrong = bytes(255 - byte for byte in ds.digest)
    match fault:
        case Fault.WRONG_DS:
            return [ds.replace(digest=wrong)]
        case Fault.SECOND_DS:
            return [ds, ds.replace(key_tag=(int(ds.key_tag) + 1) % 65_536, digest=wrong)]
        case Fault.UNKNOWN_ALGORITHM:
            return [ds.replace(algorithm=UNKNOWN)]
        case Fault.UNKNOWN_DIGEST:
            return [ds.replace(digest_type=UNKNOWN)]
        case _:
            return [ds]


def _break(file: Path, zone: Zone) -> None:
    """Does to the signed zone what its fault says."""
    assert zone.signing is not None
    rule = BREAKING.get(zone.signing.fault)
    if rule is not None:
        lines = (rule(line, zone.name) for line in file.read_text().splitlines(keepends=True))
        file.write_text("".join(line for line in lines if line))


def _type(line: str) -> tuple[str, str]:
    """The type of a record, and what a signature covers."""
    words = line.split(maxsplit=5)
    if len(words) < 5 or line.startswith(";"):
        return "", ""
    return words[3], words[4] if words[3] == "RRSIG" else ""


def _without_signature(line: str, _: str) -> str:
    return "" if _type(line)[1] not in {"", "DNSKEY"} else line


def _wrong_signature(line: str, _: str) -> str:
    return _spoilt(line) if _type(line)[1] not in {"", "DNSKEY"} else line


def _wrong_www(line: str, zone: str) -> str:
    return _spoilt(line) if _type(line)[1] == "A" and line.startswith(f"www.{zone}") else line


def _without_denial(line: str, _: str) -> str:
    rtype, covered = _type(line)
    return "" if {rtype, covered} & {"NSEC", "NSEC3"} else line


def _spoilt(line: str) -> str:
    """The record with another signature: its middle is another one."""
    words = line.split()
    signature = words[12]
    half = len(signature) // 2
    turned = "A" if signature[half] != "A" else "B"
    return " ".join([*words[:12], signature[:half] + turned + signature[half + 1 :]]) + "\n"


BREAKING = {
    Fault.NO_SIGNATURES: _without_signature,
    Fault.WRONG_SIGNATURES: _wrong_signature,
    Fault.WRONG_WWW: _wrong_www,
    Fault.NO_DENIAL: _without_denial,
}

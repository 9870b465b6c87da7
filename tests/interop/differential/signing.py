"""Zones signed by BIND's `dnssec-signzone`, so that all servers have the same signatures and proofs to give.

One key signs every zone of a round: its files are named after the zone, and its key tag has nothing to do with the name
(RFC 4034 B).
"""

import re
import subprocess
from enum import Enum
from pathlib import Path

from bench.peers import PeerFailedError
from bench.peers.server import SYSTEM_PATH
from tests.interop.differential.zones import Zone

TIMES = ("-s", "20200101000000", "-e", "20380101000000")
"""Fixed, and far apart: no server looks at them."""
SPECIAL = re.compile(r"(\\# |\\[0-9]{3})|\\(.)|([!#%&'+,:<=>?\[\]^`{|}~])")
"""What the signer writes without its number: Knot reads `\\033`, and neither `!` nor `\\!`."""
WITHOUT_NAMES = {"RRSIG", "DNSKEY", "TXT", "CAA", "HINFO", "AAAA"}
"""Types whose text has other things, or no names that are special."""
ENVIRONMENT = {"PATH": SYSTEM_PATH}


class Denial(Enum):
    """How a zone proves that something is not there, in the signer's options."""

    NSEC = ()
    NSEC3 = ("-3", "-", "-H", "0")
    """Without salt and iterations (RFC 9276 3.1)."""
    OPT_OUT = ("-3", "-", "-H", "0", "-A")
    """RFC 5155 6: delegations without DS are left out of the chain."""


class Signer:
    """Signs zones with a key that it makes, in a folder of its own."""

    def __init__(self, folder: Path, denial: Denial) -> None:
        self._folder = folder
        self._denial = denial
        self._folder.mkdir()
        _run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K", str(folder), "template.")
        self._public = next(folder.glob("Ktemplate.*.key"))

    def sign(self, zone: Zone, file: Path) -> None:
        """Writes the signed zone. Raises PeerFailedError when the signer refuses it."""
        public = next(line for line in self._public.read_text().splitlines() if line.startswith("template."))
        dnskey = f"{zone.name} 3600{public.removeprefix('template.')}\n"
        key = self._folder / self._public.stem.replace("template.", zone.name)
        key.with_name(f"{key.name}.key").write_text(dnskey)
        key.with_name(f"{key.name}.private").write_bytes(self._public.with_suffix(".private").read_bytes())
        file.write_text(zone.file + dnskey)
        options = ["-P", "-q", "-z", "-O", "full", *TIMES, *self._denial.value, "-d", str(self._folder)]
        _run("dnssec-signzone", *options, "-o", zone.name, "-f", str(file), str(file), str(key))
        file.write_text("".join(_numbered(line) for line in file.read_text().splitlines(keepends=True)))


def _numbered(line: str) -> str:
    """The line with every special character in its names as a number; strings, keys and signatures stay."""
    if line.startswith(";"):
        return line
    owner, ttl, rdclass, rtype, rdata = line.split(maxsplit=4)
    if rtype not in WITHOUT_NAMES:
        rdata = _special(rdata)
    return f"{_special(owner)} {ttl} {rdclass} {rtype} {rdata}"


def _special(text: str) -> str:
    return SPECIAL.sub(lambda found: found[1] or f"\\{ord(found[2] or found[3]):03d}", text)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if done.returncode != 0:
        raise PeerFailedError(f"{' '.join(command)}: {done.stdout}{done.stderr}")

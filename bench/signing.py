"""Signs zone files with BIND's tools, as an operator would."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench.peers.server import SYSTEM_PATH


def sign(zones: Mapping[str, Path]) -> dict[str, Path]:
    """The same zones with NSEC, signed with ECDSA P-256 by a key-signing and a zone-signing key."""
    return {zone: _sign(zone, path) for zone, path in zones.items()}


def _sign(zone: str, path: Path) -> Path:
    signed = path.with_suffix(".signed")
    for flags in ([], ["-f", "KSK"]):
        _run(path.parent, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, zone)
    keys = "".join(key.read_text() for key in path.parent.glob(f"K{zone}*.key"))
    with_keys = path.with_suffix(".keys")
    with_keys.write_text(path.read_text() + keys)
    _run(path.parent, "dnssec-signzone", "-q", "-o", zone, "-f", str(signed), str(with_keys))
    return signed


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env={"PATH": SYSTEM_PATH})

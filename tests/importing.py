"""What the tests of the readers have in common."""

from collections.abc import Callable
from pathlib import Path

from resolute.cli.imports import adguard, dnsmasq
from resolute.cli.imports.found import Imported
from resolute.records import names


def zones(found: Imported) -> dict[str, set[str]]:
    """The records of each zone, without SOA and NS."""
    return {
        names.to_text(zone.origin): {
            line for line in zone.text.decode().splitlines() if line.split()[2] not in ("SOA", "NS")
        }
        for zone in found.zones
    }


def left(found: Imported) -> dict[str, str]:
    """What is left out, by its place's last part."""
    return {one.where.rsplit("/", 1)[-1]: one.why for one in found.left_out}


def of_dnsmasq(folder: Path, text: str) -> Imported:
    """What is found in a configuration of dnsmasq."""
    return _read(dnsmasq.read, folder / "dnsmasq.conf", f"{text}\nno-hosts\n")


def of_adguard(folder: Path, text: str) -> Imported:
    """The same of AdGuard Home."""
    return _read(adguard.read, folder / "AdGuardHome.yaml", text)


def _read(read: Callable[[Path], Imported], file: Path, text: str) -> Imported:
    file.write_text(text)
    return read(file)

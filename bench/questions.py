"""The questions that are asked, the answers that are right, and the zone files that hold them.

Names look random but are the same in every run: they come from a hash of their number.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ZONE = "bench.example."
MILLION_ZONE = "million.example."
MISS_ZONE = "miss.example."

HEADER = """$ORIGIN {zone}
$TTL 86400
@ SOA ns1 hostmaster 1 7200 3600 1209600 3600
@ NS ns1
@ NS ns2
ns1 A 192.0.2.1
ns2 A 192.0.2.2
"""
MANY = """@ MX 10 mail
mail A 192.0.2.3
www A {address}
_dmarc TXT "v=DMARC1; p=none"
@ TXT "v=spf1 mx -all"
"""


@dataclass(frozen=True)
class Question:
    """One question and the answer that it must get: an address, or None for a name that does not exist."""

    qname: str
    rdtype: str
    address: str | None


def label(number: int) -> str:
    """The label of the host of this number."""
    return f"h{hashlib.blake2b(number.to_bytes(8), digest_size=6).hexdigest()}"


def ipv4(number: int) -> str:
    """Its A record."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def ipv6(number: int) -> str:
    """Its AAAA record, as servers write it."""
    return f"2001:db8::{number >> 16:x}:{number & 0xFFFF:x}" if number >> 16 else f"2001:db8::{number:x}"


def write_hosts_zone(folder: Path, zone: str, hosts: int) -> dict[str, Path]:
    """A zone with an A and an AAAA record for each host."""
    path = folder / f"{zone}zone"
    with path.open("w") as file:
        file.write(HEADER.format(zone=zone))
        file.writelines(f"{label(n)} A {ipv4(n)}\n{label(n)} AAAA {ipv6(n)}\n" for n in range(1, hosts + 1))
    return {zone: path}


def write_wildcard_zone(folder: Path) -> dict[str, Path]:
    """A zone in which every name exists."""
    path = folder / f"{MISS_ZONE}zone"
    path.write_text(HEADER.format(zone=MISS_ZONE) + "* A 192.0.2.99\n")
    return {MISS_ZONE: path}


def write_many_zones(folder: Path, count: int) -> dict[str, Path]:
    """Zones of ten records each, the last one first."""
    zones = {}
    for number in reversed(range(1, count + 1)):
        zone = many_zone(number)
        zones[zone] = folder / f"{zone}zone"
        zones[zone].write_text(HEADER.format(zone=zone) + MANY.format(address=ipv4(number)))
    return zones


def many_zone(number: int) -> str:
    """One of many zones."""
    return f"{label(number)}.example."


def many_questions(zones: int, count: int) -> Iterator[Question]:
    """`count` questions in hashed order, each for a zone's `www`."""
    for number in range(count):
        draw = int.from_bytes(hashlib.blake2b(number.to_bytes(8), key=b"zone", digest_size=8).digest())
        zone = draw % zones + 1
        yield Question(f"www.{many_zone(zone)}", "A", ipv4(zone))


def host_questions(zone: str, hosts: int, count: int) -> Iterator[Question]:
    """`count` questions in hashed order: 8 in 100 for names that do not exist, 22 for AAAA, 70 for A."""
    for number in range(count):
        draw = int.from_bytes(hashlib.blake2b(number.to_bytes(8), key=b"draw", digest_size=8).digest())
        host, part = draw // 100 % hosts + 1, draw % 100
        if part < 8:
            yield Question(f"x{label(host)}.{zone}", "A", None)
        elif part < 30:
            yield Question(f"{label(host)}.{zone}", "AAAA", ipv6(host))
        else:
            yield Question(f"{label(host)}.{zone}", "A", ipv4(host))


def new_names(count: int) -> Iterator[Question]:
    """`count` names that exist by the wildcard and are asked once each."""
    return (Question(f"{label(number)}.{MISS_ZONE}", "A", "192.0.2.99") for number in range(count))


def missing_names(count: int) -> Iterator[Question]:
    """`count` names that do not exist and are asked once each."""
    return (Question(f"x{label(number)}.{ZONE}", "A", None) for number in range(count))


def write_questions(path: Path, questions: Iterable[Question]) -> Path:
    """The input file of dnsperf."""
    with path.open("w") as file:
        file.writelines(f"{question.qname} {question.rdtype}\n" for question in questions)
    return path

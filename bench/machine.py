"""What the figures were obtained on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The parts of a machine that its figures depend on."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    kernel: str


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(
        processor=_field("/proc/cpuinfo", "model name", ":"),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=_field("/etc/os-release", "PRETTY_NAME", "=").strip('"'),
        kernel=platform.release(),
    )


def _field(file: str, key: str, separator: str) -> str:
    for line in Path(file).read_text().splitlines():
        name, _, value = line.partition(separator)
        if name.strip() == key:
            return value.strip()
    return "unknown"

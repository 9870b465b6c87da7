"""How long a single-record change of the million-record zone takes until the next query sees it."""

import tempfile
import time
from pathlib import Path
from statistics import median

from bench.mixes import MILLION
from bench.questions import ipv4, label
from resolute import plane
from resolute.records import names

CHANGES = 200


def change_ms() -> tuple[float, float]:
    """Milliseconds from the call to the published change: the median, and the worst of 200."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ((zone, path),) = MILLION.write_zones(Path(folder)).items()
        image = plane.scan_zone_file(str(path), names.from_text(zone)).compile()
    served = plane.Plane(plane.Settings(views=[plane.View("", clients=["0.0.0.0/0"], recursion=[])]), workers=1)
    served.publish([image])
    took = []
    for number in range(1, CHANGES + 1):
        owner = names.from_text(f"{label(number)}.{zone}")
        address = bytes(int(part) for part in ipv4(number + 1).split("."))
        began = time.perf_counter()
        image = image.edit([(owner, 1, [(60, address)])])
        served.publish([image])
        took.append((time.perf_counter() - began) * 1e3)
    served.close(0)
    return median(took), max(took)

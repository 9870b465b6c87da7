"""How often a zone's file is read for one request: as often for many RRsets as for one."""

from pathlib import Path
from typing import Any

import pytest

from resolute import plane
from tests.fakenode import FakeNode
from tests.updating import TEXT, Device, with_device

ZONE = "/api/v1/servers/localhost/zones/example.net."
MANY = 11_000
"""More than two pages."""


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read, each time."""
    found: list[str] = []
    scan = plane.scan_zone_file

    def counted(path: str, *others: Any) -> Any:  # noqa: ANN401  as the real one
        found.append(path)
        return scan(path, *others)

    monkeypatch.setattr(plane, "scan_zone_file", counted)
    return found


def served(folder: Path, text: str) -> FakeNode:
    file = folder / "example.net.zone"
    file.write_text(text)
    return FakeNode({"/status": {"zones": [{"name": "example.net.", "file": str(file)}]}, "/reread": {}})


def test_a_list_of_all_records(tmp_path: Path, reads: list[str]) -> None:
    node = served(tmp_path, TEXT + "".join(f"h{number} A 192.0.2.1\n" for number in range(MANY)))

    async def scenario(device: Device) -> None:
        async with node.at(tmp_path / "control.sock"):
            found = (await device.get("/externaldns/records")).json()
        assert len([one for one in found if one["dnsName"].startswith("h") and one["targets"] == ["192.0.2.1"]]) == MANY
        assert len(reads) == 1

    with_device(tmp_path, scenario)


def test_records_that_are_added_without_a_ttl(tmp_path: Path, reads: list[str]) -> None:
    node = served(tmp_path, TEXT + "".join(f"h{number} {number} A 192.0.2.1\n" for number in range(40)))

    async def extend(device: Device, *numbers: int) -> int:
        add = {"type": "A", "changetype": "EXTEND", "records": [{"content": "192.0.2.2"}]}
        rrsets = [add | {"name": f"h{number}.example.net."} for number in numbers]
        before = len(reads)
        said = await device.world.client.patch(
            ZONE, json={"rrsets": rrsets}, headers={"Authorization": f"Bearer {device.token}"}
        )
        assert said.status_code == 204, said.text
        return len(reads) - before

    async def scenario(device: Device) -> None:
        async with node.at(tmp_path / "control.sock"):
            assert await extend(device, 0) == await extend(device, *range(1, 40))
            lines = await device.lines("example.net.")
        for number in range(40):
            assert f"h{number}.example.net. {number} A 192.0.2.2" in lines

    with_device(tmp_path, scenario)

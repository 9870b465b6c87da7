"""What `resolute import` does with what a reader has found: beside what the server has, and then into it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from resolute.cli.adminclient import AdminClient, segment
from resolute.cli.applying import Doing, doing_of, import_zone
from resolute.cli.imports.found import Imported, ImportedZone
from resolute.cli.progress import Progress
from resolute.errors import RuleError
from resolute.records import names


@dataclass(frozen=True, slots=True)
class ZoneStep:
    """What becomes of a zone."""

    zone: ImportedZone = field(repr=False)
    name: str
    doing: Doing
    change: dict[str, Any] = field(default_factory=dict)
    """As the API has it."""


@dataclass(frozen=True, slots=True)
class LocalStep:
    """What becomes of a local record."""

    name: str
    address: str
    before: str | None
    """None: there is none."""

    @property
    def doing(self) -> Doing:
        """Whether it is there, or another one."""
        if self.before is None:
            return Doing.ADD
        return Doing.NOTHING if self.before == self.address else Doing.CHANGE


@dataclass(frozen=True, slots=True)
class Steps:
    """All of it."""

    zones: Sequence[ZoneStep]
    local: Sequence[LocalStep]

    @property
    def to_do(self) -> list[ZoneStep | LocalStep]:
        """What is not so already: zones, then local records."""
        every: list[ZoneStep | LocalStep] = [*self.zones, *self.local]
        return [one for one in every if one.doing in (Doing.ADD, Doing.CHANGE)]

    def refuse_changes(self) -> None:
        """Raises RuleError when something that is there would become another one."""
        zones = [one.name for one in self.zones if one.doing is Doing.CHANGE]
        local = [f"{one.name}." for one in self.local if one.doing is Doing.CHANGE]
        if zones or local:
            shown = ", ".join((zones + local)[:10])
            raise RuleError(
                f"{len(zones)} zones and {len(local)} local records are there already and are not the same ({shown}):"
                " nothing is changed; --replace makes them these"
            )

    def carry_out(self, client: AdminClient, progress: Progress) -> None:
        """Zone after zone, then the local records; what is so already is passed over, so that a second run completes
        one that broke off. Raises what the client raises."""
        for number, one in enumerate(self.to_do, start=1):
            if isinstance(one, ZoneStep):
                import_zone(client, one.name, one.zone.text, plan=False)
            else:
                client.call("PUT", f"/local-records/{segment(one.name)}", json={"address": one.address})
            progress(number, len(self.to_do))


def compare(client: AdminClient, found: Imported) -> Steps:
    """What there is to do. Raises what the client raises."""
    files = {str(zone["name"]) for zone in client.pages("/zones") if zone["source"] != "store"}
    there = {str(one["name"]).rstrip("."): str(one["address"]) for one in client.pages("/local-records")}
    zones = [_zone(client, zone, files) for zone in found.zones]
    return Steps(zones, [LocalStep(name, address, there.get(name)) for name, address in found.local.items()])


def _zone(client: AdminClient, zone: ImportedZone, files: set[str]) -> ZoneStep:
    name = names.to_text(names.fold(zone.origin))
    if name in files:
        return ZoneStep(zone, name, Doing.LEAVE)
    change = dict(import_zone(client, name, zone.text, plan=True))
    return ZoneStep(zone, name, doing_of(change), change)

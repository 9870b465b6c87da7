"""What `resolute import` does with what a reader has found: beside what the server has, and then into it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from resolute.cli.adminclient import ONLY_NEW, AdminClient, segment
from resolute.cli.applying import Doing, doing_of, import_zone
from resolute.cli.imports.found import Imported, ImportedZone
from resolute.errors import ConflictError, RuleError
from resolute.records import names


@dataclass(frozen=True, slots=True)
class ZoneStep:
    """What becomes of a zone."""

    zone: ImportedZone = field(repr=False)
    name: str
    doing: Doing
    change: Mapping[str, Any] = field(default_factory=dict)
    """As the API has it."""

    def carry_out(self, client: AdminClient) -> "ZoneStep":
        """Does it, all or nothing. Raises what the client raises, and ConflictError for a zone that is there by now."""
        new = self.doing is Doing.ADD
        change = _unless_there(self.name, lambda: import_zone(client, self.name, self.zone.text, plan=False, new=new))
        return replace(self, change=change)


@dataclass(frozen=True, slots=True)
class LocalStep:
    """What becomes of a local record."""

    name: str
    """With its last dot."""
    address: str
    before: str | None
    """None: there is none."""
    change: Mapping[str, Any] = field(default_factory=dict)
    """As the API has it; empty as long as it is not done."""

    @property
    def doing(self) -> Doing:
        """Whether it is there, or another one."""
        if self.before is None:
            return Doing.ADD
        return Doing.NOTHING if self.before == self.address else Doing.CHANGE

    def carry_out(self, client: AdminClient) -> "LocalStep":
        """The same."""
        path, headers = f"/local-records/{segment(self.name)}", ONLY_NEW if self.doing is Doing.ADD else {}
        body = {"address": self.address}
        return replace(
            self,
            change=_unless_there(self.name, lambda: client.call("PUT", path, json=body, headers=headers).json()),
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """All of it."""

    zones: Sequence[ZoneStep]
    local: Sequence[LocalStep]

    @property
    def to_do(self) -> list[ZoneStep | LocalStep]:
        """What is not so already: zones, then local records. A second run completes one that broke off."""
        every: list[ZoneStep | LocalStep] = [*self.zones, *self.local]
        return [one for one in every if one.doing in (Doing.ADD, Doing.CHANGE)]

    def refuse_changes(self) -> None:
        """Raises RuleError when something that is there would become another one."""
        zones = [one.name for one in self.zones if one.doing is Doing.CHANGE]
        local = [one.name for one in self.local if one.doing is Doing.CHANGE]
        if zones or local:
            shown = ", ".join((zones + local)[:10])
            raise RuleError(
                f"{len(zones)} zones and {len(local)} local records are there already and are not the same ({shown}):"
                " nothing is changed; --replace makes them these"
            )


def compare(client: AdminClient, found: Imported) -> Steps:
    """What there is to do. Raises what the client raises."""
    files = {str(zone["name"]) for zone in client.pages("/zones") if zone["source"] != "store"}
    there = {str(one["name"]): str(one["address"]) for one in client.pages("/local-records")}
    zones = [_zone(client, zone, files) for zone in found.zones]
    return Steps(zones, [LocalStep(f"{one}.", address, there.get(f"{one}.")) for one, address in found.local.items()])


def _unless_there(name: str, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Raises ConflictError for what was not there when the plan was made."""
    try:
        return make()
    except ConflictError as error:
        raise ConflictError(
            f"{name} was made by somebody else meanwhile: import again, and see what differs"
        ) from error


def _zone(client: AdminClient, zone: ImportedZone, files: set[str]) -> ZoneStep:
    name = names.to_text(names.fold(zone.origin))
    if name in files:
        return ZoneStep(zone, name, Doing.LEAVE)
    change = dict(import_zone(client, name, zone.text, plan=True))
    return ZoneStep(zone, name, doing_of(change), change)

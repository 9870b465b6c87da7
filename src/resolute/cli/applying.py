"""What `resolute apply` has to do: a folder of zone files beside the zones of a store. Nothing is changed here but by
`ZonePlan.carry_out`.

    files -> checked, all of them -> each beside its zone (the server says what would change) -> plans -> carried out
"""

import enum
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from resolute.cli.adminclient import ONLY_NEW, ZONE_TEXT, AdminClient, segment
from resolute.cli.samezone import twice
from resolute.errors import ConflictError, ResoluteError, RuleError, ZoneDataError
from resolute.progress import Progress
from resolute.records import names
from resolute.zones import files
from resolute.zones.files import Source
from resolute.zones.folders import ZoneFolder

_TOGETHER: Final = 64
"""Files that are checked at a time."""


class Doing(enum.Enum):
    """What becomes of a zone."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    NOTHING = "nothing"
    """It is what its file says."""
    KEEP = "keep"
    """It has no file here, and is not to be removed."""
    LEAVE = "leave"
    """The server reads it from a file of its own."""


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """What becomes of one zone."""

    name: str
    doing: Doing
    source: Source | None = None
    digest: bytes = field(default=b"", repr=False)
    """Of the text that the plan was made for."""
    change: Mapping[str, Any] = field(default_factory=dict)
    """As the API has it (`ZoneChanged`)."""
    note: str = ""

    @property
    def would_change(self) -> bool:
        """Whether there is something to do."""
        return self.doing in (Doing.ADD, Doing.CHANGE, Doing.REMOVE)

    def carry_out(self, client: AdminClient) -> "ZonePlan":
        """Does it, all or nothing. Raises what the client raises, and ConflictError when the file is another one."""
        if self.source is None:
            change = client.call("DELETE", f"/zones/{segment(self.name)}").json()
        else:
            text = _text(self.source)
            if hashlib.sha256(text).digest() != self.digest:
                raise ConflictError(f"{self.source.path} was changed after the plan was made: apply again")
            change = import_zone(client, self.name, text, plan=False)
        return replace(self, change=change)


class Step(Protocol):
    """Something to do."""

    def carry_out(self, client: AdminClient) -> Self:
        """Does it, and returns what it has become."""


AStep = TypeVar("AStep", bound=Step)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[AStep]):
    """How far it came."""

    done: Sequence[AStep]
    rest: Sequence[AStep] = ()
    error: ResoluteError | None = None
    """What the first of the rest was refused with."""


def carry_out(client: AdminClient, steps: Sequence[AStep], progress: Progress) -> Outcome[AStep]:
    """Does one after the other, until something refuses."""
    done: list[AStep] = []
    for one in steps:
        try:
            done.append(one.carry_out(client))
        except ResoluteError as error:
            return Outcome(done, steps[len(done) :], error)
        progress(len(done), len(steps))
    return Outcome(done)


def check_folder(folder: Path, progress: Progress) -> list[Source]:
    """The zone files of a folder, each of which holds. Raises ZoneDataError with every problem of every file."""
    found = ZoneFolder(folder)
    sources = sorted(found.look().changed, key=lambda source: names.to_text(names.fold(source.origin)))
    problems = [*found.problems, *twice((source.origin, str(source.path)) for source in sources)]
    for start in range(0, len(sources), _TOGETHER):
        for state in files.load(sources[start : start + _TOGETHER], 0):
            problems += state.problems
        progress(min(start + _TOGETHER, len(sources)), len(sources))
    if problems:
        raise ZoneDataError(problems[0], problems)
    if not sources:
        raise RuleError(f"{folder}: there is no zone file in it: a file NAME{files.SUFFIX} is the zone NAME")
    return sources


def plan(client: AdminClient, sources: Sequence[Source], *, remove: bool, progress: Progress) -> Iterator[ZonePlan]:
    """What becomes of each zone of the folder and of the store: first those of the folder. Raises what the client
    raises."""
    there = {str(zone["name"]): zone for zone in client.pages("/zones")}
    for number, source in enumerate(sources, start=1):
        name = names.to_text(names.fold(source.origin))
        yield _of_file(client, source, name, there.pop(name, None))
        progress(number, len(sources))
    for name, zone in there.items():
        if zone["source"] != "store":
            yield _left(name, zone)
        elif remove:
            change = client.call("DELETE", f"/zones/{segment(name)}", query={"plan": "true"}).json()
            yield ZonePlan(name, Doing.REMOVE, change=change)
        else:
            yield ZonePlan(name, Doing.KEEP, note="no file here; --delete removes it")


def _of_file(client: AdminClient, source: Source, name: str, zone: Mapping[str, Any] | None) -> ZonePlan:
    if zone is not None and zone["source"] != "store":
        return _left(name, zone)
    text = _text(source)
    change = import_zone(client, name, text, plan=True)
    return ZonePlan(name, doing_of(change), source, hashlib.sha256(text).digest(), change)


def _left(name: str, zone: Mapping[str, Any]) -> ZonePlan:
    return ZonePlan(name, Doing.LEAVE, note=f"read from {zone.get('file') or 'a file'} on the server: change it there")


def import_zone(client: AdminClient, name: str, text: bytes, *, plan: bool, new: bool = False) -> Mapping[str, Any]:
    """What becomes, or with `plan` would become, of a zone that gets this zone text: as the API has it. With `new` it
    is not to be there yet: raises ConflictError."""
    query, headers = {"plan": "true"} if plan else {}, ZONE_TEXT | (ONLY_NEW if new else {})
    path = f"/zones/{segment(name)}/import"
    change: Mapping[str, Any] = client.call("POST", path, query=query, body=text, headers=headers).json()
    return change


def doing_of(change: Mapping[str, Any]) -> Doing:
    """What such a change is."""
    if change["serial_before"] is None:
        return Doing.ADD
    return Doing.CHANGE if change["changes"] else Doing.NOTHING


def _text(source: Source) -> bytes:
    from resolute.zones.flatten import zone_text  # what knows rows of the store takes its time to load

    try:
        return zone_text(Path(source.path), source.origin)
    except OSError as error:
        raise RuleError(f"{source.path}: cannot be read: {error.strerror or error}") from error

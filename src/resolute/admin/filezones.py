"""The zones that the node reads from files: who they are, says the node; what is in them, their files do.

A zone's source of truth is its file then: what is to be changed in it goes through `change`, and through nothing else.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from resolute.admin.controlsocket import LONG_S, ControlSocket
from resolute.errors import ResoluteError, RuleError, UnavailableError
from resolute.zones.change import ZoneChange
from resolute.zones.decide import Committed
from resolute.zones.filechange import change_file

log = logging.getLogger(__name__)

KEEP_S: Final = 1.0
"""For so long the node is not asked again."""


@dataclass(frozen=True, slots=True)
class FileZone:
    """A zone of a file. `state`: `serving`, `serving the old zone` or `not served`."""

    name: str
    file: str
    state: str
    serial: int | None
    records: int
    problems: tuple[str, ...] = field(default=())
    writable: bool = True


class FileZones:
    """Asks the node, and remembers for a moment."""

    def __init__(self, node: ControlSocket) -> None:
        self._node = node
        self._known: Mapping[str, FileZone] = {}
        self._until_s = 0.0
        self._changing = asyncio.Lock()

    async def all(self) -> Mapping[str, FileZone]:
        """By name, lower case with the trailing dot. Raises UnavailableError when the node does not answer."""
        if time.monotonic() >= self._until_s:
            status = await self._node.get("/status")
            found = (_zone(one) for one in status.get("zones", []) if one.get("file"))
            self._known = {zone.name: zone for zone in found}
            self._until_s = time.monotonic() + KEEP_S
        return self._known

    async def known(self) -> Mapping[str, FileZone]:
        """The same. A node that does not answer has none: the zones of the store go on being managed."""
        try:
            return await self.all()
        except UnavailableError:
            return {}

    async def find(self, name: str) -> FileZone | None:
        """The zone of this name, of those that are known."""
        return (await self.known()).get(name)

    async def change(
        self, zone: FileZone, change: ZoneChange | None = None, *, planned: bool = False
    ) -> tuple[Committed, bool | None]:
        """Makes a change in the zone's file, and has the node read it again; None stands for what is done to a zone as
        a whole, which is its operator's to do. The second value says whether the node has told that it serves it.

        Raises RuleError for that and for a file that is not to be written, and what `change_file` raises.
        """
        if change is None or not zone.writable:
            why = "" if change is None else ", and its [[zone]] says `writable = false`"
            raise RuleError(
                f"the zone {zone.name} is read from the file {zone.file}, which is its one source of truth{why}:"
                " edit it there"
            )
        async with self._changing:
            made = await asyncio.to_thread(change_file, Path(zone.file), change, planned=planned)
            if planned or not made.differences:
                return made, None if planned else True
            self._until_s = 0.0
            return made, await self._reread(zone)

    async def _reread(self, zone: FileZone) -> bool:
        """The change is durable already: a node that does not answer looks at the file by itself."""
        try:
            await self._node.post("/reread", {"file": zone.file}, timeout_s=LONG_S)
        except ResoluteError as error:
            log.warning("the node could not be told of the change of %s: %s", zone.file, error)
            return False
        return True


def _zone(tree: Mapping[str, Any]) -> FileZone:
    name = str(tree["name"]).lower()
    return FileZone(
        name if name.endswith(".") else name + ".",
        str(tree["file"]),
        str(tree.get("state", "")),
        tree.get("serial"),
        int(tree.get("records") or 0),
        tuple(map(str, tree.get("problems", []))),
        bool(tree.get("writable", True)),
    )

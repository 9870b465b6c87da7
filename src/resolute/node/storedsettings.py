"""The settings of the store, as this node takes them: what holds of them, over the file and under the flags.

They are read once before the node is made, from the store or its last copy, and followed from then on
(`follower.py`). Nothing that the store says keeps a node from starting.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from resolute.config import stored
from resolute.config.stored import Compose, Values
from resolute.config.tree import Settings
from resolute.errors import UnavailableError
from resolute.node.follower import COPY, PATIENCE_S
from resolute.store import kept
from resolute.store.store import Store

_NONE: Final[Values] = {}

log = logging.getLogger(__name__)


class StoredSettings:
    """`compose` reads the configuration again, from where the first one came, and puts values of the store into it."""

    def __init__(self, compose: Compose) -> None:
        self.values: Mapping[str, object] = _NONE
        self.problems: tuple[str, ...] = ()
        self._compose = compose

    async def at_start(self, settings: Settings) -> Settings:
        """The settings with what the store has of them, or its last copy where the store does not answer soon;
        `settings` themselves when there is nothing."""
        values = await self._of_store(settings.store.url)
        self.values = await self._of_copy(settings.data.directory / COPY) if values is None else values
        return await asyncio.to_thread(self.compose) if self.values else settings

    def compose(self) -> Settings:
        """Everything read again. Raises SettingsError when it does not hold without the store's values either."""
        settings, problems = stored.what_holds(self.values, self._compose)
        for problem in problems:
            log.error("%s", problem)
        self.problems = problems
        return settings

    def check(self, values: Values) -> Settings:
        """What the settings would be with other values in the store. Raises SettingsError unless all
        hold that are known here."""
        return self._compose(stored.for_the_store(values))

    async def _of_store(self, url: str) -> Values | None:
        """None: it does not answer. What it says later comes through the follower."""
        reading = asyncio.create_task(asyncio.to_thread(_read, url))
        reading.add_done_callback(_is_heard)
        await asyncio.wait({reading}, timeout=PATIENCE_S)
        if reading.done() and reading.exception() is None:
            return reading.result()
        log.warning("the store does not say which settings it has: those of its last copy hold until it does")
        return None

    async def _of_copy(self, file: Path) -> Values:
        try:
            return await asyncio.to_thread(_read_copy, file)
        except UnavailableError as error:
            log.warning("the settings of the last copy cannot be read: %s", error)
            return _NONE


def _is_heard(reading: "asyncio.Task[dict[str, object]]") -> None:
    if not reading.cancelled() and isinstance(error := reading.exception(), UnavailableError):
        log.warning("the settings of the store cannot be read: %s", error)


def _read_copy(file: Path) -> Values:
    return _read(f"sqlite:///{file}") if file.exists() else _NONE


def _read(url: str) -> dict[str, object]:
    store = Store(url)
    try:
        with store.reading() as connection:
            return kept.read(connection)
    finally:
        store.close()

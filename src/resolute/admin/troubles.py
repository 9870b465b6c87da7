"""What goes wrong again and again is said once a minute: a log that repeats itself hides the rest, fills the disk."""

import logging
import time
from typing import Final

AGAIN_S: Final = 60.0
_DIFFERENT: Final = 100
"""Texts that are remembered."""


class Trouble:
    """One thing that may go wrong for a while."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        """`what`: the beginning of the line, such as `the audit log cannot be written`."""
        self._log, self._what = log, what
        self._said: dict[str, float] = {}

    def there(self, error: Exception) -> None:
        """It goes wrong."""
        text, now = str(error), time.monotonic()
        if now - self._said.get(text, -AGAIN_S) >= AGAIN_S:
            self._said.pop(text, None)
            self._said[text] = now
            self._log.error("%s: %s", self._what, text)
        if len(self._said) > _DIFFERENT:
            del self._said[next(iter(self._said))]

    def over(self) -> None:
        """It goes well."""
        if self._said:
            self._log.info("no longer: %s", self._what)
        self._said = {}

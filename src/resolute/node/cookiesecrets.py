"""The server's own secrets of DNS cookies, kept so that a restart costs no client its cookie.

A secret makes cookies for a day (RFC 7873 7.1: no longer than 26 hours), and verifies them for one more, which is
longer than a cookie lives (RFC 9018 4.3, 5). The file has a line for each, the newest first: 32 hexadecimal digits, and
when the secret was made in seconds since 1970.
"""

import logging
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolute import durable

LIFE_S: Final = 86_400
LENGTH: Final = 16
_LINE: Final = re.compile(r"([0-9a-f]{32}) ([0-9]{1,12})")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Secret:
    value: bytes
    made_at: int

    def is_young(self, now: float) -> bool:
        """A secret from the future was made before the clock was set right: nobody knows how old it is."""
        return 0 <= now - self.made_at < LIFE_S


class CookieSecrets:
    """The secrets in a file of mode 0600. Where it cannot be written, they last as long as the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secrets = _load(path)

    @property
    def values(self) -> tuple[bytes, ...]:
        """16 bytes each; the first makes cookies, all verify. Empty before the first `renew`."""
        return tuple(secret.value for secret in self._secrets)

    def renew(self, now: float) -> bool:
        """Puts a new secret before the old one when that has made cookies for a day; whether it did. Never raises for a
        file that cannot be written."""
        if self._secrets and self._secrets[0].is_young(now):
            return False
        self._secrets = (_Secret(secrets.token_bytes(LENGTH), int(now)), *self._secrets[:1])
        try:
            _save(self._path, self._secrets)
        except OSError as error:
            log.warning("%s: %s: the secret of cookies is lost when the server ends", self._path, error.strerror)
        return True


def _load(path: Path) -> tuple[_Secret, ...]:
    """The secrets; none when there is no file, or one that others may read, or that has something else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, encoding="ascii") as file:
            others_may = os.fstat(descriptor).st_mode & 0o077
            lines = [_LINE.fullmatch(line) for line in file.read(1_024).splitlines()]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        log.warning("%s: %s: a new secret of cookies is made", path, error)
        return ()
    if others_may or not lines or None in lines:
        log.warning("%s: not of mode 0600, or not a list of secrets: a new one is made", path)
        return ()
    return tuple(_Secret(bytes.fromhex(line[1]), int(line[2])) for line in lines if line is not None)[:2]


def _save(path: Path, kept: tuple[_Secret, ...]) -> None:
    """Replaces the file in one step: a crash leaves the old one or the new one. Raises OSError."""
    durable.replace(path, "".join(f"{secret.value.hex()} {secret.made_at}\n" for secret in kept).encode())

"""Passwords: Argon2id (RFC 9106), in threads of their own, so that hashing never stops a request that has no password.

There is a lane for this machine and one for all others, each one thread and a short queue: a flood of logins from
elsewhere takes one core at most, and whoever sits at the machine does not wait behind it.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from resolute.errors import RuleError, UnavailableError

MEMORY_KIB: Final = 32_768
PASSES: Final = 3
SHORTEST: Final = 10
LONGEST: Final = 1_024
"""Characters; more would only cost time."""
WAITING: Final = 16
"""Passwords that may wait in a lane."""

_HASHER: Final = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password is right; `renewed` is a hash with today's parameters, where the stored one has others."""

    right: bool
    renewed: str | None = None


class Passwords:
    """Hashes and verifies."""

    def __init__(self) -> None:
        self._lanes = {local: _Lane(f"passwords {'here' if local else 'elsewhere'}") for local in (True, False)}
        self._nobody: str | None = None

    async def hash(self, password: str, *, local: bool) -> str:
        """The encoded hash, with a salt of its own. Raises UnavailableError when too many wait."""
        return await self._lanes[local].run(lambda: _HASHER.hash(canonical(password)))

    async def verify(self, encoded: str | None, password: str, *, local: bool) -> Verdict:
        """Whether it is the password of the hash. None stands for nobody's hash, and takes as long as any other.

        Raises UnavailableError when too many wait.
        """
        return await self._lanes[local].run(lambda: self._verify(encoded, password))

    def close(self) -> None:
        """Ends the threads."""
        for lane in self._lanes.values():
            lane.close()

    def _verify(self, encoded: str | None, password: str) -> Verdict:
        if self._nobody is None:
            self._nobody = _HASHER.hash(secrets.token_hex(32))
        right = _is_right(encoded or self._nobody, canonical(password)) and encoded is not None
        if right and encoded is not None and _HASHER.check_needs_rehash(encoded):
            return Verdict(right, _HASHER.hash(canonical(password)))
        return Verdict(right)


def check(password: str, user: str) -> None:
    """What a new password must be. Raises RuleError that says it without the password."""
    if len(password) < SHORTEST:
        raise RuleError(
            f"the password is shorter than {SHORTEST} characters: four words that nobody else chose do well"
        )
    if len(password) > LONGEST:
        raise RuleError(f"the password is longer than {LONGEST} characters")
    if user.lower() in password.lower() and len(password) < len(user) + SHORTEST:
        raise RuleError("the password is little more than the user's name")
    if len(set(password)) < 4:
        raise RuleError("the password is the same few characters again and again")


def canonical(password: str) -> bytes:
    """One spelling, whatever the keyboard made of an accent (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _is_right(encoded: str, password: bytes) -> bool:
    try:
        return _HASHER.verify(encoded, password)
    except (Argon2Error, InvalidHashError):
        return False


class _Lane:
    """One thread and a queue with an end."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise UnavailableError("too many passwords wait to be looked at: try again in a few seconds")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._thread.shutdown(wait=False)

"""The first start: no user, no password, and a one-time token in the log, with which somebody becomes the owner.

The token (256 bits) is kept in memory alone, as a hash: nothing of it is at rest or in a backup, and one that a process
printed which has ended opens nothing. A server that is started again before it is set up prints a new one.
"""

import hmac
import logging
import secrets
from typing import Final

from sqlalchemy import Connection

from resolute.admin.accounts import Accounts
from resolute.admin.tokens import digest
from resolute.errors import DeniedError, RuleError, UnavailableError
from resolute.store import accounts as store
from resolute.store import audit
from resolute.store.accounts import NewUser, User
from resolute.store.audit import Event

PATH: Final = "/api/v1/setup"

log = logging.getLogger(__name__)


class SetUp:
    """Knows whether the server has an owner, and makes the first."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._done = False
        self._hash: bytes | None = None

    async def look(self) -> bool:
        """Whether the server has been set up; prints the token when it has not, once. Raises UnavailableError."""
        if not self._done:
            self._done = await self._accounts.read(store.any_user)
            if self._done:
                self._hash = None
            elif self._hash is None:
                self._print()
        return self._done

    async def start(self) -> None:
        """`look`, for the start: a store that is not there yet is looked at again by the first request."""
        try:
            await self.look()
        except UnavailableError as error:
            log.error("%s", error)

    async def require_token(self, token: str) -> None:
        """Raises RuleError when the server has been set up, DeniedError for a token that is not the printed one."""
        if await self.look():
            raise RuleError("the server has been set up already: log in, or ask its owner for an account")
        if self._hash is None or not hmac.compare_digest(self._hash, digest(token)):
            raise DeniedError("this is not the one-time set-up token that the log shows since the last start")

    async def finish(self, owner: NewUser, address: str) -> User:
        """The owner. Raises RuleError when somebody was quicker."""
        event = Event(owner.name, address, "setup", f"user {owner.name}", "done", "the first owner")
        user = await self._accounts.write(lambda connection: _add(connection, owner, event))
        self._done, self._hash = True, None
        log.info("the server has been set up: %s is its owner", user.name)
        return user

    def _print(self) -> None:
        token = secrets.token_hex(32)
        self._hash = digest(token)
        log.warning(
            "nobody owns this server yet: POST %s with the one-time set-up token %s,"
            " or use `resolute user create NAME --role owner` here",
            PATH,
            token,
        )


def _add(connection: Connection, owner: NewUser, event: Event) -> User:
    user = store.add_first_user(connection, owner)
    audit.append(connection, event)
    return user

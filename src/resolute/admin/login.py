"""Logging in with a password.

    may this be tried now? (attempts) -> the user, if there is one -> Argon2id, always -> right, enabled? -> User

An unknown user, a wrong password and a disabled account take the same time and get the same answer.
"""

import time

from resolute.admin.accounts import Accounts
from resolute.admin.attempts import Attempts
from resolute.admin.clients import Client
from resolute.admin.passwords import Passwords
from resolute.admin.trail import Trail
from resolute.errors import DeniedError, TooManyTriesError, UnauthenticatedError
from resolute.store import accounts as store
from resolute.store.accounts import User
from resolute.store.audit import Event


class Login:
    """Checks passwords, and remembers who has guessed too often."""

    def __init__(self, accounts: Accounts, passwords: Passwords, trail: Trail) -> None:
        self._accounts, self._passwords, self._trail = accounts, passwords, trail
        self._attempts = Attempts()

    async def check(self, name: str, password: str, client: Client) -> User:
        """The user whose password this is.

        Raises UnauthenticatedError, TooManyTriesError, DeniedError (a password in the clear), UnavailableError.
        """
        require_private(client)
        try:
            self._attempts.begin(name, client, time.monotonic())
        except TooManyTriesError as error:
            await self._failed("somebody", client, str(error))
            raise
        user = await self._accounts.read(lambda connection: store.find_user(connection, name))
        verdict = await self._passwords.verify(user.password if user else None, password, local=client.local)
        if user is None or not verdict.right or user.disabled:
            # The name is written down only if there is such a user: people type passwords into the wrong field.
            await self._failed("an unknown user" if user is None else user.name, client, "wrong user or password")
            raise UnauthenticatedError("the user or the password is wrong")
        self._attempts.succeed(name, client)
        if (renewed := verdict.renewed) is not None:
            await self._accounts.write(lambda connection: store.set_password(connection, user.id, renewed))
        return user

    async def _failed(self, name: str, client: Client, why: str) -> None:
        await self._trail.denied(Event(name, str(client.address), "login", "session", "failed", why), stranger=True)


def require_private(client: Client) -> None:
    """Raises DeniedError when others could read a password on its way."""
    if not client.private:
        raise DeniedError(
            "passwords are taken over HTTPS or from this machine only: put a TLS proxy before the admin port"
            " (admin.proxies names it), or come through a tunnel such as `ssh -L 5380:localhost:5380`"
        )
